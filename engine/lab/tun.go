//go:build linux

package lab

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const wanInterface = "wan0"

// openTUN makes the interface wan0 in a namespace. The interface lives as long as
// the file; a read returns one IP packet, a write sends one.
func openTUN(ns *namespace) (tun *os.File, err error) {
	nsErr := ns.do(func() { tun, err = createTUN() })
	if err := firstError(nsErr, err); err != nil {
		return nil, fmt.Errorf("cannot create a TUN device: %w", err)
	}
	return tun, nil
}

func createTUN() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(wanInterface)
	if err == nil {
		// Without IFF_VNET_HDR the kernel segments and checksums for us, so that what
		// is read is never larger than the MTU, whatever offload the sender used.
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	// Non-blocking, so that the runtime polls it and Close ends a Read.
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}
