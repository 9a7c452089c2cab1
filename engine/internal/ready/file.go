package ready

import (
	"slices"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// Descriptor returns a file descriptor that is readable while Wait would return at once. It is the set's, and ends with it.
// The errors are codes.ErrInvalidParameter where there is none for poll, codes.ErrNoMemory if the process has too many, and
// codes.ErrInvalidSession once the set is closed.
func (p *Set) Descriptor() (int, error) {
	p.looking.Lock()
	defer p.looking.Unlock()
	listed, err := p.openFile()
	for _, w := range listed { // from now on Recheck keeps them true
		p.ask(w, false)
	}
	return p.file.number(), err
}

// openFile returns what is in the list, if it has just opened it.
func (p *Set) openFile() (listed []*watch, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, codes.ErrInvalidSession
	}
	if p.hasFile.Load() {
		return nil, nil
	}
	if err := p.file.open(); err != nil {
		return nil, err
	}
	p.hasFile.Store(true)
	p.shown = false
	p.show()
	return slices.Clone(p.list), nil
}

// show makes the descriptor say what is so. It needs the lock, and does not wait.
func (p *Set) show() {
	want := p.ready > 0 || p.wakes > 0
	if !p.hasFile.Load() || want == p.shown {
		return
	}
	p.shown = want
	if want {
		p.file.raise()
	} else {
		p.file.lower()
	}
}

// recheck is for the descriptor only: Wait asks anyway.
func (p *Set) recheck(w *watch) {
	if !p.hasFile.Load() {
		return
	}
	p.looking.Lock()
	defer p.looking.Unlock()
	if p.isReady(w) {
		p.ask(w, false)
	}
}

func (p *Set) isReady(w *watch) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return w.ready
}

// check asks what has been marked, for the descriptor, as long as there is any. Who marks it cannot: he may hold locks.
func (p *Set) check() {
	for p.checkNext() {
	}
}

func (p *Set) checkNext() bool {
	p.looking.Lock()
	defer p.looking.Unlock()
	w, more := p.popFresh()
	if w != nil {
		p.ask(w, false)
	}
	return more
}

// popFresh returns nil for one that was asked meanwhile.
func (p *Set) popFresh() (w *watch, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fresh) == 0 {
		p.fresh, p.checking = nil, false
		return nil, false
	}
	w, p.fresh = p.fresh[0], p.fresh[1:]
	if w.gone || !w.dirty.Load() {
		return nil, true
	}
	return w, true
}
