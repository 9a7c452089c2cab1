package engine

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitEndsAtItsDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var l waitlist
		mu.Lock()
		defer mu.Unlock()
		for _, timeout := range []time.Duration{time.Second, time.Nanosecond, time.Hour, 0} {
			notified := true
			if d := took(func() { notified = l.wait(&mu, time.Now().Add(timeout)) }); d != timeout || notified {
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
		var l waitlist
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				deadline := time.Time{}
				if i%2 == 0 {
					deadline = time.Now().Add(time.Minute)
				}
				mu.Lock()
				defer mu.Unlock()
				if !l.wait(&mu, deadline) {
					t.Errorf("waiter %d was not notified", i)
				}
			})
		}
		synctest.Wait()
		mu.Lock()
		l.notify()
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
		var l waitlist
		for range 100 {
			done := make(chan struct{})
			go func() {
				defer close(done)
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				l.notify()
			}()
			mu.Lock()
			l.wait(&mu, time.Now().Add(time.Second))
			mu.Unlock()
			<-done
			mu.Lock()
			if d := took(func() { l.wait(&mu, time.Now().Add(time.Second)) }); d != time.Second {
				t.Errorf("the second wait took %v", d)
			}
			mu.Unlock()
		}
	})
}

func TestDeadlineAfter(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		if d := deadlineAfter(-1); !d.IsZero() {
			t.Errorf("for ever ends at %v", d)
		}
		if d := time.Until(deadlineAfter(time.Second)); d != time.Second {
			t.Errorf("a second lasts %v", d)
		}
		if d := deadlineAfter(0); d.IsZero() || time.Until(d) > 0 {
			t.Errorf("now is %v", d)
		}
	})
}
