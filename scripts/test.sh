#!/usr/bin/env bash
# Every test, after the tools that they need. What could not be tried on this machine is listed and counted at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --nats-cli
skipped=$(mktemp)
trap 'rm -f "$skipped"' EXIT
# Stories wait more than they work.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}
status=0
PLYO_TEST_SKIPPED=$skipped cargo test --workspace "$@" || status=$?
sort -u "$skipped"
echo "test: $(sort -u "$skipped" | wc -l) stories, or parts of one, were skipped"
exit $status
