#!/bin/sh
# Builds the components into the directory `build`. WIT is the directory with the contract and the worlds.
set -eu
cd "$(dirname "$0")"
WIT=${WIT:-../../wit}
mkdir -p build
# build MODULE WORLD
build() {
    # jco takes one file.
    npx esbuild "$1.js" --bundle --format=esm '--external:weir:*' --outfile="build/$1.js" --log-level=warning
    npx jco componentize "build/$1.js" --wit "$WIT" --world-name "$2" --disable http --disable fetch-event \
        -o "build/$1.wasm"
}
build uppercase my-transform
build log-sink my-sink
