package engine

import (
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/ready"
	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
)

// Accept returns the next session: of those that live the oldest, and if none
// does, one that has ended, from which can be read what had arrived. A negative
// timeout waits for ever, 0 not at all. The errors are ErrTimeout and, once the
// device is closed, ErrListenBreak.
func (d *Device) Accept(timeout time.Duration) (*Session, error) {
	defer d.watched.Recheck()
	d.mu.Lock()
	defer d.mu.Unlock()
	deadline := waitlist.Deadline(timeout)
	for {
		if d.closed {
			return nil, ErrListenBreak
		}
		if len(d.backlog) > 0 {
			next := max(0, slices.IndexFunc(d.backlog, d.lives))
			s := d.backlog[next]
			d.backlog = slices.Delete(d.backlog, next, next+1)
			return s, nil
		}
		if timeout == 0 {
			return nil, ErrTimeout
		}
		if !d.arrived.Wait(&d.mu, deadline) {
			timeout = 0 // one last look
		}
	}
}

// lives reports whether a session is usable; it needs the lock.
func (d *Device) lives(s *Session) bool { return d.sessions[s] != nil && s.Check() == nil }

// reserve makes room for the session of an admission, for as long as that lasts.
func (d *Device) reserve(a *admission, traceID string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.isFull(a.appID, noAttempt) || !d.roomToAccept() {
		return false
	}
	a.reserved, a.traceID = true, traceID
	return true
}

// reserved are sessions about to be; it needs the lock.
func (d *Device) reserved() (all int) {
	for _, a := range d.admissions.all {
		if a.reserved {
			all++
		}
	}
	return all
}

// noAttempt is no trace id: it is not visible.
const noAttempt = "\n"

// isFull reports whether the device has no session left for an attempt of an app:
// one app shall not have all of them. What the attempt has itself does not count: an
// offer may come while a shorter way lets it in. It needs the lock.
func (d *Device) isFull(appID, attempt string) bool {
	all, own := 0, 0
	count := func(of, traceID string) {
		if of == appID && traceID == attempt {
			return
		}
		all++
		if of == appID {
			own++
		}
	}
	for _, f := range d.sessions {
		count(f.peer.AppID, f.peer.TraceID)
	}
	for _, a := range d.admissions.all {
		if a.reserved {
			count(a.appID, a.traceID)
		}
	}
	return all >= d.config.MaxSessions || own >= d.config.MaxSessionsPerApp
}

// roomToAccept reports whether the backlog can take one more than is reserved. The
// dead make room for the living. It needs the lock.
func (d *Device) roomToAccept() bool {
	if len(d.backlog)+d.reserved() < d.config.AcceptBacklog {
		return true
	}
	dead := slices.IndexFunc(d.backlog, func(s *Session) bool { return !d.lives(s) })
	if dead < 0 {
		return false
	}
	d.backlog = slices.Delete(d.backlog, dead, dead+1)
	return true
}

// enter turns a reservation into a session that Accept returns, in one step: its end,
// which takes it out again, may come at once. It fails if the device has closed, or the
// app was unpaired, since.
func (d *Device) enter(a *admission, control channel.Stream, about about, f *follower) (s *Session, entered bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.reserved = false
	s = newSession(a.conn, control, about, d.config, f, d.forget)
	if d.closed || a.revoked {
		return s, false
	}
	d.sessions[s] = f
	d.backlog = append(d.backlog, s)
	d.arrived.Notify()
	d.watched.Changed(ready.Accept)
	return s, true
}

func (d *Device) forget(s *Session) {
	code := CodeOf(s.Check())
	d.reports.with(s.about.traceID, s.about.peer.AppID).Close(code)
	if code == ErrClosedRemote && s.farewell.Load() { // an app that gives up one connection may look for another
		d.negotiations.end(s.about.peer.AppID, s.about.traceID, lateOffers)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, s) // but it stays in the backlog: what it received can be read
}

// follower returns that of the session with that app and trace id, or nil.
func (d *Device) follower(appID, traceID string) *follower {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.sessions {
		if f.peer.AppID == appID && f.peer.TraceID == traceID {
			return f
		}
	}
	return nil
}
