# Shared by ./kvctl and ./kvnode, which set $home (the checkout) and read this file. POSIX sh; every function answers in
# variables, because a subshell costs more than most of what is decided here.

launcher_state="$home/target/launcher"
launcher_sources="pom.xml proto/pom.xml proto/src/main node/pom.xml node/core/pom.xml node/core/src/main
    node/simulation/pom.xml node/simulation/src/main node/server/pom.xml node/server/src/main/java
    node/server/src/main/resources sdk-java/pom.xml sdk-java/src/main cli/pom.xml cli/src/main/java"

die() {
    echo "$program: $1" >&2
    [ -z "${2-}" ] || echo "next: $2" >&2
    exit 1
}

# Sets java, java_home (empty when unknown), java_version (the feature release) and java_identity (names the class archives).
find_java() {
    if [ -n "${JAVA_HOME-}" ]; then
        [ -x "$JAVA_HOME/bin/java" ] || die "JAVA_HOME is $JAVA_HOME, and there is no bin/java in it" \
            "point JAVA_HOME at a JDK of at least 17, or unset it to use the java on the PATH"
        java_home=$JAVA_HOME
        java="$JAVA_HOME/bin/java"
    else
        java=$(command -v java) || die "no java found" \
            "install a JDK of at least 17 and put it on the PATH, or point JAVA_HOME at it"
        real=$(readlink -f "$java" 2>/dev/null) || real=$java
        java_home=${real%/bin/java}
    fi
    java_full=
    java_identity=
    if [ -r "$java_home/release" ]; then
        while IFS='=' read -r name value; do
            case $name in
            JAVA_VERSION) java_full=${value#\"} java_full=${java_full%\"} ;;
            JAVA_RUNTIME_VERSION) java_identity=${value#\"} java_identity=${java_identity%\"} ;;
            esac
        done <"$java_home/release"
    fi
    if [ -z "$java_full" ]; then
        # A wrapper script on the PATH, for instance: slower, but sure.
        java_full=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.version = //p')
        java_home=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')
    fi
    java_version=${java_full%%[.+-]*}
    case $java_version in
    '' | *[!0-9]*) die "cannot tell the version of $java" "point JAVA_HOME at a JDK of at least 17" ;;
    esac
    [ "$java_version" -ge 17 ] || die "$java is Java $java_full; Quorate needs at least 17" \
        "install a newer JDK, or point JAVA_HOME at one"
    java_identity=$(printf %s "${java_identity:-$java_full}" | tr -c 'A-Za-z0-9.' '_')
}

# Exit code 0 when there is nothing built, or a source changed since.
build_is_old() {
    [ -f "$launcher_state/built" ] && [ -f "$home/cli/target/kvctl.classpath" ] &&
        [ -f "$home/node/server/target/kvnode.classpath" ] || return 0
    # Unquoted on purpose: a list of names without spaces, below $home.
    [ -n "$(cd "$home" && find $launcher_sources -newer "$launcher_state/built" -print 2>/dev/null | head -n 1)" ]
}

# Two launchers must not build into the same folders at once; the one that waits finds the work done.
take_build_lock() {
    mkdir -p "$launcher_state"
    nameless=0
    until mkdir "$launcher_state/lock" 2>/dev/null; do
        holder=$(cat "$launcher_state/lock/pid" 2>/dev/null) || holder=
        # Whoever took it and ended before it wrote its name holds it no more either.
        [ -n "$holder" ] && nameless=0 || nameless=$((nameless + 1))
        if [ "$nameless" -gt 5 ] || { [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; }; then
            rm -rf "$launcher_state/lock"
        else
            sleep 1
        fi
    done
    echo $$ >"$launcher_state/lock/pid"
    trap 'rm -rf "$launcher_state/lock"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

release_build_lock() {
    rm -rf "$launcher_state/lock"
    trap - EXIT INT TERM
}

build() {
    take_build_lock
    if build_is_old; then
        if [ -f "$launcher_state/built" ]; then
            echo "$program: building (sources changed)..." >&2
        else
            echo "$program: building (first use, takes a minute or two)..." >&2
        fi
        [ -z "$java_home" ] || [ -x "$java_home/bin/javac" ] || die "$java_home has no compiler" \
            "install a JDK (not only a runtime) of at least 17, or point JAVA_HOME at one"
        # Removed, not overwritten: nodes that run from them keep the files they have open.
        rm -f "$home"/*/target/quorate-*.jar "$home"/node/*/target/quorate-*.jar
        # The time before the build: a source saved while it runs is newer than what was built.
        : >"$launcher_state/building"
        (cd "$home" && JAVA_HOME=$java_home ./mvnw -q -B -DskipTests -Dspotless.check.skip=true \
            -pl cli,node/server -am package) >&2 || die "the build failed" "see above; the same by hand: ./mvnw package"
        rm -f "$launcher_state"/*.jsa "$launcher_state"/*.off
        mv "$launcher_state/building" "$launcher_state/built"
    fi
    release_build_lock
}

# A class archive halves the start-up. It belongs to one JVM and to these very jars, so it is made here and not shipped.
# $1 kvctl or kvnode; sets archive, empty when there is none.
use_archive() {
    archive="$launcher_state/$1-$java_identity.jsa"
    [ -f "$archive" ] || archive=
}

archives_are_missing() {
    for each in kvctl kvnode; do
        [ -f "$launcher_state/$each-$java_identity.jsa" ] || [ -f "$launcher_state/$each-$java_identity.off" ] || return 0
    done
    return 1
}

make_archives() {
    take_build_lock
    if archives_are_missing; then
        echo "$program: preparing a faster start (once for this JDK)..." >&2
        make_archive kvctl record_kvctl
        make_archive kvnode record_kvnode
    fi
    release_build_lock
}

# Whatever goes wrong here costs speed and nothing else: it is noted in a file, so that it is not tried at every command.
make_archive() {
    target="$launcher_state/$1-$java_identity"
    recording="$target.recording"
    if "$2" "$recording" >"$target.log" 2>&1 && [ -s "$recording" ]; then
        mv "$recording" "$target.jsa"
    else
        rm -f "$recording"
        : >"$target.off"
        echo "$program: no class archive for $1 (see $target.log); it starts slower" >&2
    fi
}

# $1 the archive to write
record_kvctl() {
    kvctl_flags
    "$java" $flags -XX:ArchiveClassesAtExit="$1" -cp "$classpath" dev.quorate.cli.ArchiveRecording
}

# Three nodes in one process, which serve a little: what a node loads when it starts, and when clients and peers come.
record_kvnode() {
    kvnode_flags
    sample=$(mktemp -d "${TMPDIR:-/tmp}/kvnode-archive.XXXXXX") || return 1
    was_recorded=0
    # The same heap as for real: the layout of compressed pointers is part of what the archive fits.
    "$java" $flags -XX:ArchiveClassesAtExit="$1" -cp "$classpath" dev.quorate.server.app.ArchiveRecording "$sample" ||
        was_recorded=1
    rm -rf "$sample"
    return "$was_recorded"
}

# Sets classpath and flags.
kvctl_flags() {
    read -r dependencies <"$home/cli/target/kvctl.classpath" || [ -n "$dependencies" ]
    classpath="$kvctl_jar:$dependencies"
    flags="-Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
    version_flags
}

# What newer JVMs want to be told before they let libraries do what they always did, and that an archive recorded with
# such a flag is no error.
version_flags() {
    [ "$java_version" -lt 22 ] || flags="$flags --enable-native-access=ALL-UNNAMED"
    [ "$java_version" -lt 23 ] || flags="$flags --sun-misc-unsafe-memory-access=allow"
    [ "$java_version" -lt 24 ] || flags="$flags -Xlog:cds=off -Xlog:aot=off"
}

# A workload that changes has the JVM's compilers busy for many seconds, and a core that they take from the event loop is taken from clients. They
# inline less than they would, which nearly halves their work and costs the result nothing that could be measured, and give way to the loop. The
# priority needs no permission, about which the JVM warns all the same, and is a nice value on Linux only.
modest_compilers() {
    flags="$flags -XX:MaxInlineLevel=9 -XX:InlineSmallCode=1000"
    [ ! -d /proc/self ] || flags="$flags -XX:ThreadPriorityPolicy=1 -XX:CompilerThreadPriority=5 -XX:-PrintWarnings"
}

# Sets classpath and flags: those of the options file for the newest Java that is not newer than this one.
kvnode_flags() {
    read -r dependencies <"$home/node/server/target/kvnode.classpath" || [ -n "$dependencies" ]
    classpath="$kvnode_jar:$dependencies"
    options=
    best=0
    for file in "$home"/node/server/src/main/conf/jvm-*.options; do
        [ -f "$file" ] || continue
        number=${file##*/jvm-}
        number=${number%.options}
        if [ "$number" -le "$java_version" ] && [ "$number" -gt "$best" ]; then
            best=$number
            options=$file
        fi
    done
    flags=
    if [ -n "$options" ]; then
        while read -r line || [ -n "$line" ]; do
            case $line in
            '' | '#'*) ;;
            *) flags="$flags $line" ;;
            esac
        done <"$options"
    fi
    version_flags
    modest_compilers
    # Memory tables, the index of request ids and the leaves of the hash tree are read in no order: most of such a read is the way to its page.
    case $(cat /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null) in
    *'[madvise]'* | *'[always]'*) flags="$flags -XX:+UseTransparentHugePages" ;;
    esac
    # The options start with a heap of 256 MiB, 64 of them young, which must not exceed the largest.
    case ${KVNODE_HEAP-} in
    '') ;;
    [0-9]m | [0-9][0-9]m | 1[01][0-9]m)
        half=$((${KVNODE_HEAP%m} / 2))
        flags="$flags -Xms$KVNODE_HEAP -Xmx$KVNODE_HEAP -Xmn${half}m" ;;
    1[2-9][0-9]m | 2[0-4][0-9]m | 25[0-5]m)
        flags="$flags -Xms$KVNODE_HEAP -Xmx$KVNODE_HEAP" ;;
    *) flags="$flags -Xmx$KVNODE_HEAP" ;;
    esac
}

# Sets kvctl_jar and kvnode_jar; the version is in their names.
find_jars() {
    for kvctl_jar in "$home"/cli/target/quorate-cli-*.jar; do :; done
    for kvnode_jar in "$home"/node/server/target/quorate-server-*.jar; do :; done
}

kvnode_main=dev.quorate.server.app.Kvnode

# $1 auto (build what is old) or never
prepare() {
    find_java
    if [ "$1" != never ]; then
        ! build_is_old || build
    fi
    find_jars
    [ -f "$kvctl_jar" ] && [ -f "$kvnode_jar" ] || die "nothing is built in $home" "./mvnw -DskipTests package"
    if [ "$1" != never ]; then
        ! archives_are_missing || make_archives
    fi
}
