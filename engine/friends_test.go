package engine

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
)

// knockOf is a knock of an app at a device.
func knockOf(t *testing.T, app, device keys.Identity) []byte {
	t.Helper()
	sealing, err := ident.SealingKey(device.ID)
	if err != nil {
		t.Fatal(err)
	}
	mark, err := markFor(app, device.ID)
	if err != nil {
		t.Fatal(err)
	}
	knock, _, err := discovery.Knock(sealing, mark, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return knock
}

// TestKnocksDoNotStarve: a flood of 12 Mbit/s, of packets that look like knocks, from
// four hundred addresses or from any, does not keep a paired app from being heard.
func TestKnocksDoNotStarve(t *testing.T) {
	for name, sources := range map[string]uint32{"four hundred": 400, "pretended": 1 << 31} {
		t.Run(name, func(t *testing.T) {
			bubble.Run(t, func(t *testing.T) {
				device, err := NewDevice(Config{DisableLAN: true, network: twin.Still{}})
				if err != nil {
					t.Fatal(err)
				}
				defer device.Close()
				app := testIdentity(7)
				if err := pairApp(device.state, app.ID, "user"); err != nil {
					t.Fatal(err)
				}
				noise := knockOf(t, testIdentity(8), testIdentity(9))
				const perSecond = 12_000_000 / 8 / 93 // 65 bytes with the headers of IPv4 and UDP
				home := netip.MustParseAddrPort("203.0.113.7:4000")
				for i := range 3 * perSecond {
					binary.BigEndian.PutUint64(noise[1:], uint64(i))
					var from [4]byte
					binary.BigEndian.PutUint32(from[:], 0xc6120000+rand.Uint32N(sources))
					device.visitors.Knock(noise, netip.AddrPortFrom(netip.AddrFrom4(from), 9))
					if i == perSecond/2 {
						device.visitors.Knock(knockOf(t, app, device.identity), home)
					}
					time.Sleep(time.Second / perSecond)
				}
				if !device.visitors.MayEnter(home) {
					t.Error("the knock of a paired app was not heard")
				}
			})
		})
	}
}

// TestRecordedKnockOpensNoDoor: a knock that was recorded before a device has started
// is not taken for one, nor does it show that the device is there.
func TestRecordedKnockOpensNoDoor(t *testing.T) {
	dir := t.TempDir()
	here, elsewhere := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("198.51.100.1:1")
	run := func(visit func(d *Device)) {
		d, err := NewDevice(Config{StateDir: dir, DisableLAN: true, network: twin.Still{}})
		if err != nil {
			t.Fatal(err)
		}
		visit(d)
		d.Close()
	}
	var recorded []byte
	run(func(d *Device) {
		recorded = knockOf(t, testIdentity(1), d.identity)
		d.visitors.Knock(recorded, here)
		if !d.visitors.MayEnter(here) {
			t.Error("an honest knock is not heard")
		}
	})
	for made := time.Now().UnixMilli(); time.Now().UnixMilli() == made; { // a restart takes longer
	}
	run(func(d *Device) {
		d.visitors.Knock(recorded, elsewhere)
		// Who cannot tell the time cannot tell a recording either.
		clock := !ident.Began(time.Now(), time.Now()).IsZero()
		if heard := d.visitors.MayEnter(elsewhere); heard == clock {
			t.Errorf("after a restart a recorded one is heard: %v; the clock was set: %v", heard, clock)
		}
		d.visitors.Knock(knockOf(t, testIdentity(1), d.identity), here)
		if !d.visitors.MayEnter(here) {
			t.Error("an honest knock is not heard after a restart")
		}
	})
}

// The marks are those of the apps that are paired, or of the latest of them.
func TestMarksFollowThePairings(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		s := mustOpenState(t, "")
		f := friends{identity: testIdentity(1), state: s}
		hears := func(app keys.Identity) bool {
			return slices.ContainsFunc(f.now(), func(friend discovery.Friend) bool { return friend.ID == app.ID })
		}
		if hears(testIdentity(2)) {
			t.Error("nobody is paired")
		}
		for number := byte(2); number < 2+2*discovery.MaxFriends; number++ {
			if err := pairApp(s, testIdentity(number).ID, "user"); err != nil {
				t.Fatal(err)
			}
			if !hears(testIdentity(number)) {
				t.Fatalf("app %d is paired", number)
			}
			time.Sleep(time.Second)
		}
		if n := len(f.now()); n != discovery.MaxFriends {
			t.Errorf("%d marks", n)
		}
		last := testIdentity(1 + 2*discovery.MaxFriends)
		if _, err := s.Unpair(last.ID); err != nil {
			t.Fatal(err)
		}
		if hears(last) {
			t.Error("it is paired no more")
		}
	})
}
