#!/usr/bin/env bash
# Builds, tests and shows libthingp2p. CI and CMake call this script too, so there is one way to do each thing.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@" # sh build.sh
set -euo pipefail
unset CDPATH
export GOWORK=off # a workspace that the sources lie in is for other builds

SELF=$(readlink -f "${BASH_SOURCE[0]}" 2>/dev/null) || SELF=${BASH_SOURCE[0]}
ROOT=$(cd "$(dirname "$SELF")" && pwd)
BUILD=${THINGP2P_BUILD_DIR:-$ROOT/build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
BUILD=${BUILD%/}
GO=${GO:-go}
CC=${CC:-cc}
export CC

. "$ROOT/capi/scripts/licenses.sh"

usage() {
  cat <<'TEXT'
usage: ./build.sh [command]

  build            (default) build/libthingp2p.so, build/libthingp2p.a, build/thingp2pd, and the examples: build/device,
                   build/app, on Linux build/poller
  lib, server      only the two libraries, only the server
  wheel            build/thingp2p-….whl for Python, with the library inside
  java             build/thingp2p.jar and build/libthingp2p_jni.so for Java; needs a JDK
  test             every test; on Debian, as root, installs what the tests need
  test only STAGE...
                   the stages of those names (race, cmake, ...), and what they are built with
  test nightly     fuzzes each parser for a minute, and keeps in build/fuzz-corpus what it has learned for the next time;
                   the same at more dates, floods a device with handshakes and holds a poller against a model for a minute
                   each, more seeds for the laws of congestion, quic-go's integration tests on the copy, and its others with the
                   race detector, as what simulates much here, all packages built twice
  test cross [TARGET...]
                   the library on all other machines of cross list, or those, under emulators
  test clean [COMMAND...]
                   the demo and every test, or a command, on a machine that has nothing but Debian, a C compiler and Go:
                   in a root made by debootstrap; needs root, and the right to mount
  demo [FILE]      server, device and app on this machine; the app fetches FILE (or 24 MB of noise), hashes compared
  demo lan [FILE]  the same in a local network without a server: two hosts if this user may make them, else this one
  bench [quick]    the library beside others on emulated links: a table, build/bench.json and plots; needs root
  bench -traces DIR
                   live video on the mobile links recorded in DIR, see engine/bench/README.md; needs root
  cross list       the machines that it can be built for here
  cross TARGET...  builds for them, in build/cross/TARGET
  cross wheel TARGET...
                   their wheels for Python, in build/cross/TARGET
  install [--prefix DIR]
                   headers, libraries, server, manual page, pkg-config and CMake files to DIR (default /usr/local; DESTDIR
                   is respected)
  deb              Debian packages: build/libthingp2p1_….deb, build/libthingp2p-dev_….deb, build/thingp2pd_….deb
  abi-record       records what is new in the ABI, see capi/tests/abi, and writes the tables of codes
  clean            removes build/
  help             this text

Environment: CC, GO, GOFLAGS, GOOS and GOARCH as usual; THINGP2P_BUILD_DIR builds elsewhere; CI=true makes a missing
test tool a failure; THINGP2P_FUZZ_SECONDS is how long each parser is fuzzed (1, nightly 60).
TEXT
}

die() {
  echo "build.sh: $*" >&2
  exit 1
}

prepare() {
  command -v "$GO" >/dev/null || die "Go is not in PATH: install Go 1.26 or newer from https://go.dev/dl/, or set GO (under sudo: GO=/usr/local/go/bin/go)"
  command -v "${CC%% *}" >/dev/null || die "the C compiler '$CC' is missing: install gcc or clang (Debian: apt-get install gcc libc6-dev), or set CC"
  make_build
  patch_quic
}

# A folder that the build has made is the build's to remove: in it lies this file.
MARK=.made-by-thingp2p

make_build() {
  local parent=$ROOT/
  [ "${parent#"$BUILD"/}" = "$parent" ] || die "THINGP2P_BUILD_DIR is $BUILD, where the sources lie: name another folder"
  [ -d "$BUILD" ] && [ -n "$(ls -A "$BUILD")" ] || { mkdir -p "$BUILD" && : >"$BUILD/$MARK"; }
}

clean() {
  [ -e "$BUILD" ] || return 0
  [ "$BUILD" = "$ROOT/build" ] || [ -e "$BUILD/$MARK" ] || die "$BUILD was there before the build: remove it yourself"
  rm -rf "$BUILD"
}

# The only place where Go builds or tests: always with our build of quic-go, see engine/cmd/patchquic.
run_go() { # run_go COMMAND ARGUMENT...
  local command=$1
  shift
  (cd "$ROOT" && "$GO" "$command" -mod=readonly -modfile="$BUILD/quic/go.mod" -tags=thingp2p_quic,nethttpomithttp2 "$@")
}

patch_quic() {
  (cd "$ROOT" && GOOS='' GOARCH='' "$GO" run -mod=readonly ./engine/cmd/patchquic "$BUILD") # runs here, whatever the target is
}

# go_build OUTPUT LDFLAGS ARGUMENT...: the same bytes wherever and whenever it is built, so without the places of the
# sources, the state of a repository, and Go's build id, which hashes flags that hold places.
go_build() {
  local output=$1 ldflags=$2
  shift 2
  run_go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= $ldflags" -o "$output" "$@"
}

version() {
  sed -n 's/^#define THING_P2P_VERSION  *"\([^"]*\)".*/\1/p' "$ROOT/include/thingp2p.h"
}

# Packages that no byte of a session passes: without inlining they make the library half a megabyte smaller. HTTP/2 is
# left out too (nethttpomithttp2), since HTTP is only there for MQTT over WebSocket.
off_the_byte_path() {
  local package
  for package in compress/... crypto/elliptic crypto/internal/fips140/bigmod crypto/internal/fips140/nistec/... \
    crypto/internal/fips140/rsa crypto/rsa crypto/tls crypto/x509/... encoding/... fmt html/... log/... math/big mime/... \
    net/http/... net/textproto net/url reflect regexp/... text/... vendor/golang.org/x/net/... vendor/golang.org/x/text/... \
    github.com/eclipse/... github.com/gorilla/... github.com/pion/... golang.org/x/net/proxy; do
    printf -- '-gcflags=%s=-l ' "$package"
  done
}

# The binutils that belong to the C compiler, so that a cross compiler brings its own.
binutil() {
  local tool
  tool=$($CC -print-prog-name="$1" 2>/dev/null) || tool=
  echo "${tool:-$1}"
}

# Puts a new file in place only if it differs, so that make and CMake do not link everything again.
replace_if_changed() {
  if cmp -s "$1" "$2"; then rm -f "$1"; else mv -f "$1" "$2"; fi
}

# How the shared library differs from the compiler's default, whoever links it, but for its exports, whose list has a path:
# that may have spaces.
shared_flags() {
  local soname=libthingp2p.so.$VERSION_MAJOR_SO
  [ "${GOOS-}" != android ] || soname=libthingp2p.so # an app's package takes no other names
  printf '%s ' "-Wl,-soname,$soname" \
    -Wl,-z,now -Wl,-z,max-page-size=16384 -Wl,--build-id=sha1
}

place_shared() { # place_shared FILE
  local file=libthingp2p.so.$VERSION
  replace_if_changed "$1" "$BUILD/$file"
  ln -sfn "$file" "$BUILD/libthingp2p.so.$VERSION_MAJOR_SO"
  ln -sfn "libthingp2p.so.$VERSION_MAJOR_SO" "$BUILD/libthingp2p.so"
}

# Where Go has to start as it likes: when the library is loaded.
build_shared() {
  local work=$BUILD/shared
  # Go writes a header beside its output; ours is include/thingp2p.h.
  # shellcheck disable=SC2046 # a list
  CGO_ENABLED=1 go_build "$work/libthingp2p.so" "-funcalign=16 -extldflags '\"-Wl,--version-script=$ROOT/capi/libthingp2p.map\" $(shared_flags)'" $(off_the_byte_path) -buildmode=c-shared ./capi
  place_shared "$work/libthingp2p.so"
  rm -rf "$work"
}

# For Windows: a DLL that needs no other but the system's, what the linkers of GCC (.dll.a) and of others (.def) want of it.
# It is linked from an archive without Go's own list of exports, which has functions that are none of the ABI's.
build_dll() {
  local work=$BUILD/dll name
  rm -rf "$work"
  mkdir -p "$work"
  # shellcheck disable=SC2046 # a list
  CGO_ENABLED=1 go_build "$work/go.a" "" $(off_the_byte_path) -buildmode=c-archive ./capi
  (cd "$work" && "$(binutil ar)" x go.a)
  for name in "$work"/*.o; do "$(binutil objcopy)" --remove-section=.drectve "$name"; done
  {
    echo "LIBRARY thingp2p.dll"
    echo EXPORTS
    sed -n 's/^THING_P2P_API .*\(thing_p2p_[a-z0-9_]*\)(.*/  \1/p' "$ROOT/include/thingp2p.h" | LC_ALL=C sort
  } >"$work/thingp2p.def"
  # shellcheck disable=SC2086 # a list
  $CC -shared -static -s ${LDFLAGS:-} -o "$work/thingp2p.dll" "$work"/*.o "$work/thingp2p.def" -Wl,--no-insert-timestamp \
    "-Wl,--out-implib,$work/libthingp2p.dll.a" -lpthread -lws2_32
  for name in thingp2p.dll libthingp2p.dll.a thingp2p.def; do replace_if_changed "$work/$name" "$BUILD/$name"; done
  rm -rf "$work"
}

# Go exports its whole runtime from a static archive. One object with all but our own names made local keeps them from
# clashing with the names of the program that links it; -d turns common symbols into ordinary ones for that.
build_static() {
  local work=$BUILD/static
  mkdir -p "$work"
  CGO_ENABLED=1 go_build "$work/go.a" "" -buildmode=c-archive ./capi
  "$(binutil ld)" -r -d --whole-archive "$work/go.a" -o "$work/all.o"
  "$(binutil objcopy)" --strip-debug --wildcard --keep-global-symbol='thing_p2p_*' "$work/all.o" "$work/thingp2p.o"
  rm -f "$work/libthingp2p.a"
  "$(binutil ar)" crsD "$work/libthingp2p.a" "$work/thingp2p.o"
  replace_if_changed "$work/libthingp2p.a" "$BUILD/libthingp2p.a"
  rm -rf "$work"
}

build_server() {
  SERVER=thingp2pd$("$GO" env GOEXE)
  CGO_ENABLED=0 go_build "$BUILD/$SERVER" "" ./engine/cmd/thingp2pd
}

build_examples() {
  local example
  EXAMPLES="device app"
  case $("$GO" env GOOS) in
  linux) EXAMPLES="$EXAMPLES poller" ;; # it has epoll
  windows)
    EXAMPLES="device.exe app.exe"
    for example in $EXAMPLES; do # with -static the linker takes no DLL that it has to look for
      # shellcheck disable=SC2086 # as below
      $CC -std=c99 -Wall -Wextra -pedantic -O2 ${CFLAGS:-} -I"$ROOT/include" "$ROOT/examples_c/${example%.exe}.c" \
        -o "$BUILD/$example" -static ${LDFLAGS:-} "$BUILD/libthingp2p.dll.a" -lpthread
    done
    return
    ;;
  esac
  for example in $EXAMPLES; do
    # shellcheck disable=SC2086 # CC and the flags may hold several words
    $CC -std=c99 -Wall -Wextra -pedantic -O2 ${CFLAGS:-} -I"$ROOT/include" "$ROOT/examples_c/$example.c" \
      -o "$BUILD/$example" -L"$BUILD" -Wl,-rpath,'$ORIGIN' ${LDFLAGS:-} -lthingp2p -lpthread
  done
}

print_sizes() {
  local name
  for name in "$@"; do
    printf '%-28s %12d bytes\n' "${BUILD#"$PWD"/}/$name" "$(wc -c <"$BUILD/$name")"
  done
}

build_libraries() {
  prepare
  VERSION=$(version)
  [ -n "$VERSION" ] || die "include/thingp2p.h does not define THING_P2P_VERSION"
  VERSION_MAJOR_SO=1 # the ABI's number; it changes only when programs have to be compiled again
  case $("$GO" env GOOS) in
  linux)
    . "$ROOT/capi/scripts/late.sh"
    build_late
    LIBRARIES="libthingp2p.so libthingp2p.a"
    ;;
  windows)
    build_dll
    LIBRARIES="thingp2p.dll libthingp2p.dll.a"
    ;;
  *)
    build_shared
    build_static
    LIBRARIES="libthingp2p.so libthingp2p.a"
    ;;
  esac
  CGO_ENABLED=1 licenses none ./capi >"$BUILD/libthingp2p-licenses.txt"
}

build_all() {
  build_libraries
  build_server
  build_examples
  # shellcheck disable=SC2086 # a list
  print_sizes $LIBRARIES $SERVER $EXAMPLES
}

# No && in front of a function: it would switch errexit off inside it.
case ${1:-build} in
build) build_all ;;
lib)
  build_libraries
  # shellcheck disable=SC2086 # a list
  print_sizes $LIBRARIES
  ;;
server)
  prepare
  build_server
  print_sizes "$SERVER"
  ;;
wheel)
  command -v python3 >/dev/null || die "python3 is missing"
  build_libraries
  THINGP2P_LIBRARY=$BUILD/${LIBRARIES%% *} THINGP2P_LICENSES=$BUILD/libthingp2p-licenses.txt python3 -B "$ROOT/capi/python/wheel_backend.py" "$BUILD"
  ;;
java)
  command -v javac >/dev/null || [ -n "${JAVA_HOME:-}" ] || die "javac is missing: install a JDK (Debian: apt-get install default-jdk-headless), or set JAVA_HOME"
  build_libraries
  "$ROOT/capi/java/build.sh" "$BUILD" "$BUILD"
  print_sizes thingp2p.jar libthingp2p_jni.so
  ;;
test)
  . "$ROOT/capi/scripts/test.sh"
  case ${2:-all} in
  all) run_tests ;;
  nightly) run_nightly ;;
  cross)
    shift 2
    run_cross_tests "$@"
    ;;
  only)
    shift 2
    run_only "$@"
    ;;
  clean)
    shift 2
    . "$ROOT/capi/scripts/clean.sh"
    run_clean "$@"
    ;;
  *) die "there is no such kind of test: see ./build.sh help" ;;
  esac
  ;;
demo)
  shift
  . "$ROOT/capi/scripts/demo.sh"
  run_demo "$@"
  ;;
bench)
  shift
  . "$ROOT/capi/scripts/bench.sh"
  run_bench "$@"
  ;;
cross)
  shift
  . "$ROOT/capi/scripts/cross.sh"
  run_cross "$@"
  ;;
install)
  shift
  . "$ROOT/capi/scripts/install.sh"
  install_all "$@"
  ;;
deb)
  . "$ROOT/capi/scripts/install.sh"
  . "$ROOT/capi/scripts/deb.sh"
  build_debs
  ;;
abi-record)
  build_libraries
  THINGP2P_BUILD_DIR=$BUILD THINGP2P_ABI_RECORD=1 run_go test -count=1 ./capi/tests/abi
  ;;
clean) clean ;;
help | -h | --help) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
