#!/bin/sh
# Builds the components into the directory `build`. WIT is the directory with the contract and the worlds.
set -eu
cd "$(dirname "$0")"
WIT=${WIT:-../../wit}
mkdir -p build
for plugin in uppercase:my-transform log_sink:my-sink; do
    componentize-py -d "$WIT" -w "${plugin##*:}" componentize "${plugin%%:*}" -o "build/${plugin%%:*}.wasm"
done
