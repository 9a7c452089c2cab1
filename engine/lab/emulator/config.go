package emulator

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/trace"
)

// Link describes one direction of a link. The zero value is a perfect wire: no
// delay, no loss, no limit.
type Link struct {
	// Delay is the one-way propagation delay, and the least a packet takes.
	Delay time.Duration
	// Jitter is the most that is added to Delay. The addition wanders between 0
	// and Jitter and keeps the packets in order.
	Jitter time.Duration
	// Reorder is the share (0 to 1) of packets that are held back for ReorderHold,
	// so that those behind them overtake.
	Reorder float64
	// ReorderHold is how long such a packet is held back; 0 means 2 ms.
	ReorderHold time.Duration
	// Loss is the share (0 to 1) of packets lost on the wire, each independently.
	// They have passed the queue by then and have used up their part of Rate.
	Loss float64
	// Rate is in bits of IP packets per second; 0 is unlimited.
	Rate int64
	// Trace is when the wire carries something, instead of Rate. It begins, Offset
	// from its own start, when the link is made or changed.
	Trace  *trace.Trace
	Offset time.Duration
	// Queue and QueueBytes limit what waits for the wire when Rate is set, or Trace,
	// of which the mean rate counts; what does not fit is dropped (drop-tail). The
	// smaller of the two counts if both are set; if neither is, the limit is 100 ms.
	// An idle wire takes any packet.
	Queue      time.Duration
	QueueBytes int
}

const (
	defaultQueue       = 100 * time.Millisecond
	defaultReorderHold = 2 * time.Millisecond
)

// queueLimit is the drop-tail limit in bytes.
func (l Link) queueLimit() float64 {
	inTime := func(d time.Duration) float64 { return d.Seconds() * l.rate() / 8 }
	switch {
	case l.Queue > 0 && l.QueueBytes > 0:
		return min(inTime(l.Queue), float64(l.QueueBytes))
	case l.QueueBytes > 0:
		return float64(l.QueueBytes)
	case l.Queue > 0:
		return inTime(l.Queue)
	}
	return inTime(defaultQueue)
}

// rate is the mean in bits per second; 0 is unlimited.
func (l Link) rate() float64 {
	if l.Trace != nil {
		return l.Trace.Rate()
	}
	return float64(l.Rate)
}

// Counters say what became of the packets of one direction since Attach.
type Counters struct {
	Packets  uint64 // came out at the far end
	Bytes    uint64 // of those packets, IP headers included
	Lost     uint64 // by Link.Loss
	Overflow uint64 // the queue was full
	Blocked  uint64 // by Block or BlockUDP
	Unrouted uint64 // no port has the destination address (up links only)
}

// Dropped is the number of packets that did not come out.
func (c Counters) Dropped() uint64 { return c.Lost + c.Overflow + c.Blocked + c.Unrouted }
