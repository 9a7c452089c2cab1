package engine_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const allChannels = 1<<engine.Channels - 1

// newPoller returns one that ends with the test.
func newPoller(t testing.TB) *engine.Poller {
	p := engine.NewPoller()
	t.Cleanup(p.Close)
	return p
}

func mustWatch(t testing.TB, p *engine.Poller, what engine.Watched, tag int32, events engine.Events) {
	t.Helper()
	if err := p.Watch(what, tag, events, allChannels); err != nil {
		t.Fatal(err)
	}
}

// told waits for one event.
func told(t testing.TB, p *engine.Poller) engine.Event {
	t.Helper()
	var events [1]engine.Event
	if _, err := p.Wait(events[:], await.Limit); err != nil {
		t.Fatal(err)
	}
	return events[0]
}

// now is all that is so now, by tag.
func now(t testing.TB, p *engine.Poller) map[int32]engine.Event {
	t.Helper()
	events := make([]engine.Event, 100)
	n, err := p.Wait(events, 0)
	if err != nil && err != engine.ErrTimeout {
		t.Fatal(err)
	}
	all := make(map[int32]engine.Event)
	for _, e := range events[:n] {
		all[e.Tag] = e
	}
	return all
}

// TestPollerServesASession: a device that has nothing but a poller accepts, echoes, and hears of the end.
func TestPollerServesASession(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	poller := newPoller(t)
	mustWatch(t, poller, p.device, 1, engine.EventAccept|engine.EventOnline|engine.EventPaired)
	target, err := p.app.Resolve(p.device.Ticket())
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		app, err := p.app.Connect(await.Context(t, nil), target, engine.ConnectOptions{})
		for channel := 0; err == nil && channel < engine.Channels; channel++ {
			text := []byte(fmt.Sprint("channel ", channel))
			if _, err = app.Send(channel, text, -1); err == nil {
				var n int
				if n, err = app.Read(channel, make([]byte, 100), await.Limit); err == nil && n != len(text) {
					err = fmt.Errorf("%d bytes came back", n)
				}
			}
		}
		result <- err
		if err == nil {
			app.Close()
		}
	}()
	var session *engine.Session
	var seen engine.Events
	// The pairing is told of once it is on the disk, whatever the session does meanwhile.
	for seen&engine.EventClosed == 0 || seen&engine.EventPaired == 0 {
		e := told(t, poller)
		seen |= e.Events
		if e.Events&engine.EventOnline != 0 && e.Code != engine.OK {
			t.Errorf("offline: %v", e.Code)
		}
		if e.Events&engine.EventAccept != 0 {
			if session, err = p.device.Accept(0); err != nil {
				t.Fatal(err)
			}
			mustWatch(t, poller, session, 2, engine.EventReadable|engine.EventClosed)
		}
		buffer := make([]byte, 100)
		for channel := range engine.Channels {
			if e.Readable>>channel&1 == 0 {
				continue
			}
			n, err := session.Read(channel, buffer, 0)
			if err != nil {
				t.Fatalf("channel %d is readable: %v", channel, err)
			}
			if _, err := session.Send(channel, buffer[:n], 0); err != nil {
				t.Fatal(err)
			}
		}
		if e.Events&engine.EventClosed != 0 {
			if e.Code != engine.ErrClosedRemote || session.Check() != engine.ErrClosedRemote {
				t.Errorf("closed: %v, %v", e.Code, session.Check())
			}
		}
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
	if want := engine.EventAccept | engine.EventOnline | engine.EventPaired | engine.EventReadable | engine.EventClosed; seen != want {
		t.Errorf("seen %b, want %b", seen, want)
	}
	if again := told(t, poller); again.Tag != 2 || again.Events != engine.EventClosed {
		t.Errorf("once more: %+v", again)
	}
	session.Close()
	if left := now(t, poller); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := poller.Watch(session, 2, engine.EventClosed, 0); err != engine.ErrInvalidSession {
		t.Errorf("what was closed is watched: %v", err)
	}
}

// end is one end of a session, and what its poller should say.
type end struct {
	session  *engine.Session
	unread   [engine.Channels]int // bytes, or frames, that were sent to it and not read yet
	isFrames [engine.Channels]bool
}

// read takes a frame, or bytes, of which there are some.
func (e *end) read(t *testing.T, channel int, buffer []byte) {
	t.Helper()
	if e.isFrames[channel] {
		if _, err := e.session.ReadFrame(channel, engine.MaxFrame, await.Limit); err != nil {
			t.Fatal(err)
		}
		e.unread[channel]--
		return
	}
	n, err := e.session.Read(channel, buffer, await.Limit)
	if err != nil {
		t.Fatal(err)
	}
	e.unread[channel] -= n
}

// TestPollerAgainstAModel: whatever is sent, read and closed in whatever order, the poller says what is there.
func TestPollerAgainstAModel(t *testing.T) {
	operations := 3000
	if text := os.Getenv("THINGP2P_POLLER_OPERATIONS"); text != "" {
		operations, _ = strconv.Atoi(text)
	}
	p := newPair(t, startServer(t).URL(), nil)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	poller, second := newPoller(t), newPoller(t)
	if _, err := second.Descriptor(); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	const sessions = 3
	var ends [2 * sessions]*end
	open := func(pair int) {
		app, device := p.connect(t)
		for i, session := range []*engine.Session{app, device} {
			e := &end{session: session}
			for channel := range e.isFrames {
				e.isFrames[channel] = channel >= engine.Channels/2
			}
			ends[2*pair+i] = e
			mustWatch(t, poller, session, int32(2*pair+i), engine.EventReadable|engine.EventClosed)
			mustWatch(t, second, session, int32(2*pair+i), engine.EventReadable)
		}
	}
	for pair := range sessions {
		open(pair)
	}
	defer func() {
		for i, e := range ends {
			if t.Failed() {
				t.Logf("end %d: %v, %+v, to be read %v, the pollers say %+v and %+v", i, e.session.Check(), e.session.Info(), e.unread,
					now(t, poller)[int32(i)], now(t, second)[int32(i)])
			}
		}
	}()
	check := func(p *engine.Poller, i int) {
		t.Helper()
		want := uint32(0)
		for channel, unread := range ends[i].unread {
			if unread > 0 {
				want |= 1 << channel
			}
		}
		await.Until(t, fmt.Sprintf("end %d is readable on %b", i, want), func() bool { return now(t, p)[int32(i)].Readable == want })
	}
	buffer := make([]byte, 64<<10)
	for range operations {
		i, channel := random.IntN(len(ends)), random.IntN(engine.Channels)
		from, to := ends[i], ends[i^1]
		switch n := random.IntN(100); {
		case n < 45 && to.unread[channel] < 100_000:
			size := 1 + random.IntN(5000)
			if from.isFrames[channel] {
				if err := from.session.SendFrame(channel, buffer[:size], true, 0); err == nil {
					to.unread[channel]++
				} else if err != engine.ErrTimeout {
					t.Fatal(err)
				}
				break
			}
			n, err := from.session.Send(channel, buffer[:size], 0)
			if err != nil && err != engine.ErrTimeout {
				t.Fatal(err)
			}
			to.unread[channel] += n
		case n < 85 && from.unread[channel] > 0:
			from.read(t, channel, buffer[:1+random.IntN(len(buffer))])
		case n == 85 && random.IntN(3) == 0: // one side closes; the other reads what is there
			// Much may take longer than the second that a closed session goes on sending, on a busy machine.
			for channel := range to.unread {
				for to.unread[channel] > 0 {
					to.read(t, channel, buffer)
				}
			}
			channel = random.IntN(engine.Channels / 2)
			n, err := from.session.Send(channel, buffer[:100], await.Limit)
			if err != nil {
				t.Fatal(err)
			}
			to.unread[channel] = n
			await.Until(t, "all is sent", func() bool {
				unsent, _, err := from.session.Unsent(channel)
				return unsent == 0 && err == nil
			})
			from.session.Close()
			if _, isLeft := now(t, poller)[int32(i)]; isLeft {
				t.Fatal("what was closed is watched")
			}
			await.Until(t, "the other end is closed", func() bool {
				e := now(t, poller)[int32(i^1)]
				return e.Events&engine.EventClosed != 0 && e.Code == engine.ErrClosedRemote
			})
			check(poller, i^1)
			check(second, i^1)
			for channel, unread := range to.unread {
				for unread > 0 { // which is there, and all of it
					if to.isFrames[channel] {
						if _, err := to.session.ReadFrame(channel, len(buffer), 0); err != nil {
							t.Fatal(err)
						}
						unread--
						continue
					}
					n, err := to.session.Read(channel, buffer, 0)
					if err != nil {
						t.Fatal(err)
					}
					unread -= n
				}
				to.unread[channel] = 0
				if _, err := to.session.Read(channel, buffer, 0); err != engine.ErrClosedRemote && err != engine.ErrInvalidParameter {
					t.Fatalf("after the last: %v", err)
				}
			}
			check(poller, i^1)
			to.session.Close()
			open(i / 2)
		default:
			check(poller, i)
			check(second, i)
		}
	}
	for i := range ends {
		check(poller, i)
		check(second, i)
	}
}

// TestPollerTellsOfRoom: a channel whose reader sleeps is not writable any more, and is again once he reads.
func TestPollerTellsOfRoom(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	for name, channel := range map[string]int{"bytes": 1, "frames": 5} {
		poller := newPoller(t)
		if err := poller.Watch(device, 1, engine.EventWritable, 1<<channel); err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 60_000)
		sent := 0
		send := func() (taken int) {
			var err error
			if name == "frames" {
				if err = device.SendFrame(channel, part, true, 0); err == nil {
					taken = len(part)
				}
			} else {
				taken, err = device.Send(channel, part, 0)
			}
			if err != nil && err != engine.ErrTimeout {
				t.Fatal(err)
			}
			sent += taken
			return taken
		}
		full := 0
		await.Until(t, "nothing more is taken", func() bool {
			e, writable := now(t, poller)[1]
			if writable && (e.Writable != 1<<channel || e.Readable != 0) {
				t.Fatalf("told %+v", e)
			}
			taken := send()
			if writable && taken == 0 {
				t.Fatalf("%s: writable, and took nothing", name)
			}
			if full++; taken > 0 {
				full = 0
			}
			return full == 20 // in a row: some of it may leave
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for read := 0; read < sent; {
				if name == "frames" {
					f, err := app.ReadFrame(channel, len(part), await.Limit)
					if err != nil {
						t.Error(err)
						return
					}
					read += len(f.Bytes)
				} else if n, err := app.Read(channel, part, await.Limit); err != nil {
					t.Error(err)
					return
				} else {
					read += n
				}
			}
		}()
		if e := told(t, poller); e.Writable != 1<<channel {
			t.Errorf("told %+v", e)
		}
		<-done
	}
}

// TestPollerTellsTheRate once it is known, and not with each frame.
func TestPollerTellsTheRate(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	poller := newPoller(t)
	mustWatch(t, poller, device, 1, engine.EventRate)
	if e := now(t, poller); len(e) > 0 {
		t.Errorf("told %v before a frame was sent", e)
	}
	if err := device.SendFrame(1, []byte("frame"), true, 0); err != nil {
		t.Fatal(err)
	}
	if e := told(t, poller); e.Events != engine.EventRate {
		t.Errorf("told %+v", e)
	}
	before := device.FrameRate()
	now(t, poller)
	for range 100 {
		rate := device.FrameRate()
		if changed := float64(rate) < 0.9*float64(before) || float64(rate) > 1.1*float64(before); !changed {
			continue
		}
		if e := now(t, poller); len(e) == 0 {
			t.Errorf("the rate went from %d to %d, and nobody is told", before, rate)
		}
		before = rate
	}
	if _, err := app.ReadFrame(1, 100, await.Limit); err != nil {
		t.Error(err)
	}
}

// TestPollerTellsOfTheServer, and of what has happened to it before it was watched.
func TestPollerTellsOfTheServer(t *testing.T) {
	server := startServer(t)
	p := newPair(t, server.URL(), nil)
	p.connect(t) // so it is online
	poller := newPoller(t)
	mustWatch(t, poller, p.device, 1, engine.EventOnline|engine.EventPaired)
	if e := told(t, poller); e.Events != engine.EventOnline || e.Code != engine.OK {
		t.Errorf("at first: %+v", e)
	}
	server.Close()
	if e := told(t, poller); e.Events != engine.EventOnline || e.Code != engine.ErrSignaling {
		t.Errorf("without the server: %+v", e)
	}
	for _, pairing := range p.device.Pairings() {
		if err := p.device.Unpair(pairing.AppID); err != nil {
			t.Fatal(err)
		}
	}
	if e := told(t, poller); e.Events != engine.EventPaired || e.Code != engine.OK {
		t.Errorf("unpaired: %+v", e)
	}
}

// TestOneChannelIsWatched: what comes on others wakes nobody for long, and what is asked for is given.
func TestOneChannelIsWatched(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	poller := newPoller(t)
	if err := poller.Watch(app, 7, engine.EventReadable, 1<<3); err != nil {
		t.Fatal(err)
	}
	transfer(t, device, app, 1, 1<<20)
	if _, err := device.Send(1, []byte("unread"), -1); err != nil {
		t.Fatal(err)
	}
	if _, err := device.Send(3, []byte("three"), -1); err != nil {
		t.Fatal(err)
	}
	if e := told(t, poller); e.Tag != 7 || e.Readable != 1<<3 {
		t.Errorf("told %+v", e)
	}
	text := make([]byte, 10)
	if n, err := app.Read(3, text, 0); err != nil || !bytes.Equal(text[:n], []byte("three")) {
		t.Errorf("%q, %v", text[:n], err)
	}
	if e := now(t, poller); len(e) > 0 {
		t.Errorf("told %v", e)
	}
	for _, bad := range []struct {
		events   engine.Events
		channels uint32
	}{{1 << 8, 1}, {engine.EventReadable, 1 << engine.Channels}} {
		if err := poller.Watch(app, 7, bad.events, bad.channels); err != engine.ErrInvalidParameter {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
