package channel

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// ReceiveStream is a QUIC stream of which this side is the receiver.
type ReceiveStream interface {
	Read(p []byte) (int, error)
	Peek(p []byte) (int, error)
	SetReadDeadline(time.Time) error
}

// watchable is a stream that says whether there are bytes and takes none, such as one of the project's own QUIC.
type watchable interface {
	HasBytes() (has, ok bool) // not ok: it cannot tell
}

// tryReader is a stream that gives what has arrived without waiting: 0 bytes if
// there are none, or if there is an error to tell. It is not ok if the stream
// cannot, such as one of QUIC as it is.
type tryReader interface {
	TryRead(p []byte) (n int, ok bool)
}

const (
	recvLimit = 256 << 10 // bytes queued for readers before QUIC's flow control holds the sender

	// firstLook is how long a Read that must not wait may look for what has arrived
	// at the stream, the first time that there is nothing.
	firstLook = time.Millisecond
)

// receiveHalf is what a channel receives. Its state is who reads from the stream,
// and only he does:
//
//	          a Read that may wait               receive is started
//	nobody ◄────────────────────────► caller ─────────────────────────► leaving
//	   │      bytes, or its time is up   │                                 │
//	   │                                 │ the stream ends                 │ bytes, an error,
//	   │ receive is started              ▼                                 │ or its time is up
//	   │                               ended ◄──────── receiving ◄─────────┘
//	   │                                  the stream ends  ▲
//	   └───────────────────────────────────────────────────┘
//
// receive, which fills the queue, is started by a Read that must not wait and a
// stream that cannot tell at once what it has, and by the session's end.
type receiveHalf struct {
	stream   ReceiveStream
	progress func()
	workers  *panics.Group

	Received atomic.Uint64
	Arrived  func() // called, with locks held, when bytes may be there; nil: nobody needs it

	mu        sync.Mutex
	queue     fifo
	reader    reader        // the state
	readUntil time.Time     // the caller's deadline, or zero
	readTimer *time.Timer   // made with the first deadline
	expired   bool          // the stream's deadline has been set to the past
	draining  bool          // takes all there is, since the session ends; the stream's deadline is that
	complete  bool          // by the peer's word: nothing of the stream is missing
	until     time.Time     // of ReadByDeadline; zero: none
	refused   error         // what readers get after the last byte; nil: the session goes on
	data      waitlist.List // readers that wait for bytes, and receive for the caller
	room      waitlist.List // receive, when the queue is full
}

// reader is who reads from a stream.
type reader int

const (
	nobody    reader = iota
	caller           // straight into his buffer
	leaving          // the caller, whom receive waits for
	receiving        // receive
	ended            // nobody any more: all has been read
)

func (r *receiveHalf) init(stream ReceiveStream, progress func(), workers *panics.Group) {
	r.stream, r.progress, r.workers = stream, progress, workers
}

// Read returns what is queued, or else reads from the stream straight into p.
func (r *receiveHalf) Read(p []byte, timeout time.Duration) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if timeout == 0 && r.reader != receiving && r.reader != leaving && r.refused == nil && r.queue.size == 0 {
		n, ok := r.tryStream(p)
		if !ok {
			n = r.look(p)
		}
		if n > 0 {
			return n, nil
		}
	}
	return r.read(p, timeout, nil)
}

// read is Read that may wait. A deadline that can move is looked at again after each
// wait. It needs the lock.
func (r *receiveHalf) read(p []byte, timeout time.Duration, movable *time.Time) (int, error) {
	deadline, late := time.Time{}, timeout == 0
	for {
		if movable != nil {
			deadline = *movable
			late = hasPassed(deadline)
		}
		if r.refused == codes.ErrClosedLocal {
			return 0, r.refused
		}
		if n := r.readQueue(p); n > 0 {
			return n, nil
		}
		if r.refused != nil && r.reader == ended {
			return 0, r.refused
		}
		if late {
			return 0, codes.ErrTimeout
		}
		if timeout > 0 && deadline.IsZero() {
			deadline = waitlist.Deadline(timeout)
		}
		if r.reader != nobody {
			late = !r.data.Wait(&r.mu, deadline)
			continue
		}
		if n := r.readStream(p, deadline); n > 0 {
			r.Received.Add(uint64(n))
			return n, nil
		}
		late = hasPassed(deadline)
	}
}

// Readable reports whether Read would return bytes at once. It takes none. If the stream
// cannot tell, receive brings what it has into the queue.
func (r *receiveHalf) Readable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == codes.ErrClosedLocal {
		return false
	}
	if r.queue.size > 0 || r.reader != nobody && r.reader != caller {
		return r.queue.size > 0
	}
	if w, ok := r.stream.(watchable); ok {
		if has, ok := w.HasBytes(); ok {
			return has
		}
	}
	r.startReceive()
	return false
}

// tryStream takes what has arrived, if the stream can tell without waiting. It
// needs the lock.
func (r *receiveHalf) tryStream(p []byte) (n int, ok bool) {
	try, ok := r.stream.(tryReader)
	if !ok || r.reader != nobody {
		return 0, ok
	}
	r.allowReading()
	if n, ok = try.TryRead(p); n > 0 {
		r.progress()
		r.Received.Add(uint64(n))
	}
	return n, ok
}

// look is tryStream for other streams. The caller reads by himself, and need not wait
// until a goroutine gets a processor; then receive does, since who must not wait
// cannot wait at the stream. It needs the lock, and gives it away meanwhile.
func (r *receiveHalf) look(p []byte) int {
	n := 0
	if r.reader == nobody {
		n = r.readStream(p, time.Now().Add(firstLook))
		r.Received.Add(uint64(n))
	}
	if n == 0 {
		r.startReceive()
	}
	return n
}

// readQueue needs the lock.
func (r *receiveHalf) readQueue(p []byte) int {
	n := r.queue.read(p)
	if n > 0 {
		r.Received.Add(uint64(n))
		if r.queue.size < recvLimit {
			r.room.Notify()
		}
	}
	return n
}

// readStream reads from the stream for one caller; nobody may be reading. It
// needs the lock, and gives it away while it waits.
func (r *receiveHalf) readStream(p []byte, deadline time.Time) (n int) {
	var err error
	r.reader, r.readUntil = caller, deadline
	defer func() { r.finishReading(err) }()
	r.allowReading()
	switch {
	case deadline.IsZero():
	case r.readTimer == nil:
		r.readTimer = r.workers.After(time.Until(deadline), r.expire)
	default:
		r.readTimer.Reset(time.Until(deadline))
	}
	waitlist.Unlocked(&r.mu, func() {
		if n, err = r.stream.Read(p); n > 0 {
			r.progress()
		}
	})
	return n
}

// finishReading lets others read from the stream. It needs the lock.
func (r *receiveHalf) finishReading(err error) {
	if r.readTimer != nil {
		r.readTimer.Stop()
	}
	switch {
	case r.reader == leaving:
		r.reader = receiving // it finds the same error
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		r.reader, r.complete = ended, err == io.EOF
	default:
		r.reader = nobody
	}
	r.data.Notify()
}

// expire ends a reader's wait. A deadline in the past is all that the stream is
// ever told: with one in the future it would make a timer for each read.
func (r *receiveHalf) expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if (r.reader == caller || r.reader == leaving) && !r.draining && hasPassed(r.readUntil) {
		r.wakeReader()
	}
}

// wakeReader needs the lock.
func (r *receiveHalf) wakeReader() {
	r.expired = true
	r.stream.SetReadDeadline(waitlist.Past())
}

// allowReading undoes wakeReader. It needs the lock.
func (r *receiveHalf) allowReading() {
	if r.expired && !r.draining {
		r.stream.SetReadDeadline(time.Time{})
	}
	r.expired = false
}

// startReceive makes receive read from the stream from now on, unless it does, or
// nobody has to any more. It needs the lock.
func (r *receiveHalf) startReceive() {
	switch r.reader {
	case nobody:
		r.reader = receiving
	case caller:
		r.reader = leaving
	default:
		return
	}
	r.workers.Go(r.receive)
}

// receive brings what the stream has into the queue until the stream ends.
func (r *receiveHalf) receive() {
	var err error
	defer func() { r.finishReceiving(err) }()
	r.takeOver()
	var first [1]byte
	for {
		// Peek holds no buffer while nothing comes.
		if _, err = r.stream.Peek(first[:]); err != nil {
			return
		}
		buffer := newChunk(largeChunk)
		var n int
		n, err = r.stream.Read(buffer.bytes)
		buffer.end = n
		r.progress()
		r.keep(buffer)
		if err != nil {
			return
		}
	}
}

// takeOver waits for the caller that reads from the stream.
func (r *receiveHalf) takeOver() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.reader == leaving {
		r.data.Wait(&r.mu, time.Time{})
	}
	r.allowReading()
}

// keep queues what was read, and returns once there is room for more.
func (r *receiveHalf) keep(buffer chunk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enqueue(buffer)
	for r.queue.size >= recvLimit && !r.draining {
		r.room.Wait(&r.mu, time.Time{})
	}
}

// finishReceiving says that no more comes, and why.
func (r *receiveHalf) finishReceiving(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reader, r.complete = ended, err == io.EOF
	r.data.Notify()
}

// enqueue needs the lock.
func (r *receiveHalf) enqueue(buffer chunk) {
	switch n := buffer.end; {
	case n == 0:
		buffer.release()
	case n <= smallChunk/2: // a short message must not hold a large chunk
		r.queue.write(buffer.bytes[:n])
		buffer.release()
	default:
		r.queue.push(buffer)
	}
	r.data.Notify()
	if r.Arrived != nil {
		r.Arrived()
	}
}

// refuse gives readers the reason, the first one if there are several, when they
// have read what has arrived; codes.ErrClosedLocal at once, and before all others.
func (r *receiveHalf) refuse(reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == nil || reason == codes.ErrClosedLocal {
		r.refused = reason
	}
	if reason == codes.ErrClosedLocal {
		r.wakeReader()
	} else {
		r.startReceive() // what has arrived unread comes before the reason
	}
	r.data.Notify()
}

// Drain brings into memory all that has arrived, and what still comes until
// the stream ends or the deadline passes: what has arrived can be read after
// the session has ended. The amount is bounded by QUIC's flow control window.
func (r *receiveHalf) Drain(deadline time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	r.stream.SetReadDeadline(deadline)
	r.startReceive()
	r.room.Notify()
}

// takeAll lets receive go on, however much is queued.
func (r *receiveHalf) takeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	r.room.Notify()
}

// WaitDrained returns once nobody reads from the stream any more.
func (r *receiveHalf) WaitDrained() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.reader != ended {
		r.data.Wait(&r.mu, time.Time{})
	}
}
