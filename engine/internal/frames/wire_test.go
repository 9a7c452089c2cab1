package frames

import (
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// wire carries streams at a rate, one after the other, and a delay later they are at the
// receiver, if there is one.
type wire struct {
	t        *testing.T
	rate     int // bytes per second; 0: nothing leaves
	delay    time.Duration
	receiver *Receiver
	lose     func(ordinal uint64) bool // its last packet, for ever

	mu      sync.Mutex
	change  sync.Cond
	streams []*wireStream
	broken  bool
	rules   error // what the receiver had to say
}

func newWire(t *testing.T, rate int, delay time.Duration) *wire {
	w := &wire{t: t, rate: rate, delay: delay, receiver: NewReceiver()}
	w.change.L = &w.mu
	return w
}

// sender sends on channel 1, and ends with the test.
func (w *wire) sender() *Sender {
	known := Path{Bandwidth: uint64(w.rate) * 8, OneWay: w.delay}
	s := NewSender(1, w.open, func() Path { return known }, 0, func() {}, panics.Guard{})
	w.t.Cleanup(func() {
		w.mu.Lock()
		w.broken = true
		w.change.Broadcast()
		w.mu.Unlock()
		s.Wait()
	})
	return s
}

func (w *wire) open() (Stream, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return nil, io.ErrClosedPipe
	}
	s := &wireStream{wire: w}
	w.streams = append(w.streams, s)
	return s, nil
}

type wireStream struct {
	wire      *wire
	bytes     []byte
	reset     bool
	delivered bool
}

const packet = 1000

func (s *wireStream) Write(p []byte) (int, error) {
	w := s.wire
	w.mu.Lock()
	defer w.mu.Unlock()
	for sent := 0; sent < len(p); {
		for w.rate == 0 && !w.broken && !s.reset {
			w.change.Wait()
		}
		if w.broken || s.reset {
			return sent, io.ErrClosedPipe
		}
		n := min(packet, len(p)-sent)
		pause := time.Duration(n) * time.Second / time.Duration(w.rate)
		w.mu.Unlock()
		time.Sleep(pause)
		w.mu.Lock()
		sent += n
	}
	s.bytes = append(s.bytes, p...)
	return len(p), nil
}

func (s *wireStream) Close() error {
	lost := s.wire.lose != nil && s.wire.lose(s.ordinal())
	if !lost {
		time.AfterFunc(s.wire.delay, s.arrive)
	}
	return nil
}

// ordinal is only good for small ones.
func (s *wireStream) ordinal() uint64 { return uint64(s.bytes[1]) }

func (s *wireStream) arrive() {
	s.wire.mu.Lock()
	if s.reset {
		s.wire.mu.Unlock()
		return
	}
	s.delivered = true
	s.wire.mu.Unlock()
	_, err := s.wire.receiver.Take(s.bytes[0], &bytesReader{s.bytes[1:]})
	s.wire.note(err)
}

func (s *wireStream) Reset(reason uint64) {
	s.wire.mu.Lock()
	s.reset = true
	s.wire.change.Broadcast()
	s.wire.mu.Unlock()
	channel, ordinal := Reset(reason)
	if channel != 1 {
		s.wire.t.Errorf("a reset for channel %d", channel)
	}
	time.AfterFunc(s.wire.delay, func() { s.wire.note(s.wire.receiver.Gone(ordinal)) })
}

func (s *wireStream) Left() bool { return true }

func (s *wireStream) Held() bool { return false }

func (s *wireStream) Delivered() bool {
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	return s.delivered
}

// check reports what the receiver had to say against its peer.
func (w *wire) check() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rules != nil {
		w.t.Error(w.rules)
	}
}

func (w *wire) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = errors.Join(w.rules, err)
}

// bytesReader gives a few bytes at a time.
type bytesReader struct{ left []byte }

func (r *bytesReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 700)], r.left)
	r.left = r.left[n:]
	return n, nil
}
