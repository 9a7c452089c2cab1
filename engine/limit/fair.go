package limit

import (
	"math"
	"time"
)

// Fair is a budget that many draw on, and where who has drawn least of late comes
// first: a key may draw as long as more is there than it has drawn itself. A crowd
// that draws all the time leaves as much as each of it has drawn, for who comes now
// and then. One that is alone gets half of what is there at once, and then a tenth
// of it each second; to leave nothing, a crowd needs ten keys for each draw of a
// second. Its owner guards it.
type Fair[K comparable] struct {
	PerSecond float64 // in all
	AtOnce    float64 // after a pause

	Map[K, drawn] // of the latest keys

	missing float64 // from a full budget
	last    time.Time
}

// drawn is what a key has drawn, less and less of it as time goes by.
type drawn struct {
	amount float64
	at     time.Time
}

// fairMemory is the time in which all but 1/e of what was drawn is forgiven.
const fairMemory = 10 * time.Second

// Draw takes one for key, and reports whether it was there.
func (f *Fair[K]) Draw(key K, now time.Time) bool {
	f.missing = max(0, f.missing-since(f.last, now)*f.PerSecond)
	f.last = now
	d, _ := f.Get(key)
	d.amount *= math.Exp(-since(d.at, now) / fairMemory.Seconds())
	d.at = now
	if f.AtOnce-f.missing < 1+d.amount {
		return false
	}
	f.missing++
	d.amount++
	f.Put(key, d)
	return true
}

// since is in seconds, and never negative, whatever becomes of the clock.
func since(before, now time.Time) float64 { return max(0, now.Sub(before).Seconds()) }
