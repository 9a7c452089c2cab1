package hosts

import (
	"syscall"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// watchSystem calls happened after changes of addresses and routes (rtnetlink(7)), one
// call at a time. stop waits until none runs.
func watchSystem(guard panics.Guard, happened func()) (stop func(), err error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, syscall.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	const groups = 1<<(syscall.RTNLGRP_IPV4_IFADDR-1) | 1<<(syscall.RTNLGRP_IPV6_IFADDR-1) |
		1<<(syscall.RTNLGRP_IPV4_ROUTE-1) | 1<<(syscall.RTNLGRP_IPV6_ROUTE-1)
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: groups}); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return watchSocket(guard, fd, func([]byte) bool { return true }, happened), nil
}
