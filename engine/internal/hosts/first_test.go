package hosts

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// after is an attempt that takes so long.
func after(d time.Duration, value int, err error) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		select {
		case <-time.After(d):
			return value, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func TestFirst(t *testing.T) {
	const headStart, dead = 250 * time.Millisecond, time.Hour
	failed := errors.New("failed")
	for name, c := range map[string]struct {
		attempts []func(context.Context) (int, error)
		want     int
		took     time.Duration
	}{
		"the first is good":                {[]func(context.Context) (int, error){after(time.Millisecond, 1, nil), after(0, 2, nil)}, 1, time.Millisecond},
		"the first is dead":                {[]func(context.Context) (int, error){after(dead, 1, nil), after(time.Millisecond, 2, nil)}, 2, headStart + time.Millisecond},
		"the first fails":                  {[]func(context.Context) (int, error){after(time.Millisecond, 0, failed), after(time.Millisecond, 2, nil)}, 2, 2 * time.Millisecond},
		"the first is slow and good":       {[]func(context.Context) (int, error){after(headStart+time.Millisecond, 1, nil), after(dead, 2, nil)}, 1, headStart + time.Millisecond},
		"all but the last are dead":        {[]func(context.Context) (int, error){after(dead, 1, nil), after(dead, 2, nil), after(0, 3, nil)}, 3, 2 * headStart},
		"all fail":                         {[]func(context.Context) (int, error){after(0, 0, failed), after(time.Millisecond, 0, failed)}, 0, time.Millisecond},
		"there is none":                    {nil, 0, 0},
		"one panics and the other is good": {[]func(context.Context) (int, error){func(context.Context) (int, error) { panic("a fault") }, after(0, 2, nil)}, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got int
				took := bubble.Took(func() {
					got, _ = First(t.Context(), panics.Guard{}, headStart, c.attempts, func(int) { t.Error("dropped") })
				})
				if got != c.want || took != c.took {
					t.Errorf("%d after %v, want %d after %v", got, took, c.want, c.took)
				}
			})
		})
	}
}

// What comes too late is given back.
func TestFirstDropsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stubborn := func(context.Context) (int, error) { time.Sleep(2 * time.Second); return 2, nil }
		var dropped []int
		got, err := First(t.Context(), panics.Guard{}, 0, []func(context.Context) (int, error){after(time.Second, 1, nil), stubborn}, func(late int) { dropped = append(dropped, late) })
		if got != 1 || err != nil || !slices.Equal(dropped, []int{2}) {
			t.Errorf("%d, %v, dropped %v", got, err, dropped)
		}
	})
}

// RFC 8305, section 4.
func TestFamiliesTakeTurns(t *testing.T) {
	var all, want []netip.AddrPort
	for _, a := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1", "192.0.2.1:1"} {
		all = append(all, netip.MustParseAddrPort(a))
	}
	for _, i := range []int{0, 3, 1, 2} {
		want = append(want, all[i])
	}
	if got := takeTurns(all); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
