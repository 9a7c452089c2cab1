package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestStatus follows a device whose server comes late.
func TestStatus(t *testing.T) {
	server := startServer(t)
	device, err := engine.NewDevice(engine.Config{Log: testLog(t, "device")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { device.Close() })
	began := time.Now()
	if s := device.Status(); s.Listening || s.Online || s.Server != "" || s.Err != nil || s.Address == "" || s.Since.After(began) {
		t.Errorf("before Listen: %+v", s)
	}
	withPassword := strings.Replace(server.URL(), "//", "//user:secret@", 1)
	if err := device.Configure(func(c *engine.Config) { c.Server = withPassword }); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if err := device.Listen(); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "the device says why it is not online", func() bool {
		s := device.Status()
		return s.Listening && !s.Online && engine.CodeOf(s.Err) == engine.ErrSignaling && strings.Contains(s.Err.Error(), "refused")
	})
	if s := device.Status(); s.Server != server.URL() || strings.Contains(fmt.Sprint(s), "secret") {
		t.Errorf("a secret is told: %+v", s)
	}

	p := newPair(t, startServer(t).URL(), nil)
	await.Until(t, "the device is online", func() bool { return p.device.Status().Online })
	p.connect(t)
	if s := p.device.Status(); s.Err != nil || s.Sessions != 1 || s.Since.Before(began) || s.Since.After(time.Now()) {
		t.Errorf("online: %+v", s)
	}
}
