#!/usr/bin/env bash
# Holds the API's documents against what others say of such documents (redocly), and a running platform against its document
# (schemathesis). Each is pinned, and left out with a word where npm or pip is not.
set -euo pipefail
cd "$(dirname "$0")/.."

REDOCLY_VERSION=2.77.0
SCHEMATHESIS_VERSION=4.32.5
TOOLS=$PWD/.tools

say() { printf 'api-lint: %s\n' "$*"; }

redocly() {
    if ! command -v npm >/dev/null; then
        say "npm is not installed: redocly is left out"
        return
    fi
    local place=$TOOLS/redocly-$REDOCLY_VERSION
    [ -x "$place/node_modules/.bin/redocly" ] ||
        npm install --silent --no-audit --no-fund --prefix "$place" "@redocly/cli@$REDOCLY_VERSION" ||
        { say "npm cannot install redocly: it is left out"; return; }
    REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
        "$place/node_modules/.bin/redocly" lint --config scripts/redocly.yaml --max-problems 1000 schemas/openapi.json 2>&1 |
        tee "$work/redocly"
    if grep -qE '^(warning|error)|[1-9][0-9]* warning' "$work/redocly"; then
        say "redocly has findings"
        exit 1
    fi
}

schemathesis() {
    if ! python3 -m pip --version >/dev/null 2>&1 || ! python3 -m venv --help >/dev/null 2>&1; then
        say "pip is not installed: schemathesis is left out"
        return
    fi
    local place=$TOOLS/schemathesis-$SCHEMATHESIS_VERSION
    [ -x "$place/bin/schemathesis" ] || {
        { python3 -m venv "$place" &&
            "$place/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION"; } ||
            { say "pip cannot install schemathesis: it is left out"; return; }
    }
    scripts/setup.sh
    cargo build --quiet -p plyo
    local port url
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    url=http://127.0.0.1:$port
    "${CARGO_TARGET_DIR:-target}/debug/plyo" up --port "$port" --data "$work/data" --durability relaxed >"$work/log" 2>&1 &
    platform=$!
    for _ in $(seq 240); do
        if curl --silent --fail --output /dev/null "$url/ready"; then break; fi
        kill -0 "$platform" || { cat "$work/log"; exit 1; }
        sleep 0.5
    done
    local who='{"email":"ada@example.org","password":"a long enough password"}'
    curl --silent --fail --output /dev/null "$url/api/v1/auth/register" -H 'content-type: application/json' -d "$who"
    local token
    token=$(curl --silent --fail "$url/api/v1/auth/login" -H 'content-type: application/json' -d "$who" |
        sed 's/.*"access_token":"\([^"]*\).*/\1/')
    # Streams have no end, and the end of the session is that of the run. A token lasts ten minutes, and everybody has 50 requests a
    # second.
    SCHEMATHESIS_HOOKS=scripts/schemathesis_hooks.py "$place/bin/schemathesis" --config-file scripts/schemathesis.toml run "$url/api/openapi.json" \
        --header "Authorization: Bearer $token" --exclude-path-regex '/(live|events|sessions|sessions/others)$' \
        --exclude-checks positive_data_acceptance --rate-limit 40/s --max-examples "${EXAMPLES:-15}" --seed 1 --workers 1
}

work=$(mktemp -d)
chmod 755 "$work"
platform=
end() {
    if [ -n "$platform" ]; then
        kill "$platform" 2>/dev/null || true
        wait "$platform" || true
    fi
    rm -rf "$work"
}
trap end EXIT
redocly
schemathesis
say "no findings"
