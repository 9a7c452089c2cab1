package channel

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// SendStream is a QUIC stream of which this side is the sender.
type SendStream interface {
	Write(p []byte) (int, error)
	Close() error // ends it
	SetWriteDeadline(time.Time) error
}

// sendStreams is what a channel needs of it besides.
type sendStreams interface {
	SendStream
	Opened() bool // whether it is there, or is made at the first Write
}

// tryWriter is a stream that can take a few bytes without waiting: all of them
// or none. QUIC as it is has no such streams.
type tryWriter interface{ TryWrite(p []byte) bool }

// sendHalf is what a channel sends.
//
//	         the stream does not take all at once
//	resting ──────────────────────────────────────► writing
//	   ▲                                               │
//	   └───────────────────────────────────────────────┘
//	         the queue is with the stream, or that has ended
//
// A sender hands its bytes to the stream itself while the half rests, and queues
// them behind others while it writes. Once it has refused, no sender does either;
// what is queued is written all the same.
type sendHalf struct {
	stream    sendStreams
	try       tryWriter  // the stream, if it can
	limit     int        // bytes that may be queued
	PathTakes func() int // bytes that the path takes in a short time; nil: any number
	progress  func()
	workers   *panics.Group

	Sent    atomic.Uint64
	HasRoom func() // called, with locks held, when there may be room; nil: nobody needs it

	mu      sync.Mutex
	queue   fifo
	writer  func()        // write, bound to workers
	writing bool          // the state
	until   time.Time     // of WriteByDeadline; zero: none
	refused error         // nil: not yet
	space   waitlist.List // senders that wait for room, flush and Clear
	taking  int           // bytes that Clear takes back, from the front, as far as they have not left
	dropped int           // bytes, by Clear, so far
}

func (s *sendHalf) init(stream sendStreams, limit int, progress func(), workers *panics.Group) {
	s.stream, s.limit, s.progress, s.workers = stream, limit, progress, workers
	s.try, _ = stream.(tryWriter)
	s.writer = workers.Bind(s.write)
}

func (s *sendHalf) Send(p []byte, timeout time.Duration) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken, err := s.send(p, timeout, nil)
	if taken > 0 {
		err = nil
	}
	return taken, err
}

// send takes all of p, or says why not. A deadline that can move is looked at again
// after each wait. It needs the lock.
func (s *sendHalf) send(p []byte, timeout time.Duration, movable *time.Time) (taken int, err error) {
	if s.refused == nil && !s.writing && s.try != nil && s.try.TryWrite(p) {
		s.progress()
		s.Sent.Add(uint64(len(p)))
		return len(p), nil
	}
	var deadline time.Time
	for {
		if s.refused != nil {
			return taken, s.refused
		}
		if n := min(s.room(), len(p)-taken); n > 0 {
			s.queue.write(p[taken : taken+n])
			s.Sent.Add(uint64(n))
			taken += n
			if !s.writing {
				s.writing = true
				s.workers.Start(s.writer)
			}
		}
		if taken == len(p) {
			return taken, nil
		}
		if movable != nil {
			deadline = *movable
		}
		if timeout == 0 || hasPassed(deadline) {
			return taken, codes.ErrTimeout
		}
		if timeout > 0 && deadline.IsZero() {
			deadline = waitlist.Deadline(timeout)
		}
		if !s.space.Wait(&s.mu, deadline) {
			timeout = 0
		}
	}
}

// room is how much more may be queued: what is old when it leaves is of no use to
// a camera, and it knows better what to leave out.
func (s *sendHalf) room() int {
	limit := s.limit
	if s.PathTakes != nil {
		limit = min(limit, s.PathTakes())
	}
	return limit - s.queue.size
}

// Writable reports whether Send would take bytes at once.
func (s *sendHalf) Writable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused == nil && s.room() > 0
}

// write hands the queue to the stream until it is empty.
func (s *sendHalf) write() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.queue.size > 0 {
		front := s.queue.front()
		var n int
		var err error
		waitlist.Unlocked(&s.mu, func() {
			s.progress()
			n, err = s.stream.Write(front)
		})
		s.queue.consume(n)
		if s.taking > 0 {
			s.stream.SetWriteDeadline(time.Time{})
			s.dropped += s.queue.skip(s.taking - n)
			s.taking = 0
		} else if err != nil {
			// The session knows why, and tells the callers.
			s.queue.discard()
		}
		s.space.Notify()
		if s.HasRoom != nil {
			s.HasRoom()
		}
	}
	s.writing = false
}

// Clear drops what is queued, and of what is being written whatever the stream has not
// taken yet. It returns how many bytes that was.
func (s *sendHalf) Clear() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.writing || s.refused != nil {
		return 0
	}
	before, again := s.dropped, s.taking
	s.taking = s.queue.size
	s.stream.SetWriteDeadline(waitlist.Past())
	if !s.stream.Opened() { // nothing has left; and the peer says when it may be opened
		return s.taking - again
	}
	for s.taking > 0 {
		s.space.Wait(&s.mu, time.Time{})
	}
	return s.dropped - before
}

// Unsent is how many bytes are queued, and how long the oldest of them has been, to a chunk.
func (s *sendHalf) Unsent() (int, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.size == s.taking {
		return 0, 0
	}
	return s.queue.size - s.taking, time.Since(s.queue.chunks[0].since)
}

// Flush waits until the queue is with QUIC, then ends the stream.
func (s *sendHalf) Flush(deadline time.Time) {
	s.mu.Lock()
	for s.writing && s.space.Wait(&s.mu, deadline) {
	}
	flushed := !s.writing
	s.mu.Unlock()
	if flushed {
		s.stream.Close()
	}
}

// refuse gives senders the reason, the first one if there are several.
func (s *sendHalf) refuse(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil {
		s.refused = reason
	}
	s.space.Notify()
}
