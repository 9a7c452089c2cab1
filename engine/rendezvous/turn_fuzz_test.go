package rendezvous

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun"
	"github.com/pion/transport/v2"
)

// datagrams is a socket whose packets are the test's: send returns when what was sent before has been dealt with.
type datagrams struct {
	net.PacketConn
	in     chan datagram
	closed chan struct{}
	once   sync.Once

	mu  sync.Mutex
	out [][]byte
}

type datagram struct {
	bytes []byte
	from  net.Addr
}

func newDatagrams() *datagrams {
	return &datagrams{in: make(chan datagram), closed: make(chan struct{})}
}

func (d *datagrams) send(p []byte, from net.Addr) { d.in <- datagram{p, from} }

// taken returns what the server has sent since it was asked last.
func (d *datagrams) taken() [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.out
	d.out = nil
	return out
}

func (d *datagrams) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case packet := <-d.in:
		return copy(p, packet.bytes), packet.from, nil
	case <-d.closed:
		return 0, nil, net.ErrClosed
	}
}

func (d *datagrams) WriteTo(p []byte, _ net.Addr) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.out = append(d.out, bytes.Clone(p))
	return len(p), nil
}

func (d *datagrams) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(testTURNAddress) }
func (d *datagrams) Close() error        { d.once.Do(func() { close(d.closed) }); return nil }

// nowhere is a network in which relays send to nobody.
type nowhere struct{ transport.Net }

func (nowhere) ListenPacket(string, string) (net.PacketConn, error) { return newDatagrams(), nil }

var (
	testTURNAddress = documentationPort(3478)
	holder          = net.UDPAddrFromAddrPort(documentationPort(5000)) // has a relay
	stranger        = net.UDPAddrFromAddrPort(documentationPort(5001))
)

// fuzzedTURN is a TURN server, and a client's half of what it takes to be heard.
type fuzzedTURN struct {
	*datagrams
	relays   *relays
	t        testing.TB
	username stun.Username
	key      stun.MessageIntegrity
	nonce    stun.Nonce
}

func newFuzzedTURN(t testing.TB) *fuzzedTURN {
	t.Helper()
	s := newFuzzed(t, TURNConfig{Secret: testSecret, PublicIP: documentation, Net: nowhere{}})
	s.signed(stun.MethodAllocate, requestedTransportUDP)
	if !s.serves(holder, stun.MethodRefresh) {
		t.Fatal("no relay was allocated")
	}
	return s
}

// newFuzzed is one whose holder has no relay yet.
func newFuzzed(t testing.TB, cfg TURNConfig) *fuzzedTURN {
	t.Helper()
	server, err := NewTURN(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &fuzzedTURN{datagrams: newDatagrams(), relays: server.relays, t: t}
	t.Cleanup(func() { server.Close() })
	if err := server.ServePacket(s.datagrams); err != nil {
		t.Fatal(err)
	}
	username, password := Credential(testSecret, theApp.id, time.Now().Add(100*time.Hour))
	s.username = stun.NewUsername(username)
	s.key = stun.NewLongTermIntegrity(username, Realm, password)
	return s
}

var requestedTransportUDP = []byte{0, 0x19, 0, 4, 17, 0, 0, 0}

// request builds one with attributes as they come.
func request(method stun.Method, attributes []byte, setters ...stun.Setter) []byte {
	m := stun.MustBuild(stun.TransactionID, stun.NewType(method, stun.ClassRequest))
	m.Raw = append(m.Raw, attributes...)
	m.Length = uint32(len(attributes))
	m.WriteLength()
	for _, s := range setters {
		s.AddTo(m)
	}
	return m.Raw
}

// signed sends a request of the holder, whose nonce is a fresh one.
func (s *fuzzedTURN) signed(method stun.Method, attributes []byte) {
	s.send(request(stun.MethodRefresh, nil), holder)
	s.barrier()
	var refusal stun.Message
	for _, p := range s.taken() {
		if stun.Decode(p, &refusal) == nil && s.nonce.GetFrom(&refusal) == nil {
			break
		}
	}
	s.send(request(method, attributes, s.username, stun.NewRealm(Realm), s.nonce, s.key), holder)
}

// barrier returns when all that was sent has been dealt with.
func (s *fuzzedTURN) barrier() {
	for range 2 {
		s.send([]byte{}, stranger)
	}
}

// serves reports whether a client gets an answer.
func (s *fuzzedTURN) serves(client net.Addr, method stun.Method) bool {
	s.barrier()
	s.taken()
	if method == stun.MethodBinding {
		s.send(request(method, nil), client)
	} else {
		s.signed(method, nil)
	}
	s.barrier()
	var answer stun.Message
	for _, p := range s.taken() {
		if stun.Decode(p, &answer) == nil && answer.Type.Class == stun.ClassSuccessResponse && answer.Type.Method == method {
			return true
		}
	}
	return false
}

// FuzzTURN: whatever comes to the TURN server's socket, of a stranger, of a client with a relay, and in a request whose
// signature is right, it serves the next one.
func FuzzTURN(f *testing.F) {
	s := newFuzzedTURN(f)
	peer := []byte{0, 0x12, 0, 8, 0, 1, 0x21, 0x12 + 9, 0xea, 0x12 ^ 0x33, 0xa4 ^ 0x64, 0x42 ^ 1} // XOR-PEER-ADDRESS 203.0.113.x
	f.Add([]byte{}, byte(0), uint16(0))
	f.Add(request(stun.MethodBinding, nil), byte(0), uint16(0))
	f.Add(stunMessage(4, 4), byte(1), uint16(0))
	f.Add([]byte("\x40\x00\x00\x05hello\x00\x00\x00"), byte(1), uint16(0))
	indication := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication))
	f.Add(append(indication.Raw, peer...), byte(1), uint16(0))
	for _, method := range []stun.Method{stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind} {
		f.Add(append(bytes.Clone(peer), 0, 0xc, 0, 4, 0x40, 1, 0, 0), byte(2), uint16(method))
		f.Add(requestedTransportUDP, byte(2), uint16(method))
		f.Add(append([]byte{0, 0x17, 0, 4, 2, 0, 0, 0}, requestedTransportUDP...), byte(2), uint16(method)) // of IPv6
	}
	f.Fuzz(func(t *testing.T, p []byte, how byte, method uint16) {
		switch how % 3 {
		case 0:
			s.send(p, stranger)
		case 1:
			s.send(p, holder)
		case 2:
			if m := stun.Method(method & 0xfff); m != stun.MethodRefresh { // which could give the relay back
				s.signed(m, p)
			}
		}
		if !s.serves(stranger, stun.MethodBinding) {
			t.Fatal("the next one gets no answer")
		}
	})
}
