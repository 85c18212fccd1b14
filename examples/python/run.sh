#!/bin/sh
# ./run.sh HOST:PORT runs the example. What it needs is installed first, and the stubs generated, below target/;
# ./run.sh --install does only that.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${WORK:-$here/target}

if [ ! -f "$work/installed" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    mkdir -p "$work/stubs"
    cd "$here/../../proto/src/main/proto"
    "$work/venv/bin/python" -m grpc_tools.protoc -I . -I "$here/../googleapis" \
        --python_out="$work/stubs" --grpc_python_out="$work/stubs" quorate/kv/v1/*.proto
    : >"$work/installed"
fi
[ "${1-}" = --install ] || PYTHONPATH="$work/stubs" exec "$work/venv/bin/python" "$here/example.py" "$@"
