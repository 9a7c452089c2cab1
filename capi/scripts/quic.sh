# quic-go's own tests on the copy that the library is built with, and what tells more of its code. Sourced by test.sh.

# The packages of which the copy changes something.
QUIC_CHANGED='. ./internal/ackhandler ./internal/congestion ./internal/handshake ./internal/mocks ./internal/utils ./internal/wire'

# quic_tests [FLAG...], for go test
quic_tests() {
  local packages
  go_build "$LOGS/quictests" "" ./capi/scripts/quictests
  cd "$BUILD/quic/quic-go"
  export GOWORK=$BUILD/quic/go.work GOFLAGS=''
  "$GO" list -deps -test ./... >/dev/null || skip "what quic-go's tests need cannot be fetched"
  # Those of whole connections have the next function, and HTTP/3 is not ours.
  packages=$("$GO" list ./... | grep -vE '/(integrationtests|http3|metrics)(/|$)')
  check_added
  # shellcheck disable=SC2086 # a list
  "$GO" vet $packages
  quic_staticcheck
  # Some of the tests wait for 5 ms for what happens in another goroutine: quic-go's own measure for a busy machine.
  # shellcheck disable=SC2086 # a list
  TIMESCALE_FACTOR=10 CGO_ENABLED=1 "$LOGS/quictests" "$ROOT/engine/cmd/patchquic/failing.txt" "$LOGS/quic.log" "$@" -timeout=5m $packages
}

# What patchquic adds to the copy is in text files until then, and has not been looked at.
check_added() {
  local files
  files=$(find . -name 'thingp2p*.go' -exec "$("$GO" env GOROOT)/bin/gofmt" -l {} +)
  [ -z "$files" ] || die "not formatted, in engine/cmd/patchquic/added: $files"
}

# What staticcheck says of quic-go as it is, is theirs to mend: findings.txt has it, without the numbers of lines.
quic_staticcheck() {
  local log=$LOGS/quic-staticcheck.log new
  fetch_tool "$STATICCHECK"
  # shellcheck disable=SC2086 # a list
  "$BUILD/tools/staticcheck" $QUIC_CHANGED >"$log" || [ -s "$log" ]
  new=$(sed 's/:[0-9]*:[0-9]*:/:/' "$log" | grep -vxFf "$ROOT/engine/cmd/patchquic/findings.txt" || true)
  [ -z "$new" ] || die "staticcheck, in $PWD:
$new"
}

# The tests of whole connections. They go by the machine's clock, so they are for a quiet one.
quic_integration_tests() {
  go_build "$LOGS/quictests" "" ./capi/scripts/quictests
  cd "$BUILD/quic/quic-go"
  export GOWORK=$BUILD/quic/go.work GOFLAGS=''
  "$LOGS/quictests" "$ROOT/engine/cmd/patchquic/failing-integration.txt" "$LOGS/quic-integration.log" \
    -timeout=8m ./integrationtests/...
}
