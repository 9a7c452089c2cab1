//go:build linux

package lab

import (
	"net/netip"
	"testing"
)

// natLab is a host behind a NAT and two public hosts, one with two sockets.
type natLab struct {
	net             *Net
	nat             *NAT
	host            *Host
	app             socket
	known, sibling  socket // one address, two ports
	stranger        socket // another address
	knownHost, rest *Host
}

func newNATLab(t *testing.T, kind Kind) *natLab {
	l := &natLab{net: New(t, Options{})}
	l.knownHost, l.rest = l.net.PublicHost("known", Link{}), l.net.PublicHost("stranger", Link{})
	l.nat = l.net.NAT("nat", kind, Link{})
	l.host = l.nat.Host("app")
	l.app, l.known, l.sibling, l.stranger = listen(t, l.host), listen(t, l.knownHost), listen(t, l.knownHost), listen(t, l.rest)
	return l
}

// mapped sends from the app and returns where the packet seems to come from.
func (l *natLab) mapped(to socket) netip.AddrPort {
	l.app.t.Helper()
	l.app.send(to.addr(), "hello")
	return to.expect("hello")
}

// admits says whether a packet from s to a public endpoint reaches the app. The
// known socket, to which the app has sent, tells when it would have.
func (l *natLab) admits(s socket, public netip.AddrPort) bool {
	l.app.t.Helper()
	s.try(public, "let me in", l.known)
	l.known.send(l.mapped(l.known), "end")
	if got, _ := l.app.receive(); got == "end" {
		return false
	}
	l.app.expect("end")
	return true
}

func TestNAT(t *testing.T) {
	for _, want := range []struct {
		kind                     Kind
		samePort, letsStrangerIn bool
	}{
		{FullCone, true, true},
		{PortRestricted, true, false},
		{Symmetric, false, false},
	} {
		t.Run(want.kind.String(), func(t *testing.T) {
			t.Parallel()
			l := newNATLab(t, want.kind)
			public := l.mapped(l.known)
			if public.Addr() != l.nat.IP() {
				t.Fatalf("the app seems to be at %v, its NAT is %v", public, l.nat.IP())
			}
			// Strangers first: later the app sends to them.
			if got := l.admits(l.sibling, public); got != want.letsStrangerIn {
				t.Errorf("another port of a known address gets in: %v", got)
			}
			if got := l.admits(l.stranger, public); got != want.letsStrangerIn {
				t.Errorf("another address gets in: %v", got)
			}
			if got := l.mapped(l.known); got != public {
				t.Errorf("a mapping changed from %v to %v", public, got)
			}
			// What a stranger tried before must not change how a packet to him is mapped.
			if got := l.mapped(l.sibling); (got == public) != want.samePort {
				t.Errorf("mapped to %v for one port and to %v for another", public, got)
			}
			if got := l.mapped(l.stranger); (got == public) != want.samePort {
				t.Errorf("mapped to %v for one address and to %v for another", public, got)
			}
			if !l.admits(l.stranger, l.mapped(l.stranger)) {
				t.Error("an answer does not get in")
			}
		})
	}
}

func TestFullConeWithTwoHosts(t *testing.T) {
	t.Parallel()
	l := newNATLab(t, FullCone)
	second := listen(t, l.nat.Host("second"))
	second.send(l.known.addr(), "hello")
	public := l.known.expect("hello")
	if first := l.mapped(l.known); !l.admits(l.stranger, first) {
		t.Error("a stranger does not reach the first host")
	}
	l.stranger.send(public, "stranger")
	second.expect("stranger")
}

func TestHolePunching(t *testing.T) {
	t.Parallel()
	l := newNATLab(t, PortRestricted)
	device := listen(t, l.net.NAT("other", PortRestricted, Link{}).Host("device"))
	app := l.mapped(l.known)
	device.send(l.known.addr(), "hello")
	public := l.known.expect("hello")

	// The first packet is dropped and must not spoil the mapping of the way back.
	device.try(app, "punch", l.known)
	l.app.send(public, "ping")
	if from := device.expect("ping"); from != app {
		t.Fatalf("came from %v, want %v", from, app)
	}
	device.send(app, "pong")
	if from := l.app.expect("pong"); from != public {
		t.Fatalf("came from %v, want %v", from, public)
	}
}

func TestFlushBindings(t *testing.T) {
	for _, kind := range []Kind{FullCone, PortRestricted, Symmetric} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			l := newNATLab(t, kind)
			l.mapped(l.known)
			before := l.mapped(l.stranger)
			l.nat.FlushBindings()
			if kind == FullCone {
				// Here what a test needs to know who gets in is itself a binding.
				l.stranger.try(before, "lost", l.known)
			} else if l.admits(l.stranger, before) {
				t.Error("a forgotten peer gets in")
			}
			after := l.mapped(l.stranger)
			if (after == before) != (kind != Symmetric) {
				t.Errorf("mapped to %v before and to %v after", before, after)
			}
			l.stranger.send(after, "back")
			l.app.expect("back")
		})
	}
}

func TestRenumber(t *testing.T) {
	t.Parallel()
	l := newNATLab(t, PortRestricted)
	before := l.mapped(l.known)
	l.nat.Renumber()
	after := l.mapped(l.known)
	if after.Addr() == before.Addr() || after.Addr() != l.nat.IP() {
		t.Errorf("at %v before, at %v after, router at %v", before, after, l.nat.IP())
	}
	l.known.try(before, "lost", l.stranger)
	l.known.send(after, "back")
	l.app.expect("back")
}

func TestOneLAN(t *testing.T) {
	t.Parallel()
	l := newNATLab(t, Symmetric)
	neighbour := listen(t, l.nat.Host("neighbour"))
	l.app.send(neighbour.addr(), "hello")
	if from := neighbour.expect("hello"); from != l.app.addr() {
		t.Errorf("came from %v, want %v", from, l.app.addr())
	}
	neighbour.send(l.app.addr(), "and back")
	l.app.expect("and back")
}
