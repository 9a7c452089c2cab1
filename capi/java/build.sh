#!/bin/sh
# Makes OUT/thingp2p.jar and OUT/libthingp2p_jni.so, for a Java on this machine, with the libthingp2p.so that is in LIB:
#
#   capi/java/build.sh LIB OUT
#
# Environment: CC, CFLAGS, JAVACFLAGS; JAVA_HOME, the JDK, if it is not the one of the javac that is found.
set -eu
export LC_ALL=C

[ $# = 2 ] || {
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
root=$(cd "$(dirname "$0")/../.." && pwd)
lib=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
[ -z "${JAVA_HOME:-}" ] || PATH=$JAVA_HOME/bin:$PATH
javac=$(command -v javac) || {
  echo "javac is missing: install a JDK (Debian: apt-get install default-jdk-headless), or set JAVA_HOME" >&2
  exit 1
}
jdk=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$javac")")")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Java 8 is what Android's tools have understood for the longest time; -parameters gives arguments their names in editors.
# shellcheck disable=SC2086 # lists of flags
"$javac" -Xlint:-options ${JAVACFLAGS:-} --release 8 -parameters -h "$work/headers" -d "$work/classes" \
  "$root"/capi/java/src/com/thingp2p/*.java

# The same bytes each time: no dates, and a fixed order.
find "$work/classes" -type f -exec env TZ=UTC touch -d '1980-01-02' {} +
(cd "$work/classes" && find . -type f | sort | sed 's|^\./||' | TZ=UTC xargs jar -cMf "$work/thingp2p.jar")

# Beside libthingp2p.so it finds that wherever both lie.
rpath="-Wl,-rpath,\$ORIGIN"
[ "$lib" = "$out" ] || rpath="$rpath,-rpath,$lib"
# shellcheck disable=SC2086 # lists of flags
${CC:-cc} -std=c99 -O2 ${CFLAGS:-} -fPIC -shared -fvisibility=hidden -I"$root/include" -I"$work/headers" \
  -isystem "$jdk/include" -isystem "$jdk/include/$(uname | tr '[:upper:]' '[:lower:]')" "$root"/capi/java/jni/*.c \
  -o "$work/libthingp2p_jni.so" -L"$lib" "$rpath" -lthingp2p -pthread
mv "$work/thingp2p.jar" "$work/libthingp2p_jni.so" "$out"
