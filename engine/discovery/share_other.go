//go:build !unix

package discovery

import (
	"errors"
	"syscall"
)

// shareAddress lets several sockets have the port: each gets what comes by
// broadcast and multicast.
func shareAddress(_, _ string, conn syscall.RawConn) error {
	var err error
	controlErr := conn.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	})
	return errors.Join(controlErr, err)
}
