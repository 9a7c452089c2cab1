package engine

import (
	"slices"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/internal/journal"
)

// reports are the journals of an endpoint's last attempts. On a device those of strangers
// are apart: a crowd of them shall not make it forget the others.
type reports struct {
	mu             sync.Mutex
	known, strange []*journal.Journal // the oldest first
}

const (
	maxReports        = 64
	maxStrangeReports = 16
)

// begin makes the journal of an attempt, or returns that of an attempt of that name with
// that peer, which on a device may come again, and by several ways.
func (r *reports) begin(traceID, peerID, mode string, stranger bool) *journal.Journal {
	r.mu.Lock()
	defer r.mu.Unlock()
	same := func(j *journal.Journal) bool { return j.TraceID == traceID && j.PeerID == peerID }
	for _, list := range [][]*journal.Journal{r.known, r.strange} {
		if at := slices.IndexFunc(list, same); at >= 0 && mode == "" {
			return list[at]
		}
	}
	j := journal.New(traceID, peerID, mode)
	list, most := &r.known, maxReports
	if stranger {
		list, most = &r.strange, maxStrangeReports
	}
	if *list = append(*list, j); len(*list) > most {
		*list = slices.Delete(*list, 0, 1)
	}
	return j
}

// of returns the newest one of a name, or nil.
func (r *reports) of(traceID string) *journal.Journal {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range [][]*journal.Journal{r.known, r.strange} {
		for _, j := range slices.Backward(list) {
			if j.TraceID == traceID {
				return j
			}
		}
	}
	return nil
}

// with returns that of a session, or nil if it is too long ago.
func (r *reports) with(traceID, peerID string) *journal.Journal {
	if r == nil { // a session without a trace id
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range [][]*journal.Journal{r.known, r.strange} {
		for _, j := range list {
			if j.TraceID == traceID && j.PeerID == peerID {
				return j
			}
		}
	}
	return nil
}
