package frames

import (
	"bytes"
	"testing"
)

// FuzzReceiver: whatever streams and resets come, at most mostHeld and a frame are kept, and what
// is read is in order. The input is a list of streams, each behind a byte that says how long it
// is, or with 255 a reset with the byte behind it as its ordinal.
func FuzzReceiver(f *testing.F) {
	stream := func(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }
	one := append(appendHeader(nil, 1, true, header{1, 0, 3}), "abc"...)
	two := append(appendHeader(nil, 1, false, header{2, 5, 1}), "d"...)
	f.Add(append(stream(one), stream(two)...))
	f.Add(append(stream(two), stream(one)...))
	f.Add(append(stream(two), 255, 1))
	f.Add(stream(appendEnd(nil, 1, 1)))
	f.Add(stream(appendHeader(nil, 1, false, header{1, 0, Most})))
	f.Fuzz(func(t *testing.T, input []byte) {
		r := NewReceiver()
		for len(input) > 1 {
			n := int(input[0])
			input = input[1:]
			if n == 255 {
				if r.Gone(uint64(input[0])) != nil {
					return
				}
				input = input[1:]
				continue
			}
			n = min(n, len(input))
			if n == 0 {
				continue
			}
			if _, ok := IsFirst(input[0]); !ok {
				return
			}
			if _, err := r.Take(input[0], bytes.NewReader(input[1:n])); err != nil {
				return
			}
			input = input[n:]
		}
		held, last := 0, uint64(0)
		for {
			f, err := r.Read(Most, 0)
			if err != nil {
				break
			}
			if f.Sequence != last+f.Missing+1 || len(f.Bytes) == 0 {
				t.Fatalf("frame %d after %d, with %d missing", f.Sequence, last, f.Missing)
			}
			held, last = held+len(f.Bytes), f.Sequence
		}
		for _, e := range r.ended {
			if e.frame != nil {
				held += len(e.frame.Bytes)
			}
		}
		if held > mostHeld+Most || r.held > mostHeld+Most {
			t.Fatalf("%d bytes were held, %d are", held, r.held)
		}
	})
}
