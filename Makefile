.DEFAULT_GOAL := help
.PHONY: help up demo test lint storm model bench bench-against compose-test schemas setup clean-data

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

up: setup ## install what is missing and run the platform on port 3000
	cargo build --release -p plyo
	exec target/release/plyo up

demo: ## 12 weeks of training as a client sees them (the platform must run)
	cargo run --release -q -p plyo -- demo

test: ## set up and run every test, and count what this machine cannot try
	scripts/test.sh

lint: ## format, what is depended on, clippy, documentation
	scripts/setup.sh --lint
	cargo fmt --all --check
	.tools/bin/cargo-deny check licenses bans sources
	.tools/bin/cargo-shear
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

SECONDS ?= 300
storm: setup ## kills, and what operators and disks do, for twice as long as SECONDS=300 (PLYO_STORM_SEED=7 for another one)
	PLYO_STORM_SECONDS=$(SECONDS) cargo test -p plyo-tests --test it storm:: -- --nocapture --test-threads 1

model: ## every order of the loop's protocol within bounds, as it is and with planted bugs (some minutes)
	cargo run --release -q -p plyo-model

bench: setup ## every figure beside the last run, into bench/results.json (PARTS="--only edge,push" for some)
	cargo build --release -p plyo -p plyo-bench
	target/release/plyo-bench $(PARTS)

REV ?= 58acb18
bench-against: setup ## the same parts of another revision and of this one in turn, into bench/against.json (REV=58acb18)
	cargo build --release -p plyo -p plyo-bench
	target/release/plyo-bench against $(REV) $(PARTS)

compose-test: setup ## docker-compose.yml as operators run it, on a Docker Engine that answers or that root can start
	scripts/compose-test.sh

schemas: ## write schemas/, the tables of the README and nats/permissions.conf
	cargo run -q -p plyo -- schemas

setup: ## install what is missing
	@scripts/setup.sh

clean-data: ## forget everything that `make up` stored
	@if [ -f .plyo/postgres/elsewhere ]; then rm -rf "$$(cat .plyo/postgres/elsewhere)"; fi
	rm -rf .plyo
