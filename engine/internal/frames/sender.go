package frames

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Path is what a sender knows of the way to its receiver.
type Path struct {
	Bandwidth uint64        // bit/s that this channel may have; 0: not known yet
	OneWay    time.Duration // how long a packet takes without any queue
	Back      time.Duration // how long an acknowledgement may take now, of what came without any queue
}

const (
	mostQueued = 256 // frames

	// ackDelay is how long a receiver may wait before it acknowledges (RFC 9000, section
	// 18.2: max_ack_delay).
	ackDelay = 25 * time.Millisecond
)

// Sender is the sending end of a channel that carries frames.
//
//	queue ──► writing ──► flying ──► delivered
//	   └─────────┴──────────┴──────► dropped
//
// One frame is written at a time, in their order. All others wait in the queue, where to
// drop one costs nothing. What is written has not left, if it is small: it waits in QUIC. A frame is dropped with all that need it: those behind it up to
// the next key frame.
type Sender struct {
	channel  byte
	open     func() (Stream, error)
	path     func() Path
	limit    int    // bytes in the queue
	progress func() // bytes are about to move
	workers  panics.Group

	Sent    atomic.Uint64 // bytes that were taken
	HasRoom func()        // called, with locks held, when there may be room; nil: nobody needs it

	mu       sync.Mutex
	queue    []*outgoing
	queued   int // bytes, of what is written too
	writing  *outgoing
	begun    int         // bytes of that which have left
	usurper  *outgoing   // has taken the place of one that was on its way
	flying   []*outgoing // not known to be there, or, without a deadline, to have left
	spare    Stream      // opened for a frame that was dropped meanwhile
	running  bool        // write
	sequence uint64      // of the frame that was taken last
	lastKey  uint64      // of the key frame that was taken last
	ordinal  uint64      // of the stream that was used last
	credit   uint64      // the last that may be used; 0: any
	latest   int         // bytes of the frame that Send was last called with
	broken   bool        // a frame since the last key frame was dropped
	timer    *time.Timer // to drop what is late
	timerAt  time.Time   // zero: it does not run
	refused  error
	over     bool          // the connection has ended
	change   waitlist.List // of queue, running, credit and over
}

// outgoing is a frame on its way.
type outgoing struct {
	room     []byte // headerRoom, then the frame; once it is written, from the header on
	length   int
	key      bool
	sequence uint64
	ordinal  uint64
	taken    time.Time
	deadline time.Time // zero: none
	stream   Stream    // once it is written
	left     bool      // see Sender.hasLeft
	dropped  bool
}

// NewSender makes the sender of a channel. open waits until the peer allows another stream.
func NewSender(channel int, open func() (Stream, error), path func() Path, limit int, progress func(), guard panics.Guard) *Sender {
	return &Sender{channel: byte(channel), open: open, path: path, limit: max(limit, Most), progress: progress, workers: panics.Group{Guard: guard}}
}

// Send takes a frame whole or not at all, and never waits. With a deadline it refuses what
// could not be there in time: ErrTimeout, or ErrKeyFrame if a frame that this one needs has
// been dropped.
func (s *Sender) Send(p []byte, key bool, deadline time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused != nil {
		return s.refused
	}
	s.latest = len(p)
	now := time.Now()
	s.dropLate(now)
	if s.broken && !key {
		return codes.ErrKeyFrame
	}
	f := &outgoing{length: len(p), key: key, taken: now}
	if deadline > 0 {
		f.deadline = now.Add(deadline)
	}
	if err := s.admit(f, deadline); err != nil {
		return err
	}
	f.room = make([]byte, headerRoom+len(p))
	copy(f.room[headerRoom:], p)
	s.sequence++
	f.sequence = s.sequence
	s.queue = append(s.queue, f)
	s.queued += len(p)
	s.Sent.Add(uint64(len(p)))
	if key {
		s.broken, s.lastKey = false, f.sequence
	}
	if !s.running {
		s.running = true
		s.workers.Go(s.write)
	}
	s.watch(now)
	return nil
}

// piece is how much is written at once: so far it is known what has left.
const piece = 4 << 10

// writeOut writes a frame, unless it is dropped.
func (s *Sender) writeOut(f *outgoing) {
	header := len(f.room) - f.length
	for rest := f.room; len(rest) > 0; {
		n, err := f.stream.Write(rest[:min(len(rest), piece)])
		if err != nil {
			return
		}
		rest = rest[n:]
		s.mu.Lock()
		if !f.dropped {
			s.begun = max(0, len(f.room)-len(rest)-header)
		}
		s.mu.Unlock()
	}
	f.stream.Close()
}

// write writes frames until there are none.
func (s *Sender) write() {
	for s.openSpare() {
		f := s.begin()
		if f == nil {
			return
		}
		s.progress()
		s.writeOut(f)
		s.finish(f)
	}
}

// openSpare returns false when no stream can be opened any more.
func (s *Sender) openSpare() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spare != nil {
		return true
	}
	var stream Stream
	var err error
	waitlist.Unlocked(&s.mu, func() { stream, err = s.open() })
	if err != nil {
		s.abandon()
		return false
	}
	s.spare = stream
	return true
}

// begin takes the next frame that can still be in time, or says that write is at its end.
func (s *Sender) begin() *outgoing {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLate(time.Now())
	for len(s.queue) > 0 && s.exhausted() && !s.over {
		s.change.Wait(&s.mu, time.Time{})
		s.dropLate(time.Now())
	}
	if len(s.queue) == 0 || s.over {
		s.running = false
		s.change.Notify()
		return nil
	}
	f := s.queue[0]
	s.queue = append(s.queue[:0], s.queue[1:]...)
	s.ordinal++
	f.ordinal = s.ordinal
	f.stream, s.spare = s.spare, nil
	h := appendHeader(make([]byte, 0, headerRoom), s.channel, f.key, header{f.ordinal, f.sequence - f.ordinal, f.length})
	f.room = f.room[headerRoom-len(h):]
	copy(f.room, h)
	s.writing, s.begun = f, 0
	s.tellRoom()
	return f
}

// finish notes that a frame was written, or dropped meanwhile.
func (s *Sender) finish(f *outgoing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.dropped {
		return
	}
	s.writing, s.begun = nil, 0
	s.queued -= f.length
	f.room = nil
	s.flying = append(s.flying, f)
	s.settle()
	s.tellRoom()
	s.watch(time.Now())
}

// keep is slices.DeleteFunc, the other way round, in order.
func keep(list []*outgoing, wanted func(*outgoing) bool) []*outgoing {
	kept := list[:0]
	for _, f := range list {
		if wanted(f) {
			kept = append(kept, f)
		}
	}
	clear(list[len(kept):])
	return kept
}

// watch sets the timer to when the next frame will be late. It needs the lock.
func (s *Sender) watch(now time.Time) {
	var next time.Time
	consider := func(f *outgoing) {
		if f.deadline.IsZero() {
			return
		}
		if due := s.due(f); next.IsZero() || due.Before(next) {
			next = due
		}
	}
	for _, f := range s.flying {
		consider(f)
	}
	if s.writing != nil {
		consider(s.writing)
	}
	for _, f := range s.queue {
		consider(f)
	}
	switch {
	case next.IsZero() || !s.timerAt.IsZero() && !next.Before(s.timerAt):
		return // it looks again when it runs
	case s.timer == nil:
		s.timer = s.workers.After(next.Sub(now), s.ring)
	default:
		s.timer.Reset(next.Sub(now))
	}
	s.timerAt = next
}

func (s *Sender) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.timerAt = time.Time{}
	s.dropLate(now)
	s.watch(now)
}

// Clear drops what has not left, and returns how many bytes that was.
func (s *Sender) Clear() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropQueued()
}

// Writable reports whether there is room for a frame that is as large as the last one, taken or not.
func (s *Sender) Writable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused == nil && s.queued+s.latest <= s.limit && len(s.queue) < mostQueued
}

// tellRoom is called when less is queued. It needs the lock.
func (s *Sender) tellRoom() {
	s.change.Notify()
	if s.HasRoom != nil {
		s.HasRoom()
	}
}

// Unsent is what Clear would drop, and how long the oldest of it has waited.
func (s *Sender) Unsent() (int, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	leaving, oldest := s.leaving()
	if oldest == nil {
		oldest = s.writing
	}
	if oldest == nil && len(s.queue) > 0 {
		oldest = s.queue[0]
	}
	if oldest == nil {
		return 0, 0
	}
	return leaving + s.queued, time.Since(oldest.taken)
}

// Flush waits until all that was taken is with QUIC, then says that no more comes. It reports
// whether there was anything to say.
func (s *Sender) Flush(deadline time.Time) bool {
	if !s.retire(deadline) || !s.openSpare() {
		return false
	}
	_, err := s.spare.Write(appendEnd(nil, s.channel, s.ordinal+1))
	return err == nil && s.spare.Close() == nil
}

// retire waits until write rests, and takes its place for good.
func (s *Sender) retire(deadline time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running && s.change.Wait(&s.mu, deadline) {
	}
	if s.running || s.ordinal == 0 || s.refused == nil {
		return false
	}
	s.running = true
	return true
}

// Refuse makes Send give the reason, the first one if there are several. What was taken is
// sent all the same.
func (s *Sender) Refuse(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil {
		s.refused = reason
	}
}

// abandon is for when no stream can be opened any more. It needs the lock.
func (s *Sender) abandon() {
	s.queue, s.queued, s.flying, s.running = nil, 0, nil, false
	s.change.Notify()
}

// Wait returns once no goroutine of the sender runs; the connection must have ended.
func (s *Sender) Wait() {
	s.mu.Lock()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.over = true
	s.change.Notify()
	s.mu.Unlock()
	s.workers.Wait()
}
