# The tests once more at other dates, so that none of them, and nothing they test, is right on some days only. Fake time
# always begins in 2000, but the process's own clock, which it is compared with, is what the date makes of it. Sourced by
# test.sh.

# A clock that was never set, and one whose seconds need more than 32 bits; at night, dates between them, too. The stage
# "race" is at today's.
EXTREME_DATES='1970-01-01 2106-02-08'
ALL_DATES="$EXTREME_DATES 2027-03-01 2031-07-15"

# date_tests DATE...: what runs once runs today, from the same programs, which take longer to compile than to run.
date_tests() {
  make_clock
  # shellcheck disable=SC2046 # a list
  DATES=$* ONCE_TESTS=$ONCE_TESTS go_test dates -vet=off -overlay="$LOGS/clock/overlay.json" \
    -exec "sh $LOGS/clock/each-date.sh" -timeout "$HANG" $(packages -vE "$OUTSIDE|$ONCE_PACKAGES")
}

# make_clock writes a program that runs another at each date, and what makes Go's package time say that a process started
# on the day in THINGP2P_TEST_DATE. Nothing else
# knows of it: it is compiled into these tests, and nowhere else. Files keep the kernel's time.
make_clock() {
  local dir=$LOGS/clock source line='	mono -= startNano'
  source=$("$GO" env GOROOT)/src/time
  mkdir -p "$dir"
  [ "$(grep -cx "$line" "$source/time.go")" = 1 ] ||
    die "Go's time.Now has changed: find the place in $source/time.go where it knows that it is not in fake time, and name it in make_clock"
  sed "s/^$line\$/&; sec += dateShift/" "$source/time.go" >"$dir/time.txt" # not .go: ./... must not find it
  cat >"$dir/date.txt" <<'GO'
package time

import "syscall"

var dateShift = func() int64 {
	text, found := syscall.Getenv("THINGP2P_TEST_DATE")
	if !found {
		return 0
	}
	date, err := Parse(DateOnly, text)
	if err != nil {
		panic("THINGP2P_TEST_DATE: " + err.Error())
	}
	sec, _, _ := now()
	return date.Unix() - sec
}()
GO
  cat >"$dir/each-date.sh" <<'SH'
code=0
"$@" -test.run "$ONCE_TESTS" || { code=1; echo "FAILED today"; }
for date in $DATES; do
  echo "at $date"
  THINGP2P_TEST_DATE=$date "$@" -test.skip "$ONCE_TESTS" || { code=1; echo "FAILED at $date"; }
done
exit "$code"
SH
  printf '{"Replace": {"%s/time.go": "%s/time.txt", "%s/thingp2p_date.go": "%s/date.txt"}}\n' \
    "$source" "$dir" "$source" "$dir" >"$dir/overlay.json"
}
