//go:build linux

package bench

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"golang.org/x/sys/unix"
)

// world is the usual network: a device behind the link that limits, and an app
// and a server that are well connected. The link's delay is that of one way.
type world struct {
	job         *job
	net         *lab.Net
	device, app *lab.Host
	server      string // the URL, once someone needs it
	serverHost  *lab.Host
	devices     int
}

const firstPort = 4433

func (j *job) world(up, down lab.Link) *world {
	n := lab.New(j, lab.Options{Seed: uint64(j.run) + 1}) // the same losses for all contenders
	w := &world{job: j, net: n}
	w.device = n.PublicHost("device", up)
	w.app = n.PublicHost("app", lab.Link{})
	n.SetLink(w.device, up, down)
	return w
}

// serverFor starts the server if the contender is ours.
func (w *world) serverFor(c contender) string {
	if c.over == "" && w.server == "" {
		w.serverHost = w.net.PublicHost("server", lab.Link{})
		w.server = w.job.startServer(w.serverHost)
	}
	return w.server
}

// pair starts a device and an app that is connected to it.
func (w *world) pair(c contender) *program {
	server := w.serverFor(c)
	address, _ := w.job.device(c, w.device, server, firstPort+w.devices)
	w.devices++
	app := w.job.app(c, w.app, server)
	app.connect(address, false)
	return app
}

// monotonic is the time in microseconds on the clock of the reports.
func monotonic() int64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano() / 1000
}

// sleep waits; the job ends if the bench does.
func (j *job) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-j.ctx.Done():
		j.Fatalf("%w", j.ctx.Err())
	}
}
