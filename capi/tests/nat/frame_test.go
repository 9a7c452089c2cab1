package nat

import (
	"encoding/base32"
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// frame is an Ethernet frame.
type frame []byte

func (f frame) isBroadcast() bool { return string(f[:6]) == "\xff\xff\xff\xff\xff\xff" }

func (f frame) isMulticast() bool { return f[0]&1 != 0 && !f.isBroadcast() }

// packet is a UDP packet.
type packet struct {
	from, to netip.AddrPort
	payload  []byte
}

// udp returns the UDP packet in a frame, or nil.
func (f frame) udp() *packet {
	if len(f) < 14 {
		return nil
	}
	ip := f[14:]
	var p packet
	var from, to netip.Addr
	switch binary.BigEndian.Uint16(f[12:]) {
	case 0x0800:
		if len(ip) < 20 || ip[9] != 17 {
			return nil
		}
		from, to = netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:]))
		ip = ip[int(ip[0]&15)*4:]
	case 0x86dd:
		if len(ip) < 40 || ip[6] != 17 {
			return nil
		}
		from, to = netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:]))
		ip = ip[40:]
	default:
		return nil
	}
	if len(ip) < 8 {
		return nil
	}
	p.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(ip))
	p.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(ip[2:]))
	p.payload = ip[8:binary.BigEndian.Uint16(ip[4:])]
	return &p
}

// First bytes of the packets of discovery.
const (
	query  = 0x20
	answer = 0x21
)

// watchAnswers returns who has answered queries since it was asked last.
func watchAnswers(s *lab.Switch) func() []netip.Addr {
	var mu sync.Mutex
	var from []netip.Addr
	s.Watch(func(f []byte) bool {
		if p := frame(f).udp(); p != nil && len(p.payload) > 0 && p.payload[0] == answer {
			mu.Lock()
			defer mu.Unlock()
			from = append(from, p.from.Addr())
		}
		return true
	})
	return func() []netip.Addr {
		mu.Lock()
		defer mu.Unlock()
		all := from
		from = nil
		return all
	}
}

// idKey is the key that an id names.
func idKey(id string) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(id))
}
