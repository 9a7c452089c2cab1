package limit

import "net/netip"

// Shares gives out a number of places so that nobody is kept out by those who ask
// most: each may hold as many as are free at the time. One alone gets half of
// them, n who all want more an n+1st part each, and one part is always left for
// who comes next. Its owner guards it.
type Shares[K comparable] struct {
	Most int // places

	taken int
	by    map[K]int
}

// Take takes a place, if holder may have one more.
func (s *Shares[K]) Take(holder K) bool {
	if s.by[holder] >= s.Most-s.taken {
		return false
	}
	if s.by == nil {
		s.by = make(map[K]int)
	}
	s.by[holder]++
	s.taken++
	return true
}

// Give gives back a place that was taken.
func (s *Shares[K]) Give(holder K) {
	if s.by[holder]--; s.by[holder] == 0 {
		delete(s.by, holder)
	}
	s.taken--
}

// Taken is the number of places that are not free.
func (s *Shares[K]) Taken() int { return s.taken }

// Source is what stands for who sends from an address: the address itself, of IPv6
// its first 64 bits, since a host has all the others.
func Source(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if prefix, err := address.Prefix(64); address.Is6() && err == nil {
		return prefix.Addr()
	}
	return address
}
