package sim

import (
	"math/rand/v2"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
)

// Controller is what a flow asks; *congestion.Controller is one.
type Controller interface {
	OnSent(now congestion.Time, pn int64, bytes, inFlight int, ackEliciting bool)
	OnAcked(now congestion.Time, pn int64, bytes, priorInFlight int)
	OnLost(pn int64, bytes, priorInFlight int)
	OnTimeout()
	CanSend(inFlight int) bool
	HasPacingBudget(now congestion.Time) bool
	TimeUntilSend() congestion.Time
	Window() int
}

// Ours makes the controller under test.
func Ours(now congestion.Time, size int) Controller { return congestion.New(now, size) }

// Flow is a sender, its receiver and what the application does.
type Flow struct {
	Up, Down *Link
	Control  func(now congestion.Time, size int) Controller
	Start    time.Duration
	Stop     time.Duration // of sending; zero is never
	Size     int           // bytes of a packet, 1250 if zero
	Extra    time.Duration // delay each way beyond the links'
	Late     time.Duration // timers fire up to so much late

	App            App
	CommandEvery   time.Duration // a 64-byte command with priority and its echo
	AckEvery       int           // packets, 2 if zero
	MaxAckDelay    time.Duration // 25 ms if zero
	IgnoreCommands time.Duration // measured after this time only

	C       Controller
	net     *Network
	random  *rand.Rand
	app     appState
	sender  sender
	back    receiver
	metrics metrics
}

// Flow adds a flow to the network.
func (n *Network) Flow(f Flow) *Flow {
	if f.Size == 0 {
		f.Size = 1250
	}
	if f.AckEvery == 0 {
		f.AckEvery = 2
	}
	if f.MaxAckDelay == 0 {
		f.MaxAckDelay = 25 * time.Millisecond
	}
	f.net = n
	f.random = rand.New(rand.NewPCG(n.random.Uint64(), 2))
	p := &f
	p.sender.init()
	p.back.init()
	n.flows = append(n.flows, p)
	n.at(epoch+int64(f.Start), appTimer, p, 0)
	return p
}

// stopped tells that the application has no more to say.
func (f *Flow) stopped() bool {
	return f.Stop > 0 && f.net.now >= epoch+int64(f.Stop)
}
