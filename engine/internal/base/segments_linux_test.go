package base

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What older kernels say of segments larger than the MTU means what newer ones say.
func TestSegmentsTooLarge(t *testing.T) {
	failed := func(err error) error {
		return &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendmsg", err)}
	}
	oob := make([]byte, unix.CmsgSpace(2))
	header := (*unix.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(oob)))
	header.Level, header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	header.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], 1400)
	for _, c := range []struct {
		err  error
		oob  []byte
		want error
	}{
		{failed(syscall.EINVAL), oob, syscall.EMSGSIZE},
		{failed(syscall.EMSGSIZE), oob, syscall.EMSGSIZE},
		{failed(syscall.EINVAL), nil, syscall.EINVAL},
		{failed(syscall.EIO), oob, syscall.EIO},
		{nil, oob, nil},
	} {
		if got := segmentsTooLarge(c.err, c.oob); !errors.Is(got, c.want) {
			t.Errorf("%v becomes %v", c.err, got)
		}
	}
}
