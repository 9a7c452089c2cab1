package sim

// receiver acknowledges each second packet, at a gap at once, and otherwise
// after the maximum ACK delay (RFC 9000, section 13.2).
type receiver struct {
	log      []int64 // ring of packet numbers as they came
	count    int64
	expected int64
	unacked  int
	deadline int64
	armed    bool
}

func (r *receiver) init() { r.log = make([]int64, 1<<15) }

func (r *receiver) logged(i int64) int64 { return r.log[i&int64(len(r.log)-1)] }

func (f *Flow) receive(pn int64) {
	r, now := &f.back, f.net.now
	r.log[r.count&int64(len(r.log)-1)] = pn
	r.count++
	f.metrics.received(f, f.sender.at(pn), pn >= f.sender.oldest)
	gap := pn != r.expected
	r.expected = max(r.expected, pn+1)
	r.unacked++
	if gap || r.unacked >= f.AckEvery {
		f.sendAck()
		return
	}
	if r.deadline == 0 {
		r.deadline = now + int64(f.MaxAckDelay)
		if !r.armed {
			r.armed = true
			f.net.at(r.deadline, receiverTimer, f, 0)
		}
	}
}

func (f *Flow) ackTimer() {
	r := &f.back
	r.armed = false
	switch {
	case r.deadline == 0:
	case r.deadline <= f.net.now:
		f.sendAck()
	default:
		r.armed = true
		f.net.at(r.deadline, receiverTimer, f, 0)
	}
}

func (f *Flow) sendAck() {
	r := &f.back
	r.unacked, r.deadline = 0, 0
	if arrival, _, ok := f.Down.send(f.net.now, 60); ok {
		f.net.at(arrival+int64(f.Extra), ackArrives, f, r.count)
	}
}
