package trace

import (
	"math"
	"math/rand/v2"
	"time"
)

// Mobile describes a mobile link, for tests. Its rate fades, slowly as a place does and
// quickly as other users come and go; it is granted in bursts of a millisecond; and at
// times there is nothing at all.
type Mobile struct {
	Rate        float64       // bit/s, about the mean while there is no outage
	Slow, Quick float64       // standard deviations of the rate's logarithm
	Grants      float64       // share of the milliseconds in which something is granted
	Every       time.Duration // between outages, the mean
	Outage      time.Duration // the mean length of one
	Longest     time.Duration // of all outages
}

// Links like recorded ones; see TestMobileIsLikeRecordings.
var (
	LTE  = Mobile{Rate: 10e6, Slow: 0.45, Quick: 0.4, Grants: 0.25, Every: 8 * time.Second, Outage: 500 * time.Millisecond, Longest: 1100 * time.Millisecond}
	UMTS = Mobile{Rate: 0.9e6, Slow: 0.6, Quick: 0.5, Grants: 0.2, Every: 9 * time.Second, Outage: 2 * time.Second, Longest: 6 * time.Second}
)

const (
	slowFade  = 4000.0 // ms until a fade has forgotten most of itself
	quickFade = 150.0
)

// Trace generates a trace; the same seed gives the same one.
func (m Mobile) Trace(seed uint64, length time.Duration) (*Trace, error) {
	random := rand.New(rand.NewPCG(seed, 0x6d6f62696c65))
	slow, quick := fade{after: slowFade, now: random.NormFloat64()}, fade{after: quickFade, now: random.NormFloat64()}
	until := func(mean time.Duration) float64 {
		return random.ExpFloat64() * float64(mean) / float64(time.Millisecond)
	}
	perMs := m.Rate / 1000 / 8 / OpportunityBytes * math.Exp(-(m.Slow*m.Slow+m.Quick*m.Quick)/2)
	outage, back := until(m.Every), 0.0
	var times []uint32
	waiting := 0.0 // opportunities that the next grant has
	for ms := 1.0; ms <= float64(length/time.Millisecond) && len(times) <= mostOpportunities; ms++ {
		rate := perMs * math.Exp(m.Slow*slow.step(random)+m.Quick*quick.step(random))
		if m.Outage > 0 && ms >= outage {
			back = ms + min(until(m.Outage), float64(m.Longest/time.Millisecond))
			outage = back + until(m.Every)
		}
		if ms < back {
			waiting = 0
			continue
		}
		waiting += rate
		if random.Float64() < m.Grants {
			for ; waiting >= 1; waiting-- {
				times = append(times, uint32(ms))
			}
		}
	}
	return New(times)
}

// fade wanders about 0 with a standard deviation of 1 (Ornstein and Uhlenbeck's process).
type fade struct{ after, now float64 }

func (f *fade) step(random *rand.Rand) float64 {
	keep := math.Exp(-1 / f.after)
	f.now = f.now*keep + random.NormFloat64()*math.Sqrt(1-keep*keep)
	return f.now
}
