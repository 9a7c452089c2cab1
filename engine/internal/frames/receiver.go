package frames

import (
	"bufio"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
)

// Frame is one that has come whole.
type Frame struct {
	Bytes    []byte
	Key      bool
	Sequence uint64 // 1, 2, … for each that its sender has taken
	Missing  uint64 // frames before this one, since the last, that will not come
}

const (
	mostHeld   = 8 << 20 // bytes of frames that nobody has read yet
	mostWaits  = 256     // and frames
	mostAhead  = 4096    // streams that may have ended before one that began earlier
	firstPiece = 64 << 10
)

// ErrRules is what a peer has done that does not keep the package's rules.
var ErrRules = errors.New("frames that break the rules")

// Receiver is the receiving end of a channel that carries frames.
//
// A frame is held here from its first byte on. What comes while there is no room waits in
// QUIC, whose flow control then holds the sender, who drops what gets late. The frame that a
// reader waits for always has room.
type Receiver struct {
	Received atomic.Uint64 // bytes that were read
	Arrived  func()        // called, with locks held, when a frame may be there; nil: nobody needs it

	mu      sync.Mutex
	next    uint64             // ordinal of the first stream that has not ended
	ended   map[uint64]*ending // streams behind it that have
	coming  map[uint64]bool    // streams whose frames are held, or wait for that
	closed  uint64             // streams that have ended
	credits int                // messages about that, see Credits
	ready   []Frame            // in order
	held    int                // bytes, of those that are not whole too
	last    uint64             // sequence number of the last frame in ready, or that was
	whole   bool               // the end has come, and all before it
	over    bool               // nothing more will come
	refused error              // what readers get after the last frame; nil: the session goes on
	data    waitlist.List      // readers, and WaitDrained
	room    waitlist.List      // streams, when too much is held
}

// ending is how a stream ended.
type ending struct {
	frame *Frame // nil: it was reset
	last  bool   // no stream comes behind it
}

// NewReceiver makes the receiver of a channel.
func NewReceiver() *Receiver {
	return &Receiver{next: 1, ended: make(map[uint64]*ending), coming: make(map[uint64]bool)}
}

// Take reads a stream of the channel, whose first byte has been read, to its end. It returns the stream's own error,
// or ErrRules. end is true for the stream behind the last frame.
func (r *Receiver) Take(first byte, in io.Reader) (end bool, err error) {
	buffered := bufio.NewReaderSize(in, 64)
	h, err := readHeader(first, buffered)
	if err != nil {
		return false, err
	}
	if first&^channelBits == typeEnd {
		if _, err := buffered.ReadByte(); err != io.EOF {
			return true, ruled(err)
		}
		return true, r.settle(h.ordinal, &ending{last: true})
	}
	reserved, err := r.reserve(h)
	if !reserved {
		return false, err
	}
	if window, ok := in.(interface{ Expect(bytes int) }); ok {
		window.Expect(headerRoom + h.length)
	}
	defer r.release(h) // but for what is settled
	bytes, err := readWhole(buffered, h.length)
	if err != nil {
		return false, err
	}
	if _, err := buffered.ReadByte(); err != io.EOF {
		return false, ruled(err)
	}
	f := &Frame{Bytes: bytes, Key: first&typeKey != 0, Sequence: h.ordinal + h.skipped}
	return false, r.settle(h.ordinal, &ending{frame: f})
}

// ruled is what a stream does wrong that goes on where it should end.
func ruled(err error) error {
	if err == nil {
		return ErrRules
	}
	return err
}

// readWhole reads as many bytes as were announced. It does not believe that they come.
func readWhole(in io.Reader, length int) ([]byte, error) {
	bytes := make([]byte, 0, min(length, firstPiece))
	for len(bytes) < length {
		if len(bytes) == cap(bytes) {
			bytes = append(make([]byte, 0, min(length, 4*cap(bytes))), bytes...)
		}
		n, err := in.Read(bytes[len(bytes):cap(bytes)])
		bytes = bytes[:len(bytes)+n]
		if err != nil && len(bytes) < length {
			if err == io.EOF {
				err = ErrRules
			}
			return nil, err
		}
	}
	return bytes, nil
}

// reserve waits until there is room for a frame; false: the session ends, or there is an error. No two streams have the
// same ordinal: only one can be that which a reader waits for, whatever a peer says.
func (r *Receiver) reserve(h header) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.coming[h.ordinal] || h.ordinal < r.next || h.ordinal-r.next > mostAhead || r.ended[h.ordinal] != nil {
		return false, ErrRules
	}
	r.coming[h.ordinal] = true
	for !r.over && !r.fits(h) {
		r.room.Wait(&r.mu, time.Time{})
	}
	if r.over {
		delete(r.coming, h.ordinal)
		return false, nil // nobody wants it any more
	}
	r.held += h.length
	return true, nil
}

// fits needs the lock.
func (r *Receiver) fits(h header) bool {
	if h.ordinal == r.next && len(r.ready) == 0 {
		return true
	}
	return r.held+h.length <= mostHeld && len(r.ready)+len(r.ended) < mostWaits
}

func (r *Receiver) release(h header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.coming, h.ordinal)
	r.held -= h.length
	r.room.Notify()
}

// Gone notes that a stream was reset.
func (r *Receiver) Gone(ordinal uint64) error { return r.settle(ordinal, &ending{}) }

// settle notes how a stream has ended, and moves on what is whole.
func (r *Receiver) settle(ordinal uint64, e *ending) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.whole || ordinal < r.next || ordinal-r.next > mostAhead || r.ended[ordinal] != nil {
		return ErrRules
	}
	r.ended[ordinal] = e
	r.closed++
	if e.frame != nil {
		r.held += len(e.frame.Bytes) // until it is read
	}
	for e := r.ended[r.next]; e != nil; e = r.ended[r.next] {
		delete(r.ended, r.next)
		r.next++
		if e.last {
			r.whole = true
		}
		if e.frame == nil {
			continue
		}
		if e.frame.Sequence <= r.last {
			return ErrRules
		}
		e.frame.Missing = e.frame.Sequence - r.last - 1
		r.last = e.frame.Sequence
		r.ready = append(r.ready, *e.frame)
	}
	r.data.Notify()
	r.room.Notify()
	if r.Arrived != nil {
		r.Arrived()
	}
	return nil
}

// Read returns the next frame if it has at most so many bytes; otherwise it stays, and only its bytes are not returned.
func (r *Receiver) Read(most int, timeout time.Duration) (Frame, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	deadline, late := waitlist.Deadline(timeout), timeout == 0
	for {
		if r.refused == codes.ErrClosedLocal {
			return Frame{}, r.refused
		}
		if len(r.ready) > 0 {
			return r.take(most)
		}
		if r.refused != nil && (r.over || r.whole) {
			return Frame{}, r.refused
		}
		if late {
			return Frame{}, codes.ErrTimeout
		}
		late = !r.data.Wait(&r.mu, deadline)
	}
}

// Readable reports whether Read would return a frame at once.
func (r *Receiver) Readable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ready) > 0 && r.refused != codes.ErrClosedLocal
}

// take needs the lock.
func (r *Receiver) take(most int) (Frame, error) {
	f := r.ready[0]
	if len(f.Bytes) > most {
		return f, codes.ErrBufferTooSmall
	}
	r.ready[0] = Frame{}
	r.ready = r.ready[1:]
	if len(r.ready) == 0 {
		r.ready = nil
	}
	r.held -= len(f.Bytes)
	r.Received.Add(uint64(len(f.Bytes)))
	r.room.Notify()
	return f, nil
}

// Refuse gives readers the reason, the first one if there are several, when they have read what has come whole;
// codes.ErrClosedLocal at once, and before all others.
func (r *Receiver) Refuse(reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == nil || reason == codes.ErrClosedLocal {
		r.refused = reason
	}
	r.data.Notify()
}

// WaitWhole returns once all frames have come, or at the deadline; then nothing more is taken.
func (r *Receiver) WaitWhole(deadline time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.whole && !r.over && r.data.Wait(&r.mu, deadline) {
	}
	r.finish()
}

// Finish says that nothing more comes.
func (r *Receiver) Finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finish()
}

// finish needs the lock.
func (r *Receiver) finish() {
	r.over = true
	r.data.Notify()
	r.room.Notify()
}
