package congestion

import "time"

// record is the state of the connection at a packet's sending (BBR, section
// 4.1.2.2).
type record struct {
	pn          int64
	sent        instant
	firstSent   instant // of the flight whose rate it will sample
	deliveredAt instant
	delivered   int64
	inFlight    float32 // bytes, with this packet
	bytes       int32
	limited     bool // by the application
	used        bool
}

const (
	fewestRecords = 8       // an idle session's memory counts
	mostRecords   = 1 << 15 // more than quic-go tracks
	keptRecords   = 64
	keptFor       = time.Second
)

// records is a ring by packet number that grows with what is on the way.
type records struct {
	ring    []record
	grownAt instant
}

func (r *records) init() { r.ring = make([]record, fewestRecords) }

func (r *records) slot(pn int64) *record { return &r.ring[pn&int64(len(r.ring)-1)] }

// put keeps a record. One that is older than stale was given up without a word
// (a sender does so with packets that it probes with) and may be overwritten.
func (r *records) put(p record, stale instant) {
	for s := r.slot(p.pn); s.used && s.sent > stale && len(r.ring) < mostRecords; s = r.slot(p.pn) {
		r.grow()
		r.grownAt = p.sent
	}
	*r.slot(p.pn) = p
}

// take gives a record up; ok is false if there is none.
func (r *records) take(pn int64) (p record, ok bool) {
	s := r.slot(pn)
	if !s.used || s.pn != pn {
		return record{}, false
	}
	s.used = false
	return *s, true
}

// rest gives a large ring back when nothing is on the way: a session may be idle
// from now on. It does so once in a while only, for bursts that come again.
func (r *records) rest(now instant) {
	if len(r.ring) > keptRecords && now.sub(r.grownAt) >= keptFor {
		r.init()
	}
}

func (r *records) grow() {
	old := r.ring
	r.ring = make([]record, 2*len(old))
	for _, p := range old {
		if p.used {
			*r.slot(p.pn) = p
		}
	}
}
