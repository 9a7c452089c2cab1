package rendezvous

import (
	"sync"
	"time"
)

// rateBurst is for how long a client may send at any rate, after a pause.
const rateBurst = 250 * time.Millisecond

// leastBurst is a packet, which must pass now and then however low the rate is.
const leastBurst = 1500

// quota is what the relays of one name have in common. Relays of a name that
// many share have one each.
type quota struct {
	relays int // guarded by the table

	rate  float64 // bytes per second
	mu    sync.Mutex
	bytes bucket
}

func newQuota(rate float64) *quota { return &quota{rate: rate} }

// pass reports whether a packet of n bytes, in either direction, keeps to the
// rate. Those that do not are dropped, as by a link of that rate: the senders'
// congestion control sees it.
func (q *quota) pass(n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes.take(float64(n), q.rate, max(q.rate*rateBurst.Seconds(), leastBurst), time.Now())
}
