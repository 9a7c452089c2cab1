package engine

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/ready"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Poller waits for any number of sessions and devices at once. It is for C, which has no goroutines to spare: in Go, those
// are simpler. All methods may be called from any goroutine.
type Poller struct{ set *ready.Set }

// Events is a set of what a Poller tells.
type Events = ready.Events

// What a Poller tells. The first four, as long as they are so: each Wait tells them again. The others, once for each time
// that they happen, or for several in a row. Online and Rate are also told at first, if they are known by then.
const (
	EventReadable = ready.Readable // a channel has bytes or a whole frame
	EventWritable = ready.Writable // a channel's send buffer has room
	EventAccept   = ready.Accept   // a device has a session to accept
	EventClosed   = ready.Closed   // a session has ended, and nothing more comes; Code says why
	EventPath     = ready.Path     // a session has moved to another path
	EventOnline   = ready.Online   // a device's connection to its server has come or gone; Code is OK, or says why not
	EventPaired   = ready.Paired   // a device's pairings have changed
	EventRate     = ready.Rate     // Session.FrameRate has changed by a tenth since this was told
	allEvents     = ready.All
)

// Event is what is so with a session or a device, which Tag names: bits n of Readable and Writable are channel n.
type Event = ready.Event

// Watched is a *Session or a *Device.
type Watched interface{ source() *ready.Source }

func (s *Session) source() *ready.Source { return &s.watched }

func (d *Device) source() *ready.Source { return &d.watched }

// NewPoller makes a Poller that watches nothing yet.
func NewPoller() *Poller { return &Poller{ready.NewSet(panics.Guard{})} }

// Watch says which events of a session or a device, and on which channels, Wait tells from now on; no events: it is not
// watched any more. What Close was called on leaves by itself. The errors are ErrInvalidParameter for unknown bits, and
// ErrInvalidSession if Close was called, also on the poller.
func (p *Poller) Watch(what Watched, tag int32, events Events, channels uint32) error {
	if events&^allEvents != 0 || channels>>Channels != 0 {
		return ErrInvalidParameter
	}
	return p.set.Watch(what.source(), tag, events, channels)
}

// Wait waits for events, and returns how many it has put into the list, which must not be empty; 0: Wake was called. Several
// goroutines that wait at the same time may hear of the same. A negative timeout waits for ever, 0 not at all. The errors
// are ErrTimeout, and ErrClosedLocal once the poller is closed.
func (p *Poller) Wait(events []Event, timeout time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, ErrInvalidParameter
	}
	return p.set.Wait(events, timeout)
}

// Watches is how many sessions and devices are watched.
func (p *Poller) Watches() int { return p.set.Len() }

// Wake makes one Wait return 0: one that waits now, or the next.
func (p *Poller) Wake() error { return p.set.Wake() }

// Descriptor returns a file descriptor that is readable while Wait would return at once, for poll and its like only. It is
// closed with the poller. On Windows there is none, and the error ErrInvalidParameter.
func (p *Poller) Descriptor() (int, error) { return p.set.Descriptor() }

// Close ends the poller, and each Wait. What it watched is not affected.
func (p *Poller) Close() { p.set.Close() }

// Unwatch takes the session out of all pollers for good, as Close does.
func (s *Session) Unwatch() { s.watched.Leave() }

// isReady is what a poller asks a session.
func (s *Session) isReady(wanted Events, channels uint32) (now ready.State) {
	for number := range Channels {
		bit := uint32(1) << number
		if channels&bit == 0 {
			continue
		}
		if wanted&EventReadable != 0 && s.readable(number) {
			now.Readable |= bit
			now.Events |= EventReadable
		}
		if wanted&EventWritable != 0 && s.writable(number) {
			now.Writable |= bit
			now.Events |= EventWritable
		}
	}
	if wanted&EventClosed != 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.over {
			now.Events |= EventClosed
			now.Code = CodeOf(s.reason)
		}
	}
	return now
}

func (s *Session) readable(number int) bool {
	if s.live[number].in.Load() != carriesFrames {
		return s.channels[number].Readable()
	}
	receiver := s.live[number].receiver.Load()
	return receiver != nil && receiver.Readable()
}

func (s *Session) writable(number int) bool {
	if sender := s.live[number].sender.Load(); sender != nil {
		return sender.Writable()
	}
	return s.channels[number].Writable()
}

func (s *Session) bytesArrived() { s.watched.Changed(EventReadable) }

func (s *Session) hasRoom() { s.watched.Changed(EventWritable) }

func (s *Session) hasMoved() {
	s.watch.hasMoved()
	s.watched.Happened(EventPath)
	s.encoder.lookAnew()
}

// isOver says that nothing comes any more: whoever reads gets what is left, or the reason.
func (s *Session) isOver() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.watched.Changed(EventClosed)
}

// isReady is what a poller asks a device.
func (d *Device) isReady(wanted Events, _ uint32) (now ready.State) {
	if wanted&EventAccept != 0 {
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.backlog) > 0 {
			now.Events |= EventAccept
		}
	}
	if wanted&EventOnline != 0 {
		now.Code = Code(d.online.Load())
	}
	return now
}

// isOnline is called when the server is there.
func (d *Device) isOnline() {
	searchAgain(&d.mu, d.sessions)
	d.setOnline(OK)
}

// setOnline notes whether the device is online, or why not.
func (d *Device) setOnline(code Code) {
	if Code(d.online.Swap(int32(code))) != code {
		d.watched.Happened(EventOnline)
	}
}
