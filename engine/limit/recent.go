package limit

// Recent is a map of bounded size that forgets what was not used for longest, in bulk: a key stays at least until Most
// others have been used after it, and there are twice as many at most. Its owner guards it.
type Recent[K comparable, V any] struct {
	Most int

	young, old map[K]V
}

// Get returns the value of a key, and counts as its use.
func (r *Recent[K, V]) Get(key K) (V, bool) {
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	if ok {
		r.Put(key, v)
	}
	return v, ok
}

// Put sets the value of a key.
func (r *Recent[K, V]) Put(key K, value V) {
	if _, ok := r.young[key]; !ok && len(r.young) == r.Most {
		r.young, r.old = nil, r.young
	}
	if r.young == nil {
		r.young = make(map[K]V)
	}
	r.young[key] = value
}
