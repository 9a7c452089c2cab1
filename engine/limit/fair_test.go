package limit

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// A crowd that draws all the time leaves enough for who comes now and then, and what
// there is in all is given to the crowd.
func TestFairBudgetIsThereForWhoDrawsLittle(t *testing.T) {
	const perSecond, atOnce, seconds, floodPerSecond = 100, 400, 20, 16_000
	for _, crowd := range []int{1, 10, 400, 900} {
		f := Fair[int]{PerSecond: perSecond, AtOnce: atOnce, Map: Map[int, drawn]{Most: 1024}}
		total, come, let := 0, 0, 0
		random := rand.New(rand.NewPCG(1, 2))
		for i := range seconds * floodPerSecond {
			now := time.Unix(1, 0).Add(time.Duration(i) * time.Second / floodPerSecond)
			if f.Draw(1+random.IntN(crowd), now) {
				total++
			}
			if i > crowd*floodPerSecond/perSecond && i%(floodPerSecond/4) == 0 { // once all of the crowd have drawn
				come++
				for range 4 {
					if f.Draw(-come, now) {
						let++
						break
					}
					now = now.Add(10 * time.Millisecond)
				}
			}
		}
		if let != come || come == 0 {
			t.Errorf("a crowd of %d leaves one for %d of %d", crowd, let, come)
		}
		most := atOnce + seconds*perSecond
		if want := min(most, atOnce/2+seconds*atOnce/10*crowd); total > most || total < want*8/10 {
			t.Errorf("a crowd of %d has drawn %d, of %d", crowd, total, want)
		}
	}
}

func TestFairBudgetWithAClockThatIsSet(t *testing.T) {
	f := Fair[int]{PerSecond: 10, AtOnce: 4, Map: Map[int, drawn]{Most: 2}}
	now := time.Unix(1e9, 0)
	for f.Draw(1, now) {
	}
	now = now.Add(-10 * time.Hour)
	if f.Draw(1, now) || !f.Draw(1, now.Add(time.Minute)) {
		t.Error("a clock that was set back stops it")
	}
	if !f.Draw(1, now.Add(100*365*24*time.Hour)) {
		t.Error("a clock that was set forward does")
	}
}

func TestSourceIsANetworkOfIPv6(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::",
		"fe80::1%eth0": "fe80::", "::1": "::",
	} {
		if got := Source(netip.MustParseAddr(address)); got != netip.MustParseAddr(want) {
			t.Errorf("%s: %v, want %s", address, got, want)
		}
	}
}
