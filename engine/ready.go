package engine

import "time"

// WhenReadable is for a caller of Read that must not be held up, not even for a
// moment, and must not cost a goroutine while it waits. It calls ready in a
// goroutine of its own, once: when Read with a timeout of 0 would return
// something else than ErrTimeout, or the deadline passes; the zero deadline never
// does. It may be too early, since others read as well: then try again.
func (s *Session) WhenReadable(channel int, deadline time.Time, ready func()) {
	if channel < 0 || channel >= Channels {
		s.guard.Go(ready)
		return
	}
	s.channels[channel].whenReadable(deadline, ready)
}

// WhenWritable is the same for Send.
func (s *Session) WhenWritable(channel int, deadline time.Time, ready func()) {
	if channel < 0 || channel >= Channels {
		s.guard.Go(ready)
		return
	}
	s.channels[channel].whenWritable(deadline, ready)
}

func (c *channel) whenReadable(deadline time.Time, ready func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recvErr == ErrClosedLocal || c.recvQueue.size > 0 || c.recvErr != nil && c.drained {
		c.workers.Guard.Go(ready)
		return
	}
	c.data.tell(&c.mu, c.workers.Guard, deadline, ready)
	c.watchStream()
}

// watchStream makes sure that the readers in the list are woken once there is
// something to read. It needs the lock.
func (c *channel) watchStream() {
	if c.watched || c.reading || c.receiving || c.drained {
		return
	}
	try, ok := c.stream.(tryReader)
	if ok {
		c.watched = true
		ok = try.WhenReadable(c.streamReadable)
	}
	if !ok {
		c.watched = false
		c.startReceive()
	}
}

func (c *channel) streamReadable() {
	defer c.workers.Recover()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched = false
	c.data.notify()
}

func (c *channel) whenWritable(deadline time.Time, ready func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sendErr != nil || c.sendQueue.size < c.limit() {
		c.workers.Guard.Go(ready)
		return
	}
	c.space.tell(&c.mu, c.workers.Guard, deadline, ready)
}
