# ./build.sh test: runs every stage, also after one has failed, and tells at the end. Sourced by build.sh.
. "$ROOT/capi/scripts/tools.sh"
. "$ROOT/capi/scripts/library.sh"
. "$ROOT/capi/scripts/fuzz.sh"
. "$ROOT/capi/scripts/cross.sh"
. "$ROOT/capi/scripts/dates.sh"
. "$ROOT/capi/scripts/quic.sh"

SKIPPED=77
FUZZ_SECONDS=${THINGP2P_FUZZ_SECONDS:-1} # for each target; 60 before a release and at night
STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK=golang.org/x/vuln/cmd/govulncheck@v1.9.0

# The tests that start programs and make networks: what they drive is compiled without the race detector.
OUTSIDE='/capi/tests|/engine/lab'
NETWORKS=capi/tests/nat

run_tests() {
  begin "$BUILD/test-logs"
  stage tools install_tools
  stage format check_format
  stage build build_all
  stage library check_library
  stage testlog go_build "$LOGS/testlog" "" ./capi/scripts/testlog
  beside 'outside outside_tests' # waits for most of its time: what follows computes
  stage staticcheck analyse "$STATICCHECK"
  stage govulncheck check_vulnerabilities
  stage race race_tests
  stage once once_tests
  stage dates date_tests $EXTREME_DATES
  stage quic quic_tests
  stage cross cross_tests 1
  stage cmake cmake_tests
  stage fuzz fuzz_tests
  join
  stage valgrind valgrind_tests # runs one thread at a time, and slows it down fifty times: nothing beside it
  stage leftovers check_leftovers
  finish
}

# run_only STAGE...
run_only() {
  ONLY=" build testlog $* "
  run_tests
}

# What takes long, or a quiet machine.
run_nightly() {
  begin "$BUILD/nightly-logs"
  stage quic quic_tests -race
  stage quic-integration quic_integration_tests
  stage testlog go_build "$LOGS/testlog" "" ./capi/scripts/testlog
  stage race race_nightly
  stage dates date_tests $ALL_DATES
  stage flood flood_tests
  stage laws law_tests
  stage poller poller_tests
  stage changes change_tests
  stage unseen unseen_tests
  stage sleeps sleep_tests
  stage reproducible reproducible_tests
  stage fuzz fuzz_nightly
  finish
}

# All other machines, or those, and more of what is tried each time.
run_cross_tests() { # run_cross_tests [NAME...]
  begin "$BUILD/cross-logs"
  stage build build_all
  stage testlog go_build "$LOGS/testlog" "" ./capi/scripts/testlog
  stage cross cross_tests all "$@"
  finish
}

begin() { # begin LOGS
  prepare
  LOGS=$1
  rm -rf "$LOGS"
  mkdir -p "$LOGS"
  passed=0 failed=0 summary='' BESIDE=() BESIDE_PID=''
  trap end_beside EXIT
}

finish() {
  [ -z "${ONLY// /}" ] || die "there is no stage${ONLY% }"
  printf '\n%b%d passed, %d failed\n' "$summary" "$passed" "$failed"
  [ "$failed" = 0 ]
}

# skip REASON ends a stage that cannot run here.
skip() {
  echo "$*" >&2
  echo "$*" >"$LOGS/$STAGE.skip"
  exit "$SKIPPED"
}

# stage NAME COMMAND...
stage() {
  wanted "$1" || return 0
  printf '\n== %s\n' "$1"
  run_stage "$@"
  count_stage "$1"
}

# beside 'NAME COMMAND...'...: stages that run one after the other beside those that follow, until join. What they print is
# seen when they have ended.
beside() {
  local words
  for words in "$@"; do
    ! wanted "${words%% *}" || BESIDE+=("$words")
  done
  [ "${#BESIDE[@]}" != 0 ] || return 0
  set -m # a process group of its own, so that it can be ended whole
  run_stages "${BESIDE[@]}" &
  set +m
  BESIDE_PID=$!
}

run_stages() {
  local words
  for words in "$@"; do
    # shellcheck disable=SC2086 # words
    run_stage $words >"$LOGS/${words%% *}.output" 2>&1
  done
}

join() {
  local words name
  [ -n "$BESIDE_PID" ] || return 0
  wait "$BESIDE_PID" || true
  BESIDE_PID=
  for words in "${BESIDE[@]}"; do
    name=${words%% *}
    printf '\n== %s\n' "$name"
    [ ! -e "$LOGS/$name.output" ] || cat "$LOGS/$name.output"
    count_stage "$name"
  done
}

end_beside() {
  [ -z "$BESIDE_PID" ] || kill -- "-$BESIDE_PID"
}

wanted() { # wanted STAGE: takes it from the list of run_only
  case ${ONLY:-" $1 "} in
  *" $1 "*) ONLY=${ONLY:+${ONLY/" $1 "/ }} ;;
  *) return 1 ;;
  esac
}

# run_stage NAME COMMAND...: in a shell of its own that stops at the first error. $LOGS/NAME.verdict tells how it went.
run_stage() {
  local code=0 verdict start=$SECONDS
  STAGE=$1
  shift
  set +e # a command in front of && or || would run without errexit inside
  (
    set -e
    trap 'times >"$LOGS/$STAGE.times"' EXIT
    "$@"
  )
  code=$?
  set -e
  verdict=FAILED
  if [ "$code" = 0 ]; then
    verdict=ok
  elif [ "$code" = "$SKIPPED" ] && [ "${CI:-}" != true ]; then
    verdict="skipped ($(cat "$LOGS/$STAGE.skip"))"
  fi
  echo "$STAGE: $verdict"
  echo "$verdict ($((SECONDS - start)) s, $(cpu_seconds "$LOGS/$STAGE.times") s of CPU)" >"$LOGS/$STAGE.verdict"
}

# cpu_seconds FILE: the sum of what the shell's times have printed: of a shell, and of those that it started.
cpu_seconds() {
  awk -F '[ms ]+' '{ sum += 60 * $1 + $2 + 60 * $3 + $4 } END { printf "%d", sum }' "$1"
}

# count_stage NAME: for the summary, with each test that did not pass, skipped ones too.
count_stage() {
  local verdict=FAILED notes=$LOGS/$1.notes
  [ ! -e "$LOGS/$1.verdict" ] || verdict=$(cat "$LOGS/$1.verdict")
  case $verdict in
  ok*) passed=$((passed + 1)) ;;
  FAILED*) failed=$((failed + 1)) ;;
  esac
  summary="$summary$1: $verdict\n"
  [ ! -s "$notes" ] || summary="$summary$(sed -e 's/\\/\\\\/g' -e 's/^/    /' "$notes")\n"
}

check_format() {
  local files
  files=$(cd "$ROOT" && "$("$GO" env GOROOT)/bin/gofmt" -l capi engine)
  [ -z "$files" ] || die "not formatted: $files"
}

# fetch_tool MODULE@VERSION: to $BUILD/tools.
fetch_tool() {
  GOBIN=$BUILD/tools GOWORK=off GOFLAGS='' "$GO" install "$1" || skip "cannot be fetched: $1"
}

# analyse MODULE@VERSION: runs a tool that loads packages by itself. It knows workspaces, but no -modfile.
analyse() {
  local tools=$BUILD/tools name=${1%@*}
  fetch_tool "$1"
  printf 'go %s\nuse "%s"\nreplace github.com/quic-go/quic-go => "%s"\n' \
    "$(sed -n 's/^go //p' "$ROOT/go.mod")" "$ROOT" "$BUILD/quic/quic-go" >"$tools/go.work"
  (cd "$ROOT" && GOWORK=$tools/go.work GOFLAGS=-tags=thingp2p_quic,nethttpomithttp2 "$tools/${name##*/}" ./...)
}

# The data may be out of reach, which no change here can mend. What it knows of is a failure.
check_vulnerabilities() {
  local code=0
  if [ -z "${HTTPS_PROXY:-${https_proxy:-}}" ] && ! timeout 10 bash -c ': </dev/tcp/vuln.go.dev/443' 2>"$LOGS/govulncheck.log"; then
    not_checked # and a minute saved
    return
  fi
  analyse "$GOVULNCHECK" >"$LOGS/govulncheck.log" 2>&1 || code=$?
  cat "$LOGS/govulncheck.log"
  if [ "$code" = 1 ] && grep -q 'fetching vulnerabilities' "$LOGS/govulncheck.log"; then
    not_checked
    return
  fi
  return "$code"
}

not_checked() {
  echo 'NOT CHECKED: the data of known vulnerabilities (vuln.go.dev) is out of reach' | tee "$LOGS/$STAGE.notes"
}

packages() { # packages GREP-ARGUMENTS: the packages whose path matches
  run_go list ./... | grep "$@"
}

# go_test LOG ARGUMENT...: prints failures and skips; the whole output goes to the log. Vets all that it compiles, as far as
# nothing else is said: to do that apart would be to compile once more.
go_test() {
  local log=$LOGS/$1.log code=0
  shift
  run_go test -json -count=1 -vet=all "$@" | "$LOGS/testlog" "$log" | tee "$log.result" || code=$?
  grep -E '^(SKIPPED|FAILED)' "$log.result" >>"$LOGS/$STAGE.notes" || true
  return "$code"
}

# How long a package may take: only what hangs, since the machine may be busy with anything. One test waits for what must
# happen for 3 minutes (engine/lab/await).
HANG=40m

# What simulates much, or measures: neither a date nor a race would show in it that does not in others, and the race detector is
# ten times slower. It looks at them at night.
# The congestion controller starts nothing that could race, see TestEveryStartIsGuarded.
ONCE_PACKAGES='/capi/scripts|/engine/congestion|/engine/cmd/patchquic'
ONCE_TESTS='^(TestFloodOf.*|TestFramesAfterAnOutage|TestFramesAreInTimeInSpiteOfLoss|TestPathNarrowsInMidTransfer|'
ONCE_TESTS+='TestStateSurvivesKills|TestDamagedStateIsAnError|TestIdleSessionIsSmall|TestACrowdKeepsNoFriendOut|'
ONCE_TESTS+='TestAHerdBehindOneAddress|TestManySessionsOfOneAppAtOnce|TestManyStrangersCannotAimTheDevice|TestTenThousandKnocks|'
ONCE_TESTS+='TestNobodyBringsAnOldMessageBack|TestFallbackOfAnUpload|TestRelayThatTampers|TestManyCommandsAreNotSentTwice|'
ONCE_TESTS+='TestLostPacketsAreCounted|TestOnePairedAppShutsNobodyOut|TestOneAppDoesNotHaveAllSessions|TestStrangersShare|'
ONCE_TESTS+='TestALoginIsGoodOnceAmongManyOthers|TestAReviewOfMany|TestPairingsAreBounded|TestAdmissionIsReviewed|'
ONCE_TESTS+='TestSessionMovesToTheDirectPathAndBack|TestConsentMayTakeAsLongAsTheAppWaits|TestSilentPeerIsGone|TestLyingBroker|'
ONCE_TESTS+='TestStrangersKeepNobodyOut|TestReportsNameTheCause|TestFallbackOfADownload|'
ONCE_TESTS+='TestReportsOfEveryPairOfNATs|TestKnocksDoNotStarve|TestManySessionsMoveAtOnce|TestLongPathsAreMovedTo|'
ONCE_TESTS+='TestPathsDoNotRunOutOfConnectionIDs|TestRelayThatDiesAtOnce|TestDirectPathIsNotLookedForTwice|'
ONCE_TESTS+='TestEncoderThatWaitsOutAnOutageIsToldOfTheRate|TestSilentConnectionsKeepNobodyOut|TestCommandErrors|'
ONCE_TESTS+='TestClientGetsInThroughAFlood|TestBurstOfAFriend|TestMemoryOfManyFriends|TestWatchingCostsLittle|'
ONCE_TESTS+='TestChangedEnvelopeIsNotRead|TestNothingGoesToSpecialAddresses|TestMuchThatIsNoMQTT|'
ONCE_TESTS+='TestNoTestTrustsTheClock|TestEachParserIsFuzzed)$'

race_tests() {
  # shellcheck disable=SC2046 # a list
  CGO_ENABLED=1 go_test race -race -timeout "$HANG" -skip "$ONCE_TESTS" $(packages -vE "$OUTSIDE|$ONCE_PACKAGES")
}

# The tests of ONCE_TESTS are in the stage "dates".
once_tests() {
  # shellcheck disable=SC2046 # a list
  go_test once -timeout "$HANG" $(packages -E "$ONCE_PACKAGES")
}

race_nightly() {
  # shellcheck disable=SC2046 # a list
  CGO_ENABLED=1 go_test race -race -timeout "$HANG" -run "$ONCE_TESTS" $(packages -vE "$OUTSIDE|$ONCE_PACKAGES")
}

# The flood of handshakes for a minute, which is a few seconds in the stage "dates".
flood_tests() {
  THINGP2P_FLOOD_SECONDS=60 go_test flood -timeout 10m -run '^TestFloodOfHandshakes$' ./engine
}

# The laws of the congestion controller with more seeds.
law_tests() {
  THINGP2P_SEEDS=10 go_test laws -timeout 60m ./engine/congestion
}

# All packages once more, in another folder.
reproducible_tests() {
  THINGP2P_BUILD_DIR=$BUILD go_test reproducible -timeout "$HANG" -run '^TestPackages$/^reproducible$' ./capi/tests/packages
}

# Of an app and a device, as a phone in a pocket and a camera that saves power.
sleep_tests() {
  THINGP2P_SLEEPS='20s 60s 10m' go_test sleeps -timeout 40m -run '^TestSleeps$' "./$NETWORKS"
}

# Each change of the network ten times: for how many ms nothing came, the median and the worst.
change_tests() {
  go_test changes -timeout 90m -count=10 -run '^TestChangesOfTheNetwork$' "./$NETWORKS"
  sed -nE -e 's/^=== RUN +//p' -e 's/.*nothing came for ([0-9]+) ms.*/ \1/p' "$LOGS/changes.log" |
    awk '!/^ / { name = $1; next } { print name, $1 }' | sort -k1,1 -k2,2n | awk '
      function tell() { if (n) printf "%5d %5d  %s\n", (gap[int((n - 1) / 2)] + gap[int(n / 2)]) / 2, gap[n - 1], name }
      $1 != name { tell(); n = 0 }
      { name = $1; gap[n++] = $2 }
      END { tell() }'
}

# Each change of the network where the system tells neither, or only one of them, of it.
unseen_tests() {
  THINGP2P_UNSEEN=all go_test unseen -timeout 60m -run '^TestChangesOfTheNetworkUnseen$' "./$NETWORKS"
}

poller_tests() {
  THINGP2P_POLLER_OPERATIONS=100000 go_test poller -timeout 30m -run '^TestPollerAgainstAModel$' ./engine
}

# One package at a time, since all that they start computes, but beside that of the networks, which waits for most of its time.
outside_tests() {
  local beside=0 rest=0
  export THINGP2P_BUILD_DIR=$BUILD
  go_test networks -timeout "$HANG" "./$NETWORKS" >"$LOGS/networks.output" 2>&1 &
  # shellcheck disable=SC2046 # a list
  go_test outside -p 1 -skip '^TestValgrind$|^TestPackages$/^reproducible$' -timeout "$HANG" $(packages -E "$OUTSIDE" | grep -v "/$NETWORKS\$") || rest=$?
  wait $! || beside=$?
  cat "$LOGS/networks.output"
  return $((rest | beside))
}

valgrind_tests() {
  THINGP2P_BUILD_DIR=$BUILD go_test valgrind -timeout "$HANG" -run '^TestValgrind$' ./capi/tests
}

cmake_tests() {
  command -v cmake >/dev/null || skip "missing: cmake"
  local dir=$LOGS/cmake
  cmake -S "$ROOT" -B "$dir"
  cmake --build "$dir"
  cd "$dir"
  # The stage "outside" has run them all already: one shows that they run here, too.
  GOFLAGS=-run=^TestCXXTakesTexts$ ctest --output-on-failure --no-tests=error -LE long
}

# Programs from the build directory, and network namespaces whose owner is gone: their names hold its process id.
leftovers() {
  local name pid
  ps -eo args= | grep -F "$BUILD/" | grep -vF grep || true
  for name in /run/netns/thingp2p-lab-*; do
    pid=${name#*/thingp2p-lab-} pid=${pid%%-*}
    [ ! -e "$name" ] || [ -d "/proc/$pid" ] || echo "namespace ${name##*/}"
  done
}

check_leftovers() {
  local left
  left=$(leftovers)
  [ -z "$left" ] || die "left behind:
$left"
}
