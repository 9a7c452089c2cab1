# ./build.sh demo: server, device and app on this machine, and a file from one end to the other. Sourced by build.sh.

DEMO_BYTES=$((24 * 1024 * 1024))
DEMO_READY_SECONDS=20
DEMO_APP_SECONDS=120

sha256_of() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d' ' -f1
}

# Ends what the demo started, whatever ended the demo.
demo_cleanup() {
  local pid
  for pid in ${DEMO_PIDS:-}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${DEMO_PIDS:-}; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$DEMO_DIR"
}

demo_start() { # demo_start NAME COMMAND...: stdout to a fifo with the same name, which the caller reads
  local name=$1
  shift
  mkfifo "$DEMO_DIR/$name"
  "$@" >"$DEMO_DIR/$name" &
  DEMO_PIDS="${DEMO_PIDS:-} $!"
}

# Kills the app if it hangs, so that the demo always ends.
demo_fetch() {
  local app watchdog code=0
  "$BUILD/app" -o "$DEMO_DIR/received" "$1" >"$DEMO_DIR/result" &
  app=$!
  (sleep "$DEMO_APP_SECONDS" && kill "$app") >/dev/null 2>&1 &
  watchdog=$!
  DEMO_PIDS="$DEMO_PIDS $app $watchdog"
  wait "$app" || code=$?
  kill "$watchdog" 2>/dev/null || true
  return "$code"
}

run_demo() {
  local file=$1 server ticket sent received
  [ -z "$file" ] || [ -r "$file" ] || die "cannot read $file"
  build_all
  DEMO_DIR=$(mktemp -d)
  trap demo_cleanup EXIT
  trap 'exit 130' INT TERM
  if [ -z "$file" ]; then
    file=$DEMO_DIR/video
    head -c "$DEMO_BYTES" /dev/urandom >"$file"
  fi

  demo_start server "$BUILD/thingp2pd" -mqtt 127.0.0.1:0 -turn 127.0.0.1:0 -public-ip 127.0.0.1 -secret "$DEMO_DIR/secret"
  exec 3<"$DEMO_DIR/server" # held open: the server must not lose its stdout
  IFS= read -r -t "$DEMO_READY_SECONDS" server <&3 || die "the server did not start"
  server=${server#*server=} server=${server%% *}
  echo "server  $server"

  demo_start device env THINGP2P_SERVER="$server" "$BUILD/device" "$file"
  exec 4<"$DEMO_DIR/device"
  IFS= read -r -t "$DEMO_READY_SECONDS" ticket <&4 || die "the device did not start"
  echo "ticket  $ticket"

  demo_fetch "$ticket" || die "the app failed"
  sent=$(sha256_of "$file") received=$(sha256_of "$DEMO_DIR/received")
  echo "sent     sha256 $sent"
  echo "received sha256 $received"
  [ "$sent" = "$received" ] || die "the file changed on its way"
  echo "result   $(cat "$DEMO_DIR/result")"
  echo "demo: ok"
}
