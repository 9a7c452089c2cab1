package sim

import (
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
)

type state uint8

const (
	acked state = iota
	outstanding
	lost
)

type packet struct {
	sent    int64
	size    int32
	payload int32 // bytes of bulk data
	command int64 // when the oldest command in it was made, 0 none
	state   state
}

// sender is QUIC's: packet numbers never repeat, loss by packet and time
// threshold (RFC 9002, section 6.1), a probe timeout (6.2).
type sender struct {
	packets      []packet // ring by packet number
	next         int64
	oldest       int64 // all below are settled
	largestAcked int64
	logSeen      int64 // how far the receiver's log was read
	inFlight     int
	latest, srtt int64
	rttvar       int64
	lastSent     int64
	timeouts     uint
	probes       int
	noThreshold  bool // reordering was seen, so only time tells
	lossAt       int64
	paceAt       int64
	scheduled    int64
	scratch      []int64
}

func (s *sender) init() {
	s.packets = make([]packet, 1024)
	s.largestAcked = -1
	s.srtt = int64(100 * time.Millisecond)
	s.rttvar = s.srtt / 2
}

func (s *sender) at(pn int64) *packet { return &s.packets[pn&int64(len(s.packets)-1)] }

// trySend sends what controller, pacer and application allow.
func (f *Flow) trySend() {
	s, now := &f.sender, f.net.now
	s.paceAt = 0
	for f.app.pending(f) || f.pads() {
		if s.probes > 0 {
			s.probes--
		} else {
			if !f.C.CanSend(s.inFlight) {
				break
			}
			if !f.C.HasPacingBudget(congestion.Time(now)) {
				s.paceAt = max(now, int64(f.C.TimeUntilSend()))
				if f.Late > 0 {
					s.paceAt += int64(f.random.Float64() * float64(f.Late))
				}
				break
			}
		}
		f.sendOne()
	}
	f.schedule()
}

// pads tells whether the controller wants packets that carry nothing.
func (f *Flow) pads() bool {
	c, ok := f.C.(interface{ WantsPadding() bool })
	return ok && !f.stopped() && c.WantsPadding()
}

func (f *Flow) sendOne() {
	s, now := &f.sender, f.net.now
	if s.next-s.oldest >= int64(len(s.packets)) {
		s.grow()
	}
	size, payload, command := f.Size, 0, int64(0)
	if f.app.pending(f) {
		payload, command = f.app.take(f)
		size = payload
	}
	if command != 0 {
		size = min(f.Size, size+100)
	}
	if payload == 0 && command == 0 {
		f.metrics.padding += int64(size)
	}
	p := s.at(s.next)
	*p = packet{sent: now, size: int32(size), payload: int32(payload), command: command, state: outstanding}
	s.inFlight += size
	f.C.OnSent(congestion.Time(now), s.next, size, s.inFlight, true)
	s.lastSent = now
	f.net.Packets++
	arrival, queued, ok := f.Up.send(now, size)
	f.metrics.queued(now, queued)
	if ok {
		f.net.at(arrival+int64(f.Extra), packetArrives, f, s.next)
	}
	s.next++
}

func (s *sender) grow() {
	bigger := make([]packet, 2*len(s.packets))
	for pn := s.oldest; pn < s.next; pn++ {
		bigger[pn&int64(len(bigger)-1)] = *s.at(pn)
	}
	s.packets = bigger
}

// receiveAck handles an ACK frame that covers the receiver's log to upTo. As in
// quic-go, losses are told before acknowledgements.
func (f *Flow) receiveAck(upTo int64) {
	s, now := &f.sender, f.net.now
	if upTo <= s.logSeen {
		return
	}
	fresh := s.scratch[:0]
	for ; s.logSeen < upTo; s.logSeen++ {
		pn := f.back.logged(s.logSeen)
		if p := s.at(pn); pn >= s.oldest && p.state == outstanding {
			fresh = append(fresh, pn)
		} else if pn >= s.oldest && p.state == lost {
			s.noThreshold = true
		}
	}
	s.scratch = fresh
	if len(fresh) == 0 {
		return
	}
	slices.Sort(fresh)
	prior := s.inFlight
	if newest := fresh[len(fresh)-1]; newest > s.largestAcked {
		s.largestAcked = newest
		s.measure(now - s.at(newest).sent)
	}
	for _, pn := range fresh {
		s.at(pn).state = acked
	}
	f.detectLost()
	for _, pn := range fresh {
		size := int(s.at(pn).size)
		f.C.OnAcked(congestion.Time(now), pn, size, prior)
		s.inFlight -= size
	}
	s.settle()
	s.timeouts = 0
	s.probes = 0
	f.trySend()
}

func (s *sender) measure(rtt int64) {
	if s.latest == 0 {
		s.srtt, s.rttvar = rtt, rtt/2
	} else {
		s.rttvar += (abs(s.srtt-rtt) - s.rttvar) / 4
		s.srtt += (rtt - s.srtt) / 8
	}
	s.latest = rtt
}

func (f *Flow) detectLost() {
	s, now := &f.sender, f.net.now
	delay := max(s.latest, s.srtt) * 9 / 8
	s.lossAt = 0
	prior := s.inFlight
	for pn := s.oldest; pn < s.largestAcked; pn++ {
		p := s.at(pn)
		if p.state != outstanding {
			continue
		}
		if p.sent+delay <= now || !s.noThreshold && s.largestAcked-pn >= 3 {
			p.state = lost
			s.inFlight -= int(p.size)
			f.C.OnLost(pn, int(p.size), prior)
			f.app.giveBack(p)
			f.metrics.lost++
		} else if s.lossAt == 0 {
			s.lossAt = p.sent + delay
			if s.noThreshold {
				break // what was sent later is not late either
			}
		}
	}
}

// settle forgets what needs no more thought. Lost packets are kept for a while,
// so that a late acknowledgement can be recognised.
func (s *sender) settle() {
	for s.oldest < s.next && s.at(s.oldest).state != outstanding {
		s.oldest++
	}
}

// schedule sees to it that the timer runs.
func (f *Flow) schedule() {
	s := &f.sender
	at := s.paceAt
	if s.inFlight > 0 {
		t := s.lossAt
		if t == 0 {
			pto := s.srtt + max(4*s.rttvar, int64(time.Millisecond)) + int64(f.MaxAckDelay)
			t = s.lastSent + min(pto<<s.timeouts, int64(time.Minute))
		}
		if at == 0 || t < at {
			at = t
		}
	}
	if at != 0 && (s.scheduled == 0 || at < s.scheduled) {
		s.scheduled = max(at, f.net.now)
		f.net.at(s.scheduled, senderTimer, f, 0)
	}
}

func (f *Flow) timer(at int64) {
	s, now := &f.sender, f.net.now
	if at != s.scheduled {
		return // an earlier one was set since
	}
	s.scheduled = 0
	if s.inFlight > 0 {
		if s.lossAt != 0 && s.lossAt <= now {
			f.detectLost()
			s.settle()
		} else if s.lossAt == 0 {
			pto := s.srtt + max(4*s.rttvar, int64(time.Millisecond)) + int64(f.MaxAckDelay)
			if s.lastSent+min(pto<<s.timeouts, int64(time.Minute)) <= now {
				f.probe()
			}
		}
	}
	f.trySend()
}

// probe sends the oldest data again; its packet number is given up without
// telling the controller, as quic-go does.
func (f *Flow) probe() {
	s := &f.sender
	s.timeouts++
	f.C.OnTimeout()
	for range 2 {
		for pn := s.oldest; pn < s.next; pn++ {
			if p := s.at(pn); p.state == outstanding {
				p.state = lost
				s.inFlight -= int(p.size)
				f.app.giveBack(p)
				s.probes++
				break
			}
		}
	}
	s.settle()
}

func abs(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}
