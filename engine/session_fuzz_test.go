package engine

import (
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
)

// FuzzSession: whatever a peer says on the control stream of a session, and whatever streams it opens, for whatever channels, the session ends
// when it is closed, and others are served as before.
func FuzzSession(f *testing.F) {
	f.Add([]byte{}, []byte("\x00hello"), byte(1), byte(0), true)
	f.Add([]byte{}, []byte("\x06x"), byte(3), byte(1), false)
	f.Add([]byte{}, []byte("\x08x"), byte(1), byte(0), true)
	f.Add([]byte{}, []byte("\x00"), byte(2), byte(0), true)
	f.Add([]byte("0123456789"), []byte("\xff"), byte(1), byte(0), false)
	f.Add([]byte("pdb0"), []byte{}, byte(9), byte(0), false)
	f.Add([]byte("b8"), []byte("\x01"), byte(2), byte(3), true)
	f.Fuzz(func(t *testing.T, signals, bytes []byte, streams, step byte, fromApp bool) {
		inWorld(t, func(t *testing.T, w *world) {
			p := w.pair(w.home(public), w.home(public), func(app, device *Config) { app.Log, device.Log = faultlog.None(t), faultlog.None(t) })
			app, device := p.connect(0)
			liar, honest := device, app
			if fromApp {
				liar, honest = app, device
			}
			for range streams % 16 {
				if out, err := liar.conn.OpenUniStream(); err == nil {
					out.SetWriteDeadline(time.Now().Add(time.Second))
					out.Write(bytes)
				}
				if len(bytes) > 0 {
					bytes[0] += step // the channel's number
				}
			}
			liar.control.Write(signals)
			time.Sleep(time.Second)
			for channel := range Channels {
				honest.Read(channel, make([]byte, 100), 0)
			}
			honest.Close()
			liar.Close()
			app, device = p.connect(0)
			w.must(exchange(app, device))
		})
	})
}
