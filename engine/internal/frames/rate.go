package frames

import "time"

// Rate says what an encoder should produce. It follows the path: down at once, up with care,
// and with a margin that depends on how far the path's bandwidth swings.
//
// GCC (draft-ietf-rmcat-gcc) and SCReAM (RFC 8298) have to find the bandwidth, and do it by the
// delay that their media make. Here congestion control does that below all channels, and keeps
// the queue of the path short. But it tells the most that the path gave of late, and what it
// takes in the mean shows while frames wait for it.
type Rate struct {
	at     time.Time // of the latest update; zero: none
	rate   float64   // bit/s
	mean   float64   // of what is available, bit/s
	swing  float64   // how far below the mean that goes, as a part of it, smoothed
	urgent uint64    // bytes, as of at
	beside float64   // bit/s of what is more urgent, smoothed

	sent    uint64        // bytes, by at
	waited  bool          // frames did, by at
	waiting time.Duration // for how long frames have waited without a pause
	gone    float64       // bytes that were sent meanwhile
	taken   float64       // bit/s that the path took when some waited last; 0: not known
}

// Load is what an update goes by. What counts bytes does so since the beginning.
type Load struct {
	Bandwidth uint64        // bit/s of the path; 0: not known yet
	Standing  time.Duration // in the path's own queue, more than congestion control wants there
	Sent      uint64        // bytes that the path has taken, and that did not get lost
	Urgent    uint64        // bytes of them that are more urgent
	Queued    int           // bytes of frames that wait
}

const (
	rateStep    = 20 * time.Millisecond // updates that follow sooner count as one
	meanOver    = 2 * time.Second
	besideOver  = time.Second
	seenOver    = 200 * time.Millisecond // to see what a path takes
	leastMargin = 0.1
	mostMargin  = 0.35
	doubleIn    = 400 * time.Millisecond
	regainIn    = 2 * time.Second        // what a path took is believed for so long, less and less
	drainIn     = 250 * time.Millisecond // a backlog is worked off
	leastPart   = 0.2                    // of the bandwidth, however much is queued
	leastFrom   = 0.05                   // of the bandwidth: from there it grows at least
)

// Update takes what is so now, and returns the rate in bit/s; 0: not known yet.
func (r *Rate) Update(now time.Time, l Load) uint64 {
	bandwidth := float64(l.Bandwidth)
	if bandwidth == 0 { // a session that moves knows nothing of its new path at first
		return uint64(r.rate)
	}
	if r.at.IsZero() {
		*r = Rate{at: now, mean: bandwidth, urgent: l.Urgent, sent: l.Sent, rate: bandwidth * (1 - leastMargin)}
		return uint64(r.rate)
	}
	passed := now.Sub(r.at)
	if passed < rateStep {
		return uint64(r.rate)
	}
	r.at = now
	urgent := max(float64(l.Urgent)-float64(r.urgent), 0) // less than 0: this load was taken before the last
	r.beside += (urgent*8/passed.Seconds() - r.beside) * part(passed, besideOver)
	r.urgent = max(r.urgent, l.Urgent)
	r.look(passed, l)

	path := bandwidth
	if r.taken > 0 {
		path = min(path, r.taken)
	}
	available := max(path-r.beside, path*leastPart)
	r.mean += (available - r.mean) * part(passed, meanOver)
	r.swing += (max(0, 1-available/r.mean) - r.swing) * part(passed, meanOver)

	share := 1 - min(leastMargin+2*r.swing, mostMargin)
	backlog := float64(l.Queued)*8/available + l.Standing.Seconds()
	share *= 1 - min(backlog/drainIn.Seconds(), 1)*(1-leastPart)
	from := max(r.rate, bandwidth*leastFrom) // after an outage it would take long from next to nothing
	r.rate = min(available*share, from*(1+passed.Seconds()/doubleIn.Seconds()))
	return uint64(r.rate)
}

// look sees what the path takes while frames wait for it.
func (r *Rate) look(passed time.Duration, l Load) {
	gone := float64(l.Sent) - float64(r.sent)
	r.sent = l.Sent
	if l.Queued == 0 {
		r.waited, r.waiting, r.gone = false, 0, 0
		if r.taken > 0 {
			r.taken += float64(l.Bandwidth) * passed.Seconds() / regainIn.Seconds()
		}
		return
	}
	if !r.waited { // since when, is not known
		r.waited = true
		return
	}
	r.waiting += passed
	r.gone += max(gone, 0) // less than 0: losses were noticed
	if r.waiting >= seenOver {
		r.taken = max(r.gone*8/r.waiting.Seconds(), 1)
		r.waiting, r.gone = r.waiting/2, r.gone/2 // the older half counts for less and less
	}
}

// part is the weight of what is new after so long.
func part(passed, over time.Duration) float64 {
	return min(1, passed.Seconds()/over.Seconds())
}
