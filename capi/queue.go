package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// queue runs C callbacks one after the other, in the order they were posted.
// Its goroutine lives only while there is work.
//
// Whoever ends what the callbacks belong to calls drain last. That may happen
// inside a callback: its C caller then passes the queue's id, see callbacks.c.
type queue struct {
	id uintptr

	mu   sync.Mutex
	jobs []func()
	busy chan struct{} // closed when the goroutine ends; nil if there is none
}

var lastQueue atomic.Uintptr

func newQueue() *queue { return &queue{id: lastQueue.Add(1)} }

// post adds a job. It never blocks.
func (q *queue) post(job func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, job)
	if q.busy == nil {
		q.busy = make(chan struct{})
		guarded.Go(q.work)
	}
}

func (q *queue) work() {
	q.mu.Lock()
	q.runAll()
	close(q.busy)
	q.busy = nil
	q.mu.Unlock()
}

// runAll runs jobs until there are none. It needs the lock, and gives it away
// while a job runs.
func (q *queue) runAll() {
	for len(q.jobs) > 0 {
		job := q.jobs[0]
		q.jobs = q.jobs[1:]
		q.mu.Unlock()
		guarded.Run(job)
		q.mu.Lock()
	}
}

// drain returns when all jobs have run that were posted before. caller is the
// id of the queue whose callback calls it, 0 if none does. If it is this one,
// drain runs the jobs itself, and does not wait for the caller.
func (q *queue) drain(caller uintptr) {
	if caller == q.id {
		q.mu.Lock()
		q.runAll()
		q.mu.Unlock()
		return
	}
	q.mu.Lock()
	busy := q.busy
	q.mu.Unlock()
	if busy == nil || !waits.begin(caller, q.id) {
		return
	}
	<-busy
	waits.end(caller)
}

// flush returns when the jobs have run that were posted before, however many
// are posted meanwhile. Called by one of its own jobs, it does nothing.
func (q *queue) flush(caller uintptr) { q.flushUntil(caller, nil) }

// flushUntil is flush that gives up.
func (q *queue) flushUntil(caller uintptr, giveUp <-chan time.Time) {
	q.mu.Lock()
	idle := q.busy == nil
	q.mu.Unlock()
	if idle || caller == q.id || !waits.begin(caller, q.id) {
		return
	}
	defer waits.end(caller)
	ran := make(chan struct{})
	q.post(func() { close(ran) })
	select {
	case <-ran:
	case <-giveUp:
	}
}

// settle returns when the job has ended that runs now: those behind it see what was changed before. Called by one of its own
// jobs, it does nothing.
func (q *queue) settle(caller uintptr) {
	if caller == q.id || !waits.begin(caller, q.id) {
		return
	}
	defer waits.end(caller)
	q.mu.Lock()
	if q.busy == nil {
		q.mu.Unlock()
		return
	}
	ended := make(chan struct{})
	q.jobs = slices.Insert(q.jobs, 0, func() { close(ended) })
	q.mu.Unlock()
	<-ended
}

// waits knows which queue's callback waits for which queue. Callbacks that end
// each other's object would wait for each other for ever: the last one does not
// wait.
var waits = waitGraph{on: make(map[uintptr]uintptr)}

type waitGraph struct {
	mu sync.Mutex
	on map[uintptr]uintptr
}

// begin reports whether caller may wait for target.
func (g *waitGraph) begin(caller, target uintptr) bool {
	if caller == 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for next, ok := target, true; ok; next, ok = g.on[next] {
		if next == caller {
			return false
		}
	}
	g.on[caller] = target
	return true
}

func (g *waitGraph) end(caller uintptr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.on, caller)
}
