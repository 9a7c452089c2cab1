package frames

import (
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// What a sender takes, and what it drops: a frame is of use in time, or not at all.

// admit decides about a frame. A key frame needs none of those before it: they make way if
// it could not be in time behind them. What is being written makes way only if none of it has
// left, or it will be late itself, and not twice in a row, or nothing would ever be whole. With
// nothing before it a key frame is always tried, or a path that is thought to be slower than it
// is would never be seen to be faster. It needs the lock.
func (s *Sender) admit(f *outgoing, deadline time.Duration) error {
	left, _ := s.leaving()
	waits := left + s.queued - s.begun
	if s.writing != nil {
		left += s.writing.length - s.begun
	}
	inTime := func(behind int) bool { return deadline == 0 || s.arrives(behind+f.length) <= deadline }
	if s.queued+f.length <= s.limit && len(s.queue) < mostQueued && inTime(waits) {
		return nil
	}
	if f.key && deadline > 0 {
		switch w := s.writing; {
		case left == 0 || inTime(left):
			s.dropWaiting()
			return nil
		case !s.usurped() && inTime(0) && (w == nil || s.begun == 0 || !w.deadline.IsZero() && time.Now().Add(s.arrives(left)).After(w.deadline)):
			s.dropQueued()
			s.usurper = f
			return nil
		}
	}
	if deadline > 0 { // else its sender may try again
		s.broken = true
	}
	return codes.ErrTimeout
}

// arrives is how long from now the last of so many bytes would be there. It needs the lock.
func (s *Sender) arrives(bytes int) time.Duration {
	path := s.path()
	if path.Bandwidth == 0 {
		return 0
	}
	return path.OneWay + time.Duration(float64(bytes)*8/float64(path.Bandwidth)*float64(time.Second))
}

// hasLeft needs the lock.
func (s *Sender) hasLeft(f *outgoing) bool {
	f.left = f.left || f.stream != nil && f != s.writing && f.stream.Left()
	return f.left
}

// leaving is how many bytes are with QUIC and have not left, and the oldest frame of them. It needs the lock.
func (s *Sender) leaving() (bytes int, oldest *outgoing) {
	for _, f := range s.flying {
		if !s.hasLeft(f) {
			bytes += f.length
			if oldest == nil {
				oldest = f
			}
		}
	}
	return bytes, oldest
}

// settle forgets what need not be watched any more. It needs the lock.
func (s *Sender) settle() {
	s.flying = keep(s.flying, func(f *outgoing) bool {
		return !f.stream.Delivered() && !(f.deadline.IsZero() && s.hasLeft(f))
	})
}

// usurped reports whether what has taken the place of another is still to leave. It needs the lock.
func (s *Sender) usurped() bool {
	return s.usurper != nil && !s.usurper.dropped && !s.hasLeft(s.usurper)
}

// due is when a frame is late. Before it has left, when its last byte could not be there
// in time any more; then, when an acknowledgement of what came in time would have come. It needs the lock.
func (s *Sender) due(f *outgoing) time.Time {
	path := s.path()
	if s.hasLeft(f) {
		return f.deadline.Add(max(path.OneWay, path.Back) + ackDelay)
	}
	return f.deadline.Add(-path.OneWay)
}

// dropLate needs the lock.
func (s *Sender) dropLate(now time.Time) {
	s.settle()
	if late := s.firstLate(now); late != nil {
		s.drop(late)
		s.dropLate(now) // what is behind the next key frame
	}
}

// firstLate is the first frame that is late. It needs the lock.
func (s *Sender) firstLate(now time.Time) *outgoing {
	late := func(f *outgoing) bool { return !f.deadline.IsZero() && !s.due(f).After(now) }
	if i := slices.IndexFunc(s.flying, late); i >= 0 {
		return s.flying[i]
	}
	if s.writing != nil && late(s.writing) {
		return s.writing
	}
	if i := slices.IndexFunc(s.queue, late); i >= 0 {
		return s.queue[i]
	}
	return nil
}

// drop drops a frame and those that need it. It needs the lock.
func (s *Sender) drop(first *outgoing) {
	began, over := false, false
	needs := func(f *outgoing) bool {
		over = over || began && f.key
		began = began || f == first
		return began && !over
	}
	s.flying = keep(s.flying, func(f *outgoing) bool {
		if !needs(f) {
			return true
		}
		s.reset(f)
		return false
	})
	if f := s.writing; f != nil && needs(f) {
		s.dropWriting()
	}
	s.queue = keep(s.queue, func(f *outgoing) bool {
		if !needs(f) {
			return true
		}
		s.queued -= f.length
		f.dropped = true
		return false
	})
	s.broken = s.broken || first.sequence >= s.lastKey
	s.tellRoom()
}

// dropWriting needs the lock.
func (s *Sender) dropWriting() {
	f := s.writing
	s.writing, s.begun = nil, 0
	s.queued -= f.length
	s.reset(f)
}

// reset needs the lock.
func (s *Sender) reset(f *outgoing) {
	f.dropped = true
	f.stream.Reset(reason(s.channel, f.ordinal))
}

// dropWaiting drops all that has not begun to be written. It needs the lock.
func (s *Sender) dropWaiting() (dropped int) {
	for _, f := range s.queue {
		dropped += f.length
		f.dropped = true
	}
	s.queue = nil
	s.queued -= dropped
	s.tellRoom()
	s.broken = s.broken || dropped > 0
	return dropped
}

// dropQueued drops all that has not left. It needs the lock.
func (s *Sender) dropQueued() (dropped int) {
	s.flying = keep(s.flying, func(f *outgoing) bool {
		if s.hasLeft(f) {
			return true
		}
		s.reset(f)
		dropped += f.length
		return false
	})
	if f := s.writing; f != nil {
		s.dropWriting()
		dropped += f.length
	}
	s.broken = s.broken || dropped > 0
	return dropped + s.dropWaiting()
}
