//go:build linux

package bench

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const (
	slowRate   = 5  // Mbit/s
	fastRate   = 20 // Mbit/s
	stepDelay  = 20 * time.Millisecond
	stepQueue  = 125_000 // bytes: 50 ms at the fast rate, 200 ms at the slow one
	stepWindow = 200 * time.Millisecond
	calm       = 90 * time.Millisecond // a round trip that says that the queue is short
)

// steps is how long it takes to use a link that has become faster, and to stop
// filling the queue of one that has become slower.
func steps(s Size) group {
	g := group{
		name: "a link that changes", letter: "e",
		about: "40 ms round trip, a buffer of 125 KB; the link goes from 5 to 20 Mbit/s and back.",
	}
	up := pick(s, 5*time.Second, 3*time.Second)
	down := pick(s, 13*time.Second, 7*time.Second)
	length := pick(s, 21*time.Second, 11*time.Second)
	const condition = "5, 20, 5 Mbit/s"
	g.each(condition, everyone, s.runs, length, func(j *job, c contender) {
		slow := lab.Link{Delay: stepDelay, Rate: slowRate * 1e6, QueueBytes: stepQueue}
		fast := slow
		fast.Rate = fastRate * 1e6
		w := j.world(slow, fast)
		app := w.pair(c)
		app.run(get, videoChannel, length, pingEvery)
		j.sleep(up)
		w.net.SetLink(w.device, fast, fast)
		faster := monotonic()
		j.sleep(down - up)
		w.net.SetLink(w.device, slow, fast)
		slower := monotonic()
		r := app.report(length)
		since := func(at int64) time.Duration { return time.Duration(at-r.StartUs) * time.Microsecond }
		took, ok := r.reached(0.8*fastRate, since(faster), since(slower), stepWindow)
		j.set("faster", took.Seconds())
		if !ok {
			j.sample.details["faster"] = "never"
		}
		took, ok = r.calmAfter(since(slower), length)
		j.set("slower", took.Seconds())
		if !ok {
			j.sample.details["slower"] = "never"
		}
		j.set("rate", r.rateBetween(since(slower)+time.Second, length))
		j.sample.curve = r.rates()
	})
	g.rows = func(r *results) []Row {
		return []Row{
			r.row(g.name, condition, "faster", "faster: until 80 % of it is used", "s", Less, stock, bbr, cubic),
			r.row(g.name, condition, "slower", "slower: until a command takes 90 ms at most again", "s", Less, stock, bbr, cubic),
			r.row(g.name, condition, "rate", "slower: video from 1 s on", "Mbit/s", More, stock, bbr, cubic),
		}
	}
	g.plots = func(r *results) []plot {
		p := lines{file: "steps", title: "A link that goes from 5 to 20 Mbit/s and back: Mbit/s of video", unit: "Mbit/s",
			step: 0.05, smooth: 6}
		for _, c := range everyone {
			p.series = append(p.series, c.name)
			p.values = append(p.values, r.curve(g.name, condition, c.name))
		}
		return []plot{p}
	}
	return g
}

// calmAfter is how long after a time commands were quick again, for half a
// second in which no more than one in ten was not.
func (r *report) calmAfter(from, until time.Duration) (time.Duration, bool) {
	const window = 500 * time.Millisecond
	for at := from; at+window <= until; at += pingEvery {
		trips := r.pings(at, pingEvery)[:int(window/pingEvery)]
		if percentile(trips, 90) <= float64(calm.Milliseconds()) {
			return at - from, true
		}
	}
	return until - from, false
}
