//go:build linux

package bench

import (
	"fmt"
	"time"
)

// How a program can wait: on a poller, which is ours here, or with a thread that is blocked.
var (
	polling = contender{name: ours.name, args: "poll"}
	thread  = contender{name: "a blocked thread"}
	eventfd = contender{name: "eventfd"}
)

// waiting is what it costs to wait on a poller.
func waiting(s Size) group {
	g := group{
		name: "waiting", letter: "g", serial: true,
		about: "The same app twice: its reads wait on pollers, or each in a thread. Both ends on this machine, without links. " +
			"Waking: from one thread that wakes the poller to the other, in which its wait ends; and the same with eventfd.",
	}
	const (
		bulk, trips, wakes = "bulk", "commands", "wakes"
		wakeTimes          = 2000
	)
	length := pick(s, 3*time.Second, 1250*time.Millisecond)
	g.each(bulk, []contender{polling, thread}, s.runs, length, func(j *job, c contender) {
		app := j.neighbours(loopback, c)
		app.run(get, videoChannel, length, 0)
		r := app.report(length)
		j.set("rate", r.rate())
		j.set("cpu", r.cpuPerGB())
	})
	g.each(trips, []contender{polling, thread}, s.runs, length, func(j *job, c contender) {
		app := j.neighbours(loopback, c)
		app.run(idle, 0, length, pingEvery)
		j.set("p50", 1000*percentile(app.report(length).pings(0, pingEvery), 50))
	})
	g.each(wakes, []contender{polling, eventfd}, s.runs, time.Second, func(j *job, c contender) {
		with := map[contender]string{polling: "poller", eventfd: "eventfd"}[c]
		var median, late float64
		_, err := fmt.Sscan(j.neighbours(loopback, c).order(fmt.Sprintf("wake %s %d", with, wakeTimes)), &median, &late)
		j.check(err)
		j.set("median", median/1000)
		j.set("p99", late/1000)
	})
	g.rows = func(r *results) []Row {
		return []Row{
			r.row(g.name, bulk, "rate", "one channel, as fast as it goes", "Mbit/s", More, thread),
			r.row(g.name, bulk, "cpu", "one channel, CPU", "s/GB", Less, thread),
			r.row(g.name, trips, "p50", "round trip of a command, p50", "us", Less, thread),
			r.row(g.name, wakes, "median", "a thread is woken, median", "us", Less, eventfd),
			r.row(g.name, wakes, "p99", "a thread is woken, p99", "us", Less, eventfd),
		}
	}
	return g
}
