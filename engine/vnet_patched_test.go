//go:build thingp2p_quic

package engine

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"

	"github.com/pion/transport/v2/vnet"
)

// The path dies while its congestion window is full: QUIC as it is would not
// probe another until the old one answers.
func TestFallbackOfAnUpload(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second) // the relay may have won
		checkPath(t, app, device, PathDirect)
		upload := []flow{{from: app, to: device, channel: 1, part: 64 << 10, parts: 160}}
		p.during(t, upload, 200*time.Millisecond, func() { w.drop(between(p.appHome, p.deviceHome)) })
		checkPath(t, app, device, PathRelay)
	})
}

// Each fifth packet of either way is lost, yet no command waits for a repair,
// which takes a round trip more: its copy is in the packet behind.
func TestCommandDoesNotWaitForARepair(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second) // the relay may have won
		checkPath(t, app, device, PathDirect)
		lost := eachFifth(p.appHome, p.deviceHome)
		w.drop(lost.drop)
		var echoing sync.WaitGroup
		echoing.Go(func() { echo(device, 0) })
		for range 500 {
			if took := bubble.Took(func() { w.must(trip(app, 0, 64)) }); took > 4*access+time.Millisecond {
				t.Errorf("a command took %v", took)
			}
			time.Sleep(20 * time.Millisecond)
		}
		if n := lost.count.Load(); n < 300 {
			t.Errorf("only %d packets were lost", n)
		}
		app.Close()
		echoing.Wait()
	})
}

// Sending twice is for what is rare and short: it must not take the path from
// the rest.
func TestManyCommandsAreNotSentTwice(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second)
		var bytes atomic.Int64
		w.drop(func(c vnet.Chunk) bool {
			if between(p.appHome, p.deviceHome)(c) {
				bytes.Add(int64(len(c.UserData())))
			}
			return false
		})
		flows := []flow{
			{from: app, to: device, channel: 0, part: 256, interval: time.Millisecond, parts: 4000},
			{from: device, to: app, channel: 0, part: 1 << 20, parts: 1},
		}
		for _, f := range flows {
			size := int64(f.part * f.parts)
			bytes.Store(0)
			_, err := runAll(f)
			w.must(err)
			if sent := bytes.Load(); sent > size*3/2 {
				t.Errorf("%d bytes in parts of %d cost %d", size, f.part, sent)
			}
		}
	})
}

// Nobody reads: all channels, and the connection, are full, and stay so. That costs no packets, and no turns of a loop in
// fake time, which would stand still.
func TestAReaderThatSleepsCostsNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second) // the relay may have won
		var packets atomic.Int64
		w.drop(func(c vnet.Chunk) bool {
			packets.Add(1)
			return false
		})
		for channel := range Channels {
			var err error
			for err == nil {
				_, err = device.Send(channel, make([]byte, 64<<10), time.Second)
			}
			if err != ErrTimeout {
				t.Errorf("channel %d: %v", channel, err)
			}
		}
		time.Sleep(10 * time.Second) // for all that is under way
		packets.Store(0)
		time.Sleep(time.Minute)
		if n := packets.Load(); n > 120 {
			t.Errorf("%d packets in a minute in which nothing could be sent", n)
		}
		w.must(app.Check())
	})
}

// What a session says of lost packets is what was lost: on a path that loses each
// fifth, and on one that loses nothing.
func TestLostPacketsAreCounted(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second) // the relay may have won
		checkPath(t, app, device, PathDirect)
		upload := flow{from: app, to: device, channel: 5, part: 64 << 10, parts: 32}
		before := app.Info()
		_, err := runAll(upload)
		w.must(err)
		if after := app.Info(); after.PacketsLost != before.PacketsLost || after.PacketsSent < before.PacketsSent+1500 {
			t.Errorf("%d of %d packets are lost on a path that loses none", after.PacketsLost-before.PacketsLost, after.PacketsSent-before.PacketsSent)
		}
		// Only what carries the upload: an acknowledgement is not missed by anybody.
		lost := eachFifth(p.appHome, p.deviceHome)
		among := lost.among
		lost.among = func(c vnet.Chunk) bool { return among(c) && len(c.UserData()) > 1000 }
		w.drop(lost.drop)
		_, err = runAll(upload)
		w.must(err)
		time.Sleep(time.Second) // for the last of them
		dropped, counted := uint64(lost.count.Load()), app.Info().PacketsLost-before.PacketsLost
		if dropped < 400 || counted != dropped {
			t.Errorf("%d packets were lost, %d are counted", dropped, counted)
		}
	})
}

// everyFifth loses packets at even distances, each way for itself.
type everyFifth struct {
	among func(vnet.Chunk) bool
	count atomic.Int64 // lost

	mu   sync.Mutex
	seen map[string]int // by source
}

func eachFifth(a, b *home) *everyFifth {
	return &everyFifth{among: between(a, b), seen: map[string]int{}}
}

func (l *everyFifth) drop(c vnet.Chunk) bool {
	if !l.among(c) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	from := c.SourceAddr().String()
	l.seen[from]++
	if l.seen[from]%5 != 0 {
		return false
	}
	l.count.Add(1)
	return true
}

// echo sends back what comes on a channel until the session ends.
func echo(s *Session, channel int) {
	p := make([]byte, 1<<10)
	for {
		n, err := s.Read(channel, p, -1)
		if err != nil {
			return
		}
		s.Send(channel, p[:n], -1)
	}
}

// trip sends size bytes to an echo and reads them back.
func trip(s *Session, channel, size int) error {
	p := make([]byte, size)
	if _, err := s.Send(channel, p, time.Second); err != nil {
		return err
	}
	for got := 0; got < size; {
		n, err := s.Read(channel, p[got:], time.Second)
		if err != nil {
			return err
		}
		got += n
	}
	return nil
}

// A stream whose first byte does not come is not waited for, and costs nothing but itself.
func TestStreamsWithoutAFirstByte(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		for range Channels - 1 {
			openRaw(app, nil)
		}
		_, err := app.Send(4, []byte("text"), -1) // opens the others, too, in the device's eyes
		w.must(err)
		got := make([]byte, 10)
		if n, err := device.Read(4, got, -1); string(got[:n]) != "text" {
			t.Errorf("%q, %v", got[:n], err)
		}
		for _, where := range []string{"attach", "AcceptUniStream"} {
			if n := goroutinesIn(where); n > 0 {
				t.Errorf("%d goroutines wait in %s", n, where)
			}
		}
		if took := bubble.Took(func() { app.Close() }); took > time.Second {
			t.Errorf("to close took %v", took)
		}
		device.Close()
	})
}

// goroutinesIn is how many goroutines are in functions of a name.
func goroutinesIn(name string) int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "."+name+"(")
}

// A device whose probes of the app's new path are lost sends to the one before: the app has not
// left it for good yet. And the device follows as soon as one arrives.
func TestDeviceThatFollowsLate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		direct := between(p.appHome, p.deviceHome)
		w.drop(direct)
		app, device := p.connect(0)
		checkPath(t, app, device, PathRelay)
		var steps sync.WaitGroup
		steps.Go(func() {
			time.Sleep(time.Second)
			w.drop(nil)
			if _, ok := app.movedTo(PathDirect, upgradeBound); !ok {
				t.Error("the app has not moved")
			}
			w.drop(direct) // and with it the app's answer to the device's first probe
			time.Sleep(3 * access)
			w.drop(func(c vnet.Chunk) bool { return direct(c) && !p.appHome.sent(c) })
			time.Sleep(4 * time.Second)
			w.drop(nil)
			if on := device.way.where().kind; on != PathRelay {
				t.Errorf("the device's path is %v already", on)
			}
			time.Sleep(time.Second)
			checkPath(t, app, device, PathDirect)
		})
		arrivals, err := runAll(p.traffic(app, device, 7)...)
		steps.Wait()
		w.must(err)
		for i, a := range arrivals {
			if a.silent > 200*time.Millisecond {
				t.Errorf("flow %d was silent for %v", i, a.silent)
			}
		}
	})
}
