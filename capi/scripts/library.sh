# What the libraries must be, whatever they do: their names, their size, their QUIC. Sourced by test.sh.

MAX_SHARED_BYTES=11700000

check_library() {
  local so=$BUILD/libthingp2p.so bytes foreign program=$LOGS/static-consumer
  bytes=$(wc -c <"$so")
  [ "$bytes" -le "$MAX_SHARED_BYTES" ] || die "libthingp2p.so has $bytes bytes, more than $MAX_SHARED_BYTES"

  # A (absolute) is the name of the version node.
  foreign=$(nm -D --defined-only "$so" | awk '$2 != "A" && $3 !~ /^thing_p2p_/')
  [ -z "$foreign" ] || die "libthingp2p.so exports $foreign"
  foreign=$(nm -g --defined-only "$BUILD/libthingp2p.a" | awk 'NF == 3 && $3 !~ /^thing_p2p_/')
  [ -z "$foreign" ] || die "libthingp2p.a exports $foreign"

  readelf -d "$so" | grep -q 'soname: \[libthingp2p\.so\.1\]' || die "wrong soname"
  grep -aq 'quic-go with engine/congestion' "$so" || die "libthingp2p.so was built with quic-go's own Reno"

  $CC "$ROOT/capi/tests/consumer/consumer.c" -I"$ROOT/include" "$BUILD/libthingp2p.a" -lpthread -lresolv -o "$program"
  "$program"
  echo "libthingp2p.so: $bytes bytes"
}
