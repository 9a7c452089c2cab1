package engine

import "testing"

// TestAttemptIsNotFullOfItself: an offer that comes while a shorter way lets its
// attempt in is not told that the device is full.
func TestAttemptIsNotFullOfItself(t *testing.T) {
	d, err := NewDevice(Config{MaxSessions: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, trace := range []string{"attempt", ""} {
		a := &admission{appID: "app"}
		d.admissions.add(a)
		if !d.reserve(a, trace) {
			t.Fatal("no room")
		}
		if d.isFull("app", trace) {
			t.Errorf("%q: full of itself", trace)
		}
		if !d.isFull("app", "another") || !d.isFull("other", trace) {
			t.Errorf("%q: there is room for another", trace)
		}
		b := &admission{appID: "app"}
		d.admissions.add(b)
		if d.reserve(b, trace) {
			t.Errorf("%q: one name has two sessions of one", trace)
		}
		d.admissions = newAdmissions()
	}
}
