# Fuzzing: each target for FUZZ_SECONDS, as many at once as there are processors. Sourced by test.sh.

# A package's targets share one test binary, see guide. It runs in a folder of its own, so that what Go writes,
# a failing input in testdata, does not get into the sources. fuzz_all WORK CORPUS: CORPUS keeps the inputs that reach more.
fuzz_all() {
  local work=$1 corpus=$2 package name target
  rm -rf "$work"
  mkdir -p "$work" "$corpus"
  fuzz_packages >"$work/packages"
  [ -s "$work/packages" ] || die "no fuzz targets"
  while IFS= read -r package; do
    name=$(echo "$package" | tr / -)
    mkdir -p "$work/$name"
    [ ! -d "$ROOT/$package/testdata" ] || cp -r "$ROOT/$package/testdata" "$work/$name/"
    run_go test -c $(guide) -o "$work/$name.test" "./$package"
    (cd "$work/$name" && "$work/$name.test" -test.list '^Fuzz') >"$work/targets"
    while IFS= read -r target; do
      while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
      (fuzz_target "$package" "$target" "$work/$name" "$corpus/$package" </dev/null || touch "$work/failed") &
    done <"$work/targets"
  done <"$work/packages"
  wait
  [ ! -e "$work/failed" ]
}

# guide compiles a target so that it counts what it covers, and the fuzzer learns from that. In a second it learns nothing,
# and the compiler has all packages in hand as they are.
guide() {
  [ "$FUZZ_SECONDS" -lt 10 ] || echo -fuzz .
}

fuzz_packages() { # those with a target
  (cd "$ROOT" && grep -rlE --include='*_test.go' '^func Fuzz' capi engine) | xargs -n 1 dirname | sort -u
}

# fuzz_target PACKAGE TARGET DIRECTORY CORPUS. Known inputs come first, and count: where those take all the time, on a busy
# machine, it gets more, since nothing has been fuzzed yet.
fuzz_target() {
  local log=$3-$2.log seconds=$FUZZ_SECONDS
  while fuzz_once "$2" "$3" "$4" "$seconds" >"$log" 2>&1; do
    if grep -q 'now fuzzing with' "$log"; then
      echo "fuzz $1 $2: $(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -n 1) inputs"
      return
    fi
    seconds=$((2 * seconds))
  done
  echo "fuzz $1 $2: FAILED"
  cat "$log"
  fuzz_findings "$1" "$2" "$3"
  return 1
}

# fuzz_once TARGET DIRECTORY CORPUS SECONDS. To make each new input smaller would take all of the time: it gets ten tries.
# Go's fuzzer sometimes takes the end of its own time for a failure.
fuzz_once() {
  (cd "$2" && "$2.test" -test.run '^$' -test.fuzz "^$1\$" -test.fuzztime "$4s" -test.fuzzminimizetime 10x \
    -test.parallel 1 -test.fuzzcachedir "$3" 2>&1) | tee "$2-$1.out" && return
  grep -A 1 "^--- FAIL: $1 " "$2-$1.out" | grep -q '^    context deadline exceeded$'
}

# fuzz_findings PACKAGE TARGET DIRECTORY prints the inputs that are not in the sources.
fuzz_findings() {
  local file
  for file in "$3/testdata/fuzz/$2"/*; do
    [ -e "$file" ] && [ ! -e "$ROOT/$1/testdata/fuzz/$2/${file##*/}" ] || continue
    printf 'The input that failed, for %s/testdata/fuzz/%s:\n' "$1" "$2"
    cat "$file"
  done
}

# A short run starts from the sources' inputs alone, and is as long on each machine.
fuzz_tests() {
  fuzz_all "$LOGS/fuzz" "$LOGS/fuzz/corpus"
}

# A long one goes on where the last one ended.
fuzz_nightly() {
  FUZZ_SECONDS=${THINGP2P_FUZZ_SECONDS:-60}
  fuzz_all "$BUILD/fuzz" "$BUILD/fuzz-corpus"
}
