package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
)

// TestUnpairIsNotUndone: an app without the ticket keeps eight connects in flight,
// each with another name of its user, while it is unpaired; it is not paired
// afterwards.
func TestUnpairIsNotUndone(t *testing.T) {
	for round := range 10 {
		d, err := NewDevice(Config{StateDir: t.TempDir(), network: twin.Still{}}) // where pairing takes its time
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Listen(); err != nil {
			t.Fatal(err)
		}
		app := callerEndpoint(t)
		secret := d.state.Secret()
		var count atomic.Int32
		connect := func(secret *[names.SecretSize]byte) error {
			c, err := dialDeviceAs(t, app, d, d.ID())
			if err != nil {
				return err
			}
			_, _, err = c.greet(t.Context(), hello{UID: fmt.Sprint(count.Add(1)), Trace: fmt.Sprint(count.Load())}, secret)
			c.close()
			return err
		}
		if err := connect(&secret); err != nil {
			t.Fatal(err)
		}
		var connecting sync.WaitGroup
		under := make(chan bool, 8)
		var unpaired atomic.Bool
		for range cap(under) {
			connecting.Go(func() {
				for first := true; ; first = false {
					last := unpaired.Load()
					err := connect(nil)
					if first {
						under <- true
					}
					if last || CodeOf(err) == ErrAuth {
						return
					}
				}
			})
		}
		for range cap(under) {
			<-under
		}
		if err := d.ResetTicket(); err != nil {
			t.Fatal(err)
		}
		if err := d.Unpair(app.identity.ID); err != nil {
			t.Fatal(err)
		}
		unpaired.Store(true)
		connecting.Wait()
		if left := d.Pairings(); len(left) != 0 {
			t.Errorf("round %d: paired: %+v", round, left)
		}
		d.Close()
	}
}
