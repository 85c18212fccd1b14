#!/bin/sh
# ./run.sh HOST:PORT runs the example with what ./kvctl was built from.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=$(cd "$here/../.." && pwd)
[ -f "$home/cli/target/kvctl.classpath" ] || "$home/kvctl" version >&2
exec java -cp "$(cat "$home/cli/target/kvctl.classpath")" "$here/Example.java" "$@"
