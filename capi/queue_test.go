package main

import (
	"testing"
	"testing/synctest"
)

func TestQueueKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		var got []int
		for i := range 100 {
			q.post(func() { got = append(got, i) })
		}
		q.drain(0)
		for i, n := range got {
			if i != n {
				t.Fatalf("job %d ran as number %d", n, i)
			}
		}
		if len(got) != 100 {
			t.Fatalf("%d of 100 jobs ran", len(got))
		}
	})
}

// A callback that ends its own object cannot wait for itself: it runs the rest.
func TestDrainInsideAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		second := false
		start := make(chan struct{})
		q.post(func() {
			<-start
			q.drain(q.id)
			if !second {
				t.Error("the second job had not run when drain returned")
			}
		})
		q.post(func() { second = true })
		close(start)
		q.drain(0)
	})
}

// Three queues whose jobs wait for each other in a circle: one does not wait.
func TestDrainInACircle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := []*queue{newQueue(), newQueue(), newQueue()}
		started := make(chan struct{})
		for i, q := range queues {
			q.post(func() {
				<-started
				queues[(i+1)%len(queues)].drain(q.id)
			})
		}
		close(started)
		for _, q := range queues {
			q.drain(0)
		}
		if len(waits.on) != 0 {
			t.Errorf("waits left: %v", waits.on)
		}
	})
}

func TestPanicInAJobEndsNothingElse(t *testing.T) {
	q := newQueue()
	ran := false
	q.post(func() { panic("in a test: this stack is expected") })
	q.post(func() { ran = true })
	q.drain(0)
	if !ran {
		t.Error("the job after the panic did not run")
	}
}
