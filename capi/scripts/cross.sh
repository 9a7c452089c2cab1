# ./build.sh cross: the library for other machines, and what can be tried of it on this one. Sourced by build.sh and test.sh.

. "$ROOT/capi/scripts/zig.sh"

# NAME|TIER|GOOS/GOARCH|GOARM|COMPILER|EMULATOR|ITS-LIBRARIES|DEBIAN-PACKAGES
# A compiler zig:TARGET:PREFIX is zig (zig.sh), which makes what runs with a glibc as old as the target says.
# Tier 1 is tried by ./build.sh test, 1 and 2 by ./build.sh test cross, and 3 if it is named there. - is nothing.
CROSS_TARGETS='
386|1|linux/386|-|i686-linux-gnu-gcc|qemu-i386-static|/|gcc-i686-linux-gnu libc6-i386 qemu-user-static
arm64|1|linux/arm64|-|aarch64-linux-gnu-gcc|qemu-aarch64-static|/usr/aarch64-linux-gnu|gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
armv7|1|linux/arm|7|arm-linux-gnueabihf-gcc|qemu-arm-static|/usr/arm-linux-gnueabihf|gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static
armv5|2|linux/arm|5|arm-linux-gnueabi-gcc|qemu-arm-static|/usr/arm-linux-gnueabi|gcc-arm-linux-gnueabi libc6-dev-armel-cross qemu-user-static
riscv64|2|linux/riscv64|-|riscv64-linux-gnu-gcc|qemu-riscv64-static|/usr/riscv64-linux-gnu|gcc-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-user-static
windows|2|windows/amd64|-|x86_64-w64-mingw32-gcc|wine|-|gcc-mingw-w64-x86-64 wine wine64
musl|1|linux/amd64|-|musl-gcc|-|-|musl-tools
amd64-glibc2.17|2|linux/amd64|-|zig:x86_64-linux-gnu.2.17:x86_64-linux-gnu-|-|-|npm gcc
arm64-glibc2.17|2|linux/arm64|-|zig:aarch64-linux-gnu.2.17:aarch64-linux-gnu-|qemu-aarch64-static|/usr/aarch64-linux-gnu|npm gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
armv7-glibc2.17|3|linux/arm|7|zig:arm-linux-gnueabihf.2.17:arm-linux-gnueabihf-|qemu-arm-static|/usr/arm-linux-gnueabihf|npm gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static
'

cross_names() { # cross_names [TIER]
  local name tier rest
  while IFS='|' read -r name tier rest; do
    [ -z "$name" ] || [ "${1:-$tier}" != "$tier" ] || echo "$name"
  done <<<"$CROSS_TARGETS"
}

# cross_target NAME: sets $arch, $arm, $compiler, $emulator, $sysroot, $debs and $dir.
cross_target() {
  local line
  line=$(grep "^$1|" <<<"$CROSS_TARGETS") || die "there is no target $1: see ./build.sh cross list"
  IFS='|' read -r _ _ arch arm compiler emulator sysroot debs <<<"$line"
  dir=$BUILD/cross/$1
  # Kernels for amd64 run programs for 386 if they were made to.
  if [ "$1" = 386 ] && /lib/ld-linux.so.2 --version >/dev/null 2>&1; then
    emulator=- sysroot=-
  fi
}

# cross_compiler: what stands in $compiler becomes a command, if it can be had.
cross_compiler() {
  local zig target prefix
  IFS=: read -r zig target prefix <<<"$compiler"
  if [ "$zig" != zig ]; then
    command -v "$compiler" >/dev/null
  elif command -v npm >/dev/null && command -v "${prefix}gcc" >/dev/null; then
    compiler=$(zig_compiler "$target" "$prefix") || return
  else
    return 1
  fi
}

cross_list() {
  local name arch arm compiler emulator sysroot debs dir
  printf '%-16s %-4s %-45s %s\n' target tier compiler "tried here with"
  for name in $(cross_names); do
    cross_target "$name"
    [ "$emulator" != - ] || emulator="no emulator"
    printf '%-16s %-4s %-45s %s\n' "$name" "$(grep "^$name|" <<<"$CROSS_TARGETS" | cut -d'|' -f2)" "$compiler" "$emulator"
  done
}

# cross_build NAME [COMMAND]: both libraries, the server and the examples, in build/cross/NAME; or what the command makes.
cross_build() {
  local arch arm compiler emulator sysroot debs dir
  cross_target "$1"
  cross_compiler || die "for $1 this needs, as Debian calls it: $debs"
  (
    [ "$arm" = - ] || export GOARM=$arm
    CC=$compiler GOOS=${arch%/*} GOARCH=${arch#*/} THINGP2P_BUILD_DIR=$dir "$ROOT/build.sh" "${2:-build}"
  )
}

# cross_try NAME TIER: the C programs of the tests (under an emulator at night only: to it a second is a minute), and the demo with one end there and one here, both ways round: with the shared
# library through a server, with the static one in a local network.
cross_try() {
  local arch arm compiler emulator sysroot debs dir run= static= atomic= example
  cross_target "$1"
  cross_compiler
  . "$ROOT/capi/scripts/demo.sh"
  if [ "$1" = windows ]; then
    try_windows
    check_wheel win_amd64
    return
  fi
  local DEMO_BYTES=$DEMO_BYTES
  if [ "$emulator" != - ]; then
    run="$emulator -L $sysroot"
    DEMO_BYTES=$((DEMO_BYTES / 8))
  fi
  [ "$1" != musl ] || static=-static
  [ "$1" != armv5 ] || atomic=-latomic # it has no instructions for 8 bytes at a time, which a program of the tests uses
  for example in device app; do
    # shellcheck disable=SC2086 # a flag, or nothing
    "$compiler" $static -O2 -I"$ROOT/include" "$ROOT/examples_c/$example.c" "$dir/libthingp2p.a" -lpthread -lresolv -o "$dir/static-$example"
  done
  if [ -z "$run" ] || [ "$2" = all ]; then
    THINGP2P_BUILD_DIR=$BUILD THINGP2P_FOREIGN_LIBRARY=$dir THINGP2P_FOREIGN_CC=$compiler THINGP2P_FOREIGN_LINK=$atomic \
      THINGP2P_FOREIGN_RUN=$run go_test "cross-$1" -timeout "$HANG" -run '^TestOnAnotherMachine$' ./capi/tests
  fi
  (DEMO_DEVICE="$run $dir/device" run_demo)
  (DEMO_APP="$run $dir/app" run_demo)
  (DEMO_DEVICE="$run $dir/static-device" run_demo lan)
  (DEMO_APP="$run $dir/static-app" run_demo lan)
  case $1 in
  386) check_wheel i686 ;;
  arm64 | arm64-*) check_wheel "${1/arm64/aarch64}" ;;
  armv7 | armv7-*) check_wheel "${1/armv7/armv7l}" ;;
  amd64-*) check_wheel "${1/amd64/x86_64}" ;;
  riscv64) check_wheel riscv64 ;;
  esac # for the others pip has no name
}

# check_wheel MACHINE[-glibc2.17]: the wheel says that it is for that.
check_wheel() {
  local machine=${1%-glibc*}
  case $1 in *-glibc2.17) machine=manylinux_2_17_$machine.manylinux2014_$machine ;; esac
  local library=$dir/libthingp2p.so wheel
  [ -e "$library" ] || library=$dir/thingp2p.dll
  wheel=$(THINGP2P_LIBRARY=$library THINGP2P_LICENSES=$dir/libthingp2p-licenses.txt python3 -B "$ROOT/capi/python/wheel_backend.py" "$dir")
  case $wheel in *"$machine.whl") ;; *) die "the wheel is called $wheel" ;; esac
}

# try_windows: the DLL's exports, and the demo under Wine, both ways round and with both ends there. Debian's Wine has not got
# two things that Go wants: a DLL, and an ioctl that matters for broadcasts only, and which the build that is tried leaves out.
try_windows() {
  local net wine=$dir/wine tried=$dir/wine/tried foreign
  export WINEPREFIX=$wine/prefix WINEDEBUG=-all
  foreign=$("$($compiler -print-prog-name=objdump)" -p "$dir/thingp2p.dll" | sed -n '/^\[Ordinal/,/^$/p' | grep -v '^\[Ordinal' | grep -v thing_p2p_ | grep . || true)
  [ -z "$foreign" ] || die "thingp2p.dll exports $foreign"

  mkdir -p "$wine"
  net=$("$GO" env GOROOT)/src/net/fd_windows.go
  sed '/SIO_UDP_NETRESET/,/^}/ s/^\t\t\treturn wrapSyscallError("wsaioctl", err)$/\t\t\terr = nil/' "$net" >"$wine/fd_windows.txt" # not .go: ./... must not find it
  ! cmp -s "$net" "$wine/fd_windows.txt" || die "Go's $net has changed: find the place where SIO_UDP_NETRESET is an error, and name it in try_windows"
  printf '{"Replace": {"%s": "%s"}}\n' "$net" "$wine/fd_windows.txt" >"$wine/overlay.json"
  GOFLAGS="-overlay=$wine/overlay.json" CC=$compiler GOOS=windows GOARCH=amd64 THINGP2P_BUILD_DIR=$tried "$ROOT/build.sh"
  "$emulator" wineboot --init
  "$compiler" -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" "$ROOT/capi/tests/wine/bcryptprimitives.c" -ladvapi32
  "$compiler" -O2 -Wall "$ROOT/capi/tests/wine/unicode.c" -o "$tried/unicode.exe"
  (cd "$tried" && "$emulator" unicode.exe thingp2p.dll)
  (DEMO_DEVICE="$emulator $tried/device.exe" run_demo)
  (DEMO_APP="$emulator $tried/app.exe" run_demo)
  (DEMO_DEVICE="$emulator $tried/device.exe" DEMO_APP="$emulator $tried/app.exe" run_demo)
  (DEMO_DEVICE="$emulator $tried/device.exe" run_demo lan)
  (DEMO_APP="$emulator $tried/app.exe" run_demo lan)
}

run_cross() { # run_cross list | [wheel] NAME...
  [ $# -gt 0 ] || set -- list
  local name command=build
  if [ "$1" = wheel ]; then
    command=wheel
    shift
  fi
  for name; do
    if [ "$name" = list ]; then cross_list; else cross_build "$name" "$command"; fi
  done
}

# cross_tests 1|all [NAME...]
cross_tests() {
  local name arch arm compiler emulator sysroot debs dir names=${*:2}
  [ -n "$names" ] || names=$(cross_names 1)
  [ "$1" = 1 ] || [ $# -gt 1 ] || names="$names $(cross_names 2)"
  for name in $names; do
    cross_target "$name"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! cross_compiler; then
      # shellcheck disable=SC2086 # a list
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $debs
    fi
    cross_compiler || skip "missing, as Debian calls it: $debs"
    echo "-- $name"
    cross_build "$name"
    cross_try "$name" "$1"
  done
}
