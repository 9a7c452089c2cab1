package trace

import "time"

// Wire puts packets on a trace, as mahimahi does: an opportunity carries as many whole
// packets as fit, and what is left of a larger one goes with the next; what nobody uses
// is lost. All times are the caller's, and grow from call to call.
type Wire struct {
	trace *Trace
	start time.Duration // of the trace, before its offset
	next  int64         // the opportunity that the next packet may use
	used  int           // bytes of it that are taken
}

// Wire begins at a time, so far into the trace.
func (t *Trace) Wire(begin, offset time.Duration) *Wire {
	return &Wire{trace: t, start: begin - offset}
}

// Waiting is how many bytes have not left.
func (w *Wire) Waiting(now time.Duration) int {
	// Until the last packet leaves, no opportunity has room to spare.
	first := w.trace.after(now - w.start)
	if w.next < first {
		return 0
	}
	return int(w.next-first)*OpportunityBytes + w.used
}

// Send takes a packet and says when it leaves.
func (w *Wire) Send(now time.Duration, bytes int) time.Duration {
	if first := w.trace.after(now - w.start); w.next < first {
		w.next, w.used = first, 0
	}
	w.used += max(bytes, 1)
	last := w.next + int64((w.used-1)/OpportunityBytes)
	w.next += int64(w.used / OpportunityBytes)
	w.used %= OpportunityBytes
	return w.start + w.trace.at(last)
}
