package base

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// checker is an endpoint's bases, which keep what leaves them, and agents that offer
// checks as ICE agents do.
type checker struct {
	socket, relay *STUNMux
	start         time.Time

	mu  sync.Mutex
	all []leftCheck
}

type leftCheck struct {
	at     time.Duration
	to     netip.AddrPort
	packet []byte
}

func newChecker() *checker {
	c := &checker{start: time.Now()}
	write := func(p []byte, to netip.AddrPort) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, leftCheck{time.Since(c.start), to, slices.Clone(p)})
		return nil
	}
	p := NewPacer(panics.Guard{})
	c.socket, c.relay = NewSTUNMux(panics.Guard{}, write, nil, p), NewSTUNMux(panics.Guard{}, write, nil, p)
	c.relay.relayed = true
	return c
}

// agent is one of a negotiation, over a base.
func (c *checker) agent(t *testing.T, mux *STUNMux, of *Checks, name string) *stunMuxConn {
	t.Helper()
	conn, err := AgentMux{mux, of}.GetConn(name, &net.UDPAddr{IP: net.IPv4zero})
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*stunMuxConn)
}

func (c *checker) negotiation(stranger bool) *Checks { return NewChecks(c.socket.Pacer, stranger) }

// offer makes agents offer checks of addresses for a while.
func (c *checker) offer(lasting time.Duration, to []netip.AddrPort, agents ...*stunMuxConn) {
	for end := time.Now().Add(lasting); time.Now().Before(end); time.Sleep(checkInterval) {
		for _, agent := range agents {
			for _, address := range to {
				agent.WriteTo(request("peer:own"), net.UDPAddrFromAddrPort(address))
			}
		}
	}
}

// left are the checks that have left since it was asked last, with one that the pacer's
// timer has taken in this very moment.
func (c *checker) left() []leftCheck {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all, c.start = nil, time.Now()
	return all
}

func times(left []leftCheck) (all []time.Duration) {
	for _, l := range left {
		all = append(all, l.at)
	}
	return all
}

// addresses are n ports of each host.
func addresses(n int, hosts ...string) (all []netip.AddrPort) {
	for _, host := range hosts {
		for port := range n {
			all = append(all, netip.AddrPortFrom(netip.MustParseAddr(host), uint16(1000+port)))
		}
	}
	return all
}

// answer is what the peer says to a check, signed with a password.
func (l leftCheck) answer(pwd string) []byte {
	return stun.MustBuild(stun.NewTransactionIDSetter(idOf(l.packet)), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 77), Port: 77}, stun.NewShortTermIntegrity(pwd), stun.Fingerprint).Raw
}

func TestOneCheckLeavesAtATime(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		for range 4 {
			n, stranger := c.negotiation(false), c.negotiation(true)
			n.Accept()
			own := []*stunMuxConn{c.agent(t, c.socket, n, "a"), c.agent(t, c.relay, n, "b"), c.agent(t, c.socket, stranger, "c")}
			go c.offer(time.Second, addresses(1, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"), own...)
		}
		go c.socket.MappedAddress(t.Context(), []netip.AddrPort{peerIPv4}, false)
		time.Sleep(6 * time.Second)
		at := times(c.left())
		if len(at) < 50 {
			t.Fatalf("only %d checks left", len(at))
		}
		for i := range at[1:] {
			if pause := at[i+1] - at[i]; pause < CheckPace {
				t.Errorf("%v after another at %v", pause, at[i])
			}
		}
	})
}

func TestIntervalsGrow(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		n := c.negotiation(false)
		n.Prefer(peerIPv4)
		c.offer(NegotiationTime, []netip.AddrPort{peerIPv4}, c.agent(t, c.socket, n, "a"))
		var want []time.Duration
		for at := time.Duration(0); at < NegotiationTime; at = 2*at + checkInterval {
			want = append(want, at+CheckPace) // what is more urgent may overtake it
		}
		want[0] = 0 // but the first
		if got := times(c.left()); !slices.Equal(got, want) || len(got) != MaxUnanswered {
			t.Errorf("%v, want %v", got, want)
		}
		n.Accept() // a better path is looked for
		c.offer(3*acceptedInterval, []netip.AddrPort{peerIPv4}, c.agent(t, c.socket, n, "a"))
		if got := len(c.left()); got != 3 {
			t.Errorf("%d checks in %v, for a session", got, 3*acceptedInterval)
		}
	})
}

// TestHostGetsAFewChecks until it has answered, however many ports and addresses it
// is said to have.
func TestHostGetsAFewChecks(t *testing.T) {
	const pwd = "0123456789012345678901"
	for name, to := range map[string][]netip.AddrPort{
		"ports":     addresses(24, "192.0.2.1"),
		"addresses": addresses(1, "2001:db8::1", "2001:db8::2:1", "2001:db8::3:1", "2001:db8::4:1", "2001:db8::5:1", "2001:db8::6:1", "2001:db8::7:1"),
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Run(t, func(t *testing.T) {
				c := newChecker()
				n := c.negotiation(false)
				agents := []*stunMuxConn{c.agent(t, c.socket, n, "a"), c.agent(t, c.socket, n, "b"), c.agent(t, c.relay, n, "c")}
				c.offer(NegotiationTime, to, agents...)
				left := c.left()
				if len(left) != MaxUnanswered {
					t.Errorf("%d checks", len(left))
				}
				// What is not signed by the peer, as a STUN server would answer, is no answer.
				first := left[0]
				n.Trust(pwd)
				for _, base := range []*STUNMux{c.socket, c.relay} {
					base.Deliver(first.answer("another password"), first.to)
				}
				c.offer(time.Second, to, agents...)
				if got := len(c.left()); got != 0 {
					t.Errorf("%d checks more", got)
				}
			})
		})
	}
}

func TestWhoAnswersIsChecked(t *testing.T) {
	const pwd = "0123456789012345678901"
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		n := c.negotiation(true)
		n.Trust(pwd)
		agent := c.agent(t, c.socket, n, "a")
		to := addresses(24, "192.0.2.1")
		c.offer(time.Second, to, agent)
		first := c.left()[0]
		c.socket.Deliver(first.answer(pwd), first.to)
		agent.WriteTo(request("peer:own"), net.UDPAddrFromAddrPort(first.to)) // the nomination
		if left := c.left(); len(left) != 1 || left[0].at != 0 {
			t.Errorf("%v", left)
		}
		c.offer(time.Second, to, agent)
		if got := len(c.left()); got <= MaxUnanswered {
			t.Errorf("%d checks of the answered host", got)
		}
	})
}

// TestCheckIsAnsweredByACheck: by one, at once, also when the host has had its few.
func TestCheckIsAnsweredByACheck(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		n := c.negotiation(true)
		agent := c.agent(t, c.socket, n, "a")
		c.offer(NegotiationTime, addresses(24, "192.0.2.1"), agent)
		from := netip.MustParseAddrPort("192.0.2.1:7")
		for range 3 {
			c.left()
			agent.WriteTo(response(stun.NewTransactionID(), from), net.UDPAddrFromAddrPort(from)) // the check was genuine
			c.offer(time.Second, []netip.AddrPort{from}, agent)
			if left := c.left(); len(left) != 2 || left[0].at != 0 || left[1].at != 0 { // the answer, the check
				t.Errorf("%v", left)
			}
		}
	})
}

// TestStrangersShare what they may ask of a host, and a part of the time, and each
// has a number in all.
func TestStrangersShare(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		const many = 30
		victim := addresses(1, "192.0.2.1")
		var agents []*stunMuxConn
		for i := range many {
			n := c.negotiation(true)
			agents = append(agents, c.agent(t, c.socket, n, string(rune('a'+i))))
		}
		c.offer(NegotiationTime, victim, agents...)
		if got := len(c.left()); got != MaxUnanswered {
			t.Errorf("%d checks of one host by %d strangers", got, many)
		}

		var hosts []string
		for i := range byte(200) {
			hosts = append(hosts, netip.AddrFrom4([4]byte{198, 51, 100, i}).String())
		}
		c.offer(NegotiationTime, addresses(1, hosts...)[:2*maxAddresses], agents[0])
		if got := len(c.left()); got == 0 || got > StrangersChecks {
			t.Errorf("%d checks for one stranger", got)
		}

		// And a friend goes first.
		go c.offer(time.Second, addresses(1, hosts[150:]...), agents[1:]...)
		time.Sleep(100 * time.Millisecond)
		friend := c.negotiation(false)
		friend.Prefer(peerIPv4)
		asked := time.Since(c.start)
		c.offer(checkInterval, []netip.AddrPort{peerIPv4}, c.agent(t, c.socket, friend, "friend"))
		time.Sleep(time.Second)
		var before time.Duration
		left := c.left()
		for _, l := range left {
			switch {
			case l.to == peerIPv4 && l.at-asked > CheckPace:
				t.Errorf("the friend's check left after %v", l.at-asked)
			case l.to != peerIPv4 && before != 0 && l.at-before < StrangersPace:
				t.Errorf("two of strangers in %v", l.at-before)
			}
			if l.to != peerIPv4 {
				before = l.at
			}
		}
		if !slices.ContainsFunc(left, func(l leftCheck) bool { return l.to == peerIPv4 }) {
			t.Error("the friend's check did not leave")
		}
	})
}

// TestStrangersMemoryEnds: a host that did not answer may be asked again one day.
func TestStrangersMemoryEnds(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		for range 3 {
			c.offer(NegotiationTime, addresses(1, "192.0.2.1"), c.agent(t, c.socket, c.negotiation(true), "a"))
			if got := len(c.left()); got != MaxUnanswered {
				t.Errorf("%d checks", got)
			}
			c.socket.RemoveConnByUfrag("a")
			time.Sleep(hostMemory)
		}
	})
}

func TestFriendsTakeTurns(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		var hosts []string
		for i := range byte(60) {
			hosts = append(hosts, netip.AddrFrom4([4]byte{198, 51, 100, i}).String())
		}
		go c.offer(time.Second, addresses(1, hosts...), c.agent(t, c.socket, c.negotiation(false), "greedy"))
		time.Sleep(10 * time.Millisecond)
		modest := c.negotiation(false)
		modest.Prefer(peerIPv4)
		asked := time.Since(c.start)
		c.offer(checkInterval, []netip.AddrPort{peerIPv4}, c.agent(t, c.socket, modest, "modest"))
		left := c.left()
		at := slices.IndexFunc(left, func(l leftCheck) bool { return l.to == peerIPv4 })
		if at < 0 || left[at].at-asked > 2*CheckPace {
			t.Errorf("asked at %v, left: %v", asked, times(left))
		}
		time.Sleep(time.Second)
	})
}

// TestClosedAgentSendsNothing that waits, and is remembered by nothing.
func TestClosedAgentSendsNothing(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		agent := c.agent(t, c.socket, c.negotiation(false), "a")
		c.offer(checkInterval, addresses(4, "192.0.2.1", "192.0.2.2"), agent)
		agent.Close()
		c.left()
		c.offer(time.Second, addresses(4, "192.0.2.1"), agent)
		if left := c.left(); len(left) > 0 {
			t.Errorf("%d checks after the end", len(left))
		}
		if p := c.socket.Pacer; len(p.asked)+len(p.friends.turns) > 0 {
			t.Errorf("%d checks and %d negotiations are left", len(p.asked), len(p.friends.turns))
		}
	})
}

// TestNothingGoesWhereNobodyIs: also not to where a check seems to have come from.
func TestNothingGoesWhereNobodyIs(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := newChecker()
		agent := c.agent(t, c.socket, c.negotiation(false), "a")
		for _, address := range addresses(1, "0.0.0.1", "255.255.255.255", "240.0.0.1", "224.0.0.1", "ff02::1", "64:ff9b::1") {
			agent.WriteTo(response(stun.NewTransactionID(), address), net.UDPAddrFromAddrPort(address))
			c.offer(checkInterval, []netip.AddrPort{address}, agent)
			if _, err := c.socket.MappedAddress(t.Context(), []netip.AddrPort{address}, false); err != errNoServerThere {
				t.Errorf("a STUN server at %v: %v", address, err)
			}
		}
		if left := c.left(); len(left) > 0 {
			t.Errorf("%v", left)
		}
	})
}
