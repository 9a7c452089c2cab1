//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package hosts

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// watchSocket owns a socket, which does not block, that has something to read after each change; matters tells changes from
// what else there is.
func watchSocket(guard panics.Guard, fd int, matters func(message []byte) bool, happened func()) (stop func()) {
	socket := os.NewFile(uintptr(fd), "changes of the network")
	var reading panics.Group
	reading.Guard = guard
	reading.Go(func() {
		buffer := make([]byte, 16<<10)
		for {
			n, err := socket.Read(buffer)
			switch {
			case errors.Is(err, syscall.ENOBUFS): // those were too many to be told one by one
			case err != nil:
				return
			case !matters(buffer[:n]):
				continue
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
