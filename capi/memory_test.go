package main

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// collections is how many collections were asked for, so far.
func collections() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.NumForcedGC)
}

func TestMemoryIsGivenBackOnceSessionsHaveSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tidy tidier
		before := collections()
		want := func(n int) {
			t.Helper()
			synctest.Wait()
			if got := collections() - before; got != n {
				t.Errorf("%d collections, want %d", got, n)
			}
		}
		for range 10 {
			tidy.changed(1)
			time.Sleep(settleTime - time.Nanosecond)
		}
		want(0)
		time.Sleep(time.Nanosecond)
		want(1)
		time.Sleep(time.Hour)
		want(1) // nothing runs while nothing changes
		for range 3 {
			tidy.changed(100) // too few of so many
		}
		time.Sleep(time.Hour)
		want(1)
		for range 3 {
			tidy.changed(100)
		}
		time.Sleep(time.Hour)
		want(2)
	})
}

func TestManySessionsLeaveLessGarbage(t *testing.T) {
	last := garbagePercent(0)
	if last != 100 {
		t.Errorf("%d %% without sessions: few cost speed, not memory", last)
	}
	for sessions := range 2000 {
		percent := garbagePercent(sessions)
		if percent > last || percent < 20 {
			t.Errorf("%d sessions: %d %%", sessions, percent)
		}
		last = percent
	}
}
