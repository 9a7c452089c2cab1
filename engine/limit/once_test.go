package limit

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

func key(n int) (k [8]byte) {
	binary.BigEndian.PutUint64(k[:], uint64(n))
	return k
}

// Whatever comes in whatever order, nothing is taken twice, and the memory has a
// bound.
func TestNothingIsTakenTwice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, upTo := range []int64{math.MaxInt64, 1000} {
		o := Once{Most: 16}
		type thing struct {
			key  int
			made int64
		}
		was := make(map[thing]bool)
		for i := range 20_000 {
			this := thing{random.IntN(50), 1 + int64(i/10) + random.Int64N(40)}
			if i%100 == 0 {
				this.made += 5000
			}
			has := o.Has(key(this.key), this.made)
			if o.Take(key(this.key), this.made, upTo) {
				if was[this] || has {
					t.Fatalf("%+v is taken twice", this)
				}
				was[this] = true
			}
			if o.Len() > 16 {
				t.Fatalf("%d entries", o.Len())
			}
			if o.After > upTo {
				t.Fatalf("it has forgotten what was made at %d", o.After)
			}
		}
		if len(was) < 100 {
			t.Errorf("only %d are taken", len(was))
		}
	}
}

// What comes in its order, or nearly, is all taken.
func TestAllIsTakenInItsOrder(t *testing.T) {
	o := Once{Most: 16}
	for i := range 10_000 {
		made := int64(1 + i/7) // seven at the same time
		if i%2 == 0 {
			made++ // and the odd ones later than they should
		}
		if !o.Take(key(i), made, math.MaxInt64) {
			t.Fatalf("%d is not taken", i)
		}
	}
}

// A full memory that must not forget takes nothing, and what is older is taken no more.
func TestFullMemoryOfWhatIsToCome(t *testing.T) {
	o := Once{Most: 4}
	for i := range 4 {
		if !o.Take(key(i), 100, 50) {
			t.Fatal("not taken")
		}
	}
	if o.Take(key(5), 100, 50) || o.Take(key(6), math.MaxInt64, 50) {
		t.Error("it has forgotten what is to come")
	}
	if !o.Take(key(7), 40, 50) || o.Take(key(7), 40, 50) || o.Take(key(8), 39, 50) || !o.Take(key(9), 41, 50) {
		t.Error("what is now is not taken just once")
	}
	if !o.Take(key(10), math.MaxInt64, math.MaxInt64) || o.Take(key(10), math.MaxInt64, math.MaxInt64) || o.Len() > 4 {
		t.Error("nor is the end of time")
	}
}
