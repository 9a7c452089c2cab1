package rendezvous

import "sync/atomic"

// counts count what happens, by a name for each kind. The names are fixed, whatever
// strangers send: whoever watches a server has one line for each, from the start.
type counts map[string]*atomic.Uint64

func newCounts(names ...string) counts {
	c := counts{}
	for _, name := range names {
		c[name] = new(atomic.Uint64)
	}
	return c
}

func (c counts) add(name string) { c[name].Add(1) }

func (c counts) read() map[string]uint64 {
	all := map[string]uint64{}
	for name, n := range c {
		all[name] = n.Load()
	}
	return all
}
