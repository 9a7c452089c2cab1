package hosts

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// settleTime is how long changes are collected: one seldom comes alone.
const settleTime = 50 * time.Millisecond

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
	socket := os.NewFile(uintptr(fd), "rtnetlink")
	var reading panics.Group
	reading.Guard = guard
	reading.Go(func() {
		buffer := make([]byte, 16<<10)
		for {
			_, err := socket.Read(buffer)
			if err != nil && !errors.Is(err, syscall.ENOBUFS) { // those are too many to be told one by one
				return
			}
			happened()
			time.Sleep(settleTime)
		}
	})
	return func() {
		socket.Close()
		reading.Wait()
	}, nil
}
