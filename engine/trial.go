package engine

import (
	"context"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

// trial probes the paths that a search finds, until the session has moved to one. A path
// is found once, and a probe may be lost with all its repetitions: so they are probed in
// turns, again and again.
type trial struct {
	mover       *mover
	search      *search
	negotiation *paths.Negotiation // nil: there is none
	anyPath     bool               // a relayed one will do
	ctx         context.Context
	cancel      context.CancelFunc

	running []probing
	results chan probed
	next    *time.Timer // when one may be probed beside those that are
	due     bool        // it has been, and there was none
}

type probing struct {
	path paths.Found
	stop context.CancelFunc
}

// probed is what has become of a probe.
type probed struct {
	path   paths.Found
	outlet *outlet
	err    error
}

const (
	probeTime  = time.Second            // the first, and twice as long each time: the path may be that slow
	probePause = 100 * time.Millisecond // until one that was silent is probed again

	mostProbeTime = 4 * time.Second

	// maxProbes are so many at a time, since each path takes a connection id, of which QUIC
	// has four.
	maxProbes = 2
)

// isHealed reports that the session's own path, which was lost, works again: it was found,
// and packets are answered.
func (t *trial) isHealed(p paths.Found) bool {
	s, now := t.search, t.mover.path.Load()
	return s.urgent && !s.told.Load() && !p.Relayed() && now.kind != PathRelay && p.Remote == now.remote && t.mover.carrier.conn.answered() != s.answered
}

// enqueue puts direct paths before others. No session moves to a relay of the device's: there its
// QUIC knows only those that have come that way.
func (t *trial) enqueue(p paths.Found) {
	s := t.search
	p.Pass, p.Straight = nil, false // how it was found is nothing to a session
	same := func(q paths.Found) bool { return q.Lane == p.Lane && q.Remote == p.Remote }
	if p.Lane.DeviceRelayed || slices.ContainsFunc(s.queue, same) || len(s.queue) >= 2*maxNear {
		return
	}
	if i := slices.IndexFunc(t.running, func(r probing) bool { return same(r.path) }); i >= 0 {
		if p.Lane.AppRelayed { // by another relay now
			t.running[i].stop()
		}
		return
	}
	if p.Relayed() {
		s.queue = append(s.queue, p)
	} else {
		s.queue = slices.Insert(s.queue, 0, p)
	}
	if len(t.running) == 0 || t.due {
		t.probeNext()
	}
}

// probeNext probes the next path that fits, if there is one. One that was never tried does not wait
// for those that have been in vain.
func (t *trial) probeNext() {
	i := t.leastTried(true)
	if t.due = i < 0; t.due {
		return
	}
	if len(t.running) == maxProbes {
		if t.search.tries[t.search.queue[i]] == 0 {
			t.stopMostTried()
		}
		return
	}
	var r *base.Relay
	if t.search.queue[i].Lane.AppRelayed {
		if r = t.negotiation.TakeRelay(); r == nil { // another probe has it
			if i = t.leastTried(false); i < 0 {
				t.next.Reset(probePause)
				return
			}
		}
	}
	t.probe(i, r)
}

// leastTried is the place in the queue of the path whose turn it is, or -1.
func (t *trial) leastTried(relayed bool) int {
	s, next := t.search, -1
	for i, p := range s.queue {
		if p.Relayed() && !(relayed && t.anyPath) {
			continue
		}
		if next < 0 || s.tries[p] < s.tries[s.queue[next]] {
			next = i
		}
	}
	return next
}

func (t *trial) stopMostTried() {
	most := slices.MaxFunc(t.running, func(a, b probing) int { return t.search.tries[a.path] - t.search.tries[b.path] })
	if t.search.tries[most.path] > 0 {
		most.stop()
	}
}

// probe begins with the path in a place of the queue, over r if it starts at a relay of ours.
func (t *trial) probe(i int, r *base.Relay) {
	s := t.search
	p := s.queue[i]
	s.queue = slices.Delete(s.queue, i, i+1)
	o := t.mover.carrier.lead(p, r)
	ctx, cancel := context.WithTimeout(t.ctx, min(probeTime<<s.tries[p], mostProbeTime))
	t.running = append(t.running, probing{p, cancel})
	t.mover.workers.Go(func() {
		defer cancel()
		err := error(ErrInternal)
		defer func() { t.results <- probed{p, o, err} }() // has room for all
		err = t.mover.carrier.probe(ctx, o)
	})
	if s.urgent && p.Remote == t.mover.path.Load().remote {
		t.next.Reset(0) // it is the one that was lost
	} else {
		t.next.Reset(dialStagger)
	}
}

// settle moves to a path that has answered, or makes it wait for its next turn. It reports
// whether the session has moved.
func (t *trial) settle(r probed) bool {
	t.running = slices.DeleteFunc(t.running, func(p probing) bool { return p.path == r.path })
	if r.err == nil {
		var left *base.Relay
		if left, r.err = t.mover.carrier.move(r.outlet); left != nil {
			t.mover.leave(left)
		}
	}
	if r.err == nil {
		t.mover.moved(r.path)
		return true
	}
	t.mover.log.Debug("the session stays on its path", "remote", r.path.Remote, "error", r.err)
	if left := r.outlet.rest(); left != nil {
		t.negotiation.GiveBack(left)
	}
	t.search.tries[r.path]++
	t.search.queue = append(t.search.queue, r.path)
	if next := t.leastTried(true); next >= 0 && t.search.tries[t.search.queue[next]] == 0 {
		t.next.Reset(0)
	} else {
		t.next.Reset(probePause)
	}
	return false
}

// healed ends a search that has no move to show for it, which is how the device sees its end.
func (t *trial) healed() bool {
	settle(t.mover.control)
	return t.over()
}

// over notes that there is a path that carries the session.
func (t *trial) over() bool {
	if t.negotiation != nil {
		t.negotiation.Reached()
	}
	return true
}

// end gives up what is still being probed: the search may go on with it.
func (t *trial) end() {
	t.cancel()
	t.next.Stop()
	for range t.running {
		r := <-t.results
		if left := r.outlet.rest(); left != nil {
			t.negotiation.GiveBack(left)
		}
		t.search.queue = append(t.search.queue, r.path)
	}
}
