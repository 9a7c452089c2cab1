//go:build thingp2p_quic

package engine_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// A reader that waits only where there is nothing yet reads every byte once, and the end after the last one.
func TestReadsThatWaitAndThatDoNotShareOneStream(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	sent := make([]byte, 8<<20)
	rand.Read(sent)
	go func() {
		for rest := sent; len(rest) > 0; {
			n, err := device.Send(1, rest[:min(len(rest), 10_000)], await.Limit)
			if err != nil {
				t.Error(err)
				return
			}
			rest = rest[n:]
		}
		device.Close()
	}()
	var got []byte
	tried := 0
	buffer := make([]byte, 16<<10)
	for {
		n, _ := app.Read(1, buffer, 0)
		tried += n
		if n == 0 {
			var err error
			if n, err = app.Read(1, buffer[:1], await.Limit); err == engine.ErrClosedRemote {
				break
			} else if err != nil {
				t.Fatalf("after %d bytes: %v", len(got), err)
			}
		}
		got = append(got, buffer[:n]...)
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes arrived of %d, and not the same", len(got), len(sent))
	}
	if tried < len(sent)/2 {
		t.Errorf("only %d of %d bytes came without waiting", tried, len(sent))
	}
	if n, err := app.Read(1, buffer, 0); n != 0 || err != engine.ErrClosedRemote {
		t.Errorf("%d bytes after the end, %v", n, err)
	}
}
