package signal

import "sync"

// duties are operations that nobody repeats, in their order: what a client is subscribed to, and whether a device is on. A
// server that takes no data for a while, and with it messages, gets them all the same. They are as many as this side's own
// calls; what the server could make more of is asked for once.
type duties struct {
	due chan struct{} // has one when there are any

	mu    sync.Mutex // taken with Client.mu, too; with it no other is
	all   []func()
	again bool // the status is among them
}

func newDuties() duties { return duties{due: make(chan struct{}, 1)} }

func (d *duties) add(operation func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.put(operation)
}

// put needs the lock.
func (d *duties) put(operation func()) {
	d.all = append(d.all, operation)
	select {
	case d.due <- struct{}{}:
	default:
	}
}

// sayAgain adds an operation that says the status, unless there is one.
func (d *duties) sayAgain(operation func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.again {
		d.again = true
		d.put(operation)
	}
}

func (d *duties) take() []func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.all
	d.all, d.again = nil, false
	return all
}
