package channel

import (
	"sync"
	"time"
)

// fifo is a queue of bytes in pooled chunks: it costs nothing while empty and
// copies each byte in and out once. Its owner guards it.
type fifo struct {
	chunks []chunk
	size   int
}

// chunk holds bytes[start:end].
type chunk struct {
	bytes      []byte
	start, end int
	since      time.Time // when its first byte was queued for sending
}

// A command fits a small chunk; bulk data wants a large one, so that QUIC can
// fill whole GSO batches from it.
const (
	smallChunk = 4 << 10
	largeChunk = 64 << 10
)

var (
	smallChunks = sync.Pool{New: func() any { return new([smallChunk]byte) }}
	largeChunks = sync.Pool{New: func() any { return new([largeChunk]byte) }}
)

func newChunk(want int) chunk {
	if want <= smallChunk {
		return chunk{bytes: smallChunks.Get().(*[smallChunk]byte)[:]}
	}
	return chunk{bytes: largeChunks.Get().(*[largeChunk]byte)[:]}
}

func (c chunk) release() {
	if len(c.bytes) == smallChunk {
		smallChunks.Put((*[smallChunk]byte)(c.bytes))
	} else {
		largeChunks.Put((*[largeChunk]byte)(c.bytes))
	}
}

// write appends all of p.
func (f *fifo) write(p []byte) {
	for len(p) > 0 {
		last := len(f.chunks) - 1
		if last < 0 || f.chunks[last].end == len(f.chunks[last].bytes) {
			f.chunks = append(f.chunks, newChunk(len(p)))
			last++
			f.chunks[last].since = time.Now()
		}
		c := &f.chunks[last]
		n := copy(c.bytes[c.end:], p)
		c.end += n
		f.size += n
		p = p[n:]
	}
}

// push appends a chunk that the caller has filled.
func (f *fifo) push(c chunk) {
	f.chunks = append(f.chunks, c)
	f.size += c.end - c.start
}

// front returns the oldest bytes that lie together; they stay valid until they
// are consumed, also while others are written.
func (f *fifo) front() []byte {
	if len(f.chunks) == 0 {
		return nil
	}
	c := f.chunks[0]
	return c.bytes[c.start:c.end]
}

// consume drops the n oldest bytes, at most len(front()).
func (f *fifo) consume(n int) {
	c := &f.chunks[0]
	c.start += n
	f.size -= n
	if c.start == c.end {
		c.release()
		f.chunks = append(f.chunks[:0], f.chunks[1:]...)
	}
}

// read moves bytes into p and returns how many.
func (f *fifo) read(p []byte) int {
	total := 0
	for total < len(p) && f.size > 0 {
		n := copy(p[total:], f.front())
		f.consume(n)
		total += n
	}
	return total
}

// discard drops everything.
func (f *fifo) discard() {
	for _, c := range f.chunks {
		c.release()
	}
	*f = fifo{}
}

// skip drops the n oldest bytes, and returns how many those were.
func (f *fifo) skip(n int) int {
	skipped := 0
	for skipped < n && f.size > 0 {
		some := min(n-skipped, len(f.front()))
		f.consume(some)
		skipped += some
	}
	return skipped
}
