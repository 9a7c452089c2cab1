package portmap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
)

const ownPort = 4711

var (
	router = netip.MustParseAddr("192.168.1.9")
	other  = netip.MustParseAddr("192.168.1.8")
	host   = netip.MustParseAddr("192.168.1.5")
	seen   = netip.MustParseAddr("203.0.113.5")
)

// home is a network with a host and a router.
type home struct {
	twin.Network
	t *testing.T

	mu       sync.Mutex
	router   netip.Addr
	own      uint16   // the port
	requests [][]byte // that the router has got
	answer   func(request []byte, n int) [][]byte
	asker    net.Addr
	others   net.PacketConn // of a neighbour
	igd      *fakeIGD       // that the router has inside; nil: none
}

func (h *home) Gateway() (router, own netip.Addr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.router, host
}

// atHome runs a test in fake time with a mapper on a host whose router answers the nth request of all.
func atHome(t *testing.T, answer func(request []byte, n int) [][]byte, test func(t *testing.T, h *home, m *Mapper)) {
	t.Helper()
	bubble.Run(t, func(t *testing.T) {
		lan, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "192.168.1.0/24", LoggerFactory: base.ICELog{Log: slog.New(slog.DiscardHandler)}})
		must(t, err)
		machine := func(ip netip.Addr) *vnet.Net {
			n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{ip.String()}})
			must(t, err)
			must(t, lan.AddNet(n))
			return n
		}
		h := &home{Network: twin.Network{Net: machine(host)}, t: t, router: router, own: ownPort, answer: answer}
		at, neighbour := twin.Network{Net: machine(router)}, twin.Network{Net: machine(other)}
		must(t, lan.Start())
		conn, err := at.Listen(gatewayPort)
		must(t, err)
		h.others, err = neighbour.Listen(gatewayPort)
		must(t, err)
		searched, err := at.Listen(searchPort)
		must(t, err)
		var serving sync.WaitGroup
		serving.Go(func() { h.serve(conn) })
		serving.Go(func() { h.tell(searched) })
		m := New(h, h.port, faultlog.None(t))
		test(t, h, m)
		m.Close()
		conn.Close()
		searched.Close()
		h.others.Close()
		serving.Wait()
		must(t, lan.Stop())
	})
}

func (h *home) port() uint16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.own
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *home) serve(conn net.PacketConn) {
	buffer := make([]byte, 1100)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		h.mu.Lock()
		request := bytes.Clone(buffer[:n])
		h.requests, h.asker = append(h.requests, request), from
		answers := h.answer(request, len(h.requests))
		h.mu.Unlock()
		for _, a := range answers {
			conn.WriteTo(a, from)
		}
	}
}

func (h *home) asked() [][]byte {
	time.Sleep(time.Second) // what was sent is there
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests
}

// granted is the answer of PCP to a request.
func granted(request []byte, outside netip.AddrPort, seconds uint32) []byte {
	p := bytes.Clone(request)
	p[1] |= response
	p[3] = 0
	binary.BigEndian.PutUint32(p[4:], seconds)
	ip := outside.Addr().As16()
	binary.BigEndian.PutUint16(p[42:], outside.Port())
	copy(p[44:], ip[:])
	return p
}

// pcpRouter grants a port with PCP.
func pcpRouter(port uint16, seconds uint32) func([]byte, int) [][]byte {
	return func(request []byte, _ int) [][]byte {
		if request[0] != versionPCP {
			return nil
		}
		return [][]byte{granted(request, netip.AddrPortFrom(seen, port), seconds)}
	}
}

// natpmpRouter does so with NAT-PMP, and answers what it does not know, or does not.
func natpmpRouter(port uint16, seconds uint32, answers bool) func([]byte, int) [][]byte {
	return func(request []byte, _ int) [][]byte {
		switch {
		case request[0] != versionNATPMP && answers:
			return [][]byte{{versionNATPMP, response | request[1], 0, 1, 0, 0, 0, 9}}
		case request[0] != versionNATPMP:
			return nil
		case request[1] == natpmpAddress:
			ip := seen.As4()
			return [][]byte{append([]byte{0, response, 0, 0, 0, 0, 0, 9}, ip[:]...)}
		}
		p := append([]byte{0, response | natpmpMapUDP, 0, 0, 0, 0, 0, 9}, request[4:12]...)
		binary.BigEndian.PutUint16(p[10:], port)
		binary.BigEndian.PutUint32(p[12:], seconds)
		return [][]byte{p}
	}
}

// await waits until the mapper has an address, and another than before.
func await(t *testing.T, m *Mapper, before netip.AddrPort, most time.Duration) netip.AddrPort {
	t.Helper()
	end := time.After(most)
	for {
		address, changed := m.Address()
		if address.IsValid() && address != before {
			return address
		}
		select {
		case <-changed:
		case <-end:
			t.Fatalf("nothing has changed in %v", most)
		}
	}
}

func TestMapping(t *testing.T) {
	for name, router := range map[string]struct {
		answer   func([]byte, int) [][]byte
		lifetime int // where it is in the request
	}{
		"PCP":                    {pcpRouter(1234, 1200), 4},
		"NAT-PMP":                {natpmpRouter(1234, 1200, true), 8},
		"NAT-PMP of another age": {natpmpRouter(1234, 1200, false), 8},
	} {
		t.Run(name, func(t *testing.T) {
			atHome(t, router.answer, func(t *testing.T, h *home, m *Mapper) {
				m.Want(seen)
				if got := await(t, m, netip.AddrPort{}, time.Second); got != netip.AddrPortFrom(seen, 1234) {
					t.Errorf("mapped to %v", got)
				}
				first := len(h.asked())
				m.Want(seen) // changes nothing
				time.Sleep(lifetime/2 - 10*time.Second)
				if n := len(h.asked()); n != first {
					t.Errorf("asked %d times before half of the lifetime, %d at first", n, first)
				}
				time.Sleep(time.Minute)
				if n := len(h.asked()); n == first {
					t.Error("not prolonged at half of the lifetime")
				}
				time.Sleep(24 * time.Hour)
				if got, _ := m.Address(); !got.IsValid() {
					t.Error("the mapping has ended")
				}
				if n := len(h.asked()); n > 24*6*first+10*first {
					t.Errorf("asked %d times in a day", n)
				}
				m.Close()
				all := h.asked()
				last := all[len(all)-1]
				if binary.BigEndian.Uint32(last[router.lifetime:]) != 0 || (last[0] == versionPCP) != (name == "PCP") {
					t.Errorf("the last request is %x", last)
				}
			})
		})
	}
}

// A router that is slow has been asked by NAT-PMP, too, when it answers by PCP, and makes a mapping by each, the
// second in the first one's place; or it answers when nobody listens any more. Both are given back.
func TestSlowRouterKeepsNothing(t *testing.T) {
	for name, silent := range map[string]int{"it answers the second time": 2, "it answers too late": 1000} {
		t.Run(name, func(t *testing.T) {
			answer := pcpRouter(1234, 1200)
			slow := func(request []byte, n int) [][]byte {
				if n < silent {
					return nil
				}
				return answer(request, n)
			}
			atHome(t, slow, func(t *testing.T, h *home, m *Mapper) {
				m.Want(seen)
				time.Sleep(time.Minute)
				m.Close()
				ended := map[byte]bool{}
				for _, request := range h.asked() {
					switch request[0] {
					case versionPCP:
						ended[versionPCP] = binary.BigEndian.Uint32(request[4:]) == 0
					case versionNATPMP:
						ended[versionNATPMP] = len(request) == 12 && binary.BigEndian.Uint32(request[8:]) == 0
					}
				}
				if !ended[versionPCP] || !ended[versionNATPMP] {
					t.Errorf("given back by protocol: %v", ended)
				}
			})
		})
	}
}

// The router is not asked where there is no NAT, and one that does not answer, seldom.
func TestWhoIsNotAsked(t *testing.T) {
	atHome(t, silent, func(t *testing.T, h *home, m *Mapper) {
		m.Want(host)
		m.Want(netip.MustParseAddr("2001:db8::1"))
		m.Want(netip.Addr{})
		time.Sleep(time.Hour)
		if n := len(h.asked()); n != 0 {
			t.Errorf("asked %d times", n)
		}
		m.Want(seen)
		time.Sleep(23*time.Hour + 30*time.Minute)
		if n := len(h.asked()); n > 24*3*len(patience) {
			t.Errorf("asked %d times in a day", n)
		}
		h.mu.Lock()
		h.router = netip.Addr{} // it is not known any more
		before := len(h.requests)
		h.mu.Unlock()
		time.Sleep(24 * time.Hour)
		if n := len(h.asked()); n != before {
			t.Errorf("asked %d times", n-before)
		}
	})
	var none *Mapper
	none.Want(seen)
	none.Forget()
	if address, changed := none.Address(); address.IsValid() || changed != nil {
		t.Error(address)
	}
	none.Close()
}

// Whatever changes, the address is that of a mapping that is there.
func TestMappingChanges(t *testing.T) {
	port, mute := uint16(1000), false
	changing := func(request []byte, _ int) [][]byte {
		if mute {
			return nil
		}
		return pcpRouter(port, 1200)(request, 0)
	}
	atHome(t, changing, func(t *testing.T, h *home, m *Mapper) {
		m.Want(seen)
		first := await(t, m, netip.AddrPort{}, time.Second)
		h.mu.Lock()
		port = 2000 // it has restarted, and somebody else has the port
		h.mu.Unlock()
		if got := await(t, m, first, lifetime); got.Port() != 2000 {
			t.Errorf("mapped to %v", got)
		}
		m.Forget() // another network, as far as is known
		if got, _ := m.Address(); got.IsValid() {
			t.Errorf("mapped to %v, in another network", got)
		}
		h.mu.Lock()
		h.own++ // and another socket
		h.mu.Unlock()
		m.Want(seen)
		await(t, m, netip.AddrPort{}, time.Second)
		var asked []string
		for _, r := range h.asked()[len(h.asked())-2:] {
			asked = append(asked, fmt.Sprint(binary.BigEndian.Uint32(r[4:]), binary.BigEndian.Uint16(r[40:])-ownPort))
		}
		if want := "0 0, 1200 1"; strings.Join(asked, ", ") != want {
			t.Errorf("asked for %q, want %q: the old port is given back", asked, want)
		}
		h.mu.Lock()
		mute = true
		h.mu.Unlock()
		time.Sleep(lifetime - time.Minute)
		if got, _ := m.Address(); !got.IsValid() {
			t.Error("the mapping ends before its time")
		}
		time.Sleep(time.Minute)
		if got, _ := m.Address(); got.IsValid() {
			t.Errorf("mapped to %v, by a router that is not there", got)
		}
		h.mu.Lock()
		mute = false
		h.mu.Unlock()
		await(t, m, netip.AddrPort{}, 2*refusedPause)
	})
}

// TestLyingGateway: whoever speaks for the router has at most an address believed at which the host is, and for 20 minutes.
func TestLyingGateway(t *testing.T) {
	at := func(address string, seconds uint32) func([]byte, int) [][]byte {
		return func(request []byte, _ int) [][]byte {
			if request[0] != versionPCP {
				return nil
			}
			return [][]byte{granted(request, netip.MustParseAddrPort(address), seconds)}
		}
	}
	spoilt := func(i int) func([]byte, int) [][]byte {
		return func(request []byte, _ int) [][]byte {
			answers := pcpRouter(1234, 1200)(request, 0)
			for _, a := range answers {
				a[i] ^= 1
			}
			return answers
		}
	}
	junk := func(request []byte, n int) (all [][]byte) {
		for i := range 50 {
			all = append(all, bytes.Repeat([]byte{byte(n * i)}, i*30), request[:min(i, len(request))], append(bytes.Clone(request), make([]byte, i)...))
		}
		return all
	}
	for name, test := range map[string]struct {
		answer  func([]byte, int) [][]byte
		believe bool
	}{
		"private":               {at("10.0.0.1:1", 1200), false},
		"somebody else's":       {at("203.0.113.6:1", 1200), false},
		"this host":             {at("127.0.0.1:1", 1200), false},
		"all hosts":             {at("255.255.255.255:1", 1200), false},
		"IPv6":                  {at("[2001:db8::1]:1", 1200), false},
		"no port":               {at("203.0.113.5:0", 1200), false},
		"no time":               {at("203.0.113.5:1", 0), false},
		"a second":              {at("203.0.113.5:1", 1), true},
		"136 years":             {at("203.0.113.5:1", 1<<32-1), true},
		"another's version":     {spoilt(0), false},
		"the answer to another": {spoilt(1), false},
		"another's nonce":       {spoilt(30), false},
		"another's port":        {spoilt(40), false},
		"junk":                  {junk, false},
		"NAT-PMP, two answers":  {natpmpRouter(0, 1200, true), false},
	} {
		t.Run(name, func(t *testing.T) {
			atHome(t, test.answer, func(t *testing.T, h *home, m *Mapper) {
				m.Want(seen)
				time.Sleep(10 * time.Second)
				_, changed := m.Address()
				m.mu.Lock()
				if m.until.After(time.Now().Add(lifetime)) {
					t.Errorf("believed until %v from now on", time.Until(m.until))
				}
				if m.address.IsValid() != test.believe {
					t.Errorf("mapped to %v", m.address)
				}
				m.mu.Unlock()
				h.mu.Lock()
				h.answer = silent
				h.mu.Unlock()
				if test.believe {
					select {
					case <-changed:
					case <-time.After(2 * lifetime):
						t.Error("never doubted")
					}
				}
				if n := len(h.asked()); n > 200 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}

// A neighbour's answers do not count.
func TestOnlyTheGatewayAnswers(t *testing.T) {
	atHome(t, silent, func(t *testing.T, h *home, m *Mapper) {
		h.answer = func(request []byte, _ int) [][]byte {
			for _, a := range pcpRouter(1, 1200)(request, 0) {
				h.others.WriteTo(a, h.asker)
			}
			return nil
		}
		m.Want(seen)
		time.Sleep(10 * time.Second)
		if len(h.asked()) == 0 {
			t.Error("nobody was asked")
		}
		if got, _ := m.Address(); got.IsValid() {
			t.Errorf("mapped to %v", got)
		}
	})
}

// FuzzAnswers: whatever comes in a gateway's name, in whatever pieces, makes no more of it than what was asked for.
func FuzzAnswers(f *testing.F) {
	w := wish{nonce: [12]byte{1, 2, 3}, own: host, port: ownPort, outside: 1, lifetime: lifetime}
	f.Add(granted(w.pcp(), netip.AddrPortFrom(seen, 1), 1200), []byte{})
	for _, answers := range []bool{true, false} {
		router := natpmpRouter(1, 1200, answers)
		f.Add(router(natpmpAsksAddress, 1)[0], router(w.natpmp(), 1)[0])
	}
	f.Add([]byte{versionNATPMP, response | natpmpMapUDP, 0, 2}, []byte{versionPCP, response | pcpMap, 0, 2})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a := answers{wish: w}
		for _, p := range [][]byte{one, two, one} {
			g := a.take(p)
			if g == nil {
				continue
			}
			if g.isPCP && !bytes.Contains(p, w.nonce[:]) || g.lifetime < 0 {
				t.Errorf("%x is %+v", p, g)
			}
			if usable(g, seen) == nil && (g.outside.Addr() != seen || g.outside.Port() == 0) {
				t.Errorf("%+v is of use", g)
			}
		}
	})
}

// The requests are as their RFCs draw them.
func TestRequests(t *testing.T) {
	w := wish{nonce: [12]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, own: host, port: 0x1267, outside: 0x4321, lifetime: lifetime}
	want := "\x02\x01\x00\x00\x00\x00\x04\xb0" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\xa8\x01\x05" +
		"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c" + "\x11\x00\x00\x00" + "\x12\x67\x43\x21" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00"
	if got := string(w.pcp()); got != want {
		t.Errorf("PCP: %x, want %x", got, want)
	}
	if got, want := string(w.natpmp()), "\x00\x01\x00\x00\x12\x67\x43\x21\x00\x00\x04\xb0"; got != want {
		t.Errorf("NAT-PMP: %x, want %x", got, want)
	}
}
