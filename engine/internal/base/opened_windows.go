package base

import (
	"errors"

	"golang.org/x/sys/windows"
)

func hasAddress(fd uintptr) bool {
	_, err := windows.Getsockname(windows.Handle(fd))
	return err == nil
}

// isPassing reports that the socket can still be read from after an error: here ICMP's
// answers to what was sent show when something is read.
func isPassing(err error) bool {
	for _, passing := range []error{windows.WSAEINTR, windows.WSAEMFILE, windows.WSAENOBUFS, windows.WSAEMSGSIZE, windows.WSAECONNREFUSED, windows.WSAECONNRESET, windows.WSAENETRESET, windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}
