# quic-go's own tests on the copy that the library is built with, and what tells more of its code. Sourced by test.sh.

# The packages of which the copy changes something.
QUIC_CHANGED='. ./internal/ackhandler ./internal/congestion ./internal/handshake ./internal/mocks ./internal/utils ./internal/wire'

# quic_tests [FLAG...], for go test
quic_tests() {
  local stock packages
  stock=$(cd "$ROOT" && "$GO" list -m -f '{{.Dir}}' github.com/quic-go/quic-go)
  go_build "$LOGS/quictests" "" ./capi/scripts/quictests
  cd "$BUILD/quic/quic-go"
  export GOWORK=$BUILD/quic/go.work GOFLAGS=''
  "$GO" list -deps -test ./... >/dev/null || skip "what quic-go's tests need cannot be fetched"
  # Those of whole connections have the next function, and HTTP/3 is not ours.
  packages=$("$GO" list ./... | grep -vE '/(integrationtests|http3|metrics)(/|$)')
  check_added
  # shellcheck disable=SC2086 # a list
  "$GO" vet $packages
  quic_staticcheck "$stock"
  # shellcheck disable=SC2086 # a list
  CGO_ENABLED=1 "$LOGS/quictests" "$ROOT/engine/cmd/patchquic/failing.txt" "$LOGS/quic.log" "$@" -timeout=5m $packages
}

# What patchquic adds to the copy is in text files until then, and has not been looked at.
check_added() {
  local files
  files=$(find . -name 'thingp2p*.go' -exec "$("$GO" env GOROOT)/bin/gofmt" -l {} +)
  [ -z "$files" ] || die "not formatted, in engine/cmd/patchquic/added: $files"
}

# quic_staticcheck STOCK: what it says of quic-go as it is, is theirs to mend.
quic_staticcheck() {
  local new
  fetch_tool "$STATICCHECK"
  findings >"$LOGS/quic-staticcheck.copy"
  (cd "$1" && GOWORK=off findings) >"$LOGS/quic-staticcheck.stock"
  new=$(LC_ALL=C comm -23 "$LOGS/quic-staticcheck.copy" "$LOGS/quic-staticcheck.stock")
  [ -z "$new" ] || die "staticcheck, in $PWD:
$new"
}

# findings prints them without the numbers of lines, sorted.
findings() {
  # shellcheck disable=SC2086 # a list
  "$BUILD/tools/staticcheck" $QUIC_CHANGED >"$LOGS/quic-staticcheck.log" || [ -s "$LOGS/quic-staticcheck.log" ]
  sed 's/:[0-9]*:[0-9]*:/:/' "$LOGS/quic-staticcheck.log" | LC_ALL=C sort -u
}

# The tests of whole connections. They go by the machine's clock, so they are for a quiet one.
quic_integration_tests() {
  go_build "$LOGS/quictests" "" ./capi/scripts/quictests
  cd "$BUILD/quic/quic-go"
  export GOWORK=$BUILD/quic/go.work GOFLAGS=''
  "$LOGS/quictests" "$ROOT/engine/cmd/patchquic/failing-integration.txt" "$LOGS/quic-integration.log" \
    -timeout=8m ./integrationtests/...
}
