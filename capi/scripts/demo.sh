# ./build.sh demo: server, device and app on this machine, and a file from one end to the other. Sourced by build.sh.

DEMO_BYTES=$((24 * 1024 * 1024))
DEMO_READY_SECONDS=20
DEMO_FETCH_SECONDS=120
DEMO_STOP_SECONDS=10

sha256_of() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d' ' -f1
}

# demo_start COMMAND...: sets $pid, and $fd, from which its output can be read.
demo_start() {
  local fifo=$DEMO_DIR/output
  mkfifo "$fifo"
  "$@" >"$fifo" &
  pid=$!
  exec {fd}<"$fifo"
  rm "$fifo"
  DEMO_STARTED="$pid:$fd ${DEMO_STARTED:-}" # the last one first, which is the order to stop them in
}

# demo_stop PID FD: ends a program, by force if it does not come to its end by itself.
demo_stop() {
  local code=0
  kill "$1" 2>/dev/null || true
  IFS= read -r -d '' -t "$DEMO_STOP_SECONDS" -u "$2" _ || code=$? # until the end of its output
  [ "$code" -le 128 ] || kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# Ends what the demo started, whatever ended the demo.
demo_cleanup() {
  local one
  for one in ${DEMO_STARTED:-}; do demo_stop "${one%:*}" "${one#*:}"; done
  rm -rf "$DEMO_DIR"
}

run_demo() {
  local file=$1 pid fd server ticket result sent received
  [ -z "$file" ] || [ -r "$file" ] || die "cannot read $file"
  build_all
  DEMO_DIR=$(mktemp -d)
  trap demo_cleanup EXIT
  trap 'exit 130' INT TERM
  if [ -z "$file" ]; then
    file=$DEMO_DIR/video
    head -c "$DEMO_BYTES" /dev/urandom >"$file"
  fi

  demo_start "$BUILD/thingp2pd" -mqtt 127.0.0.1:0 -turn 127.0.0.1:0 -public-ip 127.0.0.1 -secret "$DEMO_DIR/secret"
  IFS= read -r -t "$DEMO_READY_SECONDS" -u "$fd" server || die "the server did not start"
  server=${server#*server=} server=${server%% *}
  echo "server   $server"

  demo_start env THINGP2P_SERVER="$server" "$BUILD/device" "$file"
  IFS= read -r -t "$DEMO_READY_SECONDS" -u "$fd" ticket || die "the device did not start"
  echo "ticket   $ticket"

  demo_start "$BUILD/app" -o "$DEMO_DIR/received" "$ticket"
  IFS= read -r -t "$DEMO_FETCH_SECONDS" -u "$fd" result || die "the app failed"
  wait "$pid" || die "the app failed"
  sent=$(sha256_of "$file") received=$(sha256_of "$DEMO_DIR/received")
  echo "sent     sha256 $sent"
  echo "received sha256 $received"
  [ "$sent" = "$received" ] || die "the file changed on its way"
  echo "result   $result"
  echo "demo: ok"
}
