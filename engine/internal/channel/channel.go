// Package channel moves the bytes of a session's channels between callers, who
// have timeouts, and QUIC streams, which have none to speak of.
package channel

import "github.com/thingp2p/libthingp2p/engine/panics"

// Stream is one of the two directions' byte streams under a channel, as QUIC
// gives it.
type Stream interface {
	SendStream
	ReceiveStream
}

// pair is what a channel needs of it: see Streams.
type pair interface {
	sendStreams
	ReceiveStream
}

// Channel is one of a session's eight: a bounded queue in each direction
// between the callers and a QUIC stream. The two know nothing of each other.
//
//	Send ─► sendHalf: queue ─► write ─► stream ─► receiveHalf: receive ─► queue ─► Read
//
// The goroutines exist only while they are needed: write while something is
// queued; receive once a reader does not want to wait, or the session ends.
// Until then a sender hands what the stream takes at once to the stream itself,
// and a reader takes its bytes from it.
type Channel struct {
	sendHalf
	receiveHalf
	workers panics.Group // of both
}

// New makes a channel; progress is called when bytes have moved.
func New(s pair, sendLimit int, progress func(), guard panics.Guard) *Channel {
	c := &Channel{workers: panics.Group{Guard: guard}}
	c.sendHalf.init(s, sendLimit, progress, &c.workers)
	c.receiveHalf.init(s, progress, &c.workers)
	return c
}

// Refuse ends all calls: senders get reason at once, readers when they have
// read what is queued, unless the reason is codes.ErrClosedLocal.
func (c *Channel) Refuse(reason error) {
	c.sendHalf.refuse(reason)
	c.receiveHalf.refuse(reason)
}

// RefuseReading ends all calls that read.
func (c *Channel) RefuseReading(reason error) { c.receiveHalf.refuse(reason) }

// Wait returns once no goroutine of the channel runs; the stream must have
// ended.
func (c *Channel) Wait() {
	c.takeAll()
	c.workers.Wait()
}
