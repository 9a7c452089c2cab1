//go:build thingp2p_quic

package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

// film is a camera with frames/s, and a viewer.
type film struct {
	camera, viewer *Session
	channel        int // 0: video's
	size, keySize  int
	deadline       time.Duration

	made  []time.Time // by sequence number, from 1
	shown []shownFrame
}

type shownFrame struct {
	at       time.Time
	sequence uint64
	key      bool
	late     time.Duration
}

const (
	filmInterval = time.Second / 30
	filmKeys     = 60
)

// roll films for a while. Each number is in the frame.
func (f *film) roll(t *testing.T, length time.Duration) {
	t.Helper()
	var viewing sync.WaitGroup
	var mu sync.Mutex
	f.made = []time.Time{{}}
	if f.channel == 0 {
		f.channel = 1
	}
	ended := make(chan struct{})
	viewing.Go(func() {
		for {
			got, err := f.viewer.ReadFrame(f.channel, MaxFrame, time.Second)
			if err == ErrTimeout {
				select {
				case <-ended:
					return
				default:
					continue
				}
			}
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			f.shown = append(f.shown, shownFrame{time.Now(), got.Sequence, got.Key, time.Since(f.made[got.Sequence])})
			mu.Unlock()
		}
	})
	key, since := true, 0
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(filmInterval) {
		size := f.size
		if key = key || since >= filmKeys; key {
			size, since = f.keySize, 0
		}
		since++
		mu.Lock()
		f.made = append(f.made, time.Now())
		err := f.camera.SendFrame(f.channel, make([]byte, size), key, f.deadline)
		if err != nil {
			f.made = f.made[:len(f.made)-1] // it has no number
		}
		mu.Unlock()
		if key = err == ErrTimeout || err == ErrKeyFrame; err != nil && !key {
			t.Error(err)
			break
		}
	}
	close(ended)
	viewing.Wait()
}

// lateness is the q-th part of what was shown.
func (f *film) lateness(q float64) time.Duration {
	var all []time.Duration
	for _, s := range f.shown {
		all = append(all, s.late)
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// TestFramesAreInTimeInSpiteOfLoss: a round trip and a half later than without, in the 95th percentile, and a little more
// where 5 % get lost each way, answers among them; and hardly any is missing.
func TestFramesAreInTimeInSpiteOfLoss(t *testing.T) {
	without := time.Duration(0)
	for _, c := range []struct {
		loss float64
		more time.Duration
	}{{0, 0}, {0.02, 60 * time.Millisecond}, {0.05, 75 * time.Millisecond}} {
		loss := c.loss
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(nil), w.home(nil), nil)
				app, device := p.connect(0)
				random, mu := rand.New(rand.NewPCG(1, 1)), sync.Mutex{}
				w.drop(func(vnet.Chunk) bool {
					mu.Lock()
					defer mu.Unlock()
					return random.Float64() < loss
				})
				f := film{camera: device, viewer: app, size: 8000, keySize: 40_000, deadline: 400 * time.Millisecond}
				f.roll(t, 30*time.Second)
				w.drop(nil)
				late := f.lateness(0.95)
				t.Logf("late by %v, %v in the median", late, f.lateness(0.5))
				if loss == 0 {
					without = late
				} else if late > without+c.more {
					t.Errorf("late by %v, %v without loss", late, without)
				}
				if part := float64(len(f.shown)) / (30 * 30); part < 0.97 {
					t.Errorf("%.3f of the frames were shown", part)
				}
			})
		})
	}
}

// TestFramesAfterAnOutage: the first one after it is a key frame, which is shown at once, and nothing old comes.
func TestFramesAfterAnOutage(t *testing.T) {
	for _, outage := range []time.Duration{time.Second, 5 * time.Second, 13 * time.Second} {
		t.Run(outage.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(nil), w.home(nil), nil)
				app, device := p.connect(0)
				f := film{camera: device, viewer: app, size: 8000, keySize: 40_000, deadline: 400 * time.Millisecond}
				begin := time.Now().Add(5 * time.Second)
				end := begin.Add(outage)
				time.AfterFunc(5*time.Second, func() { w.drop(everything) })
				time.AfterFunc(5*time.Second+outage, func() { w.drop(nil) })
				f.roll(t, 10*time.Second+outage)
				first := slices.IndexFunc(f.shown, func(s shownFrame) bool { return s.at.After(end) })
				if first < 0 {
					t.Fatal("nothing is shown after it")
				}
				s := f.shown[first]
				t.Logf("%v after the end, late by %v", s.at.Sub(end), s.late)
				if !s.key || s.at.Sub(end) > 300*time.Millisecond {
					t.Errorf("key %v, %v after the end", s.key, s.at.Sub(end))
				}
				for _, s := range f.shown {
					if s.late > f.deadline+50*time.Millisecond {
						t.Errorf("frame %d is %v late", s.sequence, s.late)
					}
				}
			})
		})
	}
}

// What an encoder should produce does not fall to nothing where few frames are sent, or after a pause: the path was idle
// meanwhile, and took all that it got.
func TestRateOfFewFrames(t *testing.T) {
	for _, every := range []time.Duration{33 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second} {
		t.Run(every.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(nil), w.home(nil), nil)
				app, device := p.connect(0)
				go func() {
					for {
						if _, err := app.ReadFrame(1, MaxFrame, -1); err != nil {
							return
						}
					}
				}()
				told := func() uint64 {
					device.encoder.mu.Lock()
					defer device.encoder.mu.Unlock()
					return device.encoder.told
				}
				send := func(key bool) {
					device.SendFrame(1, make([]byte, 20_000), key, 400*time.Millisecond)
				}
				for i := range 20 * time.Second / every {
					send(i == 0)
					time.Sleep(every)
				}
				if rate, path := told(), device.conn.bandwidth(); rate < path/2 {
					t.Errorf("%d bit/s, of %d", rate, path)
				}
				time.Sleep(30 * time.Second)
				send(true)
				if rate, path := told(), device.conn.bandwidth(); rate < path/2 {
					t.Errorf("after a pause: %d bit/s, of %d", rate, path)
				}
				app.Close()
			})
		})
	}
}
