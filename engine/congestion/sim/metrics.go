package sim

import (
	"slices"
	"time"
)

const bin = int64(20 * time.Millisecond)

type metrics struct {
	delivered []int64 // bytes of data in each bin of time
	lost      int64
	skipped   int64
	padding   int64 // bytes
	delays    []delay
	commands  []delay
	frames    []time.Duration
	frameAt   int
	bytes     int64
}

type delay struct{ at, value int64 }

func (m *metrics) queued(now, queued int64) {
	m.delays = append(m.delays, delay{now, queued})
}

func (m *metrics) received(f *Flow, p *packet, known bool) {
	if !known {
		return
	}
	now := f.net.now
	m.bytes += int64(p.payload)
	i := int((now - epoch) / bin)
	for len(m.delivered) <= i {
		m.delivered = append(m.delivered, 0)
	}
	m.delivered[i] += int64(p.payload)
	if p.command != 0 {
		echo := now + int64(f.Down.Delay) + int64(f.Extra)
		m.commands = append(m.commands, delay{now, echo - p.command})
	}
	for a := &f.app; m.frameAt < len(a.frames) && a.frames[m.frameAt].end <= m.bytes; m.frameAt++ {
		m.frames = append(m.frames, time.Duration(now-a.frames[m.frameAt].made))
	}
}

// Rate is what arrived between two times since the start, bit/s.
func (f *Flow) Rate(from, to time.Duration) float64 {
	var sum int64
	for i := int64(from) / bin; i < int64(to)/bin && i < int64(len(f.metrics.delivered)); i++ {
		sum += f.metrics.delivered[i]
	}
	return float64(sum) * 8 / (to - from).Seconds()
}

// Queue is the q-th part of the queueing delays that packets met between two
// times since the start.
func (f *Flow) Queue(q float64, from, to time.Duration) time.Duration {
	return part(f.metrics.delays, q, from, to)
}

// Command is the same of the round trips of commands.
func (f *Flow) Command(q float64, from, to time.Duration) time.Duration {
	return part(f.metrics.commands, q, from, to)
}

// Frames is the q-th part of the times from a frame's making to its arrival.
func (f *Flow) Frames(q float64) time.Duration {
	if len(f.metrics.frames) == 0 {
		return 0
	}
	sorted := slices.Clone(f.metrics.frames)
	slices.Sort(sorted)
	return sorted[int(q*float64(len(sorted)-1))]
}

// Lost is how many packets the sender gave up.
func (f *Flow) Lost() int64 { return f.metrics.lost }

// Padding is how many bytes the sender sent that carried nothing.
func (f *Flow) Padding() int64 { return f.metrics.padding }

// Sent is how many packets the sender sent.
func (f *Flow) Sent() int64 { return f.sender.next }

// Reaches is when the rate over a tenth of a second first was rate after from;
// -1 if never.
func (f *Flow) Reaches(rate float64, from time.Duration) time.Duration {
	const bins = int64(100*time.Millisecond) / bin
	d := f.metrics.delivered
	for i := int64(from) / bin; i+bins <= int64(len(d)); i++ {
		var sum int64
		for _, b := range d[i : i+bins] {
			sum += b
		}
		if float64(sum)*80 >= rate {
			return time.Duration((i+bins)*bin) - from
		}
	}
	return -1
}

func part(all []delay, q float64, from, to time.Duration) time.Duration {
	var values []int64
	for _, d := range all {
		if at := time.Duration(d.at - epoch); at >= from && at < to {
			values = append(values, d.value)
		}
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return time.Duration(values[int(q*float64(len(values)-1))])
}
