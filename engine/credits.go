package engine

import (
	"bytes"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
)

// credits is what the peer has to be told of them: how many messages, for each channel.
type credits struct {
	mu      sync.Mutex
	due     [Channels]int
	telling bool
}

// giveCredit tells the peer what streams its channel may have. One tells at a time, and for all others: the peer's flow
// control may hold him.
func (s *Session) giveCredit(number int) {
	more := s.frameReceiver(number).Credits()
	c := &s.credits
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due[number] += more
	if c.telling {
		return
	}
	c.telling = true
	for signals := c.take(); len(signals) > 0; signals = c.take() {
		waitlist.Unlocked(&c.mu, func() { s.control.Write(signals) })
	}
	c.telling = false
}

// take needs the lock.
func (c *credits) take() (signals []byte) {
	for number, due := range c.due {
		signals = append(signals, bytes.Repeat([]byte{signalCredit + byte(number)}, due)...)
	}
	c.due = [Channels]int{}
	return signals
}
