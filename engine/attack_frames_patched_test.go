//go:build thingp2p_quic

package engine

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// rawFrame is a stream of channel 2 with this header, and so many bytes.
func rawFrame(ordinal, skipped, length uint64, bytes int) []byte {
	p := []byte{0x12}
	for _, n := range []uint64{ordinal, skipped, length} {
		p = binary.AppendUvarint(p, n)
	}
	return append(p, make([]byte, bytes)...)
}

// TestFramesThatBreakTheRules end the session, and leave nothing of it.
func TestFramesThatBreakTheRules(t *testing.T) {
	whole := func(s *Session, frames ...[]byte) {
		for _, p := range frames {
			openRaw(s, p).Close()
			time.Sleep(100 * time.Millisecond) // in this order
		}
	}
	reset := func(s *Session, reason quic.StreamErrorCode) { openRaw(s, []byte{0x12}).CancelWrite(reason) }
	for name, lie := range map[string]func(s *Session){
		"without an ordinal":       func(s *Session) { whole(s, rawFrame(0, 0, 1, 1)) },
		"an ordinal twice":         func(s *Session) { whole(s, rawFrame(2, 0, 1, 1), rawFrame(2, 0, 1, 1)) },
		"an ordinal of before":     func(s *Session) { whole(s, rawFrame(1, 0, 1, 1), rawFrame(1, 0, 1, 1)) },
		"far ahead":                func(s *Session) { whole(s, rawFrame(1<<20, 0, 1, 1)) },
		"a number that is too big": func(s *Session) { whole(s, rawFrame(1<<60, 0, 1, 1)) },
		"a number without an end": func(s *Session) {
			whole(s, append([]byte{0x12}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"...))
		},
		"numbers that fall":         func(s *Session) { whole(s, rawFrame(1, 5, 1, 1), rawFrame(2, 0, 1, 1)) },
		"no length":                 func(s *Session) { whole(s, rawFrame(1, 0, 0, 0)) },
		"too long":                  func(s *Session) { whole(s, rawFrame(1, 0, MaxFrame+1, 10)) },
		"shorter than it says":      func(s *Session) { whole(s, rawFrame(1, 0, 100, 99)) },
		"longer than it says":       func(s *Session) { whole(s, rawFrame(1, 0, 100, 101)) },
		"a header that ends":        func(s *Session) { whole(s, []byte{0x12, 1}) },
		"more behind the end":       func(s *Session) { whole(s, []byte{0x22, 1, 'x'}) },
		"a frame behind the end":    func(s *Session) { whole(s, []byte{0x22, 1}, rawFrame(2, 0, 1, 1)) },
		"two ends":                  func(s *Session) { whole(s, []byte{0x22, 1}, []byte{0x22, 2}) },
		"reset for no reason":       func(s *Session) { reset(s, 0) },
		"reset for a strange one":   func(s *Session) { reset(s, 1<<61) },
		"reset twice":               func(s *Session) { reset(s, 1<<3|2); reset(s, 1<<3|2) },
		"reset of what came":        func(s *Session) { whole(s, rawFrame(1, 0, 1, 1)); reset(s, 1<<3|2) },
		"bytes behind it":           func(s *Session) { whole(s, rawFrame(1, 0, 1, 1), []byte{2, 'x'}) },
		"behind bytes":              func(s *Session) { whole(s, []byte{2, 'x'}, rawFrame(1, 0, 1, 1)) },
		"a reset in a byte channel": func(s *Session) { whole(s, []byte{2, 'x'}); reset(s, 1<<3|2) },
	} {
		for _, side := range []string{"app", "device"} {
			t.Run(name+", the "+side, func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(fullCone), w.home(fullCone), nil)
					app, device := p.connect(0)
					liar, honest := app, device
					if side == "device" {
						liar, honest = device, app
					}
					lie(liar)
					time.Sleep(10 * time.Second)
					if err := honest.Check(); err != ErrClosedRemote {
						t.Errorf("the session has ended with %v", err)
					}
					select {
					case <-honest.done:
					default:
						t.Error("something of it is left")
					}
				})
			})
		}
	}
}

// TestFramesThatNeverComeWhole: a peer that begins as many as it may, and says of each that it is as large as can be, costs
// no more than it sends, and holds up no other channel.
func TestFramesThatNeverComeWhole(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		begun := 0
		for ordinal := uint64(1); ordinal <= 2*mostStreams(1); ordinal++ {
			if out, err := device.conn.OpenUniStream(); err == nil {
				out.Write(rawFrame(ordinal, 0, MaxFrame, 1))
				begun++
			}
			time.Sleep(50 * time.Millisecond)
		}
		if begun < Channels || begun > int(mostStreams(1)) {
			t.Errorf("%d streams are open", begun)
		}
		if _, err := app.ReadFrame(2, MaxFrame, time.Second); err != ErrTimeout {
			t.Error(err)
		}
		if _, err := runAll(flow{from: app, to: device, channel: 1, part: 10_000, parts: 10}); err != nil {
			t.Error(err)
		}
		if err := app.Check(); err != nil {
			t.Error(err)
		}
		started := time.Now()
		app.Close()
		device.Close()
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("closing took %v", took)
		}
	})
}
