//go:build linux

package bench

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const second = int64(1e6)

// aFilm is 30 frames a second for the whole length, each 50 ms under way, but for those
// that lost leaves out.
func aFilm(lost func(number int, sent int64) bool) *film {
	f := &film{start: 77 * second}
	missing := int64(0)
	for n := range int64(liveLength/time.Second) * 30 {
		sent := n * second / 30
		key := int64(0)
		if n%60 == 0 {
			key = 1
		}
		f.made = append(f.made, made{f.start + sent, 1000, key, 1000, 240_000})
		if lost(int(n), sent) {
			missing++
			continue
		}
		f.seen = append(f.seen, seen{f.start + sent + 50_000, f.start + sent, n, 1000, key, missing})
		missing = 0
	}
	return f
}

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if !(math.Abs(got-want) <= by) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

func TestFiguresOfAFlawlessFilm(t *testing.T) {
	f := aFilm(func(int, int64) bool { return false })
	for range int(liveLength / liveCommands) {
		f.pings = append(f.pings, 41_000)
	}
	g := f.figures()
	near(t, "frames/s", g.Frames, 30, 0.05)
	near(t, "Mbit/s", g.Rate, 0.24, 0.001)
	near(t, "asked", g.Asked, 0.24, 0.001)
	near(t, "share", g.Share, 1, 0)
	near(t, "net p99", g.Net[2], 50, 0)
	near(t, "age p50", g.Age[0], 50+1000.0/60, 1.1)
	near(t, "age p99", g.Age[2], 50+1000.0/30, 1.1)
	near(t, "command p95", g.Command[1], 41, 0)
	if g.Freezes != 0 || g.Refused != 0 || g.Unshown != 0 || g.Keys < 12 || g.Keys > 13 {
		t.Errorf("%+v", g)
	}
}

func TestFiguresOfAGap(t *testing.T) {
	// Frames 300 to 329 do not come; those up to the key frame 360 cannot be shown.
	f := aFilm(func(n int, _ int64) bool { return n >= 300 && n < 330 })
	g := f.figures()
	if g.Unshown != 30 || g.Freezes != 1 {
		t.Errorf("%d frames are not shown, %d freezes: want 30 and 1", g.Unshown, g.Freezes)
	}
	near(t, "frozen s", g.Frozen, 61.0/30, 0.001)
	near(t, "share", g.Share, 690.0/750, 0.001)
	near(t, "age p99", g.Age[2], 50+2033-25000/100, 2)
}

func TestFreezesCountOnlyWhatIsMeasured(t *testing.T) {
	steady := func(from, to int64) (times []int64) {
		for at := from; at < to; at += second / 30 {
			times = append(times, at)
		}
		return times
	}
	var slow []int64
	for at := int64(0); at < 30*second; at += second {
		slow = append(slow, at)
	}
	for name, c := range map[string]struct {
		times []int64
		count int
		s     float64
	}{
		"none":                      {steady(0, 30*second), 0, 0},
		"never a frame":             {nil, 0, 0},
		"before what is measured":   {append(steady(0, second), steady(4*second, 30*second)...), 0, 0},
		"into it":                   {append(steady(0, 4*second), steady(6*second, 30*second)...), 1, 1},
		"to its end":                {append(steady(0, 29*second), steady(31*second, 32*second)...), 1, 1},
		"at its end, for ever":      {steady(0, 28*second), 1, 2},
		"a little late, no freeze":  {append(steady(0, 10*second), steady(10*second+140_000, 30*second)...), 0, 0},
		"just late enough":          {append(steady(0, 10*second), steady(10*second+190_000, 30*second)...), 1, 0.19},
		"all slow is not a freeze":  {slow, 0, 0},
		"too early for a judgement": {append([]int64{0, 10_000, 20_000}, steady(6*second, 30*second)...), 0, 0},
	} {
		count, s := freezes(c.times, 5*second, 30*second)
		if count != c.count || math.Abs(s-c.s) > 0.04 {
			t.Errorf("%s: %d freezes, %g s; want %d, %g", name, count, s, c.count, c.s)
		}
	}
}

func TestRowsOfADirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"ATT-LTE-driving.down": "1\n2\n150000\n", "other": "7\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func(rows string, offsets ...time.Duration) string {
		all, err := liveConditions(LiveOptions{Traces: dir, Rows: rows, Offsets: offsets})
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, c := range all {
			if c.capacity() < 0 || c.up.Delay != liveDelay || c.down.Delay != liveDelay {
				t.Errorf("%+v", c)
			}
			out = append(out, c.name)
		}
		return strings.Join(out, "; ")
	}
	for _, c := range []struct{ got, want string }{
		{names("lte, OTHER"), "ATT-LTE-driving.down @40 s; ATT-LTE-driving.down @100 s; other @0 s"},
		{names("driving,outage", 3*time.Second), "ATT-LTE-driving.down @3 s; outage of 5 s, 8 Mbit/s"},
	} {
		if c.got != c.want {
			t.Errorf("rows %s, want %s", c.got, c.want)
		}
	}
	if got := names("nothing"); !strings.Contains(got, stepsRow) {
		t.Errorf("who asks for a row that is not there reads %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken"), []byte("1\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := names(""); !strings.Contains(got, "broken: line 2") {
		t.Errorf("a broken recording: %q", got)
	}
}

func TestMadeLinksCarryWhatTheySay(t *testing.T) {
	all, err := synthetic()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{constantRow: 4e6, stepsRow: 2.8e6, "outage of 5 s, 8 Mbit/s": 6.4e6}
	for _, c := range all {
		if w := want[c.name]; w != 0 {
			near(t, c.name, c.capacity(), w, 0.01*w)
		}
		if c.up.Trace != nil && (liveLength-c.up.Trace.Length()).Abs() > 5*time.Millisecond {
			t.Errorf("%s: %v long", c.name, c.up.Trace.Length())
		}
	}
}

func TestLiveTableOfAnything(t *testing.T) {
	for _, rival := range []*rival{nil, {}, rivals[constantRow]} {
		r := LiveResult{Rows: []LiveRow{{Name: "row", Runs: []*Figures{nil, {}, {Wrong: 1}}, Error: "no luck", rival: rival}}}
		var text strings.Builder
		r.Print(&text)
		if got := text.String(); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") || !strings.Contains(got, "no luck") || !strings.Contains(got, "FAULT") {
			t.Errorf("%s", got)
		}
	}
}
