package patience

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

func TestFiresInTimeWhereTheProcessRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		timer := NewTimer(panics.Guard{})
		timer.Reset(time.Second)
		<-timer.C
		if took := time.Since(begun); took != time.Second {
			t.Errorf("fired after %v", took)
		}
		timer.Reset(80 * time.Millisecond)
		<-timer.C
		if took := time.Since(begun); took != 1080*time.Millisecond {
			t.Errorf("fired for the second time after %v", took)
		}
	})
}

func TestStopsAndStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer := NewTimer(panics.Guard{})
		timer.Reset(time.Second)
		time.Sleep(900 * time.Millisecond)
		timer.Reset(time.Second)
		time.Sleep(900 * time.Millisecond)
		timer.Stop()
		time.Sleep(time.Hour)
		select {
		case <-timer.C:
			t.Error("fired although it was stopped")
		default:
		}
		timer.Reset(time.Second)
		time.Sleep(2 * time.Second)
		timer.Reset(time.Second) // what has fired and was not seen is forgotten
		begun := time.Now()
		<-timer.C
		if took := time.Since(begun); took != time.Second {
			t.Errorf("fired after %v", took)
		}
		timer.Stop()
	})
}

// A process that notices each end of a part late waits longer by as many such times.
func TestWaitsLongerWhereTheProcessDoesNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const late = 100 * time.Millisecond
		begun := time.Now()
		timer := NewTimer(panics.Guard{})
		timer.Reset(80 * time.Millisecond)
		for range Turns {
			timer.timer.Stop() // others have the processor
			time.Sleep(10*time.Millisecond + late)
			timer.turn()
		}
		if fired := <-timer.C; fired.Sub(begun) < Turns*late {
			t.Errorf("fired after %v", fired.Sub(begun))
		}
	})
}
