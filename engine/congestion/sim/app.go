package sim

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
)

// App is what the application sends. The zero value is a bulk transfer.
type App struct {
	Camera     float64        // bit/s, with frames each 40 ms
	KeyFrame   int            // bytes of an additional frame each second
	Encoder    func() float64 // bit/s that the camera produces, asked at each frame; nil: Camera
	On, Off    time.Duration  // bulk for On, silence for Off, and again
	None       bool           // nothing but commands
	Quiet      time.Duration  // after a handshake, before the bulk
	MaxBacklog int            // frames beyond this many bytes are left out; 0 is no bound
}

const handshake = 3000 // bytes

type frame struct{ made, end int64 }

type appState struct {
	started bool
	bulk    bool
	backlog int64 // bytes to send
	made    int64 // bytes so far
	command int64 // when the oldest command that waits was made
	frames  []frame
	tick    int64
	nextApp int64
	nextCmd int64
}

func (a *appState) pending(f *Flow) bool {
	return a.command != 0 || a.backlog > 0 || a.bulk && !f.stopped()
}

func (a *appState) take(f *Flow) (payload int, command int64) {
	room := f.Size
	command, a.command = a.command, 0
	if command != 0 {
		room -= 100
	}
	if a.backlog > 0 {
		payload = int(min(a.backlog, int64(room)))
		a.backlog -= int64(payload)
	} else if a.bulk && !f.stopped() {
		payload = room
	}
	if payload == 0 && command == 0 {
		payload = 50 // a PING
	}
	return payload, command
}

// giveBack takes what a lost packet carried.
func (a *appState) giveBack(p *packet) {
	a.backlog += int64(p.payload)
	if p.command != 0 && (a.command == 0 || p.command < a.command) {
		a.command = p.command
	}
	p.command, p.payload = 0, 0
}

func (f *Flow) appTick() {
	a, now := &f.app, f.net.now
	if !a.started {
		a.started = true
		f.C = f.Control(congestion.Time(now), f.Size)
		a.nextCmd, a.nextApp = now, now
		a.bulk = f.App.Camera == 0 && !f.App.None && f.App.On == 0 && f.App.Quiet == 0
		if f.App.Quiet > 0 {
			a.backlog += handshake
			a.nextApp = now + int64(f.App.Quiet)
		}
	}
	if f.stopped() {
		return
	}
	if f.CommandEvery > 0 && now >= a.nextCmd {
		if a.command == 0 {
			a.command = now
		}
		a.nextCmd = now + int64(f.CommandEvery)
	}
	if now >= a.nextApp {
		switch {
		case f.App.Camera > 0:
			f.makeFrame()
			a.nextApp = now + int64(40*time.Millisecond)
		case f.App.On > 0:
			a.bulk = !a.bulk
			a.nextApp = now + int64(f.App.Off)
			if a.bulk {
				a.nextApp = now + int64(f.App.On)
			}
		default:
			a.bulk = a.bulk || f.App.Quiet > 0
			a.nextApp = 1 << 62
		}
	}
	next := a.nextApp
	if f.CommandEvery > 0 {
		next = min(next, a.nextCmd)
	}
	if next < 1<<62 {
		f.net.at(next, appTimer, f, 0)
	}
	f.trySend()
}

func (f *Flow) makeFrame() {
	a := &f.app
	rate := f.App.Camera
	if f.App.Encoder != nil {
		rate = f.App.Encoder()
	}
	size := int64(rate / 8 * 0.04)
	if f.App.KeyFrame > 0 && a.tick%25 == 0 {
		size += int64(f.App.KeyFrame)
	}
	a.tick++
	if f.App.MaxBacklog > 0 && a.backlog+size > int64(f.App.MaxBacklog) {
		f.metrics.skipped++
		return
	}
	a.backlog += size
	a.made += size
	a.frames = append(a.frames, frame{made: f.net.now, end: a.made})
}
