#!/bin/sh
# Builds the components into the directory `build`. WIT is the directory with the contract and the worlds.
set -eu
cd "$(dirname "$0")"
WIT=${WIT:-../../wit}
mkdir -p build
for plugin in uppercase:my-transform log-sink:my-sink; do
    # jco takes one file.
    npx esbuild "${plugin%%:*}.js" --bundle --format=esm '--external:weir:*' --outfile="build/${plugin%%:*}.js" --log-level=warning
    npx jco componentize "build/${plugin%%:*}.js" --wit "$WIT" --world-name "${plugin##*:}" \
        --disable http --disable fetch-event -o "build/${plugin%%:*}.wasm"
done
