.DEFAULT_GOAL := help
.PHONY: help up demo test lint lint-api storm fuzz model bench bench-against compose-test schemas setup clean-data

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

up: setup ## install missing tools and run the platform on port 3000
	cargo build --release -p plyo
	exec target/release/plyo up

demo: ## simulate 12 weeks of training as a client (the platform must be running)
	cargo run --release -q -p plyo -- demo

test: ## set up and run all tests, and count what this machine cannot try
	scripts/test.sh

lint: ## check format, dependencies, clippy, documentation, and the API against its document
	scripts/setup.sh --lint
	cargo fmt --all --check
	.tools/bin/cargo-deny check licenses bans sources
	.tools/bin/cargo-shear
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	scripts/api-lint.sh

lint-api: ## the last part of lint alone: redocly and schemathesis (installs both with npm and pip)
	scripts/api-lint.sh

SECONDS ?= 300
storm: setup ## kill processes, then disturb servers and disks, for SECONDS=300 each (PLYO_STORM_SEED=7 sets the seed)
	PLYO_STORM_SECONDS=$(SECONDS) cargo test -p plyo-tests --test it storm:: -- --nocapture --test-threads 1

fuzz: SECONDS := 60
fuzz: ## try what clients may send with whatever a fuzzer thinks of, each target for SECONDS=60
	scripts/setup.sh --fuzz
	scripts/fuzz.sh $(SECONDS)

model: ## check every interleaving of the loop's protocol within bounds, then find planted bugs (a few minutes)
	cargo run --release -q -p plyo-model

bench: setup ## every figure beside the last run, into bench/results.json (PARTS="--only edge,push" for some)
	cargo build --release -p plyo -p plyo-bench
	target/release/plyo-bench $(PARTS)

REV ?= 58acb18
bench-against: setup ## measure another revision and this one in turns, into bench/against.json (REV=58acb18)
	cargo build --release -p plyo -p plyo-bench
	target/release/plyo-bench against $(REV) $(PARTS)

compose-test: setup ## test docker-compose.yml on a running Docker Engine, or one that root can start
	scripts/compose-test.sh

schemas: ## generate schemas/, the tables of the README and nats/permissions.conf
	cargo run -q -p plyo -- schemas

setup: ## install missing tools
	@scripts/setup.sh

clean-data: ## delete everything that `make up` stored
	@if [ -f .plyo/postgres/elsewhere ]; then rm -rf "$$(cat .plyo/postgres/elsewhere)"; fi
	rm -rf .plyo
