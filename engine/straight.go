package engine

import (
	"net/netip"
	"slices"

	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

// straight are the addresses at which an attempt dials a device that did not come from ICE. Each dial of one where
// nobody is takes seconds, so there are so many at a time, and what finds no place waits for one. Where the device was, or
// was once to be found, says less than what is heard of it now: that has places of its own.
type straight struct {
	remembered, heard places
	running           map[netip.AddrPort]*places
	useless           map[netip.AddrPort]bool // somebody else is there
}

type places struct {
	taken   int
	waiting []paths.Found
}

// Of each kind, at a time.
const (
	maxStraight        = 8
	maxStraightWaiting = 32 // a ticket has at most so many hints
)

func newStraight() straight {
	return straight{running: make(map[netip.AddrPort]*places), useless: make(map[netip.AddrPort]bool)}
}

// begin reports whether an address is to be dialled now.
func (s *straight) begin(p paths.Found, in *places) bool {
	switch {
	case s.running[p.Remote] != nil || s.useless[p.Remote] || slices.Contains(in.waiting, p):
		return false
	case in.taken < maxStraight:
		in.taken++
		s.running[p.Remote] = in
		return true
	case len(in.waiting) < maxStraightWaiting:
		in.waiting = append(in.waiting, p)
	}
	return false
}

// end gives back the place of a dial that has ended; again, if the address may be dialled once more when it is heard of.
func (s *straight) end(address netip.AddrPort, again bool) {
	s.running[address].taken--
	delete(s.running, address)
	if !again {
		s.useless[address] = true
	}
}

// next is what may be dialled in a place that is free.
func (s *straight) next() (p paths.Found, ok bool) {
	for _, in := range []*places{&s.heard, &s.remembered} {
		for len(in.waiting) > 0 && in.taken < maxStraight {
			p, in.waiting = in.waiting[0], in.waiting[1:]
			if s.begin(p, in) {
				return p, true
			}
		}
	}
	return p, false
}
