package frames

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// What a sender takes, and what it drops: a frame is of use in time, or not at all.

// admit decides about a frame. A key frame needs none of those before it: they make way if
// it could not be in time behind them. What is being written makes way only if none of it has
// left, or it will be late itself, and not twice in a row, or nothing would ever be whole. With
// nothing before it a key frame is always tried, or a path that is thought to be slower than it
// is would never be seen to be faster. It needs the lock.
func (s *Sender) admit(size int, key bool, deadline time.Duration) error {
	waits, left := s.queued-s.begun, 0
	if s.writing != nil {
		left = s.writing.length - s.begun
	}
	inTime := func(behind int) bool { return deadline == 0 || s.arrives(behind+size) <= deadline }
	if s.queued+size <= s.limit && len(s.queue) < mostQueued && inTime(waits) {
		return nil
	}
	if key && deadline > 0 {
		switch f := s.writing; {
		case f == nil || inTime(left):
			s.dropWaiting()
			return nil
		case !s.displaced && inTime(0) && (s.begun == 0 || !f.deadline.IsZero() && time.Now().Add(s.arrives(left)).After(f.deadline)):
			s.dropQueued()
			s.displaced = true
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

// due is when a frame is late. Before it is written, when its last byte could not be there
// in time any more; then, when an acknowledgement of what came in time would have come.
func (s *Sender) due(f *outgoing, flies bool) time.Time {
	path := s.path()
	if flies {
		return f.deadline.Add(max(path.OneWay, path.Back) + ackDelay)
	}
	return f.deadline.Add(-path.OneWay)
}

// dropLate needs the lock.
func (s *Sender) dropLate(now time.Time) {
	flying := s.flying[:0]
	var late *outgoing
	for _, f := range s.flying {
		if f.stream.Delivered() {
			continue
		}
		flying = append(flying, f)
		if late == nil && !s.due(f, true).After(now) {
			late = f
		}
	}
	clear(s.flying[len(flying):])
	s.flying = flying
	if late == nil {
		late = s.firstLate(now)
	}
	if late != nil {
		s.drop(late)
		s.dropLate(now) // what is behind the next key frame
	}
}

// firstLate is the first frame that has not been written and is late. It needs the lock.
func (s *Sender) firstLate(now time.Time) *outgoing {
	if f := s.writing; f != nil && !f.deadline.IsZero() && !s.due(f, false).After(now) {
		return f
	}
	for _, f := range s.queue {
		if !f.deadline.IsZero() && !s.due(f, false).After(now) {
			return f
		}
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
		f.stream.Reset(reason(s.channel, f.ordinal))
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
		return false
	})
	s.broken = s.broken || first.sequence >= s.lastKey
	s.tellRoom()
}

// dropWriting needs the lock.
func (s *Sender) dropWriting() {
	f := s.writing
	s.writing, s.begun, s.displaced, f.dropped = nil, 0, false, true
	s.queued -= f.length
	f.stream.Reset(reason(s.channel, f.ordinal))
}

// dropWaiting drops all that has not begun to be written. It needs the lock.
func (s *Sender) dropWaiting() (dropped int) {
	for _, f := range s.queue {
		dropped += f.length
	}
	s.queue = nil
	s.queued -= dropped
	s.tellRoom()
	s.broken = s.broken || dropped > 0
	return dropped
}

// dropQueued drops all that is not written. It needs the lock.
func (s *Sender) dropQueued() (dropped int) {
	if f := s.writing; f != nil {
		s.dropWriting()
		dropped, s.broken = f.length, true
	}
	return dropped + s.dropWaiting()
}
