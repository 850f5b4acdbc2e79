#!/usr/bin/env bash
# Every test, after what they need: tools, and a plyo as it ships, whose code is not that of the tests. What could not be
# tried on this machine is listed and counted at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --tests
target=${CARGO_TARGET_DIR:-target}
cargo build -p plyo
# The tests build another one in its place, with failpoints.
mkdir -p "$target/shipped"
cp "$target/debug/plyo" "$target/shipped/plyo"
skipped=$(mktemp)
trap 'rm -f "$skipped"' EXIT
# Stories wait more than they work.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}
status=0
PLYO_TEST_SHIPPED=$(realpath "$target/shipped/plyo") PLYO_TEST_SKIPPED=$skipped cargo test --workspace --no-fail-fast "$@" || status=$?
sort -u "$skipped"
echo "test: $(sort -u "$skipped" | wc -l) stories, or parts of one, were skipped"
exit $status
