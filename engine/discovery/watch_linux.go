package discovery

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// watchLinks calls changed whenever an interface or an address comes or goes, as
// the kernel tells, until stop.
func watchLinks(changed func(), spawn func(func())) (stop func()) {
	file, err := openRouteEvents()
	if err != nil { // some sandboxes forbid it
		return watchByTime(changed, spawn)
	}
	spawn(func() {
		buffer := make([]byte, 4<<10)
		for {
			// What it says does not matter, nor whether some of it was lost.
			if _, err := file.Read(buffer); err != nil && !isLost(err) {
				return
			}
			changed()
		}
	})
	var once sync.Once
	return func() { once.Do(func() { file.Close() }) }
}

func openRouteEvents() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}
