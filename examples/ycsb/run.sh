#!/bin/sh
# ./run.sh ARGUMENTS runs YCSB's client with Quorate as its database. YCSB_OPTS adds JVM options.
set -eu
home=$(cd "$(dirname "$0")" && pwd)
[ -f "$home/target/ycsb.classpath" ] || {
    echo "run.sh: nothing is built; next: ./mvnw -q -pl examples/ycsb -am -DskipTests package" >&2
    exit 1
}
for jar in "$home"/target/quorate-ycsb-*.jar; do :; done
# Options are words, meant to split.
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" ${YCSB_OPTS-} -cp "$jar:$(cat "$home/target/ycsb.classpath")" site.ycsb.Client \
    -db dev.quorate.ycsb.QuorateDb "$@"
