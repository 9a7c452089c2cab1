package engine_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

func TestChannelIsAStream(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	echoed := make(chan error, 1)
	go func() {
		_, err := io.Copy(device.Channel(2), device.Channel(2)) // until the app closes
		echoed <- err
	}()
	sent := make([]byte, 4<<20)
	rand.Read(sent)
	go app.Channel(2).Write(sent)
	received := make([]byte, len(sent))
	if _, err := io.ReadFull(app.Channel(2), received); err != nil || !bytes.Equal(received, sent) {
		t.Errorf("what came back is not what was sent: %v", err)
	}
	for _, f := range []func([]byte) (int, error){app.Channel(0).Read, app.Channel(0).Write} {
		if n, err := f(nil); n != 0 || err != nil {
			t.Errorf("nothing: %d, %v", n, err)
		}
	}
	app.Close()
	if err := <-echoed; err != nil {
		t.Errorf("the device's copy ends with %v", err)
	}
	if n, err := device.Channel(0).Read(make([]byte, 1)); n != 0 || err != io.EOF { // nothing was ever sent there
		t.Errorf("read from the closed session: %d, %v", n, err)
	}
	if n, err := device.Channel(2).Write(sent); n != 0 || !errors.Is(err, engine.ErrClosedRemote) {
		t.Errorf("write to the closed session: %d, %v", n, err)
	}
	if _, err := app.Channel(2).Read(received); !errors.Is(err, engine.ErrClosedLocal) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("read from the own closed session: %v", err)
	}
}

// A session that ends without a goodbye has not ended in an orderly way.
func TestUnpairedAppReadsNoEnd(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	if err := p.device.Unpair(device.Peer().AppID); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(app.Channel(0)); !errors.Is(err, engine.ErrClosedRemote) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read: %v", err)
	}
}

func TestDeadlineOfAChannel(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, _ := p.connect(t)
	c := app.Channel(5)
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	app.Channel(5).SetReadDeadline(time.Now()) // the same channel, before or while Read waits
	err := <-read
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(err, engine.ErrTimeout) {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Write(make([]byte, 1)); err != nil {
		t.Errorf("write, which has no deadline: %v", err)
	}
	c.SetDeadline(time.Now())
	if _, err := c.Write(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
}
