package engine

import (
	"sync"
	"testing"
	"time"
)

// TestPollersHearOfMoves: at both ends, once for each. (Down, it may take two, of which the device may notice only the last.)
func TestPollersHearOfMoves(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		direct := between(p.appHome, p.deviceHome)
		w.drop(direct)
		app, device := p.connect(0)
		checkPath(t, app, device, PathRelay)
		time.Sleep(upgradeTime) // until it is content with the relay
		poller := NewPoller()
		defer poller.Close()
		w.must(poller.Watch(app, 1, EventPath, 0))
		w.must(poller.Watch(device, 2, EventPath, 0))
		var events [3]Event
		if n, err := poller.Wait(events[:], 0); err != ErrTimeout {
			t.Errorf("before it moves: %v, %v", events[:n], err)
		}
		move := func(how string, want Path, drop func()) {
			drop()
			told := make(map[int32]int)
			for deadline := time.Now().Add(upgradeIntervals[1] + upgradeTime); time.Now().Before(deadline); {
				n, err := poller.Wait(events[:], time.Until(deadline))
				if err != nil {
					break
				}
				for _, e := range events[:n] {
					if e.Events != EventPath {
						t.Errorf("%s: %+v", how, e)
					}
					told[e.Tag]++
				}
			}
			checkPath(t, app, device, want)
			most := map[Path]int{PathDirect: 1, PathRelay: 2}[want]
			if min(told[1], told[2]) < 1 || max(told[1], told[2]) > most {
				t.Errorf("%s: the app was told %d times, the device %d times", how, told[1], told[2])
			}
		}
		move("up", PathDirect, func() { w.drop(nil) })
		move("down", PathRelay, func() { w.drop(direct) })
	})
}

// An encoder that produces nothing, since the rate is low, is told when it has changed.
func TestEncoderThatWaitsIsToldOfTheRate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		app, device := p.connect(0)
		var reading sync.WaitGroup
		reading.Go(func() {
			for {
				if _, err := app.ReadFrame(1, MaxFrame, -1); err != nil {
					return
				}
			}
		})
		defer reading.Wait()
		defer app.Close()
		for range 20 {
			w.must(device.SendFrame(1, make([]byte, 40<<10), true, 0))
			time.Sleep(33 * time.Millisecond)
		}
		poller := NewPoller()
		defer poller.Close()
		w.must(poller.Watch(device, 1, EventRate, 0))
		var events [1]Event
		poller.Wait(events[:], 0) // of before
		device.encoder.mu.Lock()
		told := device.encoder.told
		device.encoder.mu.Unlock()
		_, err := poller.Wait(events[:], 2*lastLook)
		device.encoder.mu.Lock()
		now := device.encoder.told
		device.encoder.mu.Unlock()
		if now == told {
			t.Error("the rate has not changed: this test shows nothing")
		} else if err != nil {
			t.Errorf("the rate went from %d to %d, and nobody is told: %v", told, now, err)
		}
	})
}

// An encoder may wait for longer than the rate is looked at without a reason.
func TestEncoderThatWaitsOutAnOutageIsToldOfTheRate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), func(app, device *Config) {
			app.OfflineAfter, device.OfflineAfter = 3*time.Minute, 3*time.Minute
		})
		_, device := p.connect(0)
		send := func() { device.SendFrame(1, make([]byte, 40<<10), true, 0) }
		for range 30 {
			send()
			time.Sleep(33 * time.Millisecond)
		}
		w.drop(everything)
		for range 30 { // are in vain
			send()
			time.Sleep(33 * time.Millisecond)
		}
		time.Sleep(2 * lastLook)
		device.encoder.mu.Lock()
		told := device.encoder.told
		device.encoder.mu.Unlock()
		time.Sleep(time.Minute)
		poller := NewPoller()
		defer poller.Close()
		w.must(poller.Watch(device, 1, EventRate, 0))
		var events [1]Event
		poller.Wait(events[:], 0) // of before
		w.drop(nil)
		_, err := poller.Wait(events[:], lastLook)
		device.encoder.mu.Lock()
		now := device.encoder.told
		device.encoder.mu.Unlock()
		if err != nil || now <= told {
			t.Errorf("the rate was %d and is %d: %v", told, now, err)
		}
	})
}
