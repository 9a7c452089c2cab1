package congestion

import "time"

// pacer spaces packets (BBR, section 5.6.2): due is when the next one may leave.
// What a sender did not use it may catch up with in a small burst.
type pacer struct{ due instant }

func (p *pacer) ready(now instant) bool { return now >= p.due }

func (p *pacer) sent(now instant, bytes, rate, burst float64) {
	earliest := now.add(-duration((burst - bytes) / rate))
	p.due = max(p.due, earliest).add(duration(bytes / rate))
}

// next is when to send next: late enough that a packet, or a millisecond's worth
// of packets for one system call, may go together.
func (p *pacer) next(rate, datagram float64) instant {
	gap := duration(datagram / max(rate, 1))
	return p.due.add(max(0, quantum-gap))
}

const (
	quantum      = time.Millisecond // BBR, section 5.6.3: send_quantum
	burstPackets = 2                // 5 ms at 4 Mbit/s: more is felt by a command
	burstTime    = 2 * time.Millisecond
)

// burst is what may leave at once, in bytes.
func (c *Controller) burst() float64 {
	return max(burstPackets*c.datagram, c.pace*seconds(burstTime))
}

// pacingRate is in byte/s; 0 before anything is known, and then only the window
// limits.
func (c *Controller) pacingRate() float64 {
	rate := c.estimate()
	if c.competing() {
		return c.rivalRate()
	}
	if rate == 0 || c.state == startup && c.full.rounds == 0 {
		// BBR, section 5.6.2: before the first estimate the initial window goes in
		// a round trip.
		if c.minRTT() == 0 {
			return 0
		}
		rate = max(rate, initialWindow*c.datagram/seconds(c.minRTT()))
	}
	return c.gain * rate * c.compensation()
}

// unknownRTT is taken for a round trip before one is known (RFC 9002, section 6.2.2).
const unknownRTT = 333 * time.Millisecond

// leastPace is what no estimate goes below, in byte/s: two packets in a round trip (RFC 9002, section 7.2), or in unknownRTT if
// that is longer. Where nearly all ACKs get lost, or the application sends next to nothing, all samples are too low. A link
// that carries less is held by the window.
func (c *Controller) leastPace() float64 {
	return 2 * c.datagram / seconds(max(c.minRTT(), unknownRTT))
}

// Below tinyRTT a window of a few packets would leave the sender waiting for
// threads; batches of packets for one system call make the speed.
const (
	tinyRTT     = 2 * time.Millisecond
	floorWindow = 256 // packets
)

// floor is the least window on a path of tiny round-trip time: what the path
// carries in 10 ms, at most 256 packets.
func (c *Controller) floor() float64 {
	if c.minRTT() == 0 || c.minRTT() >= tinyRTT || c.state == probeRTT {
		return 4 * c.datagram
	}
	most := floorWindow * c.datagram
	if c.state == startup {
		return most
	}
	return min(most, c.estimate()*0.010)
}

// unpaced tells that the floor is all there is.
func (c *Controller) unpaced() bool {
	return c.pace == 0 ||
		c.minRTT() < tinyRTT && c.floor() >= floorWindow*c.datagram && c.queueDelay() < 10*time.Millisecond
}
