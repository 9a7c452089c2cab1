package engine

import (
	"errors"
	"os"
	"time"
)

// read returns what is queued, or else reads from the stream straight into p.
func (c *channel) read(p []byte, timeout time.Duration) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if timeout == 0 && !c.receiving && c.recvErr == nil {
		if n := c.look(p); n > 0 {
			return n, nil
		}
		// Who must not wait cannot wait at the stream: receive does from now on.
		if !c.receiving {
			c.startReceive()
		}
	}
	deadline, late := time.Time{}, timeout == 0
	for {
		if c.recvErr == ErrClosedLocal {
			return 0, c.recvErr
		}
		if n := c.recvQueue.read(p); n > 0 {
			c.received.Add(uint64(n))
			if c.recvQueue.size < recvLimit {
				c.room.notify()
			}
			return n, nil
		}
		if c.recvErr != nil && c.drained {
			return 0, c.recvErr
		}
		if late {
			return 0, ErrTimeout
		}
		if timeout > 0 && deadline.IsZero() {
			deadline = deadlineAfter(timeout)
		}
		if c.reading || c.receiving || c.drained {
			late = !c.data.wait(&c.mu, deadline)
			continue
		}
		if n := c.readStream(p, deadline); n > 0 {
			c.received.Add(uint64(n))
			return n, nil
		}
		late = !deadline.IsZero() && !time.Now().Before(deadline)
	}
}

// look reads what has arrived at the stream. The caller does it himself, and need not wait until a goroutine gets a
// processor. It needs the lock, and gives it away meanwhile.
func (c *channel) look(p []byte) int {
	if c.reading || c.drained || c.recvQueue.size > 0 {
		return 0
	}
	n := c.readStream(p, time.Now().Add(firstLook))
	c.received.Add(uint64(n))
	return n
}

// readStream reads from the stream for one reader; nobody else may meanwhile.
// It needs the lock, and gives it away while it waits.
func (c *channel) readStream(p []byte, deadline time.Time) int {
	c.reading, c.readUntil = true, deadline
	if c.expired {
		c.expired = false
		c.stream.SetReadDeadline(time.Time{})
	}
	switch {
	case deadline.IsZero():
	case c.readTimer == nil:
		c.readTimer = time.AfterFunc(time.Until(deadline), c.expire)
	default:
		c.readTimer.Reset(time.Until(deadline))
	}
	c.mu.Unlock()
	n, err := c.stream.Read(p)
	if n > 0 {
		c.progress()
	}
	c.mu.Lock()
	if c.readTimer != nil {
		c.readTimer.Stop()
	}
	c.reading = false
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.drained = true
	}
	c.data.notify()
	return n
}

// expire ends a reader's wait. A deadline in the past is all that the stream is
// ever told: with one in the future it would make a timer for each read.
func (c *channel) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading && !c.draining && !c.readUntil.IsZero() && !time.Now().Before(c.readUntil) {
		c.wakeReader()
	}
}

// wakeReader needs the lock.
func (c *channel) wakeReader() {
	c.expired = true
	c.stream.SetReadDeadline(time.Unix(1, 0))
}

// startReceive needs the lock.
func (c *channel) startReceive() {
	c.receiving = true
	c.workers.Go(c.receive)
}

// receive brings what the stream has into the queue until the stream ends.
func (c *channel) receive() {
	c.mu.Lock()
	for c.reading {
		c.data.wait(&c.mu, time.Time{})
	}
	if c.expired && !c.draining {
		c.stream.SetReadDeadline(time.Time{})
	}
	c.expired = false
	c.mu.Unlock()

	var first [1]byte
	for {
		// Peek holds no buffer while nothing comes.
		if _, err := c.stream.Peek(first[:]); err != nil {
			break
		}
		buffer := newChunk(largeChunk)
		n, err := c.stream.Read(buffer.bytes)
		buffer.end = n
		c.progress()
		c.mu.Lock()
		c.enqueue(buffer)
		for c.recvQueue.size >= recvLimit && !c.draining {
			c.room.wait(&c.mu, time.Time{})
		}
		c.mu.Unlock()
		if err != nil {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drained = true
	c.data.notify()
}

// enqueue needs the lock.
func (c *channel) enqueue(buffer chunk) {
	switch n := buffer.end; {
	case n == 0:
		buffer.release()
	case n <= smallChunk/2: // a short message must not hold a large chunk
		c.recvQueue.write(buffer.bytes[:n])
		buffer.release()
	default:
		c.recvQueue.push(buffer)
	}
	c.data.notify()
}

// drain brings into memory all that has arrived, and what still comes until
// the stream ends or the deadline passes: what has arrived can be read after
// the session has ended. The amount is bounded by QUIC's flow control window.
func (c *channel) drain(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	c.stream.SetReadDeadline(deadline)
	if !c.receiving {
		c.startReceive()
	}
	c.room.notify()
}

// waitDrained returns once receive has ended.
func (c *channel) waitDrained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.drained {
		c.data.wait(&c.mu, time.Time{})
	}
}
