package discovery

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// How long nothing more must come until changes are looked at, and how long that may be put off.
const (
	settling     = 50 * time.Millisecond
	mostSettling = time.Second
)

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

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
			// What it says does not matter, nor whether some of it was lost. Changes come in swarms.
			file.SetReadDeadline(time.Time{})
			if _, err := file.Read(buffer); err != nil && !isLost(err) {
				return
			}
			for until := time.Now().Add(mostSettling); ; {
				file.SetReadDeadline(earlier(time.Now().Add(settling), until))
				if _, err := file.Read(buffer); errors.Is(err, os.ErrDeadlineExceeded) {
					break
				} else if err != nil && !isLost(err) {
					return
				}
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
