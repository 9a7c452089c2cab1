package channel

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestFIFOKeepsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var f fifo
	var want, got []byte
	next := byte(0)
	some := func(most int) []byte {
		p := make([]byte, 1+random.IntN(most))
		for i := range p {
			p[i] = next
			next++
		}
		want = append(want, p...)
		return p
	}
	for range 300 {
		switch random.IntN(4) {
		case 0:
			f.write(some(3 * smallChunk))
		case 1:
			f.write(some(2 * largeChunk))
		case 2:
			c := newChunk(largeChunk)
			c.end = copy(c.bytes, some(largeChunk))
			f.push(c)
		case 3:
			p := make([]byte, random.IntN(4*largeChunk))
			got = append(got, p[:f.read(p)]...)
		}
		if f.size != len(want)-len(got) {
			t.Fatalf("size is %d, want %d", f.size, len(want)-len(got))
		}
	}
	for f.size > 0 {
		front := f.front()
		n := 1 + random.IntN(len(front))
		got = append(got, front[:n]...)
		f.consume(n)
	}
	if !bytes.Equal(got, want) {
		t.Error("what came out is not what went in")
	}
	if f.front() != nil || f.read(make([]byte, 1)) != 0 {
		t.Error("an empty queue has bytes")
	}
}

func TestFIFOFrontStaysWhileBytesAreWritten(t *testing.T) {
	var f fifo
	f.write([]byte("front"))
	front := f.front()
	for range 100 {
		f.write(make([]byte, smallChunk))
	}
	if string(front) != "front" {
		t.Errorf("front became %q", front)
	}
	f.discard()
	if f.size != 0 || f.front() != nil {
		t.Errorf("%d bytes left after discard", f.size)
	}
}
