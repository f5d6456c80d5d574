#!/bin/sh
# Builds the components into the directory `build`. WIT is the directory with the contract and the worlds, ADAPTER the adapter from WASI 0.1,
# for which Go compiles, to WASI 0.2.
set -eu
cd "$(dirname "$0")"
WIT=${WIT:-../../wit}
ADAPTER=${ADAPTER:-wasi_snapshot_preview1.reactor.wasm}
mkdir -p build
# build DIRECTORY WORLD COMPONENT
build() {
    wit-bindgen go "$WIT" --world "$2" --pkg-name "example.org/plugins/$1" --out-dir "$1" --quiet
    GOOS=wasip1 GOARCH=wasm go build -mod=mod -buildmode=c-shared -ldflags='-s -w -checklinkname=0' -o "build/$1.core.wasm" "./$1"
    wasm-tools component embed "$WIT" --world "$2" "build/$1.core.wasm" -o "build/$1.world.wasm"
    wasm-tools component new "build/$1.world.wasm" --adapt "wasi_snapshot_preview1=$ADAPTER" -o "build/$3.wasm"
}
build uppercase my-transform uppercase
build logsink my-sink log-sink
