//go:build linux

package bench

import "slices"

// Figures are what one run of a live row gives. Times are milliseconds, lists of them
// p50, p95 and p99.
type Figures struct {
	Rate    float64    `json:"mbit_s"`       // of frames that could be shown
	Asked   float64    `json:"asked_mbit_s"` // frame_bps, the mean
	Frames  float64    `json:"frames_s"`
	Share   float64    `json:"share"`   // of the frames that were made
	Refused int        `json:"refused"` // by thing_p2p_send_frame
	Keys    int        `json:"keys"`    // key frames made
	Freezes int        `json:"freezes"`
	Frozen  float64    `json:"frozen_s"`
	Net     [3]float64 `json:"net_ms"`     // from thing_p2p_send_frame to the whole frame at the other end
	Age     [3]float64 `json:"age_ms"`     // of the newest picture, over time
	Command [2]float64 `json:"command_ms"` // p50, p95
	Wrong   int        `json:"wrong"`      // frames that were not as they had been made: a fault
	Unshown int        `json:"unshown"`    // frames that came without those that they need: a fault
}

// shown are the frames that a decoder can show, and how many it cannot: behind a gap,
// nothing until the next key frame.
func (f *film) shown() (shown []seen, unshown int) {
	broken := true
	for _, s := range f.seen {
		broken = (broken || s.missing() > 0) && !s.key()
		if broken {
			unshown++
			continue
		}
		shown = append(shown, s)
	}
	return shown, unshown
}

func (f *film) figures() (out Figures) {
	from, to := f.start+liveWarm.Microseconds(), f.start+liveLength.Microseconds()
	seconds := float64(to-from) / 1e6
	within := func(at int64) bool { return at >= from && at < to }
	shown, unshown := f.shown()
	out.Wrong, out.Unshown = f.wrong, unshown

	var made, delivered, asked float64
	for _, m := range f.made {
		if !within(m.sent()) {
			continue
		}
		made++
		asked += float64(m.asked())
		if m.key() {
			out.Keys++
		}
		if !m.taken() {
			out.Refused++
		}
	}
	var net []float64
	var times []int64
	for _, s := range shown {
		if within(s.sent()) {
			delivered++
			net = append(net, float64(s.at()-s.sent())/1000)
		}
		if within(s.at()) {
			out.Frames += 1 / seconds
			out.Rate += float64(s.bytes()) * 8 / 1e6 / seconds
		}
		times = append(times, s.at())
	}
	if made > 0 {
		out.Share, out.Asked = delivered/made, asked/made/1e6
	}
	out.Freezes, out.Frozen = freezes(times, from, to)
	out.Net = quantiles(net)
	out.Age = quantiles(ages(shown, f.start, from, to))
	if first := int(liveWarm / liveCommands); first < len(f.pings) {
		q := quantiles(milliseconds(f.pings[first:]))
		out.Command = [2]float64{q[0], q[1]}
	}
	return out
}

func quantiles(values []float64) (q [3]float64) {
	for i, p := range []float64{50, 95, 99} {
		if len(values) > 0 {
			q[i] = percentile(values, p)
		}
	}
	return q
}

const (
	freezeMemory = 30     // intervals of which the mean is taken
	freezeLeast  = 5      // before, no gap is a freeze
	freezeBeyond = 150000 // us
)

// freezes counts as WebRTC does: a picture stands still for three times the mean interval
// of those before, and 150 ms more than it, at least. The seconds are those of the whole
// gap, but only between from and to.
func freezes(times []int64, from, to int64) (count int, seconds float64) {
	var intervals []int64
	gap := func(begin, end int64) {
		if len(intervals) < freezeLeast {
			return
		}
		var sum int64
		for _, i := range intervals {
			sum += i
		}
		mean := sum / int64(len(intervals))
		frozen := end-begin >= max(3*mean, mean+freezeBeyond)
		if begin, end = max(begin, from), min(end, to); frozen && begin < end {
			count++
			seconds += float64(end-begin) / 1e6
		}
	}
	for i := 1; i < len(times) && times[i-1] < to; i++ {
		gap(times[i-1], times[i])
		intervals = append(intervals, times[i]-times[i-1])
		intervals = intervals[max(0, len(intervals)-freezeMemory):]
	}
	if n := len(times); n > 0 && times[n-1] < to {
		gap(times[n-1], to)
	}
	return count, seconds
}

// ages are how old the newest picture is, in ms, each millisecond. Before the first one it
// is as old as the run.
func ages(shown []seen, start, from, to int64) (all []float64) {
	order := slices.Clone(shown)
	slices.SortStableFunc(order, func(a, b seen) int { return int(a.at() - b.at()) })
	newest, next := start, 0
	for at := from; at < to; at += 1000 {
		for ; next < len(order) && order[next].at() <= at; next++ {
			newest = max(newest, order[next].sent())
		}
		all = append(all, float64(at-newest)/1000)
	}
	return all
}
