package congestion

import "time"

// round counts round trips by packets (BBR, section 5.5.1) and keeps what is
// judged once in each.
type round struct {
	count   int64
	since   int   // rounds since the state was entered
	ends    int64 // with the acknowledgement of what is sent after so much was delivered
	limited bool  // some sample of this round was limited by the application

	startAt    instant
	startTotal int64
	startDelay time.Duration // queueing delay at the round's start
	leastDelay time.Duration // the least in the round
	rate       float64       // of delivery in the last whole round, byte/s
	length     time.Duration // of the last whole round
}

// update reports whether a round ended.
func (r *round) update(d *delivery, s sample, now instant) bool {
	if !s.ok || s.delivered < r.ends {
		return false
	}
	r.ends = d.total
	r.count++
	r.since++
	r.length = now.sub(r.startAt)
	if r.startAt != never && r.length > 0 {
		r.rate = float64(d.total-r.startTotal) / seconds(r.length)
	}
	return true
}

func (r *round) begin(now instant, d *delivery, delay time.Duration) {
	r.startAt, r.startTotal = now, d.total
	r.startDelay, r.leastDelay = delay, delay
	r.limited = false
}
