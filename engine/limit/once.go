package limit

import (
	"cmp"
	"slices"
)

// Once is a memory for what must not be taken twice, however much is taken: when it
// has to forget, it forgets what was made first, and takes nothing from then on that
// is no younger. All times are when something was made, as it says itself, in
// milliseconds of Unix time. Its owner guards it.
type Once struct {
	Most  int
	After int64 // what was made then, or before, is not taken

	taken []taken // in their order; all of them younger than After
}

type taken struct {
	made int64
	key  [8]byte
}

func (t taken) compare(other taken) int {
	return cmp.Or(cmp.Compare(t.made, other.made), slices.Compare(t.key[:], other.key[:]))
}

// Has reports whether something has been taken, and is not forgotten.
func (o *Once) Has(key [8]byte, made int64) bool {
	_, found := o.find(taken{made, key})
	return found
}

func (o *Once) find(t taken) (int, bool) { return slices.BinarySearchFunc(o.taken, t, taken.compare) }

// Take takes something, unless it may have been taken before. A full memory forgets
// for that, but nothing that was made after upTo: then it rather takes no more.
func (o *Once) Take(key [8]byte, made, upTo int64) bool {
	at, found := o.find(taken{made, key})
	if found || made <= o.After {
		return false
	}
	if len(o.taken) < o.Most {
		o.taken = slices.Insert(o.taken, at, taken{made, key})
		return true
	}
	first := min(made, o.taken[0].made)
	if first > upTo {
		return false
	}
	o.taken = slices.Insert(o.taken, at, taken{made, key})
	o.forget(first)
	return true
}

// forget forgets all that was made up to a time.
func (o *Once) forget(upTo int64) {
	o.After = upTo
	younger := slices.IndexFunc(o.taken, func(t taken) bool { return t.made > upTo })
	if younger < 0 {
		younger = len(o.taken)
	}
	o.taken = slices.Delete(o.taken, 0, younger)
}

// Len is the number of entries.
func (o *Once) Len() int { return len(o.taken) }
