//go:build linux

package lab

import (
	"net/netip"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/lab/emulator"
)

type (
	// Link is one direction of an attachment's link; see emulator.Link.
	Link = emulator.Link
	// Counters say what became of the packets of one direction.
	Counters = emulator.Counters
)

// Options of a lab; the zero value works.
type Options struct {
	Seed uint64       // of losses, jitter and reordering
	NATs netip.Prefix // of their public addresses; default 198.51.100.0/24, which some routers' programs do not take for public
	IPv6 bool         // public hosts have an IPv6 address as well; NATs and hosts behind them never have
}

// Net is an emulated internet with hosts and NATs. Its methods end the test when
// they fail. What adds hosts or changes addresses is for one goroutine, the rest for
// any.
type Net struct {
	tb       TB
	options  Options
	emulator *emulator.Network
	readers  sync.WaitGroup

	namespaces       []*namespace
	attachments      []*attachment
	publicHosts      int
	nats, natAddress int
	switches         int
	closers          []func()
}

// New makes an internet with nobody in it. It calls Need, and is cleaned up at the
// end of the test: processes left in it are killed.
func New(tb TB, o Options) *Net {
	tb.Helper()
	Need(tb)
	removeStale()
	alarm, err := newTimerfd()
	if err != nil {
		tb.Fatalf("lab: timerfd: %v", err)
	}
	n := &Net{tb: tb, options: o, emulator: emulator.New(emulator.Options{Seed: o.Seed, Alarm: alarm})}
	tb.Cleanup(n.close)
	return n
}

func (n *Net) close() {
	if n.tb.Failed() {
		for _, a := range n.attachments {
			up, down := a.port.Stats()
			n.tb.Logf("lab: %-12s up   %+v", a.name, up)
			n.tb.Logf("lab: %-12s down %+v", a.name, down)
		}
	}
	for _, a := range n.attachments {
		a.tun.Close()
	}
	for _, c := range n.closers {
		c()
	}
	n.readers.Wait()
	n.emulator.Close()
	for _, ns := range n.namespaces {
		if err := ns.close(); err != nil {
			n.tb.Logf("lab: %v", err)
		}
	}
}

func (n *Net) namespace(label string) *namespace {
	n.tb.Helper()
	ns, err := newNamespace(label)
	n.check(err)
	n.namespaces = append(n.namespaces, ns)
	return ns
}

func (n *Net) check(err error) {
	n.tb.Helper()
	if err != nil {
		n.tb.Fatalf("lab: %v", err)
	}
}
