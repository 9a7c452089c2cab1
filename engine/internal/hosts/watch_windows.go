package hosts

import (
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// notified holds at most one of the system's words that something has changed. The
// watches of a process share it: there is one, see watchers, and for a moment the one before it.
var notified = make(chan struct{}, 1)

// notify is what the system calls, on a thread of its own. A process has a limited number
// of such functions, and never gets one back.
var notify = sync.OnceValue(func() uintptr {
	return windows.NewCallback(func(_, _ unsafe.Pointer, _ uintptr) uintptr {
		select {
		case notified <- struct{}{}:
		default:
		}
		return 0
	})
})

// watchSystem calls happened after changes of addresses and routes, one call at a time.
// stop waits until none runs.
func watchSystem(guard panics.Guard, happened func()) (stop func(), err error) {
	var handles []windows.Handle
	cancel := func() {
		for _, handle := range handles {
			windows.CancelMibChangeNotify2(handle)
		}
	}
	for _, subscribe := range []func(uint16, uintptr, unsafe.Pointer, bool, *windows.Handle) error{
		windows.NotifyUnicastIpAddressChange, windows.NotifyRouteChange2,
	} {
		var handle windows.Handle
		if err := subscribe(windows.AF_UNSPEC, notify(), nil, false, &handle); err != nil {
			cancel()
			return nil, err
		}
		handles = append(handles, handle)
	}
	stopped := make(chan struct{})
	var waiting panics.Group
	waiting.Guard = guard
	waiting.Go(func() {
		for {
			select {
			case <-notified:
			case <-stopped:
				return
			}
			happened()
			time.Sleep(settleTime)
		}
	})
	return func() {
		cancel()
		close(stopped)
		waiting.Wait()
	}, nil
}
