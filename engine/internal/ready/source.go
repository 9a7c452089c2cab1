package ready

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// Events is a set of what can be so with a thing, or can have happened to it.
type Events uint32

// The numbers are those of the C ABI.
const (
	Readable Events = 1 << iota
	Writable
	Accept
	Closed
	Path // from here on: told once
	Online
	Paired
	Rate

	All = Readable | Writable | Accept | Closed | once

	once      = Path | Online | Paired | Rate
	firstOnce = 4 // the first bit of once
)

// State is what is so with a thing.
type State struct {
	Events             Events
	Readable, Writable uint32 // channels: bit n is channel n
	Code               codes.Code
}

// Source is what a thing that can be watched has. Without Ask it must not be watched, but may be told of anything.
type Source struct {
	// Ask returns which of the events are so now, but for those that are told once, which are counted here. It is called
	// with no lock but Set.collecting and Set.looking.
	Ask func(wanted Events, channels uint32) State

	watches atomic.Pointer[[]*watch] // nil: none; a list is never changed
	counts  [4]atomic.Uint32         // how often what is told once has happened

	mu   sync.Mutex // guards changes of watches
	gone bool
}

// watch is a source that a set watches.
type watch struct {
	set    *Set
	source *Source
	tag    int32
	wanted atomic.Uint64 // Events, then channels
	told   [4]uint32     // of Source.counts; guarded by Set.looking

	// Guarded by Set.mu.
	dirty               atomic.Bool // to be asked; may be read without the lock
	pass                uint32      // in which it was asked last
	listed, ready, gone bool
}

// Changed says that some events may be so now, or may not be any more. It never blocks, and may be called with any lock.
func (s *Source) Changed(events Events) {
	list := s.watches.Load()
	if list == nil {
		return
	}
	for _, w := range *list {
		if wanted, _ := w.wants(); wanted&events != 0 {
			w.set.mark(w)
		}
	}
}

// Happened is Changed for one of the events that are told once each time.
func (s *Source) Happened(event Events) {
	s.counts[bits.TrailingZeros32(uint32(event))-firstOnce].Add(1)
	s.Changed(event)
}

// Recheck is called when somebody has taken what made the source ready, without any lock: the descriptors of those who
// watch it then say what is so, before he goes on.
func (s *Source) Recheck() {
	list := s.watches.Load()
	if list == nil {
		return
	}
	for _, w := range *list {
		w.set.recheck(w)
	}
}

// Leave takes the source out of all sets, for good.
func (s *Source) Leave() {
	s.mu.Lock()
	s.gone = true
	list := s.watches.Swap(nil)
	s.mu.Unlock()
	if list == nil {
		return
	}
	for _, w := range *list {
		w.set.remove(w)
	}
}

// watchOf returns that of a set, or nil. It needs the lock.
func (s *Source) watchOf(set *Set) *watch {
	if list := s.watches.Load(); list != nil {
		for _, w := range *list {
			if w.set == set {
				return w
			}
		}
	}
	return nil
}

// add needs the lock.
func (s *Source) add(w *watch) {
	var list []*watch
	if old := s.watches.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = append(list, w)
	s.watches.Store(&list)
}

// forget needs the lock.
func (s *Source) forget(w *watch) {
	old := s.watches.Load()
	if old == nil {
		return
	}
	list := slices.DeleteFunc(slices.Clone(*old), func(other *watch) bool { return other == w })
	if len(list) == 0 {
		s.watches.Store(nil)
		return
	}
	s.watches.Store(&list)
}

func (w *watch) wants() (events Events, channels uint32) {
	wanted := w.wanted.Load()
	return Events(wanted >> 32), uint32(wanted)
}

// want sets what is wanted from now on. What happened before is not news, but for what is as it is since it happened last:
// whether a device is online, and how fast a session is. It needs Set.looking.
func (w *watch) want(events Events, channels uint32) {
	before, _ := w.wants()
	for i := range w.told {
		switch event := Events(1) << (firstOnce + i); {
		case before&event != 0:
		case event == Online || event == Rate:
			w.told[i] = 0
		default:
			w.told[i] = w.source.counts[i].Load()
		}
	}
	w.wanted.Store(uint64(events)<<32 | uint64(channels))
}

// counted is how often each of what is told once has happened.
func (s *Source) counted() (counts [4]uint32) {
	for i := range counts {
		counts[i] = s.counts[i].Load()
	}
	return counts
}

// news is what has happened and was not told yet. It needs Set.looking.
func (w *watch) news(wanted Events, counts [4]uint32) (news Events) {
	for i := range w.told {
		if event := Events(1) << (firstOnce + i); wanted&event != 0 && counts[i] != w.told[i] {
			news |= event
		}
	}
	return news
}

// tell notes that news are told. It needs Set.looking.
func (w *watch) tell(news Events, counts [4]uint32) {
	for i := range w.told {
		if news&(1<<(firstOnce+i)) != 0 {
			w.told[i] = counts[i]
		}
	}
}
