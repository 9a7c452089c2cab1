package base

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"
	"github.com/pion/transport/v2"

	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// hostileTURN is a TURN server that answers as a script says, and the network with nobody else in it.
type hostileTURN struct {
	transport.Net
	net.PacketConn

	in     chan []byte
	closed chan struct{}
	once   sync.Once

	mu     sync.Mutex
	script []byte
}

var turnAddress = netip.MustParseAddrPort("203.0.113.1:3478")

func (h *hostileTURN) ListenPacket(string, string) (net.PacketConn, error) { return h, nil }

func (h *hostileTURN) ResolveUDPAddr(string, string) (*net.UDPAddr, error) {
	return net.UDPAddrFromAddrPort(turnAddress), nil
}

// next takes the next line of the script: a length of two bytes, and so many.
func (h *hostileTURN) next() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.script) < 2 {
		return nil
	}
	size := min(int(binary.BigEndian.Uint16(h.script)), len(h.script)-2)
	line := h.script[2 : 2+size]
	h.script = h.script[2+size:]
	return line
}

// WriteTo answers a request: with the type and the attributes of the script's line, and the request's transaction id.
func (h *hostileTURN) WriteTo(request []byte, _ net.Addr) (int, error) {
	line := h.next()
	if len(line) < 2 || len(request) < 20 {
		return len(request), nil
	}
	attributes := line[2:]
	answer := binary.BigEndian.AppendUint16(bytes.Clone(line[:2]), uint16(len(attributes)))
	answer = append(answer, request[4:20]...)
	h.say(append(answer, attributes...))
	return len(request), nil
}

func (h *hostileTURN) say(p []byte) {
	select {
	case h.in <- bytes.Clone(p):
	default:
	}
}

func (h *hostileTURN) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case packet := <-h.in:
		return copy(p, packet), net.UDPAddrFromAddrPort(turnAddress), nil
	case <-h.closed:
		return 0, nil, net.ErrClosed
	}
}

func (h *hostileTURN) LocalAddr() net.Addr              { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 9} }
func (h *hostileTURN) Close() error                     { h.once.Do(func() { close(h.closed) }); return nil }
func (h *hostileTURN) SetReadDeadline(time.Time) error  { return nil }
func (h *hostileTURN) SetWriteDeadline(time.Time) error { return nil }

// line is a line of a script.
func scriptLine(typ stun.MessageType, attributes ...stun.Setter) []byte {
	m := stun.MustBuild(append([]stun.Setter{typ}, attributes...)...)
	line := append(binary.BigEndian.AppendUint16(nil, uint16(len(m.Raw)-18)), m.Raw[:2]...)
	return append(line, m.Raw[20:]...)
}

type rawAttribute struct {
	typ   stun.AttrType
	value []byte
}

func (a rawAttribute) AddTo(m *stun.Message) error { m.Add(a.typ, a.value); return nil }

// FuzzRelay: whatever a TURN server that an app was told of answers and sends, the app gives up or has a relay, which
// closes, and no goroutine is left.
func FuzzRelay(f *testing.F) {
	const url = "turn:203.0.113.1:3478?transport=udp"
	refusal := scriptLine(stun.NewType(stun.MethodAllocate, stun.ClassErrorResponse), stun.CodeUnauthorized, stun.NewNonce("nonce"), stun.NewRealm("realm"))
	granted := scriptLine(stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse),
		stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 9), Port: 9},
		rawAttribute{stun.AttrXORRelayedAddress, []byte{0, 1, 0xe1, 0x12 ^ 0x32, 0xea, 0x12, 0xd5, 0x43}},
		rawAttribute{stun.AttrLifetime, []byte{0, 0, 2, 0x58}})
	permitted := scriptLine(stun.NewType(stun.MethodCreatePermission, stun.ClassSuccessResponse))
	allocation := append(append([]byte{}, refusal...), granted...)
	f.Add(url, refusal, []byte{})
	f.Add(url, allocation, []byte("\x00\x17"))
	f.Add(url, append(append([]byte{}, allocation...), permitted...), []byte("\x40\x00\x00\x01x\x00\x00\x00"))
	f.Add("turns:[::1]:1?transport=tcp", []byte{}, []byte{})
	f.Add("turn:x?transport=x", []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, url string, script, more []byte) {
		synctest.Test(t, func(t *testing.T) {
			h := &hostileTURN{in: make(chan []byte, 64), closed: make(chan struct{}), script: script}
			d := RelayDialer{Net: twin.Network{Net: h}, Pacer: NewPacer(panics.Guard{Log: faultlog.None(t)}), Log: faultlog.None(t)}
			r, err := d.Allocate(t.Context(), []signal.TURNServer{{URL: url, Username: "user", Credential: "password"}}, HeadStart)
			if err != nil {
				return
			}
			conn := NewSideConn(r.Address, nil, faultlog.None(t))
			r.Carry(conn, peerIPv4)
			for range 2 {
				r.writeTo([]byte("hello"), peerIPv4)
				time.Sleep(time.Second)
				h.say(more)
			}
			time.Sleep(20 * time.Minute) // refreshes
			r.Close()
		})
	})
}
