package engine

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// TestParkMark: it is read once, and who does not know it refuses the hello.
func TestParkMark(t *testing.T) {
	plain := control(t, hello{UID: "user", Trace: "t"})
	marked := slices.Concat(parkMark, plain)
	for _, test := range []struct {
		bytes []byte
		parks bool
		ok    bool
	}{{plain, false, true}, {marked, true, true}, {slices.Concat(parkMark, marked), true, false}, {parkMark, true, false}, {plain[:1], false, false}} {
		h, parks, err := readFirstHello(bytes.NewReader(test.bytes))
		if (err == nil) != test.ok || parks != test.parks || test.ok && h.UID != "user" {
			t.Errorf("%x: %+v, %v, %v", test.bytes, h, parks, err)
		}
	}
	if _, err := readHello(bytes.NewReader(marked)); !errors.Is(err, errControl) {
		t.Errorf("a device that does not know the mark: %v", err)
	}
}

// FuzzFirstHello: with the mark or without, it is the hello that readHello reads.
func FuzzFirstHello(f *testing.F) {
	plain := control(f, hello{UID: "user", Trace: "t"})
	f.Add(plain)
	f.Add(slices.Concat(parkMark, plain))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, parks, err := readFirstHello(bytes.NewReader(b))
		rest, marked := bytes.CutPrefix(b, parkMark)
		want, wantErr := readHello(bytes.NewReader(rest))
		if (err == nil) != (wantErr == nil) || parks != marked || err == nil && (h.UID != want.UID || h.Trace != want.Trace) {
			t.Errorf("%x: %+v, %v, %v; want %+v, %v", b, h, parks, err, want, wantErr)
		}
	})
}
