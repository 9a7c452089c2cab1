# How the two libraries are made on Linux, so that C decides when Go's runtime starts (capi/start.c). Sourced by build.sh.
#
# Both come from one C archive, so Go compiles and links once:
#
#   go.a ─► go.o      Go's code: its entry is taken out of the constructors, and what C deals with gets names
#        └► others    C's code, the project's and runtime/cgo's
#                └──► thingp2p.o, which has no names but the ABI's ─► libthingp2p.a
#                                                                  └► libthingp2p.so

build_late() {
  local work=$BUILD/late
  rm -rf "$work"
  mkdir -p "$work"
  # Go does not interrupt its own threads by signals: asyncpreemptoff. Nobody looks for an int 63 bytes away: funcalign.
  # shellcheck disable=SC2046 # a list
  CGO_ENABLED=1 go_build "$work/go.a" "-funcalign=16 -X=runtime.godebugDefault=asyncpreemptoff=1" $(off_the_byte_path) \
    -buildmode=c-archive ./capi
  link_object "$work"
  link_static "$work"
  link_shared "$work"
  rm -rf "$work"
}

# rename_in_go FILE GO-NAME=NAME...: stops if Go has no such names any more.
rename_in_go() {
  local file=$1 pair arguments=()
  shift
  for pair in "$@"; do
    arguments+=("--redefine-sym" "$pair" "--globalize-symbol" "${pair#*=}")
  done
  "$(binutil objcopy)" "${arguments[@]}" "$file"
  for pair in "$@"; do
    "$(binutil nm)" "$file" | grep " ${pair#*=}\$" >/dev/null || die "Go's runtime has no ${pair%%=*}: Go has changed, check capi/start.c against it"
  done
}

# partial_linker FLAG...: the command that makes one object of many. It is the compiler, which knows the machine, unless its
# linker has no such flags, as zig's: then it is that of GNU for this machine.
partial_linker() {
  local flag by_compiler="$CC -nostdlib -r -Wl,--build-id=none"
  for flag; do by_compiler+=" -Wl,$flag"; done
  if echo 'int none;' | $by_compiler -x c - -o "$BUILD/late/none.o" 2>/dev/null; then
    echo "$by_compiler"
  else
    echo "$(binutil ld) -r --build-id=none $*"
  fi
}

link_object() {
  local work=$1
  (cd "$work" && "$(binutil ar)" x go.a)
  "$(binutil readelf)" -SW "$work/go.o" | grep " \.init_array " >/dev/null || die "Go's entry is not where it was: check capi/start.c"
  "$(binutil objcopy)" --remove-section=.init_array --remove-section='.rel*.init_array' --wildcard "$work/go.o"
  rename_in_go "$work/go.o" "_rt0_$("$GO" env GOARCH)_linux_lib=tp2p_go_entry" runtime.sigtable=tp2p_go_signals x_cgo_bindm=tp2p_bind_thread
  # -d turns common symbols into ordinary ones; groups are settled here, since objcopy makes their names local.
  # shellcheck disable=SC2046 # a list
  $(partial_linker -d --force-group-allocation) -o "$work/all.o" "$work"/0*.o "$work/go.o"
  "$(binutil objcopy)" --strip-debug --wildcard --keep-global-symbol='thing_p2p_*' "$work/all.o" "$work/thingp2p.o"
}

link_static() {
  local work=$1
  "$(binutil ar)" crsD "$work/libthingp2p.a" "$work/thingp2p.o"
  replace_if_changed "$work/libthingp2p.a" "$BUILD/libthingp2p.a"
}

# The flags that Go would use, and ours: nodelete, since Go cannot be unloaded; pages of 16 KB, for Android and arm64.
link_shared() {
  local work=$1
  # shellcheck disable=SC2046,SC2086 # lists
  $CC -shared -s -o "$work/libthingp2p.so" "$work/thingp2p.o" ${LDFLAGS:-} "-Wl,--version-script=$ROOT/capi/libthingp2p.map" \
    $(shared_flags) -Wl,-z,relro,-z,nodelete,-Bsymbolic \
    -pthread -Wl,--as-needed -lresolv
  place_shared "$work/libthingp2p.so"
}
