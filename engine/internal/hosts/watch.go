package hosts

import (
	"fmt"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// settleTime is how long changes are collected: one seldom comes alone.
const settleTime = 50 * time.Millisecond

// watchers are those in this process who want to know of changes: they share one watch.
var watchers struct {
	mu   sync.Mutex
	all  map[*func()]bool
	stop func() // nil: there is no watch
}

// Watch calls changed after each change of the host's addresses, or of those from which it
// sends into the internet, until stop. Where the system does not tell, or may not, it is
// never called.
func (System) Watch(guard panics.Guard, changed func()) (stop func()) {
	watchers.mu.Lock()
	defer watchers.mu.Unlock()
	if watchers.all == nil {
		watchers.all = make(map[*func()]bool)
	}
	watchers.all[&changed] = true
	if watchers.stop == nil {
		last := fingerprint()
		watchers.stop, _ = watchSystem(guard, func() {
			if now := fingerprint(); now != last {
				last = now
				tellWatchers()
			}
		})
	}
	return sync.OnceFunc(func() { unwatch(&changed) })
}

func tellWatchers() {
	watchers.mu.Lock()
	defer watchers.mu.Unlock()
	for changed := range watchers.all {
		(*changed)()
	}
}

func unwatch(changed *func()) {
	watchers.mu.Lock()
	delete(watchers.all, changed)
	stop := watchers.stop
	last := len(watchers.all) == 0
	if last {
		watchers.stop = nil
	}
	watchers.mu.Unlock()
	if last && stop != nil {
		stop()
	}
}

// fingerprint is another when the network is. Systems tell of much more: wireless
// networks that are seen, addresses that are prolonged.
func fingerprint() string { return fmt.Sprint(System{}.Prefixes(), routedPrefixes()) }
