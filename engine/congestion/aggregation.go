package congestion

// aggregation is how much more than the bandwidth explains is acknowledged at a
// time, since Wi-Fi and others deliver ACKs in lumps; the window allows for it
// (BBR, section 5.5.9).
type aggregation struct {
	start   instant
	bytes   float64
	windows [2]float64 // most of this and of the last few rounds
	turn    int64      // round at which the older is dropped
}

const aggregationRounds = 5 // two windows make BBR's ten

func (a *aggregation) update(now instant, acked, rate, window float64, round int64) {
	if round >= a.turn {
		a.turn = round + aggregationRounds
		a.windows[1], a.windows[0] = a.windows[0], 0
	}
	expected := rate * seconds(now.sub(a.start))
	if a.start == never || a.bytes <= expected {
		a.start, a.bytes, expected = now, 0, 0
	}
	a.bytes += acked
	a.windows[0] = max(a.windows[0], min(a.bytes-expected, window))
}

func (a *aggregation) most() float64 { return max(a.windows[0], a.windows[1]) }
