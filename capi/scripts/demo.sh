# ./build.sh demo [lan]: a device and an app, and a file from one end to the other: through a server on this machine, or in
# a local network without one. Sourced by build.sh. Where DEMO_DEVICE or DEMO_APP is another program than that in build/,
# what is there has been built before.

DEMO_BYTES=$((24 * 1024 * 1024))
DEMO_READY_SECONDS=180 # these three only end what hangs
DEMO_FETCH_SECONDS=600
DEMO_STOP_SECONDS=60

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
  for one in ${DEMO_NAMESPACES:-}; do ip netns delete "$one"; done
  rm -rf "$DEMO_DIR"
}

# demo_lan: two hosts on one wire, where this user may make them; $DEVICE_HOST and $APP_HOST run a command there.
demo_lan() {
  local device=thingp2p-demo-$$-device app=thingp2p-demo-$$-app
  if ! ip netns add "$device" 2>/dev/null; then
    echo "network  this host only: two hosts on a wire of their own need root and iproute2"
    return
  fi
  DEMO_NAMESPACES=$device
  ip netns add "$app"
  DEMO_NAMESPACES="$device $app"
  ip -netns "$device" link add lan0 type veth peer name lan0 netns "$app"
  ip -netns "$device" addr add 10.0.0.1/24 brd + dev lan0
  ip -netns "$app" addr add 10.0.0.2/24 brd + dev lan0
  ip -netns "$device" link set lan0 up
  ip -netns "$app" link set lan0 up
  DEVICE_HOST="ip netns exec $device" APP_HOST="ip netns exec $app"
  echo "network  two hosts on one wire, no internet, no server"
}

run_demo() { # run_demo [lan] [FILE]
  local pid fd server= ticket result sent received mode= DEVICE_HOST= APP_HOST=
  if [ "${1:-}" = lan ]; then
    mode=-l
    shift
  fi
  local file=${1:-}
  [ -z "$file" ] || [ -r "$file" ] || die "cannot read $file"
  [ -n "${DEMO_DEVICE:-}${DEMO_APP:-}" ] || build_all
  DEMO_DIR=$(mktemp -d)
  trap demo_cleanup EXIT
  trap 'exit 130' INT TERM
  if [ -z "$file" ]; then
    file=$DEMO_DIR/video
    head -c "$DEMO_BYTES" /dev/urandom >"$file"
  fi

  if [ -n "$mode" ]; then
    demo_lan
  else
    demo_start "$BUILD/thingp2pd" -mqtt 127.0.0.1:0 -turn 127.0.0.1:0 -public-ip 127.0.0.1 -secret "$DEMO_DIR/secret"
    IFS= read -r -t "$DEMO_READY_SECONDS" -u "$fd" server || die "the server did not start"
    server=${server#*server=} server=${server%% *}
    echo "server   $server"
  fi

  # shellcheck disable=SC2086 # a command and its arguments, or nothing
  demo_start env THINGP2P_SERVER="$server" $DEVICE_HOST ${DEMO_DEVICE:-"$BUILD/device"} "$file"
  IFS= read -r -t "$DEMO_READY_SECONDS" -u "$fd" ticket || die "the device did not start"
  echo "ticket   $ticket"

  # shellcheck disable=SC2086 # as above
  demo_start env $APP_HOST ${DEMO_APP:-"$BUILD/app"} $mode -o "$DEMO_DIR/received" "$ticket"
  IFS= read -r -t "$DEMO_FETCH_SECONDS" -u "$fd" result || die "the app failed"
  wait "$pid" || die "the app failed"
  sent=$(sha256_of "$file") received=$(sha256_of "$DEMO_DIR/received")
  echo "sent     sha256 $sent"
  echo "received sha256 $received"
  [ "$sent" = "$received" ] || die "the file changed on its way"
  echo "result   $result"
  echo "demo: ok"
}
