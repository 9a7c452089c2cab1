package portmap

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"net/url"
	"time"
)

// PCP and NAT-PMP are spoken at the same port. A gateway that does not know the version of
// a request answers with its own.
const (
	gatewayPort = 5351

	versionNATPMP = 0
	versionPCP    = 2

	natpmpAddress = 0
	natpmpMapUDP  = 1
	pcpMap        = 1
	response      = 0x80 // added to what was asked

	pcpSize     = 60 // of a MAP request, and of the part of its answer that counts
	protocolUDP = 17
)

// wish is a mapping that a gateway is asked for.
type wish struct {
	nonce    [12]byte      // makes it ours; NAT-PMP has none
	own      netip.Addr    // of this host, beside the gateway
	port     uint16        // of this host
	outside  uint16        // the port that would be welcome; 0: any
	lifetime time.Duration // 0 ends it
}

func (w wish) seconds() uint32 { return uint32(w.lifetime / time.Second) }

// pcp is RFC 6887, sections 7.1 and 11.1.
func (w wish) pcp() []byte {
	p := make([]byte, 8, pcpSize)
	p[0], p[1] = versionPCP, pcpMap
	binary.BigEndian.PutUint32(p[4:], w.seconds())
	own, anyAddress := w.own.As16(), netip.IPv4Unspecified().As16()
	p = append(p, own[:]...)
	p = append(p, w.nonce[:]...)
	p = append(p, protocolUDP, 0, 0, 0)
	p = binary.BigEndian.AppendUint16(p, w.port)
	p = binary.BigEndian.AppendUint16(p, w.outside)
	return append(p, anyAddress[:]...)
}

// natpmp is RFC 6886, section 3.3.
func (w wish) natpmp() []byte {
	p := []byte{versionNATPMP, natpmpMapUDP, 0, 0}
	p = binary.BigEndian.AppendUint16(p, w.port)
	p = binary.BigEndian.AppendUint16(p, w.outside)
	return binary.BigEndian.AppendUint32(p, w.seconds())
}

// natpmpAsksAddress is RFC 6886, section 3.2: there the address is not part of a mapping.
var natpmpAsksAddress = []byte{versionNATPMP, natpmpAddress}

// grant is a mapping that a gateway has made, as it says.
type grant struct {
	inside   uint16
	outside  netip.AddrPort
	lifetime time.Duration
	isPCP    bool
	by       *igd // nil: PCP, or NAT-PMP
}

// answers is what a gateway has said about a wish.
type answers struct {
	wish
	speaksNATPMP bool
	refusal      error

	// In NAT-PMP, the parts of a grant that have come.
	address netip.Addr
	mapped  *grant

	location *url.URL // of what a router says by UPnP that it is; nil: nothing yet
}

// take reads a packet that came from the gateway's address, and returns the grant when
// there is one.
func (a *answers) take(p []byte) *grant {
	switch {
	case len(p) >= 4 && p[0] == versionPCP && p[1] == response|pcpMap:
		return a.takePCP(p)
	case len(p) >= 4 && p[0] == versionNATPMP && p[1]&response != 0:
		a.speaksNATPMP = true
		return a.takeNATPMP(p)
	}
	return nil
}

func (a *answers) takePCP(p []byte) *grant {
	if p[3] != 0 {
		a.refusal = fmt.Errorf("PCP result code %d", p[3]) // RFC 6887, section 7.4
		return nil
	}
	if len(p) < pcpSize || [12]byte(p[24:36]) != a.nonce || p[36] != protocolUDP || binary.BigEndian.Uint16(p[40:]) != a.port {
		return nil
	}
	outside := netip.AddrPortFrom(netip.AddrFrom16([16]byte(p[44:60])).Unmap(), binary.BigEndian.Uint16(p[42:]))
	return &grant{inside: a.port, outside: outside, lifetime: duration(p[4:]), isPCP: true}
}

func (a *answers) takeNATPMP(p []byte) *grant {
	code := binary.BigEndian.Uint16(p[2:])
	switch about := p[1] &^ response; {
	case about != natpmpAddress && about != natpmpMapUDP: // it does not know PCP
	case code != 0:
		a.refusal = fmt.Errorf("NAT-PMP result code %d", code) // RFC 6886, section 3.5
	case about == natpmpAddress && len(p) >= 12:
		a.address = netip.AddrFrom4([4]byte(p[8:12]))
	case about == natpmpMapUDP && len(p) >= 16 && binary.BigEndian.Uint16(p[8:]) == a.port:
		a.mapped = &grant{inside: a.port, outside: netip.AddrPortFrom(netip.Addr{}, binary.BigEndian.Uint16(p[10:])), lifetime: duration(p[12:])}
	}
	if a.mapped == nil || !a.address.IsValid() {
		return nil
	}
	g := *a.mapped
	g.outside = netip.AddrPortFrom(a.address, g.outside.Port())
	return &g
}

func duration(p []byte) time.Duration {
	return time.Duration(binary.BigEndian.Uint32(p)) * time.Second
}
