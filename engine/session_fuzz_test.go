package engine

import (
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
)

// FuzzSession: whatever a peer says on the control stream of a session, and whatever streams it opens, the session ends
// when it is closed, and others are served as before.
func FuzzSession(f *testing.F) {
	f.Add([]byte("0"), []byte("hello"), byte(1), true)
	f.Add([]byte("0123456789"), []byte("x"), byte(3), false)
	f.Add([]byte("00"), []byte{}, byte(2), true)
	f.Add([]byte("pdb0"), []byte{}, byte(9), false)
	f.Fuzz(func(t *testing.T, signals, bytes []byte, streams byte, fromApp bool) {
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
