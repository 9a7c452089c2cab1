package frames

// A channel has credit for so many streams. QUIC counts those of all channels together: without it one channel whose frames
// nobody reads would, sooner or later, have them all, and stop the others.
//
// Credit is for the frames that a second brings, or that the path is long. The receiver gives it back in steps, as streams
// end, whether their frames have come or not. A receiver that has never given any does not know of it, and its sender does
// as it always did.
const (
	Credit     = 80
	creditStep = 16
)

// Credits is how many messages its sender has to get that there were not when Credits was last called: see Sender.Credit.
func (r *Receiver) Credits() (more int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := 1 + int(r.closed/creditStep)
	more = all - r.credits
	r.credits = all
	return more
}

// Credit is for a message from the receiver. The first tells that it gives credit at all, each other that a step more of the
// streams have ended.
func (s *Sender) Credit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.credit == 0 {
		s.credit = Credit
	} else {
		s.credit += creditStep
	}
	s.change.Notify()
}

// exhausted reports whether another stream has to wait for credit. It needs the lock.
func (s *Sender) exhausted() bool { return s.credit != 0 && s.ordinal >= s.credit }

// Waiting is how many bytes wait for the path. Those that wait for the receiver say nothing of it.
func (s *Sender) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	leaving, _ := s.leaving()
	if s.writing != nil && s.writing.stream.Held() || s.writing == nil && s.exhausted() {
		return leaving
	}
	return leaving + s.queued
}
