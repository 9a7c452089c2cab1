//go:build unix

package discovery

import (
	"errors"
	"runtime"
	"syscall"
)

// shareAddress lets several sockets have the port: each gets what comes by
// broadcast and multicast.
func shareAddress(_, _ string, conn syscall.RawConn) error {
	var err error
	controlErr := conn.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
		if err == nil && runtime.GOOS != "linux" && runtime.GOOS != "android" {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1) // the BSDs want both
		}
	})
	return errors.Join(controlErr, err)
}

const reusePort = 0x200 // SO_REUSEPORT on all BSDs; package syscall lacks it on some
