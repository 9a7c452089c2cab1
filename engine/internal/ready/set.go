package ready

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Event is what is so with a source, which a tag names.
type Event struct {
	Tag int32
	State
}

// Set is what a poller watches. All methods may be called from any goroutine.
type Set struct {
	guard panics.Guard

	// collecting is held while a Wait goes through the list, so that it finds each source once.
	collecting sync.Mutex

	// looking is held while a source is asked, so that no older answer comes after a newer one.
	looking sync.Mutex

	mu       sync.Mutex
	watches  map[*watch]struct{}
	list     []*watch // those that are ready, or to be asked; in between are some that are neither any more
	unasked  int      // in list
	ready    int      // in list
	pass     uint32   // of collect
	wakes    int
	closed   bool
	waiters  waitlist.List
	shown    bool        // what the descriptor says
	fresh    []*watch    // to be asked for the descriptor
	checking bool        // check runs
	hasFile  atomic.Bool // whether there is a descriptor
	file     descriptor
}

// NewSet makes a set. The guard is for faults that nobody waits for.
func NewSet(guard panics.Guard) *Set {
	return &Set{guard: guard, watches: make(map[*watch]struct{})}
}

// Watch says which events of a source, on which channels, Wait tells from now on; no events: none any more. The error is
// codes.ErrInvalidSession if the source or the set has gone.
func (p *Set) Watch(s *Source, tag int32, events Events, channels uint32) error {
	p.looking.Lock()
	defer p.looking.Unlock()
	w, err := p.enter(s, tag, events, channels)
	if w != nil {
		p.ask(w, false)
	}
	return err
}

// Len is how many sources are watched.
func (p *Set) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.watches)
}

// enter returns the watch, or nil if there is none any more.
func (p *Set) enter(s *Source, tag int32, events Events, channels uint32) (*watch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.gone || p.closed {
		return nil, codes.ErrInvalidSession
	}
	w := s.watchOf(p)
	if events == 0 {
		if w != nil {
			s.forget(w)
			p.drop(w)
		}
		return nil, nil
	}
	isNew := w == nil
	if isNew {
		w = &watch{set: p, source: s, tag: tag}
		p.watches[w] = struct{}{}
	}
	w.want(events, channels)
	if isNew {
		s.add(w)
	}
	return w, nil
}

// Wait waits until something is to be told, and returns how much; 0: Wake was called. A negative timeout waits for ever, 0
// not at all. The errors are codes.ErrTimeout, and codes.ErrClosedLocal once the set is closed.
func (p *Set) Wait(events []Event, timeout time.Duration) (int, error) {
	deadline, late := waitlist.Deadline(timeout), timeout == 0
	for {
		if woken, err := p.interrupted(); woken || err != nil {
			return 0, err
		}
		if n := p.collect(events); n > 0 {
			return n, nil
		}
		switch {
		case p.hasReady(): // behind one that was told again: the descriptor shows it already, and would not once more
		case late:
			return 0, codes.ErrTimeout
		default:
			late = !p.rest(deadline)
		}
	}
}

// interrupted takes one call of Wake.
func (p *Set) interrupted() (woken bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false, codes.ErrClosedLocal
	}
	if p.wakes == 0 {
		return false, nil
	}
	p.wakes--
	p.show()
	return true, nil
}

func (p *Set) hasReady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready > 0
}

// rest waits for something to ask; false: until the deadline.
func (p *Set) rest(deadline time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.wakes > 0 || p.unasked > 0 || p.ready > 0 {
		return true
	}
	return p.waiters.Wait(&p.mu, deadline)
}

// collect asks each in the list once, those first that were told longest ago.
func (p *Set) collect(events []Event) (n int) {
	p.collecting.Lock()
	defer p.collecting.Unlock()
	p.begin()
	for more := true; more && n < len(events); {
		var e Event
		if e, more = p.next(); e.Events != 0 {
			events[n] = e
			n++
		}
	}
	return n
}

func (p *Set) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass++
}

// next asks the first in the list, and returns what is so with it, if anything.
func (p *Set) next() (e Event, more bool) {
	p.looking.Lock()
	defer p.looking.Unlock()
	w := p.pop()
	if w == nil {
		return Event{}, false
	}
	return Event{w.tag, p.ask(w, true)}, true
}

// pop takes the first out of the list, unless this pass has had it.
func (p *Set) pop() *watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.list) > 0 && p.list[0].pass != p.pass {
		w := p.list[0]
		p.list[0] = nil
		p.list = p.list[1:]
		w.listed = false
		if w.gone {
			continue
		}
		w.pass = p.pass
		if w.ready { // until it is asked: who waits meanwhile must not look for it in the list
			w.ready = false
			p.ready--
		}
		return w
	}
	return nil
}

// Wake makes one Wait return 0: one that waits, or else the next.
func (p *Set) Wake() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return codes.ErrInvalidSession
	}
	p.wakes++
	p.waiters.Notify()
	p.show()
	return nil
}

// Close ends the set, and each Wait.
func (p *Set) Close() {
	p.mu.Lock()
	watches := p.watches
	p.closed, p.watches, p.list, p.fresh = true, nil, nil, nil
	for w := range watches {
		w.gone = true
	}
	p.waiters.Notify()
	if p.hasFile.Swap(false) {
		p.file.close()
	}
	p.mu.Unlock()
	for w := range watches {
		w.source.mu.Lock()
		w.source.forget(w)
		w.source.mu.Unlock()
	}
}

// mark puts a watch among those to be asked.
func (p *Set) mark(w *watch) {
	if w.dirty.Load() { // it will be asked after this
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.gone || w.dirty.Load() {
		return
	}
	w.dirty.Store(true)
	p.unasked++
	p.push(w)
	p.waiters.Notify()
	if !p.hasFile.Load() {
		return
	}
	p.fresh = append(p.fresh, w)
	if !p.checking {
		p.checking = true
		p.guard.Go(p.check)
	}
}

// ask returns what is so with a watch, and what has happened since that was told, which is now if tell is true. It needs
// looking.
func (p *Set) ask(w *watch, tell bool) State {
	p.mu.Lock()
	p.clean(w) // whatever changes from here on puts it into the list again
	p.mu.Unlock()
	wanted, channels := w.wants()
	counts := w.source.counted()
	state := w.source.Ask(wanted, channels)
	state.Events &= wanted &^ once
	news := w.news(wanted, counts)
	if tell {
		w.tell(news, counts)
	}
	p.settle(w, state.Events != 0 || news != 0 && !tell)
	if state.Events |= news; state.Events&(Closed|Online) == 0 {
		state.Code = codes.OK
	}
	return state
}

// push needs the lock.
func (p *Set) push(w *watch) {
	if w.listed {
		return
	}
	if len(p.list) > 2*len(p.watches)+16 { // nobody waits, so those that have gone are still there
		p.list = slices.DeleteFunc(p.list, func(w *watch) bool { return w.gone })
	}
	w.listed = true
	p.list = append(p.list, w)
}

// clean notes that a watch is asked now. It needs the lock.
func (p *Set) clean(w *watch) {
	if w.dirty.Load() {
		w.dirty.Store(false)
		p.unasked--
	}
}

// settle notes whether a watch is ready.
func (p *Set) settle(w *watch, ready bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.gone {
		return
	}
	if w.ready != ready {
		w.ready = ready
		if ready {
			p.ready++
		} else {
			p.ready--
		}
	}
	if ready {
		p.push(w)
		p.waiters.Notify() // it is for all who wait: whoever hears of it may not act on it
	}
	p.show()
}

func (p *Set) remove(w *watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(w)
}

// drop needs the lock.
func (p *Set) drop(w *watch) {
	if w.gone {
		return
	}
	w.gone = true
	delete(p.watches, w)
	p.clean(w)
	if w.ready {
		w.ready = false
		p.ready--
	}
	p.show()
}
