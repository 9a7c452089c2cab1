package engine_test

import (
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

func TestSleepingReaderHoldsUpNoOtherChannel(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	const asleep = 1
	sent := 0
	for part := make([]byte, 64<<10); ; {
		n, err := device.Send(asleep, part, 300*time.Millisecond)
		sent += n
		if err == engine.ErrTimeout {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if sent > 64<<20 {
			t.Fatal("a channel that nobody reads takes everything")
		}
	}
	for channel := range engine.Channels {
		if channel != asleep {
			transfer(t, device, app, channel, 2<<20)
		}
		transfer(t, app, device, channel, 1<<20)
	}
	// Nothing is lost of what waited.
	for p := make([]byte, 64<<10); sent > 0; {
		n, err := app.Read(asleep, p, await.Limit)
		if err != nil {
			t.Fatalf("with %d bytes to come: %v", sent, err)
		}
		sent -= n
	}
}

func TestSessionCountsItsBytes(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	for channel := range engine.Channels {
		transfer(t, app, device, channel, 1000+channel)
		transfer(t, device, app, channel, 100)
	}
	const up, down = 8*1000 + 28, 8 * 100
	if i := app.Info(); i.BytesSent != up || i.BytesReceived != down {
		t.Errorf("app: %d sent, %d received", i.BytesSent, i.BytesReceived)
	}
	if i := device.Info(); i.BytesSent != down || i.BytesReceived != up {
		t.Errorf("device: %d sent, %d received", i.BytesSent, i.BytesReceived)
	}
}

func TestInfoAgreesOnBothSides(t *testing.T) {
	for name, relay := range map[string]engine.RelayPolicy{"direct": engine.RelayNever, "relay": engine.RelayOnly} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, startServer(t).URL(), func(app, _ *engine.Config) { app.Relay = relay })
			app, device := p.connect(t)
			transfer(t, device, app, 1, 1<<20)
			a, d := app.Info(), device.Info()
			if a.TraceID != d.TraceID || len(a.TraceID) != 36 || a.DeviceID != p.device.ID() || d.DeviceID != a.DeviceID {
				t.Errorf("names: app %+v, device %+v", a, d)
			}
			if a.Path != d.Path || (a.Path == engine.PathRelay) != (relay == engine.RelayOnly) {
				t.Errorf("paths %v and %v", a.Path, d.Path)
			}
			if a.ConnectTime <= 0 || a.ConnectTime > await.Limit || d.ConnectTime != 0 {
				t.Errorf("connect times %v and %v", a.ConnectTime, d.ConnectTime)
			}
			for who, i := range map[string]engine.Info{"app": a, "device": d} {
				if i.RTT <= 0 || i.MinRTT <= 0 || i.MinRTT > i.RTT*100 || i.RTT > await.Limit || i.PacketsSent == 0 || i.Bandwidth == 0 {
					t.Errorf("%s: %+v", who, i)
				}
				for _, text := range []string{i.LocalAddress, i.RemoteAddress} {
					address, err := netip.ParseAddrPort(text)
					if err != nil || len(text) >= 64 || address.Addr().IsUnspecified() || address.Port() <= 1 {
						t.Errorf("%s: address %q", who, text)
					}
				}
			}
			if relay == engine.RelayNever && (a.LocalAddress != d.RemoteAddress || a.RemoteAddress != d.LocalAddress) {
				t.Errorf("addresses: app %s to %s, device %s to %s", a.LocalAddress, a.RemoteAddress, d.LocalAddress, d.RemoteAddress)
			}
			app.Close()
			device.Close()
			if i := app.Info(); i.TraceID != a.TraceID || i.BytesReceived != a.BytesReceived {
				t.Errorf("after the end: %+v", i)
			}
		})
	}
}

func TestCloseIsSeenOnBothSides(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	for _, appCloses := range []bool{true, false} {
		here, there := p.connect(t)
		if !appCloses {
			here, there = there, here
		}
		if here.Check() != nil || there.Check() != nil {
			t.Errorf("at first: %v and %v", here.Check(), there.Check())
		}
		blocked := make(chan error, 2)
		go func() {
			_, err := here.Read(3, make([]byte, 1), -1)
			blocked <- err
		}()
		go func() {
			_, err := there.Read(4, make([]byte, 1), -1)
			blocked <- err
		}()
		here.Close()
		for range 2 {
			if err := <-blocked; !errors.Is(err, engine.ErrClosedLocal) && !errors.Is(err, engine.ErrClosedRemote) {
				t.Errorf("a blocked read: %v", err)
			}
		}
		if here.Check() != engine.ErrClosedLocal || there.Check() != engine.ErrClosedRemote {
			t.Errorf("then: %v and %v", here.Check(), there.Check())
		}
		if _, err := there.Send(0, []byte("x"), -1); err != engine.ErrClosedRemote {
			t.Errorf("send: %v", err)
		}
		here.Close()
		there.Close()
		if _, err := here.Read(0, make([]byte, 1), -1); err != engine.ErrClosedLocal {
			t.Errorf("read: %v", err)
		}
	}
}

func TestDeviceCloseEndsItsSessions(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	waiting, err := attempt(t, p.app, p.device.Ticket(), await.Limit) // never accepted
	if err != nil {
		t.Fatal(err)
	}
	p.device.Close()
	if device.Check() != engine.ErrClosedLocal {
		t.Errorf("the device's side: %v", device.Check())
	}
	if _, err := io.ReadAll(app.Channel(0)); err != nil {
		t.Errorf("the app's side: %v", err)
	}
	// The device may have closed before it had that one, and then says no goodbye.
	if _, err := io.ReadAll(waiting.Channel(0)); err != nil && !errors.Is(err, engine.ErrClosedRemote) {
		t.Errorf("the app's side of the other: %v", err)
	}
}

func TestBadChannelsAndBuffersAreRefused(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, _ := p.connect(t)
	for _, channel := range []int{-1, engine.Channels, 1 << 30} {
		if _, err := app.Read(channel, make([]byte, 1), 0); err != engine.ErrInvalidParameter {
			t.Errorf("read from channel %d: %v", channel, err)
		}
		if _, err := app.Send(channel, make([]byte, 1), 0); err != engine.ErrInvalidParameter {
			t.Errorf("send to channel %d: %v", channel, err)
		}
	}
	if _, err := app.Read(0, nil, 0); err != engine.ErrInvalidParameter {
		t.Errorf("read nothing: %v", err)
	}
	if _, err := app.Send(0, nil, 0); err != engine.ErrInvalidParameter {
		t.Errorf("send nothing: %v", err)
	}
}
