package sim

type kind uint8

const (
	packetArrives kind = iota
	ackArrives
	receiverTimer
	senderTimer
	appTimer
	linkStep
)

type event struct {
	at     int64
	order  uint64 // of equal times the first scheduled comes first
	flow   *Flow
	number int64
	kind   kind
}

// queue is a heap of four children, which is quicker than two for events that
// are mostly scheduled near the end.
type queue struct {
	heap  []event
	order uint64
}

func (q *queue) push(e event) {
	q.order++
	e.order = q.order
	q.heap = append(q.heap, e)
	h := q.heap
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !earlier(&e, &h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
}

func (q *queue) pop() event {
	h := q.heap
	first := h[0]
	last := h[len(h)-1]
	h = h[:len(h)-1]
	q.heap = h
	if len(h) == 0 {
		return first
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= len(h) {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, len(h)); c++ {
			if earlier(&h[c], &h[least]) {
				least = c
			}
		}
		if !earlier(&h[least], &last) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = last
	return first
}

func earlier(a, b *event) bool {
	return a.at < b.at || a.at == b.at && a.order < b.order
}
