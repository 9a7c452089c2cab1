package ready

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// thing has bytes on each of 32 channels, or not.
type thing struct {
	Source
	bytes  atomic.Uint32
	closed atomic.Bool
	asking func() // called after it has looked
}

func newThing() *thing {
	t := new(thing)
	t.Ask = func(wanted Events, channels uint32) (s State) {
		if s.Readable = t.bytes.Load() & channels; wanted&Readable == 0 {
			s.Readable = 0
		}
		if s.Readable != 0 {
			s.Events = Readable
		}
		if wanted&Closed != 0 && t.closed.Load() {
			s.Events |= Closed
			s.Code = codes.ErrClosedRemote
		}
		if t.asking != nil {
			t.asking()
		}
		return s
	}
	return t
}

func (t *thing) arrive(channels uint32) {
	t.bytes.Or(channels)
	t.Changed(Readable)
}

func (t *thing) take(channels uint32) {
	t.bytes.And(^channels)
	t.Recheck()
}

func newSet(t *testing.T) *Set {
	p := NewSet(panics.Guard{})
	t.Cleanup(p.Close)
	return p
}

func mustWatch(t *testing.T, p *Set, s *Source, tag int32, events Events) {
	t.Helper()
	if err := p.Watch(s, tag, events, ^uint32(0)); err != nil {
		t.Fatal(err)
	}
}

// wait returns what Wait tells, of at most so many.
func wait(t *testing.T, p *Set, most int, timeout time.Duration) []Event {
	t.Helper()
	events := make([]Event, most)
	n, err := p.Wait(events, timeout)
	if (n > 0) == (err != nil) || err != nil && err != codes.ErrTimeout {
		t.Fatalf("%d, %v", n, err)
	}
	return events[:n]
}

func want(t *testing.T, p *Set, all ...Event) {
	t.Helper()
	got := wait(t, p, 100, time.Hour)
	if len(all) == 0 {
		got = wait(t, p, 100, 0)
	}
	if len(got) != len(all) {
		t.Fatalf("told %v, want %v", got, all)
	}
	for i := range got {
		if got[i] != all[i] {
			t.Fatalf("told %v, want %v", got, all)
		}
	}
}

func wantNothing(t *testing.T, p *Set) {
	t.Helper()
	if got := wait(t, p, 100, time.Second); len(got) > 0 {
		t.Fatalf("told %v", got)
	}
}

func readable(tag int32, channels uint32) Event {
	return Event{tag, State{Events: Readable, Readable: channels}}
}

func TestWhatIsReadyIsToldUntilItIsNot(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, a, b := newSet(t), newThing(), newThing()
		a.arrive(1)
		mustWatch(t, p, &a.Source, 1, Readable|Closed)
		mustWatch(t, p, &b.Source, 2, Readable)
		want(t, p, readable(1, 1))
		b.arrive(6)
		want(t, p, readable(1, 1), readable(2, 6))
		a.take(1)
		b.take(2)
		want(t, p, readable(2, 4))
		b.take(4)
		wantNothing(t, p)
		a.arrive(8)
		a.take(8)
		wantNothing(t, p)
		a.closed.Store(true)
		a.Changed(Closed)
		for range 3 {
			want(t, p, Event{1, State{Events: Closed, Code: codes.ErrClosedRemote}})
		}
		a.Leave()
		wantNothing(t, p)
		if err := p.Watch(&a.Source, 1, Readable, 1); err != codes.ErrInvalidSession {
			t.Errorf("what has left is watched again: %v", err)
		}
	})
}

func TestOnlyWhatIsWantedIsTold(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, a := newSet(t), newThing()
		if err := p.Watch(&a.Source, 1, Readable, 1); err != nil {
			t.Fatal(err)
		}
		a.arrive(2)
		a.closed.Store(true)
		a.Changed(All)
		a.Happened(Path)
		wantNothing(t, p)
		mustWatch(t, p, &a.Source, 1, Readable)
		want(t, p, readable(1, 2))
		mustWatch(t, p, &a.Source, 1, 0)
		mustWatch(t, p, &a.Source, 1, 0)
		wantNothing(t, p)
		if len(p.watches) != 0 || a.watches.Load() != nil {
			t.Error("a watch is left")
		}
	})
}

func TestWhatHasHappenedIsToldOnce(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, q, a := newSet(t), newSet(t), newThing()
		a.Happened(Path)
		a.Happened(Online)
		mustWatch(t, p, &a.Source, 1, Path|Online|Readable)
		mustWatch(t, q, &a.Source, 9, Path|Rate)
		want(t, p, Event{1, State{Events: Online}}) // how it is, but not that it moved once
		wantNothing(t, p)
		wantNothing(t, q)
		a.Happened(Path)
		a.Happened(Path)
		a.Happened(Paired)
		want(t, p, Event{1, State{Events: Path}})
		wantNothing(t, p)
		want(t, q, Event{9, State{Events: Path}})
		wantNothing(t, q)
		a.Happened(Rate)
		a.arrive(1)
		want(t, p, readable(1, 1))
		want(t, q, Event{9, State{Events: Rate}})
		mustWatch(t, p, &a.Source, 1, Path|Online|Readable) // again
		want(t, p, readable(1, 1))
		mustWatch(t, p, &a.Source, 1, Path)
		mustWatch(t, p, &a.Source, 1, Path|Online)
		want(t, p, Event{1, State{Events: Online}})
	})
}

// A source that changes just after it was asked is asked again.
func TestNoChangeIsMissed(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, a := newSet(t), newThing()
		mustWatch(t, p, &a.Source, 1, Readable)
		a.asking = func() {
			a.asking = nil
			a.arrive(1)
		}
		a.Changed(Readable)
		want(t, p, readable(1, 1))
	})
}

func TestWaitersAreWoken(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, a := newSet(t), newThing()
		mustWatch(t, p, &a.Source, 1, Readable)
		if took := bubble.Took(func() { wantNothing(t, p) }); took != time.Second {
			t.Errorf("a second took %v", took)
		}
		var waiters sync.WaitGroup
		told := make([]int, 3)
		for i := range told {
			waiters.Go(func() { told[i] = len(wait(t, p, 1, -1)) })
		}
		synctest.Wait()
		a.arrive(1) // who hears of it may not act on it
		waiters.Wait()
		for i, n := range told {
			if n != 1 {
				t.Errorf("waiter %d was told %d", i, n)
			}
		}
	})
}

func TestWakeEndsOneWait(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, a := newSet(t), newThing()
		mustWatch(t, p, &a.Source, 1, Readable)
		ended := make(chan error, 3)
		for range cap(ended) {
			go func() {
				n, err := p.Wait(make([]Event, 1), -1)
				if n != 0 {
					t.Errorf("told %d", n)
				}
				ended <- err
			}()
		}
		synctest.Wait()
		for range cap(ended) {
			if err := p.Wake(); err != nil {
				t.Error(err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if len(ended) != 0 {
				t.Error("another has ended")
			}
		}
		p.Wake()
		p.Wake()
		a.arrive(1)
		for range 2 { // whatever is ready
			if n, err := p.Wait(make([]Event, 1), -1); n != 0 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		want(t, p, readable(1, 1))
	})
}

func TestCloseEndsAllWaits(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, a := newSet(t), newThing()
		mustWatch(t, p, &a.Source, 1, Readable)
		var waiters sync.WaitGroup
		for range 3 {
			waiters.Go(func() {
				if n, err := p.Wait(make([]Event, 1), -1); n != 0 || err != codes.ErrClosedLocal {
					t.Errorf("%d, %v", n, err)
				}
			})
		}
		synctest.Wait()
		p.Close()
		waiters.Wait()
		p.Close()
		a.arrive(1)
		a.Leave()
		if a.watches.Load() != nil {
			t.Error("a watch is left")
		}
		if p.Wake() != codes.ErrInvalidSession || p.Watch(&newThing().Source, 1, Readable, 1) != codes.ErrInvalidSession {
			t.Error("a closed set is of use")
		}
	})
}

// A short list of events shows all that are ready in turn.
func TestNobodyIsForgotten(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p := newSet(t)
		for tag := range int32(5) {
			a := newThing()
			mustWatch(t, p, &a.Source, tag, Readable)
			a.arrive(1)
		}
		times := make(map[int32]int)
		for range 10 {
			for _, e := range wait(t, p, 2, 0) {
				times[e.Tag]++
			}
		}
		for tag, n := range times {
			if n != 4 {
				t.Errorf("%d was told %d times of 20", tag, n)
			}
		}
		if len(times) != 5 {
			t.Errorf("%d of 5 were told", len(times))
		}
	})
}

// What comes and goes while nobody waits leaves nothing behind.
func TestWhatHasGoneIsForgotten(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		p, a := newSet(t), newThing()
		mustWatch(t, p, &a.Source, 1, Readable)
		a.arrive(1)
		for range 1000 {
			b := newThing()
			b.arrive(1)
			mustWatch(t, p, &b.Source, 2, Readable)
			b.Leave()
		}
		if n := len(p.list); n > 30 {
			t.Errorf("%d are in the list", n)
		}
		want(t, p, readable(1, 1))
	})
}

// Many who wait, bring, take, watch and leave at the same time; in the end nothing is forgotten.
func TestAtTheSameTime(t *testing.T) {
	p := NewSet(panics.Guard{})
	const each = 500
	var things [8]*thing
	var taken [len(things)]atomic.Uint32
	for i := range things {
		things[i] = newThing()
		mustWatch(t, p, &things[i].Source, int32(i), Readable|Path)
	}
	var bringing, waiting sync.WaitGroup
	var left atomic.Int32
	left.Store(int32(len(things)) * each)
	for range 3 {
		waiting.Go(func() {
			events := make([]Event, 3)
			for {
				n, err := p.Wait(events, -1)
				if err != nil {
					return
				}
				seen := make(map[int32]bool)
				for _, e := range events[:n] {
					if seen[e.Tag] {
						t.Error("told twice")
					}
					seen[e.Tag] = true
					a := things[e.Tag]
					for bit := uint32(1); bit != 0; bit <<= 1 {
						if e.Readable&bit != 0 && a.bytes.And(^bit)&bit != 0 {
							taken[e.Tag].Add(1)
							left.Add(-1)
							a.Recheck()
						}
					}
				}
			}
		})
	}
	for i, a := range things {
		bringing.Go(func() {
			for n := range each {
				bit := uint32(1) << (n % 32)
				for a.bytes.Load()&bit != 0 {
					runtime.Gosched()
				}
				a.arrive(bit)
				if n%100 == 0 {
					a.Happened(Path)
					p.Watch(&a.Source, int32(i), Readable, 0)
					p.Watch(&a.Source, int32(i), Readable|Path, ^uint32(0))
					p.Wake()
				}
				if n == each/2 {
					p.Descriptor()
				}
			}
		})
	}
	bringing.Wait()
	for left.Load() > 0 {
		runtime.Gosched()
	}
	p.Close()
	waiting.Wait()
}
