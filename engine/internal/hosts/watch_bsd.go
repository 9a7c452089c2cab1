//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package hosts

import (
	"syscall"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// isChange leaves out, beside others, that an address has no route (RTM_MISS): to find out from which address this host sends
// into an internet that it may not have would bring about the next of those.
func isChange(message []byte) bool {
	if len(message) < 4 {
		return false
	}
	switch message[3] { // after the length and the version
	case syscall.RTM_ADD, syscall.RTM_DELETE, syscall.RTM_CHANGE, syscall.RTM_NEWADDR, syscall.RTM_DELADDR, syscall.RTM_IFINFO:
		return true
	}
	return false
}

// watchSystem calls happened after changes of interfaces, addresses and routes (route(4)),
// one call at a time. stop waits until none runs.
func watchSystem(guard panics.Guard, happened func()) (stop func(), err error) {
	syscall.ForkLock.RLock() // no child gets it before it is marked
	fd, err := syscall.Socket(syscall.AF_ROUTE, syscall.SOCK_RAW, syscall.AF_UNSPEC)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return watchSocket(guard, fd, isChange, happened), nil
}
