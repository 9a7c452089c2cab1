//go:build linux

package bench

import (
	"fmt"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// pairing is two flows on one bottleneck. self stands for the one whose row it is.
type pairing struct {
	name          string
	first, second *contender // nil: self
}

var pairings = []pairing{
	{"two of a kind", nil, nil},
	{"first, then TCP cubic", nil, &cubic},
	{"after TCP cubic", &cubic, nil},
	{"first, then TCP BBR", nil, &bbr},
	{"after TCP BBR", &bbr, nil},
}

// shares is what two flows get on one bottleneck, one of which came first.
func shares(s Size) group {
	g := group{
		name: "shares of one bottleneck", letter: "d",
		about: "Two flows on 20 Mbit/s, 80 ms round trip: the smaller one's share, from 10 s after the second began (quick: 4 s). " +
			"50 % is even. In brackets: Mbit/s of the first and of the second.",
	}
	queues := pick(s, []time.Duration{100 * time.Millisecond, 300 * time.Millisecond}, []time.Duration{100 * time.Millisecond})
	length := pick(s, 60*time.Second, 18*time.Second)
	lead := pick(s, 5*time.Second, 3*time.Second)
	settle := pick(s, 10*time.Second, 4*time.Second)
	contenders := pick(s, []contender{ours, stock, bbr}, []contender{ours, stock})
	name := func(p pairing, queue time.Duration) string {
		return fmt.Sprintf("%s, %d ms queue", p.name, queue.Milliseconds())
	}
	has := func(c contender, p pairing) bool { // the kernel's BBR with itself is one of the pairings already
		return c != bbr || (p.first != &bbr && p.second != &bbr)
	}
	skip := func(c contender, p pairing) bool { // to be quick
		return s.quick && c != ours && (p.first == &bbr || p.second == &bbr)
	}
	for _, queue := range queues {
		for _, p := range pairings {
			var in []contender
			for _, c := range contenders {
				if has(c, p) && !skip(c, p) {
					in = append(in, c)
				}
			}
			g.each(name(p, queue), in, 1, length, func(j *job, self contender) {
				first, second := self, self
				if p.first != nil {
					first = *p.first
				}
				if p.second != nil {
					second = *p.second
				}
				link := lab.Link{Delay: lossyDelay, Rate: lossyRate * 1e6, Queue: queue}
				w := j.world(link, link)
				a, b := w.pair(first), w.pair(second)
				a.run(get, videoChannel, length, 0)
				j.sleep(lead)
				b.run(get, videoChannel, length-lead, 0)
				ra, rb := a.report(length), b.report(length)
				from := time.Duration(rb.StartUs-ra.StartUs)*time.Microsecond + settle
				one, two := ra.rateBetween(from, length), rb.rateBetween(settle, length-lead)
				if one+two == 0 {
					j.Fatalf("no byte arrived")
				}
				j.set("share", 100*min(one, two)/(one+two))
				j.sample.details["share"] = fmt.Sprintf("%.1f + %.1f", one, two)
			})
		}
	}
	g.rows = func(r *results) (rows []Row) {
		for _, queue := range queues {
			for _, p := range pairings {
				var others []contender
				for _, c := range contenders[1:] {
					if has(c, p) && !skip(c, p) {
						others = append(others, c)
					}
				}
				rows = append(rows, r.row(g.name, name(p, queue), "share", name(p, queue), "%", More, others...))
			}
		}
		return rows
	}
	g.plots = func(r *results) []plot {
		p := bars{file: "shares", unit: "%", top: 50,
			title: fmt.Sprintf("Two flows on one bottleneck, %d ms queue: the smaller one's share (50 %% is even)", queues[0].Milliseconds())}
		for _, c := range contenders {
			p.series = append(p.series, c.name)
		}
		for _, pair := range pairings {
			p.add(pair.name, r.values(g.name, name(pair, queues[0]), "share", contenders))
		}
		return []plot{p}
	}
	return g
}
