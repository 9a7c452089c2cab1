//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package hosts

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// watchSocket owns a socket, which does not block, that has something to read after each change.
func watchSocket(guard panics.Guard, fd int, happened func()) (stop func()) {
	socket := os.NewFile(uintptr(fd), "changes of the network")
	var reading panics.Group
	reading.Guard = guard
	reading.Go(func() {
		buffer := make([]byte, 16<<10)
		for {
			_, err := socket.Read(buffer)
			if err != nil && !errors.Is(err, syscall.ENOBUFS) { // those are too many to be told one by one
				return
			}
			happened()
			time.Sleep(settleTime)
		}
	})
	return func() {
		socket.Close()
		reading.Wait()
	}
}
