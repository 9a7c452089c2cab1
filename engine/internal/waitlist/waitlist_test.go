package waitlist

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble is what bubble.Run does, which needs this package.
func inBubble(t *testing.T, test func(*testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		Renew()
		t.Cleanup(Renew)
		test(t)
	})
}

func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func TestWaitEndsAtItsDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var l List
		mu.Lock()
		defer mu.Unlock()
		for _, timeout := range []time.Duration{time.Second, time.Nanosecond, time.Hour, 0} {
			notified := true
			if d := took(func() { notified = l.Wait(&mu, time.Now().Add(timeout)) }); d != timeout || notified {
				t.Errorf("waited %v of %v, notified %v", d, timeout, notified)
			}
			if len(l.waiters) != 0 {
				t.Errorf("%d still listed", len(l.waiters))
			}
		}
	})
}

func TestNotifyWakesAllWhoWait(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var l List
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				deadline := time.Time{}
				if i%2 == 0 {
					deadline = time.Now().Add(time.Minute)
				}
				mu.Lock()
				defer mu.Unlock()
				if !l.Wait(&mu, deadline) {
					t.Errorf("waiter %d was not notified", i)
				}
			})
		}
		synctest.Wait()
		mu.Lock()
		l.Notify()
		mu.Unlock()
		if d := took(all.Wait); d != 0 {
			t.Errorf("they woke after %v", d)
		}
	})
}

// TestNotifyAtTheDeadlineIsNotLeftOver: a token that nobody took would end a
// later wait too early.
func TestNotifyAtTheDeadlineIsNotLeftOver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var l List
		for range 100 {
			done := make(chan struct{})
			go func() {
				defer close(done)
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				l.Notify()
			}()
			mu.Lock()
			l.Wait(&mu, time.Now().Add(time.Second))
			mu.Unlock()
			<-done
			mu.Lock()
			if d := took(func() { l.Wait(&mu, time.Now().Add(time.Second)) }); d != time.Second {
				t.Errorf("the second wait took %v", d)
			}
			mu.Unlock()
		}
	})
}

func TestDeadlineAfter(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		if d := Deadline(-1); !d.IsZero() {
			t.Errorf("for ever ends at %v", d)
		}
		if d := time.Until(Deadline(time.Second)); d != time.Second {
			t.Errorf("a second lasts %v", d)
		}
		if d := Deadline(0); d.IsZero() || time.Until(d) > 0 {
			t.Errorf("now is %v", d)
		}
	})
}
