#!/bin/sh
# ./run.sh HOST:PORT runs the example. What it needs is installed first, below target/; ./run.sh --install does only that.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${WORK:-$here/target}

if [ ! -f "$work/installed" ]; then
    mkdir -p "$work"
    cp "$here/package.json" "$work/"
    (cd "$work" && npm install --silent --no-audit --no-fund)
    : >"$work/installed"
fi
[ "${1-}" = --install ] || NODE_PATH="$work/node_modules" exec node "$here/example.js" "$@"
