//go:build linux

package bench

import (
	"fmt"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const (
	uplinkRate   = 4 // Mbit/s
	uplinkDelay  = 20 * time.Millisecond
	uplinkQueue  = 500 * time.Millisecond
	downlinkRate = 20 // Mbit/s
	pingEvery    = 20 * time.Millisecond
	cameraRate   = 2               // Mbit/s
	latest       = 3 * time.Second // how long the app waits after the end
)

var uplinkLosses = []float64{0, 2}

// behindUplink connects through a home's uplink, which then begins to lose.
func (j *job) behindUplink(c contender, loss float64) *program {
	up := lab.Link{Delay: uplinkDelay, Rate: uplinkRate * 1e6, Queue: uplinkQueue}
	down := lab.Link{Delay: uplinkDelay, Rate: downlinkRate * 1e6}
	w := j.world(up, down)
	app := w.pair(c)
	up.Loss, down.Loss = loss/100, loss/100
	w.net.SetLink(w.device, up, down)
	return app
}

// setTrips fills in the round trips. The first fifth is told apart: while
// everyone looks for the rate, the queue fills.
func (j *job) setTrips(r *report, length time.Duration) {
	steady := r.pings(length/5, pingEvery)
	j.set("p50", percentile(steady, 50))
	j.set("p95", percentile(steady, 95))
	j.set("max", percentile(steady, 100))
	j.set("start p95", percentile(r.pings(0, pingEvery)[:int(length/5/pingEvery)], 95))
	if r.Unanswered > 0 {
		j.sample.details["max"] = fmt.Sprintf("%d unanswered", r.Unanswered)
	}
}

// command is how long commands take while video fills the uplink.
func command(s Size) group {
	g := group{
		name: "command under load", letter: "b",
		about: "Round trip of a 64-byte command each 20 ms while video fills a 4 Mbit/s uplink with a 500 ms buffer; 40 ms " +
			"without load. quic-go has two streams with priorities, TLS two connections.",
	}
	length := pick(s, 12*time.Second, 6*time.Second)
	for _, loss := range uplinkLosses {
		g.each(lossName(loss), everyone, s.runs, length, func(j *job, c contender) {
			app := j.behindUplink(c, loss)
			app.run(get, videoChannel, length, pingEvery)
			r := app.report(length)
			j.setTrips(r, length)
			j.set("rate", r.rate())
		})
	}
	g.rows = func(r *results) (rows []Row) {
		for _, loss := range uplinkLosses {
			name := lossName(loss)
			rows = append(rows,
				r.row(g.name, name, "p50", name+", p50", "ms", Less, stock, bbr, cubic),
				r.row(g.name, name, "p95", name+", p95", "ms", Less, stock, bbr, cubic),
				r.row(g.name, name, "max", name+", max", "ms", Less, stock, bbr, cubic),
				r.row(g.name, name, "start p95", name+", p95 while video starts", "ms", Less, stock, bbr, cubic),
				r.row(g.name, name, "rate", name+", video beside it", "Mbit/s", More, stock, bbr, cubic))
		}
		return rows
	}
	g.plots = func(r *results) []plot {
		p := bars{file: "command", title: "A command's round trip beside video on a full 4 Mbit/s uplink", unit: "ms"}
		for _, c := range everyone {
			p.series = append(p.series, c.name)
		}
		for _, loss := range uplinkLosses {
			for _, metric := range []string{"p50", "p95"} {
				p.add(lossName(loss)+", "+metric, r.values(g.name, lossName(loss), metric, everyone))
			}
		}
		return []plot{p}
	}
	return g
}

// cameraFrames is how late the frames of a camera are that sends less than the
// uplink carries, but in bursts.
func cameraFrames(s Size) group {
	g := group{
		name: "camera", letter: "b",
		about: "A camera of 2 Mbit/s, 25 frames a second, one of 100 KB in each second, on the same 4 Mbit/s uplink: from the " +
			"camera to the app, whole. The wire alone takes 220 ms for the large frame and 33 ms for the others.",
	}
	length := pick(s, 12*time.Second, 6*time.Second)
	for _, loss := range uplinkLosses {
		g.each(lossName(loss), everyone, s.runs, length, func(j *job, c contender) {
			app := j.behindUplink(c, loss)
			app.run(camera, cameraRate*1e6, length, pingEvery)
			r := app.report(length)
			late := milliseconds(r.Frames)
			for range r.FramesMissing { // at least as late as the app has waited for the last one
				late = append(late, float64(latest.Milliseconds()))
			}
			j.set("late p50", percentile(late, 50))
			j.set("late p95", percentile(late, 95))
			j.set("late max", percentile(late, 100))
			if r.FramesMissing > 0 {
				j.sample.details["late max"] = fmt.Sprintf("%d frames never came", r.FramesMissing)
			}
			j.setTrips(r, length)
		})
	}
	g.rows = func(r *results) (rows []Row) {
		for _, loss := range uplinkLosses {
			name := lossName(loss)
			rows = append(rows,
				r.row(g.name, name, "late p50", name+", frame p50", "ms", Less, stock, bbr, cubic),
				r.row(g.name, name, "late p95", name+", frame p95", "ms", Less, stock, bbr, cubic),
				r.row(g.name, name, "late max", name+", frame max", "ms", Less, stock, bbr, cubic),
				r.row(g.name, name, "p95", name+", command p95", "ms", Less, stock, bbr, cubic))
		}
		return rows
	}
	return g
}
