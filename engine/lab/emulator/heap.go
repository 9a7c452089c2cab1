package emulator

// event is a packet that comes out of a link at a given time. The link is from's
// up link as long as to is nil, and to's down link after that.
type event struct {
	at       instant
	sequence uint64 // of equal times the earlier push goes first
	packet   *Packet
	from, to *Port
}

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.sequence < o.sequence
}

// eventHeap is a binary heap with the next event at [0]. container/heap would
// allocate at each push.
type eventHeap struct {
	events []event
	pushed uint64
}

func (h *eventHeap) push(e event) {
	h.pushed++
	e.sequence = h.pushed
	h.events = append(h.events, e)
	for i := len(h.events) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.events[i].before(&h.events[parent]) {
			break
		}
		h.events[i], h.events[parent] = h.events[parent], h.events[i]
		i = parent
	}
}

func (h *eventHeap) pop() event {
	first := h.events[0]
	end := len(h.events) - 1
	h.events[0] = h.events[end]
	h.events[end] = event{}
	h.events = h.events[:end]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < end; child++ {
			if h.events[child].before(&h.events[least]) {
				least = child
			}
		}
		if least == i {
			return first
		}
		h.events[i], h.events[least] = h.events[least], h.events[i]
		i = least
	}
}
