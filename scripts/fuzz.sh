#!/usr/bin/env bash
# Tries every target of fuzz/ for so many seconds: scripts/fuzz.sh SECONDS [TARGET…]. What it finds is in fuzz/artifacts/, what it
# learns in fuzz/corpus/, beside the seeds that are kept. Without a sanitizer, since the code has no `unsafe`: so a stable compiler does.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
shift
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    for file in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
for target in "${targets[@]}"; do
    seeds=fuzz/seeds/$target
    # The examples of the messages are what a command is like.
    if [ "$target" = command ]; then seeds=schemas/examples; fi
    mkdir -p "fuzz/corpus/$target"
    printf 'fuzz: %s for %s s\n' "$target" "$seconds"
    .tools/bin/cargo-fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "$seeds" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -print_funcs=0 -verbosity=0
done
echo "fuzz: no crash in ${#targets[@]} targets"
