package frames

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

// TestCredit: as many streams as the receiver allows, and what is late meanwhile is dropped.
func TestCredit(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 1e6, 20*time.Millisecond)
		s := w.sender()
		send := func(frames int, deadline time.Duration, streams int) {
			t.Helper()
			for range frames {
				wantSend(t, s, 10, true, deadline, nil)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if s.ordinal != uint64(streams) {
				t.Errorf("%d streams are used, not %d", s.ordinal, streams)
			}
		}
		send(100, 0, 100) // to a receiver that gives no credit
		if more := w.receiver.Credits(); more != 1+100/creditStep {
			t.Errorf("%d messages for 100 streams", more)
		}
		s.Credit()
		send(1, 0, 100)
		s.Credit()
		s.Credit()
		send(10, 0, 111)
		send(2, 0, 112)
		send(5, 200*time.Millisecond, 112)
		if bytes, _ := s.Unsent(); bytes != 10 {
			t.Errorf("%d bytes wait", bytes)
		}
		s.Credit()
		send(0, 0, 113)
		for n := range uint64(113) {
			wantRead(t, w.receiver, 10, true, n+1, 0)
		}
		if more := w.receiver.Credits(); more != 1 {
			t.Errorf("%d messages for 13 streams", more)
		}
		w.check()
	})
}

// TestASenderWithoutCreditEnds with its connection, and at once if all that waited was late.
func TestASenderWithoutCreditEnds(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 1e6, 0)
		s := w.sender()
		s.Credit()
		for range Credit + 1 {
			wantSend(t, s, 10, true, 300*time.Millisecond, nil)
		}
		s.Refuse(ErrRules)
		start := time.Now()
		s.Flush(start.Add(time.Minute))
		if took := time.Since(start); took < 200*time.Millisecond || took > time.Second {
			t.Errorf("it has ended after %v", took)
		}
	})
}
