//go:build thingp2p_quic

package engine

import (
	"testing"
	"time"
)

// TestAChannelThatNobodyReads stops no other, whatever it carries, also if that is only used then, and loses nothing.
func TestAChannelThatNobodyReads(t *testing.T) {
	for name, size := range map[string]int{"small frames": 100, "frames": 3000, "large frames": 200_000} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(nil), w.home(nil), nil)
				app, device := p.connect(0)
				taken := map[int]uint64{}
				for _, unread := range []int{1, 6} {
					for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
						switch err := device.SendFrame(unread, make([]byte, size), false, 0); err {
						case nil:
							taken[unread]++
						case ErrTimeout: // for as long as nobody reads
						default:
							t.Fatal(err)
						}
					}
					if _, age, err := device.Unsent(unread); err != nil || age < 10*time.Second {
						t.Fatalf("channel %d does not wait, or only for %v, %v", unread, age, err)
					}
				}
				if _, err := runAll(flow{from: device, to: app, channel: 5, part: 10_000, parts: 100}, flow{from: app, to: device, channel: 1, part: 100, parts: 10}); err != nil {
					t.Error(err)
				}
				f := film{camera: device, viewer: app, channel: 3, size: 3000, keySize: 15_000, deadline: time.Second}
				f.roll(t, 10*time.Second)
				if part := float64(len(f.shown)) / 300; part < 0.97 {
					t.Errorf("%.3f of the frames of another channel were shown", part)
				}
				if rate, most := device.FrameRate(), device.conn.bandwidth(); rate < most/2 {
					t.Errorf("its encoder was told to produce %d bit/s of %d", rate, most)
				}
				for unread, count := range taken {
					for n := range count {
						got, err := app.ReadFrame(unread, MaxFrame, time.Minute)
						if err != nil || got.Sequence != n+1 || got.Missing != 0 || len(got.Bytes) != size {
							t.Fatalf("channel %d, frame %d of %d: number %d, %d missing, %v", unread, n+1, count, got.Sequence, got.Missing, err)
						}
					}
				}
			})
		})
	}
}
