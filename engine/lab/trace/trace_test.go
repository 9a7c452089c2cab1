package trace

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

func parse(t *testing.T, text string) *Trace {
	t.Helper()
	trace, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

func TestParseNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "line 1: ",
		"0\n0\n":                        "line 2: ",
		"1\n2\nx\n":                     "line 3: ",
		"1\n\n2\n":                      "line 2: ",
		"1\n-2\n":                       "line 2: ",
		"5\n9\n7\n":                     "line 3: 7 ms, after 9 ms",
		"1\n90000000\n":                 "line 2: ",
		"1\n99999999999999\n":           "line 2: ",
		"1\n" + strings.Repeat("0", 99): "line 2: ",
	} {
		if _, err := Parse(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("0\n0\n3\n"), int64(5e6))
	f.Add([]byte("7\r\n86400000"), int64(1e15))
	f.Add([]byte("1\n+2\n"), int64(0))
	f.Fuzz(func(t *testing.T, input []byte, now int64) {
		trace, err := Parse(bytes.NewReader(input))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Fatalf("the error names no line: %v", err)
			}
			return
		}
		if len(trace.times) > len(input)/2+1 || cap(trace.times) > 4*len(input)+64 {
			t.Fatalf("%d bytes became %d times, with room for %d", len(input), len(trace.times), cap(trace.times))
		}
		at := time.Duration(now & (1<<50 - 1)) // two weeks
		if n := trace.after(at); trace.at(n) <= at || n > 0 && trace.at(n-1) > at {
			t.Fatalf("number %d of %d is not the first after %v", n, len(trace.times), at)
		}
		w := trace.Wire(at, ms)
		if first, second := w.Send(at, 1500), w.Send(at, 1500); first <= at || second < first {
			t.Fatalf("sent at %v, left at %v and %v", at, first, second)
		}
	})
}

// TestWireIsMahimahis: what fits goes together, the rest of a packet with the next
// opportunity, and nothing is kept for later.
func TestWireIsMahimahis(t *testing.T) {
	type packet struct{ now, bytes, leaves, waiting int }
	for name, c := range map[string]struct {
		trace   string
		packets []packet
	}{
		"one each":                    {"2\n5\n9\n", []packet{{0, 1500, 2, 1500}, {0, 1500, 5, 3000}, {0, 1500, 9, 4500}}},
		"several in one":              {"2\n5\n9\n", []packet{{0, 500, 2, 500}, {0, 500, 2, 1000}, {1, 500, 2, 1500}, {1, 1, 5, 1501}}},
		"the rest of a large one":     {"2\n5\n9\n", []packet{{0, 1000, 2, 1000}, {0, 1000, 5, 2000}, {0, 1000, 5, 3000}, {0, 1, 9, 3001}}},
		"what is unused is lost":      {"2\n5\n9\n", []packet{{6, 1500, 9, 1500}, {6, 1500, 11, 3000}}},
		"so is a part":                {"2\n5\n9\n", []packet{{0, 100, 2, 100}, {2, 1500, 5, 1500}}},
		"at that very time is late":   {"2\n5\n9\n", []packet{{5, 100, 9, 100}}},
		"several in one millisecond":  {"2\n2\n9\n", []packet{{0, 3000, 2, 3000}, {0, 1, 9, 3001}}},
		"time 0 is the end, and more": {"0\n4\n", []packet{{0, 1500, 4, 1500}, {0, 1500, 4, 3000}, {0, 1500, 8, 4500}, {5, 1500, 8, 3000}}},
		"many rounds later":           {"2\n5\n9\n", []packet{{9 * 1000, 1500, 9*1000 + 2, 1500}}},
	} {
		w := parse(t, c.trace).Wire(0, 0)
		for i, p := range c.packets {
			now := time.Duration(p.now) * ms
			if leaves := w.Send(now, p.bytes); leaves != time.Duration(p.leaves)*ms {
				t.Errorf("%s: packet %d left after %v, want %d ms", name, i, leaves, p.leaves)
			}
			if waiting := w.Waiting(now); waiting != p.waiting {
				t.Errorf("%s: %d bytes wait behind packet %d, want %d", name, waiting, i, p.waiting)
			}
		}
		if waiting := w.Waiting(time.Hour); waiting != 0 {
			t.Errorf("%s: %d bytes wait at the end", name, waiting)
		}
	}
}

func TestWireBeginsWhereItShould(t *testing.T) {
	trace := parse(t, "2\n5\n9\n")
	for _, c := range []struct{ begin, offset, leaves time.Duration }{
		{0, 0, 2}, {100, 0, 102}, {100, 3, 102}, {100, 8, 101}, {100, 9, 102}, {100, 9 * 7, 102}, {100, 9*7 + 6, 103},
	} {
		if got := trace.Wire(c.begin*ms, c.offset*ms).Send(c.begin*ms, 1500); got != c.leaves*ms {
			t.Errorf("begin %d, offset %d: left at %v, want %d ms", c.begin, c.offset, got, c.leaves)
		}
	}
}

func TestStepsHaveTheirRates(t *testing.T) {
	const sec = time.Second
	trace, err := Steps(Step{4e6, 10 * sec}, Step{0, 5 * sec}, Step{8e6, 15 * sec})
	if err != nil {
		t.Fatal(err)
	}
	if trace.Length() != 30*sec {
		t.Errorf("it is %v long", trace.Length())
	}
	for _, c := range []struct {
		from, to time.Duration
		rate     float64
	}{{0, 9 * sec, 4e6}, {10 * sec, 15 * sec, 0}, {16 * sec, 28 * sec, 8e6}, {30 * sec, 39 * sec, 4e6}} {
		if s := trace.Stats(c.from, c.to); s.Rate != c.rate {
			t.Errorf("%v to %v: %+v, want %g bit/s", c.from, c.to, s, c.rate)
		}
	}
	if gap := trace.All().Gap; gap < 5*sec || gap > 5*sec+5*ms {
		t.Errorf("the longest gap is %v", gap)
	}
	for _, bad := range [][]Step{nil, {{0, sec}}, {{1e15, time.Hour}}, {{1e3, 100 * time.Hour}}} {
		if _, err := Steps(bad...); err == nil {
			t.Errorf("%v is a trace", bad)
		}
	}
}

// bounds are those between which all recordings of a kind of link were.
type bounds struct {
	rate, variation [2]float64
	gap             [2]time.Duration
}

func (b bounds) hold(s Stats) bool {
	return s.Rate >= b.rate[0] && s.Rate <= b.rate[1] && s.Variation >= b.variation[0] && s.Variation <= b.variation[1] &&
		s.Gap >= b.gap[0] && s.Gap <= b.gap[1]
}

// Recorded in cars: two links of LTE had 7.5 and 11.0 Mbit/s, variations of 0.47 and
// 0.73, and gaps of 1.0 and 1.1 s; one of UMTS, upwards, 0.62 Mbit/s, 0.94 and 5.8 s.
var (
	lteBounds  = bounds{[2]float64{7e6, 11.5e6}, [2]float64{0.45, 0.8}, [2]time.Duration{500 * ms, 1500 * ms}}
	umtsBounds = bounds{[2]float64{0.4e6, 1.1e6}, [2]float64{0.7, 1.5}, [2]time.Duration{2500 * ms, 7000 * ms}}
)

func TestMobileIsLikeRecordings(t *testing.T) {
	for name, c := range map[string]struct {
		mobile Mobile
		bounds bounds
	}{"LTE": {LTE, lteBounds}, "UMTS": {UMTS, umtsBounds}} {
		for seed := range uint64(10) {
			trace, err := c.mobile.Trace(seed, 140*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if s := trace.All(); !c.bounds.hold(s) {
				t.Errorf("%s, seed %d: %+v", name, seed, s)
			}
			again, _ := c.mobile.Trace(seed, 140*time.Second)
			if !slices.Equal(again.times, trace.times) {
				t.Errorf("%s: the same seed gives another trace", name)
			}
		}
	}
}

// TestRecordings reads those of a directory, which are not ours to keep here.
func TestRecordings(t *testing.T) {
	dir := os.Getenv("THINGP2P_TRACES")
	if dir == "" {
		t.Skip("THINGP2P_TRACES names no directory of recordings")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) == 0 {
		t.Fatalf("no file in %s", dir)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		trace, err := Parse(f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		s, name := trace.All(), filepath.Base(path)
		t.Logf("%s, %v: %.2f Mbit/s, variation %.2f, longest gap %v", name, trace.Length(), s.Rate/1e6, s.Variation, s.Gap)
		for kind, b := range map[string]bounds{"-LTE-driving.down": lteBounds, "-UMTS-driving.up": umtsBounds} {
			if strings.HasSuffix(name, kind) && !b.hold(s) {
				t.Errorf("%s is not between the bounds: %+v", name, s)
			}
		}
	}
}
