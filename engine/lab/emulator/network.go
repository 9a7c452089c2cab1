package emulator

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// Options of a Network; the zero value works.
type Options struct {
	Seed  uint64 // of all randomness: same seed, same names, same losses
	Alarm Alarm  // what wakes the network; nil: the runtime's timer. Close closes it
}

// Network moves packets between ports. All methods may be called from any
// goroutine.
type Network struct {
	seed  uint64
	start time.Time
	alarm Alarm
	done  chan struct{}

	mu      sync.Mutex
	closed  bool
	busy    bool    // run is at work and will look at the heap before it sleeps
	wake    instant // what the alarm is set to while run sleeps
	events  eventHeap
	routes  map[netip.Addr]*Port
	blocked map[[2]*Port]bool
}

const never = instant(math.MaxInt64)

// New starts a network, which runs until Close.
func New(o Options) *Network {
	if o.Alarm == nil {
		o.Alarm = newTimerAlarm()
	}
	n := &Network{
		seed: o.Seed, start: time.Now(), alarm: o.Alarm, done: make(chan struct{}), wake: never,
		routes: map[netip.Addr]*Port{}, blocked: map[[2]*Port]bool{},
	}
	go n.run()
	return n
}

// Close stops the network and drops what is on the way. No deliver function runs
// after it has returned; it must not be called from one.
func (n *Network) Close() {
	n.mu.Lock()
	n.closed = true
	n.alarm.Close()
	n.mu.Unlock()
	<-n.done
}

// Block drops everything between two ports, in both directions, until Unblock.
// Packets past the point where the two links meet still arrive.
func (n *Network) Block(a, b *Port) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocked[[2]*Port{a, b}] = true
	n.blocked[[2]*Port{b, a}] = true
}

// BlockFrom drops everything from one port to another, until Unblock; the way back stays
// open.
func (n *Network) BlockFrom(a, b *Port) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocked[[2]*Port{a, b}] = true
}

// Unblock undoes Block and BlockFrom.
func (n *Network) Unblock(a, b *Port) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.blocked, [2]*Port{a, b})
	delete(n.blocked, [2]*Port{b, a})
}

// run delivers packets. It is the only goroutine that does, so that packets which
// leave a link in order arrive in order.
func (n *Network) run() {
	defer close(n.done)
	var due []event
	for n.alarm.Wait() {
		for due = n.collect(due[:0]); len(due) > 0; due = n.collect(due[:0]) {
			for i := range due {
				due[i].to.deliver(due[i].packet.bytes())
				due[i].packet.Free()
			}
		}
	}
}

// collect moves all packets to where they are by now and returns those that have
// arrived; if there are none it sets the alarm for the next.
func (n *Network) collect(due []event) []event {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return due
	}
	now := time.Since(n.start)
	for len(n.events.events) > 0 && n.events.events[0].at <= now {
		e := n.events.pop()
		if e.to == nil {
			n.route(e)
			continue
		}
		e.to.down.Packets++
		e.to.down.Bytes += uint64(e.packet.size)
		due = append(due, e)
	}
	n.busy = len(due) > 0
	if !n.busy {
		n.wake = never
		n.rouse()
	}
	return due
}

// route takes a packet from its sender's link to its receiver's. It goes on from
// the time it was due, not from now: lateness must not add up.
func (n *Network) route(e event) {
	to, protocol, _ := e.packet.header()
	up := &e.from.up.Counters
	e.to = n.routes[to]
	switch {
	case e.to == nil:
		up.Unrouted++
	case n.blocked[[2]*Port{e.from, e.to}], e.to.blockUDP && protocol == protocolUDP:
		up.Blocked++
	default:
		up.Packets++
		up.Bytes += uint64(e.packet.size)
		n.enter(e.to.down, e, e.at)
		return
	}
	e.packet.Free()
}

// enter puts a packet into a link at time now.
func (n *Network) enter(l *link, e event, now instant) {
	var ok bool
	if e.at, ok = l.admit(now, e.packet.size); !ok {
		e.packet.Free()
		return
	}
	n.events.push(e)
}

// rouse sets the alarm if run sleeps and would sleep for too long.
func (n *Network) rouse() {
	if n.busy || n.closed || len(n.events.events) == 0 || n.events.events[0].at >= n.wake {
		return
	}
	n.wake = n.events.events[0].at
	n.alarm.Set(n.wake - time.Since(n.start))
}
