package congestion

import "time"

// delivery samples the rate of delivery (BBR, section 4.1.2): what arrived
// between a packet's sending and its acknowledgement, by the longer of the times
// that it took to send and to acknowledge that flight.
type delivery struct {
	total     int64 // bytes delivered
	totalAt   instant
	firstSent instant // of the packet that was acknowledged last
	limitedTo int64   // until so much is delivered, samples are the application's

	// the ACK that is being told
	pending bool
	at      instant
	newest  record
	found   bool
	bytes   float64

	newestSent instant // of all that were acknowledged
	forgotten  instant // until when what was sent makes no sample
}

// sample is what one ACK tells.
type sample struct {
	acked     float64 // bytes
	rate      float64 // byte/s, 0 if unknown
	rtt       time.Duration
	newest    bool  // nothing sent later was acknowledged before
	limited   bool  // the application sent less than it was allowed
	delivered int64 // before the sampled packet was sent
	ok        bool
}

func (d *delivery) sent(r *records, now instant, pn int64, bytes int, before float64) {
	if before <= 0 {
		d.firstSent, d.totalAt = now, now
	}
	stale := d.newestSent.add(-3 * time.Second)
	r.put(record{pn: pn, sent: now, firstSent: d.firstSent, deliveredAt: d.totalAt,
		delivered: d.total, inFlight: float32(before) + float32(bytes), bytes: int32(bytes), limited: d.limitedTo > 0, used: true}, stale)
}

// acked takes a packet of an ACK, and gives what was in flight when it was sent.
func (d *delivery) acked(r *records, now instant, pn int64, bytes float64) (inFlight float64) {
	if !d.pending {
		d.pending, d.at, d.found, d.bytes = true, now, false, 0
	}
	d.bytes += bytes
	d.total += int64(bytes)
	d.totalAt = now
	p, ok := r.take(pn)
	if !ok || p.sent < d.forgotten {
		return 0
	}
	if !d.found || p.sent >= d.newest.sent {
		d.newest, d.found = p, true
	}
	return float64(p.inFlight)
}

// sample closes the ACK (BBR, section 4.1.2.3).
func (d *delivery) sample() sample {
	s := sample{acked: d.bytes}
	if d.limitedTo > 0 && d.total > d.limitedTo {
		d.limitedTo = 0
	}
	if !d.found {
		return s
	}
	p := &d.newest
	s.ok, s.limited, s.delivered = true, p.limited, p.delivered
	s.rtt = d.at.sub(p.sent)
	s.newest = p.sent >= d.newestSent
	d.newestSent = max(d.newestSent, p.sent)
	d.firstSent = p.sent
	interval := max(p.sent.sub(p.firstSent), d.at.sub(p.deliveredAt))
	if interval > 0 {
		s.rate = float64(d.total-p.delivered) / seconds(interval)
	}
	return s
}

// noteLimit finds out whether the application had nothing to send: a packet
// leaves clearly later than window and pacer allowed (BBR, section 4.1.2.4, has
// the transport tell; ours cannot).
func (c *Controller) noteLimit(before float64) {
	d := &c.delivery
	if c.idle.closed || before >= c.window {
		return // a loss made room just now
	}
	could := max(c.pacer.due, c.idle.openSince)
	slack := limitSlack + duration(c.datagram/max(c.pace, 1))
	if c.now.sub(could) > slack {
		d.limitedTo = d.total + int64(before) + 1
	}
}

// limitSlack is how late a sender that has data may be: timers and threads.
const limitSlack = 3 * time.Millisecond
