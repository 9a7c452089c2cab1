package limit

import "testing"

// Whoever asks most, there is a place for who comes next, and a place that is given
// back can be taken.
func TestSharesLeaveAPlaceForWhoComesNext(t *testing.T) {
	s := Shares[int]{Most: 96}
	for holder, want := range []int{48, 24, 12, 6, 3} {
		got := 0
		for s.Take(holder) {
			got++
		}
		if got != want {
			t.Errorf("holder %d has %d places, want %d", holder, got, want)
		}
	}
	if !s.Take(100) || s.Take(100) != true || s.Take(100) {
		t.Error("who comes next does not get what is left")
	}
	for range 48 {
		s.Give(0)
	}
	if got := s.Taken(); got != 24+12+6+3+2 {
		t.Errorf("%d places are taken", got)
	}
	if !s.Take(0) {
		t.Error("what was given back cannot be taken")
	}
}
