package congestion_test

import (
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
)

// ACKs that come late since somebody has stood still say nothing of the path: neither
// that a queue is there, nor that it carries less.
func TestStandstillIsNoQueue(t *testing.T) {
	c := congestion.New(0, size)
	l := &link{c: shifted{c, 0}}
	for range 20000 {
		l.step()
	}
	window, bandwidth := c.Window(), c.Bandwidth()
	l.now += ctime(20 * time.Second)
	c.ForgetSent(l.now)
	for least, step := window, 0; step < 20000; step++ {
		if step < 50 {
			l.now += ctime(50 * time.Microsecond) // one ACK after the other
		}
		l.step()
		if least = min(least, c.Window()); least < window/2 {
			t.Fatalf("after %d steps a window of %d bytes, before it was %d", step, least, window)
		}
	}
	if after := c.Bandwidth(); after < bandwidth*9/10 {
		t.Errorf("%d bit/s, before it was %d", after, bandwidth)
	}
	if c.MinRTT() > time.Duration(rtt+2*gap) {
		t.Errorf("a least round trip of %v", c.MinRTT())
	}
}
