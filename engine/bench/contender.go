//go:build linux

package bench

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// contender is one of those that are compared.
type contender struct {
	name string
	over string // what cmd/peer runs over; empty: libthingp2p
	cc   string // TCP's congestion control
	args string // of our app, with spaces between them
}

var (
	ours  = contender{name: "ours"}
	stock = contender{name: "quic-go", over: "quic"}
	bbr   = contender{name: "TLS/BBR", over: "tls", cc: "bbr"}
	cubic = contender{name: "TLS/cubic", over: "tls", cc: "cubic"}

	everyone = []contender{ours, stock, bbr, cubic}
)

// Files is where the programs are.
type Files struct {
	Build string // directory of thingp2pd and libthingp2p.so
	Tools string // directory of the bench's own programs: device, app, peer
}

func (f Files) server() string  { return filepath.Join(f.Build, "thingp2pd") }
func (f Files) library() string { return filepath.Join(f.Build, "libthingp2p.so") }

func (f Files) tool(name string) string { return filepath.Join(f.Tools, name) }

// startServer starts thingp2pd and returns its URL.
func (j *job) startServer(h *lab.Host) string {
	// Without -secret it makes one that ends with it.
	p := j.start(h, "", j.files.server(), "-public-ip", h.IP().String())
	_, url, ok := strings.Cut(p.line(answerLimit), "server=")
	if !ok {
		j.Fatalf("thingp2pd does not say where it is")
	}
	return strings.Fields(url)[0]
}

// device starts a contender's device and returns where it can be reached.
func (j *job) device(c contender, h *lab.Host, server string, port int, flags ...string) (address string, p *program) {
	if c.over == "" {
		if len(flags) > 0 {
			flags = []string{"hold"}
		}
		p = j.start(h, server, j.files.tool("device"), flags...)
	} else {
		args := append([]string{"device", "-over", c.over, "-cc", c.cc}, flags...)
		p = j.start(h, "", j.files.tool("peer"), append(args, net.JoinHostPort(h.IP().String(), strconv.Itoa(port)))...)
	}
	address, ok := strings.CutPrefix(p.line(answerLimit), "ready ")
	if !ok {
		j.Fatalf("%s: the device does not start", c.name)
	}
	return address, p
}

func (j *job) app(c contender, h *lab.Host, server string) *program {
	if c.over == "" {
		return j.start(h, server, j.files.tool("app"), strings.Fields(c.args)...)
	}
	return j.start(h, "", j.files.tool("peer"), "app", "-over", c.over, "-cc", c.cc)
}

const pathRelay = 3

// connect returns how long it took. A session that the library relays where it
// need not is a failure: it would not be measured on the same link.
func (p *program) connect(address string, relay bool) time.Duration {
	var path int
	var us int64
	answer := p.order("connect " + address)
	if _, err := fmt.Sscan(answer, &path, &us); err != nil || (path == pathRelay) != relay {
		p.job.Fatalf("connect: path %s", answer)
	}
	return time.Duration(us) * time.Microsecond
}

// Kinds of runs.
const (
	idle   = "idle"
	get    = "get"    // the device sends as fast as it can
	put    = "put"    // the app does
	camera = "camera" // the device sends frames
)

// Channels as bit masks.
const (
	videoChannel = 1 << 1
	bulkChannels = 0xfe // all but that of commands, which is in use anyway
)

// run orders a run without waiting for its end; see report. what is the mask of
// channels, or the camera's bit/s.
func (p *program) run(kind string, what int, length, ping time.Duration) {
	p.send(fmt.Sprintf("run %s %d %d %d", kind, what, length.Milliseconds(), ping.Milliseconds()))
}
