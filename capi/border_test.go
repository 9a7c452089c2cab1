package main

import (
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

func TestGuardTurnsPanicsIntoInternal(t *testing.T) {
	export := func() (result int32) {
		code := toC(engine.OK)
		func() {
			defer guard(&code)
			panic("in a test: this stack is expected")
		}()
		return int32(code)
	}
	if got := export(); got != int32(engine.ErrInternal) {
		t.Errorf("got %d", got)
	}
}

func TestIn32Bits(t *testing.T) {
	for units, want := range map[time.Duration]uint32{-1: 0, 0: 0, 7: 7, math.MaxUint32: math.MaxUint32, math.MaxInt64: math.MaxUint32} {
		if got := uint32(in32Bits(units)); got != want {
			t.Errorf("%d gives %d, want %d", units, got, want)
		}
	}
}

func TestHandlesAreTypedAndNeverReused(t *testing.T) {
	tab := table{entries: make(map[int32]entry)}
	var o owner
	first, _ := tab.add(new(engine.Session), &o)
	second, _ := tab.add(new(device), nil)
	if first != 1 || second != 2 {
		t.Fatalf("handles %d and %d", first, second)
	}
	if _, ok := find[*device](&tab, first); ok {
		t.Error("a session was found as a device")
	}
	if _, ok := take[*engine.Session](&tab, second); ok {
		t.Error("a device was taken as a session")
	}
	tab.closeOwner(&o)
	if _, ok := find[*engine.Session](&tab, first); ok {
		t.Error("the session has outlived its owner")
	}
	if _, code := tab.add(new(engine.Session), &o); code != engine.ErrClosedLocal {
		t.Errorf("adding to a closed owner gives %d", code)
	}
	if _, ok := take[*device](&tab, second); !ok {
		t.Error("the device is gone")
	}
	if third, _ := tab.add(new(device), nil); third != 3 {
		t.Errorf("third handle is %d", third)
	}
	tab.last = math.MaxInt32
	if _, code := tab.add(new(device), nil); code != engine.ErrSessionLimit {
		t.Errorf("the last handle is followed by code %d", code)
	}
}

func TestLogLines(t *testing.T) {
	var h slog.Handler = logHandler{}
	h = h.WithAttrs([]slog.Attr{slog.String("trace", "1-2")}).WithGroup("path")
	got := h.(logHandler).format("two\nlines", slog.Int("n", 3), slog.String("why", `it "broke"`),
		slog.Any("error", fmt.Errorf("a b")), slog.String("none", ""), slog.Group("rtt", slog.Duration("min", time.Second)))
	want := `two lines trace=1-2 path.n=3 path.why="it \"broke\"" path.error="a b" path.none="" path.rtt.min=1s`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
