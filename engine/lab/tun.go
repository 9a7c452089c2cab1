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
	return openDevice(ns, wanInterface, unix.IFF_TUN)
}

// openTAP makes an Ethernet interface; a read returns one frame.
func openTAP(ns *namespace, name string) (*os.File, error) {
	return openDevice(ns, name, unix.IFF_TAP)
}

func openDevice(ns *namespace, name string, kind uint16) (device *os.File, err error) {
	nsErr := ns.do(func() { device, err = createDevice(name, kind) })
	if err := firstError(nsErr, err); err != nil {
		return nil, fmt.Errorf("cannot create a TUN or TAP device: %w", err)
	}
	return device, nil
}

func createDevice(name string, kind uint16) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		// Without IFF_VNET_HDR the kernel segments and checksums for us, so that what
		// is read is never larger than the MTU, whatever offload the sender used.
		request.SetUint16(kind | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	// Non-blocking, so that the runtime polls it and Close ends a Read.
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}
