//go:build unix

package base

import (
	"errors"

	"golang.org/x/sys/unix"
)

func hasAddress(fd uintptr) bool {
	name, err := unix.Getsockname(int(fd))
	if err != nil {
		return false
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return a.Port != 0
	case *unix.SockaddrInet6:
		return a.Port != 0
	}
	return false
}

// isPassing reports that the socket can still be read from after an error.
func isPassing(err error) bool {
	for _, passing := range []error{unix.EINTR, unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.EMSGSIZE, unix.ECONNREFUSED, unix.ECONNRESET, unix.ENETUNREACH, unix.EHOSTUNREACH} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}
