//go:build linux

package lab

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// flushConntrack empties a namespace's connection tracking table, which is where
// the kernel keeps NAT mappings. The command for it is not installed everywhere.
func flushConntrack(ns *namespace) (err error) {
	nsErr := ns.do(func() { err = sendConntrackFlush() })
	if err := firstError(nsErr, err); err != nil {
		return fmt.Errorf("cannot flush conntrack: %w", err)
	}
	return nil
}

func sendConntrackFlush() error {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	const (
		headers  = unix.SizeofNlMsghdr + 4 // struct nlmsghdr, struct nfgenmsg
		ctDelete = 2                       // IPCTNL_MSG_CT_DELETE: everything, as no tuple follows the headers
	)
	var request [headers]byte
	native := binary.NativeEndian
	native.PutUint32(request[0:], headers)
	native.PutUint16(request[4:], unix.NFNL_SUBSYS_CTNETLINK<<8|ctDelete)
	native.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	request[unix.SizeofNlMsghdr] = unix.AF_INET
	if err := unix.Sendto(socket, request[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	var answer [512]byte
	n, _, err := unix.Recvfrom(socket, answer[:], 0)
	if err != nil {
		return err
	}
	if n < unix.SizeofNlMsghdr+4 || native.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return fmt.Errorf("unexpected answer from netfilter")
	}
	// The error is a negative errno, 0 for an acknowledgement.
	if errno := int32(native.Uint32(answer[unix.SizeofNlMsghdr:])); errno != 0 {
		return unix.Errno(-errno)
	}
	return nil
}
