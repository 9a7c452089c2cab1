// Package channel moves the bytes of a session's channels between callers, who
// have timeouts, and QUIC streams, which have none to speak of.
package channel

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Stream is one of the two directions' byte streams under a channel, as QUIC
// gives it.
type Stream interface {
	Read(p []byte) (int, error)
	Peek(p []byte) (int, error)
	Write(p []byte) (int, error)
	Close() error // ends the sending direction
	SetReadDeadline(time.Time) error
}

// tryWriter is a stream that can take a few bytes without waiting: all of them
// or none. QUIC as it is has no such streams.
type tryWriter interface{ TryWrite(p []byte) bool }

// tryReader is a stream that gives what has arrived without waiting: 0 bytes if
// there are none, or if there is an error to tell. It is not ok if the stream
// cannot, such as one of QUIC as it is.
type tryReader interface {
	TryRead(p []byte) (n int, ok bool)
}

// Channel is one of a session's eight: a bounded queue in each direction
// between the callers and a QUIC stream.
//
//	Send ─► sendQueue ─► write ─► stream ─► receive ─► recvQueue ─► Read
//
// The goroutines exist only while they are needed: write while something is
// queued; receive once a reader does not want to wait, or the session ends.
// Until then a sender hands what the stream takes at once to the stream itself,
// and a reader takes its bytes from it.
type Channel struct {
	stream    Stream
	try       tryWriter  // the stream, if it can
	sendLimit int        // bytes
	PathTakes func() int // bytes that the path takes in a short time; nil: any number
	progress  func()     // called when bytes have moved

	Sent, Received atomic.Uint64

	mu      sync.Mutex
	workers panics.Group

	sendQueue fifo
	writer    func()        // write, bound to workers
	writing   bool          // it runs
	space     waitlist.List // senders that wait for room, and flush
	sendErr   error         // no more can be sent

	recvQueue fifo
	reading   bool          // a reader reads from the stream by itself
	readUntil time.Time     // its deadline, or zero
	readTimer *time.Timer   // made with the first deadline
	expired   bool          // the stream's deadline has been set to the past
	receiving bool          // receive was started: nobody else reads from the stream
	draining  bool          // takes all there is, since the session ends
	drained   bool          // the stream has ended
	data      waitlist.List // readers that wait for bytes, and receive for the reader
	room      waitlist.List // receive, when the queue is full
	recvErr   error         // what readers get after the last byte
}

const (
	recvLimit = 256 << 10 // bytes queued for readers before QUIC's flow control holds the sender

	// firstLook is how long a Read that must not wait may look for what has arrived
	// at the stream, the first time that there is nothing.
	firstLook = time.Millisecond
)

func New(s Stream, sendLimit int, progress func(), guard panics.Guard) *Channel {
	c := &Channel{stream: s, sendLimit: sendLimit, progress: progress, workers: panics.Group{Guard: guard}}
	c.try, _ = s.(tryWriter)
	c.writer = c.workers.Bind(c.write)
	return c
}

func (c *Channel) Send(p []byte, timeout time.Duration) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sendErr == nil && !c.writing && c.try != nil && c.try.TryWrite(p) {
		c.progress()
		c.Sent.Add(uint64(len(p)))
		return len(p), nil
	}
	taken := 0
	var deadline time.Time
	for {
		if c.sendErr != nil {
			if taken > 0 {
				return taken, nil
			}
			return 0, c.sendErr
		}
		if n := min(c.limit()-c.sendQueue.size, len(p)-taken); n > 0 {
			c.sendQueue.write(p[taken : taken+n])
			c.Sent.Add(uint64(n))
			taken += n
			if !c.writing {
				c.writing = true
				c.workers.Start(c.writer)
			}
		}
		if taken == len(p) {
			return taken, nil
		}
		if timeout == 0 {
			if taken > 0 {
				return taken, nil
			}
			return 0, codes.ErrTimeout
		}
		if timeout > 0 && deadline.IsZero() {
			deadline = waitlist.Deadline(timeout)
		}
		if !c.space.Wait(&c.mu, deadline) {
			timeout = 0
		}
	}
}

// limit is how much may be queued: what is old when it leaves is of no use to a
// camera, and it knows better what to leave out.
func (c *Channel) limit() int {
	if c.PathTakes == nil {
		return c.sendLimit
	}
	return min(c.sendLimit, c.PathTakes())
}

// write hands the send queue to the stream until it is empty.
func (c *Channel) write() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.sendQueue.size > 0 {
		front := c.sendQueue.front()
		var n int
		var err error
		waitlist.Unlocked(&c.mu, func() {
			c.progress()
			n, err = c.stream.Write(front)
		})
		c.sendQueue.consume(n)
		if err != nil {
			// The session knows why, and tells the callers.
			c.sendQueue.discard()
		}
		c.space.Notify()
	}
	c.writing = false
}

// Flush waits until the send queue is with QUIC, then ends the stream.
func (c *Channel) Flush(deadline time.Time) {
	c.mu.Lock()
	for c.writing && c.space.Wait(&c.mu, deadline) {
	}
	flushed := !c.writing
	c.mu.Unlock()
	if flushed {
		c.stream.Close()
	}
}

// Refuse ends all calls: senders get reason at once, readers when they have
// read what is queued, unless the reason is codes.ErrClosedLocal.
func (c *Channel) Refuse(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sendErr == nil {
		c.sendErr = reason
	}
	if c.recvErr == nil || reason == codes.ErrClosedLocal {
		c.recvErr = reason
	}
	if reason == codes.ErrClosedLocal {
		c.wakeReader()
	} else if !c.receiving {
		c.startReceive() // what has arrived unread comes before the reason
	}
	c.space.Notify()
	c.data.Notify()
}

// Wait returns once no goroutine of the channel runs; the stream must have
// ended.
func (c *Channel) Wait() {
	c.mu.Lock()
	c.draining = true
	c.room.Notify()
	c.mu.Unlock()
	c.workers.Wait()
}
