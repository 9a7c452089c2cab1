package engine

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

// readerOf is a channel as an io.Reader.
type readerOf struct {
	session *Session
	channel int
}

func (r readerOf) Read(p []byte) (int, error) { return r.session.Read(r.channel, p, -1) }

func TestRemainingBytesAreReadAfterClose(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.home(fullCone)
		app, device := w.pair(h, h, nil).connect(0)
		want := bytes.Repeat([]byte("0123456789"), 5_000)
		for channel := range Channels {
			if n, err := device.Send(channel, want, time.Minute); n != len(want) || err != nil {
				t.Fatalf("sent %d: %v", n, err)
			}
		}
		device.Close()
		for channel := range Channels {
			got, err := io.ReadAll(readerOf{app, channel})
			if err != ErrClosedRemote || !bytes.Equal(got, want) {
				t.Errorf("channel %d: read %d of %d bytes, then %v", channel, len(got), len(want), err)
			}
		}
	})
}

// As much as is taken at once. What a real machine makes of the second that this may take is not for a test to say.
func TestFramesAreReadAfterClose(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.home(fullCone)
		app, device := w.pair(h, h, nil).connect(0)
		sizes := []int{1, 1000, MaxFrame - 1001}
		for i, size := range sizes {
			w.must(device.SendFrame(3, bytes.Repeat([]byte{byte(i)}, size), false, 0))
		}
		device.Close()
		for i, size := range sizes {
			if f, err := app.ReadFrame(3, MaxFrame, -1); err != nil || !bytes.Equal(f.Bytes, bytes.Repeat([]byte{byte(i)}, size)) {
				t.Errorf("frame %d: %d of %d bytes, %v", i, len(f.Bytes), size, err)
			}
		}
		if _, err := app.ReadFrame(3, MaxFrame, -1); err != ErrClosedRemote {
			t.Errorf("behind the last: %v", err)
		}
	})
}

// Streams are opened by the first byte, and that may be the last as well.
func TestLastWordsOnChannelsThatWereSilent(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(portRestricted), nil)
		for range 10 {
			app, device := p.connect(0)
			for channel := range Channels {
				_, err := device.Send(channel, []byte("last words"), 0)
				w.must(err)
			}
			device.Close()
			for channel := range Channels {
				if heard, err := io.ReadAll(readerOf{app, channel}); string(heard) != "last words" || err != ErrClosedRemote {
					t.Errorf("channel %d: %q, %v", channel, heard, err)
				}
			}
			app.Close()
		}
	})
}

// Neither side waits for streams that there are not.
func TestGoodbyeTakesNoLongerThanItsPath(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(portRestricted), nil)
		for _, used := range []int{0, 1, 7, Channels} {
			app, device := p.connect(0)
			for channel := range used {
				_, err := device.Send(channel, []byte("last words"), 0)
				w.must(err)
			}
			took := bubble.Took(func() {
				device.Close()
				<-app.done
			})
			if took > flushTime/2 {
				t.Errorf("with %d channels in use it took %v", used, took)
			}
		}
	})
}

// A goodbye that overtakes the streams it speaks of does not keep them out.
func TestLastWordsOnABadPath(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(portRestricted), nil)
		for seed := range uint64(20) {
			w.drop(nil)
			app, device := p.connect(0)
			w.drop(randomLoss(seed, 0.2))
			for _, channel := range []int{1, 3, 6} {
				_, err := device.Send(channel, []byte("last words"), 0)
				w.must(err)
			}
			device.Close()
			for channel := range Channels {
				want := map[int]string{1: "last words", 3: "last words", 6: "last words"}[channel]
				if heard, err := io.ReadAll(readerOf{app, channel}); string(heard) != want || err != ErrClosedRemote {
					t.Errorf("loss %d, channel %d: %q, %v", seed, channel, heard, err)
				}
			}
			app.Close()
		}
	})
}

func TestSlowAuthorizerIsAskedOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		var asked atomic.Int32
		p.device.SetAuthorizer(func(Peer) Code {
			asked.Add(1)
			time.Sleep(600 * time.Millisecond)
			return OK
		})
		app, device := p.connect(0)
		w.must(exchange(app, device))
		if _, err := p.device.Accept(time.Minute); err != ErrTimeout {
			t.Errorf("another session: %v", err)
		}
		if asked.Load() != 1 {
			t.Errorf("asked %d times", asked.Load())
		}
	})
}
