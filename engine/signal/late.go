package signal

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// A receiver reads nothing that is older than what it may have read before, by the
// times that the sender writes on its messages. These grow, as long as the sender
// runs. When it comes back with a clock that was set back, or one that is behind
// that of a receiver that has just started, they do not: then the receiver says
// after which time it reads again, and the sender makes what follows seem later. So
// a wrong clock costs one repetition, and what was recorded stays unread.

// pace makes the times on messages to one receiver grow (Lamport, "Time, clocks, and
// the ordering of events in a distributed system", 1978).
type pace struct {
	last limit.Map[string, time.Time] // by the receiver's id
}

const maxPaced = 1024

func newPace() pace { return pace{limit.Map[string, time.Time]{Most: maxPaced}} }

// next is the time to write on the next message to somebody.
func (p *pace) next(to string, now time.Time) time.Time {
	last, known := p.last.Get(to)
	if earliest := last.Add(time.Millisecond); known && now.Before(earliest) {
		now = earliest
	}
	p.last.Put(to, now)
	return now
}

// pass makes the next one come after a time.
func (p *pace) pass(to string, after time.Time) {
	if last, known := p.last.Get(to); !known || last.Before(after) {
		p.last.Put(to, after)
	}
}

// timeFor is the time to write on a message to somebody.
func (c *Client) timeFor(to string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pace.next(to, time.Now().Round(0)) // a reading that never goes back would hide a clock that does
}

// sayLate tells the sender of a message that it was too late, in one that is made after it: or that might be too late for
// the sender, and so on for ever.
func (c *Client) sayLate(late *lateError) {
	sender := Device
	if c.cfg.Role == Device {
		sender = App
	}
	c.notBefore(late)
	c.Send(sender, late.from, &Message{Kind: Late, Time: late.after})
}

// notBefore makes what follows to the sender of a message be made after that.
func (c *Client) notBefore(late *lateError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pace.pass(late.from, time.UnixMilli(late.made))
}

// hearLate is what that does, if it comes from whom we deal with.
func (c *Client) hearLate(m *Message) {
	if !c.cfg.Known(m.From) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pace.pass(m.From, time.UnixMilli(m.Time))
}
