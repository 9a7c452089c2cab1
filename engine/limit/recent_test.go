package limit

import "testing"

func TestRecentForgetsWhatWasNotUsed(t *testing.T) {
	r := Recent[int, int]{Most: 10}
	for n := range 1000 {
		r.Put(n, n)
		if n%9 == 0 {
			if v, ok := r.Get(0); !ok || v != 0 {
				t.Fatalf("what is used was forgotten when there were %d", n)
			}
		}
		if size := len(r.young) + len(r.old); size > 20 {
			t.Fatalf("%d entries", size)
		}
	}
	if _, ok := r.Get(1); ok {
		t.Error("what was used once is there for ever")
	}
	for n := 990; n < 1000; n++ {
		if _, ok := r.Get(n); !ok {
			t.Errorf("%d of the latest ten is not there", n)
		}
	}
}
