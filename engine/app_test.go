package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

// At the limit of devices a new one is refused with a sentence that says the limit; what is known can still be replaced.
func TestFullTableOfDevices(t *testing.T) {
	app, err := NewApp(Config{UID: "user", DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	refused := func(err error) {
		t.Helper()
		if !errors.Is(err, ErrInvalidParameter) || !strings.Contains(err.Error(), fmt.Sprint(maxDevices)) {
			t.Errorf("a device too many: %v", err)
		}
	}

	old, fresh, other := pasted("", "192.0.2.1:1"), pasted("", "192.0.2.2:2"), pasted("")
	other.DeviceID = testIdentity(2).ID
	if err := app.AddDevice("door", old.String()); err != nil {
		t.Fatal(err)
	}
	for i := 0; len(app.devices) < 2*maxDevices; i++ {
		app.devices[fmt.Sprint(i)] = names.Ticket{}
	}
	if err := app.AddDevice("door", fresh.String()); err != nil {
		t.Errorf("a known name is not replaced: %v", err)
	}
	if target, err := app.Resolve("door"); err != nil || target.hints[0] != fresh.Hints[0] {
		t.Errorf("the name means %+v, %v", target, err)
	}
	refused(app.AddDevice("window", fresh.String())) // another name of a known device
	refused(app.AddDevice("door", other.String()))   // a known name of another device

	door, _ := app.Resolve("door")
	if err := app.AddAddress(door, "192.0.2.3:3"); err != nil {
		t.Fatal(err)
	}
	for i := 0; len(app.nearby.told) < maxDevices; i++ {
		app.nearby.told[fmt.Sprint(i)] = []netip.AddrPort{}
	}
	if err := app.AddAddress(door, "192.0.2.4:4"); err != nil {
		t.Errorf("a known device gets no other address: %v", err)
	}
	refused(app.AddAddress(&Target{deviceID: other.DeviceID}, "192.0.2.5:5"))
}
