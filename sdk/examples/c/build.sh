#!/bin/sh
# Builds the components into the directory `build`. WIT is the directory with the contract and the worlds.
set -eu
cd "$(dirname "$0")"
WIT=${WIT:-../../wit}
CC=${CC:-clang --target=wasm32-wasi}
# build SOURCE WORLD COMPONENT
build() {
    wit-bindgen c "$WIT" --world "$2" --out-dir "build/$1"
    # The file *_component_type.o describes the world to wasm-tools.
    $CC -mexec-model=reactor -O2 -Wall -I"build/$1" "$1.c" "build/$1"/*.c "build/$1"/*.o -o "build/$1.core.wasm"
    wasm-tools component new "build/$1.core.wasm" -o "build/$3.wasm"
}
build uppercase my-transform uppercase
build log_sink my-sink log-sink
