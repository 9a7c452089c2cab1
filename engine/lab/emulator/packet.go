package emulator

import (
	"net/netip"
	"sync"
)

// MTU is the largest IP packet, in bytes, that the network carries.
const MTU = 1500

// Packet is a buffer for one IP packet.
type Packet struct {
	buffer [MTU]byte
	size   int
}

var packets = sync.Pool{New: func() any { return new(Packet) }}

// NewPacket returns a packet with undefined contents. Port.Send takes it over;
// one that is not sent needs Free, or is left to the garbage collector.
func NewPacket() *Packet { return packets.Get().(*Packet) }

// Free gives the packet back; it must not be used afterwards.
func (p *Packet) Free() { packets.Put(p) }

// Buffer is room for MTU bytes, to be filled before SetSize.
func (p *Packet) Buffer() []byte { return p.buffer[:] }

// SetSize says how many bytes of Buffer are the packet.
func (p *Packet) SetSize(n int) { p.size = n }

func (p *Packet) bytes() []byte { return p.buffer[:p.size] }

const protocolUDP = 17

// header reads the destination and the protocol. IPv6 extension headers are not
// looked into; no one here sends them, fragments aside.
func (p *Packet) header() (to netip.Addr, protocol byte, ok bool) {
	b := p.bytes()
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(b[16:20])), b[9], true
	case len(b) >= 40 && b[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(b[24:40])), b[6], true
	}
	return netip.Addr{}, 0, false
}
