#!/bin/sh
# Copies the manifests of the workspace to DIRECTORY, with empty sources: skeleton.sh DIRECTORY. What it makes changes with
# the manifests alone, so that dependencies are built anew only when they are others.
set -eu
directory=$1
cp --parents Cargo.lock "$directory"
find . -name Cargo.toml -not -path './target/*' | while read -r manifest; do
    cp --parents "$manifest" "$directory"
    crate=$directory/$(dirname "$manifest")
    if ! grep -q '^\[package\]' "$manifest"; then continue; fi
    mkdir -p "$crate/src"
    : >"$crate/src/lib.rs"
    echo 'fn main() {}' >"$crate/src/main.rs"
    if [ -f "$(dirname "$manifest")/build.rs" ]; then cp "$crate/src/main.rs" "$crate/build.rs"; fi
    sed -n 's/^path = "\(.*\.rs\)"$/\1/p' "$manifest" | while read -r target; do
        mkdir -p "$crate/$(dirname "$target")"
        cp "$crate/src/main.rs" "$crate/$target"
    done
done
