#!/bin/sh
# Builds the components into the directory `build`. WIT is the directory with the contract and the worlds.
set -eu
cd "$(dirname "$0")"
WIT=${WIT:-../../wit}
mkdir -p build
# build MODULE WORLD COMPONENT
build() {
    componentize-py -d "$WIT" -w "$2" componentize "$1" -o "build/$3.wasm"
}
build uppercase my-transform uppercase
build log_sink my-sink log-sink
