package discovery

import (
	"errors"
	"sync"
	"syscall"
	"time"
)

// linksAge is how old the view of the interfaces may become where the system does
// not tell of changes.
const linksAge = 30 * time.Second

func watchByTime(changed func(), spawn func(func())) (stop func()) {
	done := make(chan struct{})
	spawn(func() {
		timer := time.NewTicker(linksAge)
		defer timer.Stop()
		for {
			select {
			case <-timer.C:
				changed()
			case <-done:
				return
			}
		}
	})
	var once sync.Once
	return func() { once.Do(func() { close(done) }) }
}

// isLost reports that the system had more to tell than it could keep.
func isLost(err error) bool { return errors.Is(err, syscall.ENOBUFS) }
