package journal

import (
	"net/netip"
	"slices"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// NAT is what is known of the one before a side.
type NAT uint8

const (
	NATUnknown   NAT = iota
	NATNone          // the socket's own address is the one that others see
	NATCone          // all see the same address (RFC 4787: endpoint-independent mapping)
	NATSymmetric     // others see others
)

func (n NAT) String() string { return [...]string{"unknown", "none", "cone", "symmetric"}[n] }

// mapping is how the own socket looks from somewhere.
type mapping struct{ from, seen netip.AddrPort }

// Mapped notes how the own socket looks from an address. One in the local network says
// nothing of the NAT.
func (j *Journal) Mapped(from, seen netip.AddrPort) {
	if hosts.IsLocal(from.Addr()) {
		return
	}
	j.note(func(s *Snapshot, _ Ms) {
		at := slices.IndexFunc(s.mappings, func(m mapping) bool { return m.from == from })
		if at >= 0 {
			s.mappings[at].seen = seen
		} else if len(s.mappings) < maxMappings {
			s.mappings = append(s.mappings, mapping{from, seen})
		}
	})
}

// Heard notes from where the peer's checks come.
func (j *Journal) Heard(from netip.AddrPort) {
	j.note(func(s *Snapshot, _ Ms) { s.sources = with(s.sources, maxMappings, from) })
}

// OwnNAT goes by what STUN servers and the peer have seen of the own socket.
func (s *Snapshot) OwnNAT() NAT {
	kind := NATUnknown
	for i, m := range s.mappings {
		if s.has(s.Own, "host", m.seen) {
			return NATNone
		}
		for _, other := range s.mappings[:i] {
			switch {
			case other.seen == m.seen:
				kind = max(kind, NATCone)
			case other.seen.Addr().Is4() == m.seen.Addr().Is4():
				kind = NATSymmetric
			}
		}
	}
	return kind
}

// PeerNAT goes by what the peer says of itself, and from where its checks come.
func (s *Snapshot) PeerNAT() NAT {
	kind := NATUnknown
	for _, c := range s.Peer {
		if c.Type == "srflx" && s.has(s.Peer, "host", c.Address) {
			return NATNone
		}
	}
	for _, from := range s.sources {
		switch {
		case hosts.IsLocal(from.Addr()), s.has(s.Peer, "relay", from):
		case s.has(s.Peer, "srflx", from):
			kind = max(kind, NATCone)
		case s.has(s.Peer, "host", from):
			return NATNone
		case slices.ContainsFunc(s.Peer, func(c Candidate) bool { return c.Type == "srflx" && c.Address.Addr() == from.Addr() }):
			kind = NATSymmetric
		}
	}
	return kind
}

func (s *Snapshot) has(all []Candidate, kind string, address netip.AddrPort) bool {
	return slices.Contains(all, Candidate{kind, address})
}
