package channel

import (
	"errors"
	"os"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
)

// Read returns what is queued, or else reads from the stream straight into p.
func (c *Channel) Read(p []byte, timeout time.Duration) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if timeout == 0 && !c.receiving && c.recvErr == nil && c.recvQueue.size == 0 {
		n, ok := c.tryStream(p)
		if !ok {
			n = c.look(p)
		}
		if n > 0 {
			return n, nil
		}
	}
	deadline, late := time.Time{}, timeout == 0
	for {
		if c.recvErr == codes.ErrClosedLocal {
			return 0, c.recvErr
		}
		if n := c.readQueue(p); n > 0 {
			return n, nil
		}
		if c.recvErr != nil && c.drained {
			return 0, c.recvErr
		}
		if late {
			return 0, codes.ErrTimeout
		}
		if timeout > 0 && deadline.IsZero() {
			deadline = waitlist.Deadline(timeout)
		}
		if c.reading || c.receiving || c.drained {
			late = !c.data.Wait(&c.mu, deadline)
			continue
		}
		if n := c.readStream(p, deadline); n > 0 {
			c.Received.Add(uint64(n))
			return n, nil
		}
		late = !deadline.IsZero() && !time.Now().Before(deadline)
	}
}

// tryStream takes what has arrived, if the stream can tell without waiting. It
// needs the lock.
func (c *Channel) tryStream(p []byte) (n int, ok bool) {
	try, ok := c.stream.(tryReader)
	if !ok || c.reading || c.drained {
		return 0, ok
	}
	c.allowReading()
	if n, ok = try.TryRead(p); n > 0 {
		c.progress()
		c.Received.Add(uint64(n))
	}
	return n, ok
}

// look is tryStream for other streams. The caller reads by himself, and need not wait
// until a goroutine gets a processor; then receive does, since who must not wait
// cannot wait at the stream. It needs the lock, and gives it away meanwhile.
func (c *Channel) look(p []byte) int {
	n := 0
	if !c.reading && !c.drained && c.recvQueue.size == 0 {
		n = c.readStream(p, time.Now().Add(firstLook))
		c.Received.Add(uint64(n))
	}
	if n == 0 && !c.receiving {
		c.startReceive()
	}
	return n
}

// readQueue needs the lock.
func (c *Channel) readQueue(p []byte) int {
	n := c.recvQueue.read(p)
	if n > 0 {
		c.Received.Add(uint64(n))
		if c.recvQueue.size < recvLimit {
			c.room.Notify()
		}
	}
	return n
}

// readStream reads from the stream for one reader; nobody else may meanwhile.
// It needs the lock, and gives it away while it waits.
func (c *Channel) readStream(p []byte, deadline time.Time) (n int) {
	c.reading, c.readUntil = true, deadline
	defer c.finishReading()
	c.allowReading()
	switch {
	case deadline.IsZero():
	case c.readTimer == nil:
		c.readTimer = c.workers.After(time.Until(deadline), c.expire)
	default:
		c.readTimer.Reset(time.Until(deadline))
	}
	var err error
	waitlist.Unlocked(&c.mu, func() {
		if n, err = c.stream.Read(p); n > 0 {
			c.progress()
		}
	})
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.drained = true
	}
	return n
}

// finishReading lets others read from the stream. It needs the lock.
func (c *Channel) finishReading() {
	if c.readTimer != nil {
		c.readTimer.Stop()
	}
	c.reading = false
	c.data.Notify()
}

// expire ends a reader's wait. A deadline in the past is all that the stream is
// ever told: with one in the future it would make a timer for each read.
func (c *Channel) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading && !c.draining && !c.readUntil.IsZero() && !time.Now().Before(c.readUntil) {
		c.wakeReader()
	}
}

// wakeReader needs the lock.
func (c *Channel) wakeReader() {
	c.expired = true
	c.stream.SetReadDeadline(waitlist.Past())
}

// allowReading undoes wakeReader. It needs the lock.
func (c *Channel) allowReading() {
	if c.expired {
		c.expired = false
		c.stream.SetReadDeadline(time.Time{})
	}
}

// startReceive needs the lock.
func (c *Channel) startReceive() {
	c.receiving = true
	c.workers.Go(c.receive)
}

// receive brings what the stream has into the queue until the stream ends.
func (c *Channel) receive() {
	defer c.finishReceiving()
	c.takeOver()
	var first [1]byte
	for {
		// Peek holds no buffer while nothing comes.
		if _, err := c.stream.Peek(first[:]); err != nil {
			return
		}
		buffer := newChunk(largeChunk)
		n, err := c.stream.Read(buffer.bytes)
		buffer.end = n
		c.progress()
		c.keep(buffer)
		if err != nil {
			return
		}
	}
}

// takeOver waits for the reader that reads from the stream.
func (c *Channel) takeOver() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.reading {
		c.data.Wait(&c.mu, time.Time{})
	}
	if c.expired && !c.draining {
		c.stream.SetReadDeadline(time.Time{})
	}
	c.expired = false
}

// keep queues what was read, and returns once there is room for more.
func (c *Channel) keep(buffer chunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enqueue(buffer)
	for c.recvQueue.size >= recvLimit && !c.draining {
		c.room.Wait(&c.mu, time.Time{})
	}
}

// finishReceiving says that no more comes.
func (c *Channel) finishReceiving() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drained = true
	c.data.Notify()
}

// enqueue needs the lock.
func (c *Channel) enqueue(buffer chunk) {
	switch n := buffer.end; {
	case n == 0:
		buffer.release()
	case n <= smallChunk/2: // a short message must not hold a large chunk
		c.recvQueue.write(buffer.bytes[:n])
		buffer.release()
	default:
		c.recvQueue.push(buffer)
	}
	c.data.Notify()
}

// Drain brings into memory all that has arrived, and what still comes until
// the stream ends or the deadline passes: what has arrived can be read after
// the session has ended. The amount is bounded by QUIC's flow control window.
func (c *Channel) Drain(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	c.stream.SetReadDeadline(deadline)
	if !c.receiving {
		c.startReceive()
	}
	c.room.Notify()
}

// WaitDrained returns once receive has ended.
func (c *Channel) WaitDrained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.drained {
		c.data.Wait(&c.mu, time.Time{})
	}
}
