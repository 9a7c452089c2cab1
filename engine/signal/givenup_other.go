//go:build !windows

package signal

import "syscall"

// givenUp is what a connection says that this host has given up, since it has no way to the other.
var givenUp = []syscall.Errno{
	syscall.ENETDOWN, syscall.ENETUNREACH, syscall.ECONNABORTED, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL,
}
