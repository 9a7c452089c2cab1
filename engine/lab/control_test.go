//go:build linux

package lab

import (
	"fmt"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// checkRTT measures round trips until one takes what it should: each must take at
// least that, but other work on the machine can make any of them longer.
func checkRTT(t *testing.T, from, to socket, want time.Duration) {
	t.Helper()
	await.Until(t, fmt.Sprint("a round trip takes ", want), func() bool {
		start, clock := time.Now(), await.Start()
		from.send(to.addr(), "ping")
		to.send(to.expect("ping"), "pong")
		from.expect("pong")
		got := time.Since(start)
		if got < want {
			t.Fatalf("a round trip took %v, want %v", got, want)
		}
		return clock.Less(got) < want+2*ms
	})
}

func TestDelay(t *testing.T) {
	n := New(t, Options{})
	server, far := n.PublicHost("server", Link{}), n.PublicHost("far", Link{Delay: 10 * ms})
	home := n.NAT("home", PortRestricted, Link{Delay: 10 * ms})
	app := listen(t, home.Host("app"))
	atServer, atFar := listen(t, server), listen(t, far)
	checkRTT(t, app, atServer, 20*ms)
	checkRTT(t, app, atFar, 40*ms)
	n.SetLink(home, Link{Delay: 3 * ms}, Link{Delay: 4 * ms})
	checkRTT(t, app, atServer, 7*ms)
}

func TestLoss(t *testing.T) {
	t.Parallel()
	n := New(t, Options{Seed: 3})
	server := listen(t, n.PublicHost("server", Link{}))
	host := n.NAT("home", PortRestricted, Link{Loss: 0.1}).Host("app")
	app := listen(t, host)
	// In rounds that fit a socket's buffer; of so many ends one arrives.
	const rounds, packets, ends = 30, 100, 20
	for round := range rounds {
		for range packets {
			app.send(server.addr(), "x")
		}
		end := fmt.Sprint("end ", round)
		for range ends {
			app.send(server.addr(), end)
		}
		for text := ""; text != end; {
			text, _ = server.receive()
		}
	}
	up, _ := n.Stats(host)
	total := up.Packets + up.Lost // but for ends still on their way
	if share := float64(up.Lost) / float64(total); total < rounds*(packets+ends)-ends || share < 0.08 || share > 0.12 {
		t.Errorf("%.3f lost at 10 %%: %+v", share, up)
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	l := newNATLab(t, PortRestricted)
	public := l.mapped(l.known)
	l.mapped(l.stranger)
	l.net.Block(l.host, l.rest)
	if l.admits(l.stranger, public) {
		t.Error("a packet passed the block")
	}
	l.app.try(l.stranger.addr(), "blocked", l.known)
	l.stranger.send(l.stranger.addr(), "end")
	l.stranger.expect("end")
	l.net.Unblock(l.rest, l.nat)
	if !l.admits(l.stranger, public) {
		t.Error("no packet passed after the block")
	}
	if up, _ := l.net.Stats(l.host); up.Blocked != 1 {
		t.Errorf("counters: %+v", up)
	}
}

func TestBlockUDP(t *testing.T) {
	t.Parallel()
	l := newNATLab(t, PortRestricted)
	public := l.mapped(l.known)
	blocked := func() uint64 { up, _ := l.net.Stats(l.knownHost); return up.Blocked }
	l.net.BlockUDP(l.nat, true)
	l.known.try(public, "blocked", l.stranger)
	if blocked() != 1 {
		t.Error("a packet passed the block")
	}
	fetch(t, l.knownHost, l.host, 1)
	l.net.BlockUDP(l.nat, false)
	l.known.send(l.mapped(l.known), "back")
	l.app.expect("back")
}

// A router that carries less tells so, or not: who has been told cuts what is too large.
func TestCarry(t *testing.T) {
	large := string(make([]byte, 1400))
	for _, tells := range []bool{true, false} {
		l := newNATLab(t, PortRestricted)
		l.app.send(l.known.addr(), large)
		l.known.expect(large)
		l.nat.Carry(1280, tells)
		l.app.try(l.stranger.addr(), large, l.known) // is lost, and told of
		l.app.send(l.stranger.addr(), large)
		l.app.send(l.stranger.addr(), "small")
		if tells {
			l.stranger.expect(large)
		}
		l.stranger.expect("small")
	}
}

// A host whose interface carries less gets nothing larger.
func TestHostCarries(t *testing.T) {
	l := newNATLab(t, PortRestricted)
	public := l.mapped(l.known)
	l.host.Carry(1280)
	l.known.send(public, string(make([]byte, 1400)))
	l.known.send(public, "small")
	l.app.expect("small")
}
