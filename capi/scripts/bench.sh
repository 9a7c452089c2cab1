# ./build.sh bench: the library beside others on emulated links; a table, build/bench.json, build/plots. Sourced by build.sh.

# What it starts runs in network namespaces, which only root can make.
bench_needs() {
  local tool missing=
  [ "$(id -u)" = 0 ] || missing=root
  for tool in ip:iproute2 nft:nftables; do
    command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool#*:}"
  done
  [ -c /dev/net/tun ] || missing="$missing /dev/net/tun"
  [ -z "$missing" ] || die "the bench needs, as Debian calls it: $missing"
}

bench_programs() {
  local program
  mkdir -p "$BENCH"
  for program in device app camera viewer; do
    # shellcheck disable=SC2086 # CC and the flags may hold several words
    $CC -std=c99 -Wall -Wextra -pedantic -Wno-unused-function -O2 ${CFLAGS:-} -I"$ROOT/include" \
      "$ROOT/engine/bench/programs/$program.c" -o "$BENCH/$program" \
      -L"$BUILD" -Wl,-rpath,"$BUILD" ${LDFLAGS:-} -lthingp2p -lpthread
  done
  # What the others are measured with must be quic-go as it is, so not by run_go.
  (cd "$ROOT" && "$GO" build -trimpath -o "$BENCH/peer" ./engine/bench/cmd/peer)
  go_build "$BENCH/bench" "" ./engine/bench/cmd/bench
}

# run_bench [quick] [FLAG...]: the flags are those of engine/bench/cmd/bench, such as "-rows ab", "-plots DIR"
# and "-traces DIR", which measures live video on recorded links instead of all else.
run_bench() {
  BENCH=$BUILD/bench
  case ${1:-quick} in
  quick | -*) ;;
  *) die "bench takes quick, flags, or nothing; not $1" ;;
  esac
  bench_needs
  build_libraries
  build_server
  bench_programs
  if [ "${1:-}" = quick ]; then
    shift
    set -- -quick "$@"
  fi
  "$BENCH/bench" -build "$BUILD" -tools "$BENCH" "$@"
}
