//go:build linux

package bench

import (
	"fmt"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const (
	lossyRate  = 20 // Mbit/s
	lossyDelay = 40 * time.Millisecond
	lossyQueue = 100 * time.Millisecond
)

// lossy is video over a link that loses packets.
func lossy(s Size) group {
	g := group{
		name: "lossy link", letter: "a",
		about: "A device sends video as fast as it can: 20 Mbit/s, 80 ms round trip, 100 ms queue, random loss in each direction.",
	}
	losses := pick(s, []float64{0, 1, 2, 5, 10}, []float64{0, 2, 5})
	length := pick(s, 10*time.Second, 5*time.Second)
	for _, loss := range losses {
		g.each(lossName(loss), everyone, s.runs, length, func(j *job, c contender) {
			link := lab.Link{Delay: lossyDelay, Rate: lossyRate * 1e6, Queue: lossyQueue}
			w := j.world(link, link)
			app := w.pair(c)
			link.Loss = loss / 100 // from now on: connecting is measured elsewhere
			w.net.SetLink(w.device, link, link)
			app.run(get, videoChannel, length, 0)
			r := app.report(length)
			j.set("rate", r.rate())
			took, ok := r.reached(0.8*lossyRate, 0, length, 200*time.Millisecond)
			j.set("ramp", took.Seconds())
			if !ok {
				j.sample.details["ramp"] = "never"
			}
			j.sample.curve = r.rates()
		})
	}
	g.rows = func(r *results) (rows []Row) {
		for _, loss := range losses {
			rows = append(rows, r.row(g.name, lossName(loss), "rate", lossName(loss), "Mbit/s", More, stock, bbr, cubic))
		}
		return append(rows, r.row(g.name, lossName(0), "ramp", "time to 80 % of the link's rate, no loss", "s", Less, stock, bbr, cubic))
	}
	g.plots = func(r *results) []plot {
		p := bars{file: "lossy", title: "20 Mbit/s, 80 ms round trip: Mbit/s of video", unit: "Mbit/s"}
		for _, c := range everyone {
			p.series = append(p.series, c.name)
		}
		for _, loss := range losses {
			p.add(lossName(loss), r.values(g.name, lossName(loss), "rate", everyone))
		}
		return []plot{p}
	}
	return g
}

func lossName(percent float64) string { return fmt.Sprintf("loss %g %%", percent) }
