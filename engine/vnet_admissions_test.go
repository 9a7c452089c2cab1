//go:build thingp2p_quic

package engine

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// silent makes connections to a device that say nothing.
func (w *world) silent(app *App, d *Device, n int) {
	p := paths.Found{Remote: netip.MustParseAddrPort(d.Address()), Straight: true}
	for range n {
		c := newCarrier(app.endpoint, p)
		w.t.Cleanup(c.close)
		c.connect(context.Background(), p, nil, d.ID()) // has a bound of its own
	}
}

// However many connections somebody makes that never say what they want, others get in: friends, and who comes for the
// first time with a ticket.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	for name, isFriend := range map[string]bool{"of a friend": true, "of a stranger": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				crowd := w.crowd(2)
				p := w.pair(w.home(public), w.home(public), nil)
				others := w.apps(crowd)
				friend, guest := others[0], others[1]
				befriend := func(app *App) {
					s, err := p.connectAs(app, p.device.Ticket(), 0)
					w.must(err)
					s.Close()
				}
				befriend(friend)
				if isFriend {
					befriend(p.app)
				}
				time.Sleep(time.Second)
				w.silent(p.app, p.device, maxAdmittingFriends+20)
				for who, try := range map[string]struct {
					app *App
					to  string
				}{"a friend": {friend, p.device.ID()}, "a guest": {guest, p.device.Ticket()}} {
					if _, err := p.connectAs(try.app, try.to, 4*time.Second); err != nil {
						t.Errorf("%s: %v", who, err)
					}
				}
			})
		})
	}
}

// A device that has no room for the moment is tried again, and if it has none until the end, that is what is said.
func TestNoRoomIsNotTheLastWord(t *testing.T) {
	for name, until := range map[string]time.Duration{"for a moment": 2 * time.Second, "until the end": time.Hour} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
				var all []*admission
				for i := range maxAdmittingOthers {
					a := &admission{network: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})}
					if !p.device.begin(a) || !p.device.hasSpoken(a) {
						t.Fatal("no room for", i)
					}
					all = append(all, a)
				}
				free := p.device.workers.After(until, func() {
					for _, a := range all {
						p.device.finish(a)
					}
				})
				defer free.Stop()
				_, err := p.connectAs(p.app, p.device.Ticket(), 6*time.Second)
				if want := map[bool]Code{true: OK, false: ErrDeviceFull}[until < time.Minute]; CodeOf(err) != want {
					t.Errorf("%v, want %v", err, want)
				}
			})
		})
	}
}

// An app that asks again and again gets its turn as others do, and no more places than are left for them.
func TestAnAppKeepsNoOtherFromTheAuthorizer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := consent{workers: &panics.Group{Guard: panics.Guard{Log: quiet}}}
		put, answer := make(chan Peer, 100), make(chan Code)
		c.set(func(p Peer) Code {
			put <- p
			return <-answer
		})
		ask := func(app string, n int) (code Code) {
			for i := range n {
				_, code = c.enqueue(Peer{AppID: app, Paired: true, TraceID: string(rune('a' + i))})
				synctest.Wait()
			}
			return code
		}
		if code := ask("greedy", 1+maxQuestions); code != ErrDeviceBusy {
			t.Errorf("as many questions as it likes: %v", code)
		}
		for _, other := range []string{"one", "two"} {
			if code := ask(other, 1); code != OK {
				t.Errorf("another paired app: %v", code)
			}
		}
		close(answer)
		c.workers.Wait()
		close(put)
		place := make(map[string]int)
		n := 0
		for p := range put {
			n++
			place[p.AppID] = n
		}
		if place["one"] > 4 || place["two"] > 4 {
			t.Errorf("asked about last: %v", place)
		}
	})
}
