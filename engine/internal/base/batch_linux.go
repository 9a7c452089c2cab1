package base

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// batchReader is recvmmsg for one reader. It does what ipv4.PacketConn's
// ReadBatch does, but that makes an address for each packet.
type batchReader struct {
	socket   syscall.RawConn
	receive  func(fd uintptr) bool // recvmmsg with the fields below
	messages [maxBatch]message
	vectors  [maxBatch]unix.Iovec
	names    [maxBatch]unix.RawSockaddrInet6 // or the shorter one of IPv4
	count    int
	flags    int
	received int
	err      error

	peers map[unix.RawSockaddrInet6]*net.UDPAddr // whom packets have come from
}

const (
	maxBatch = 8  // what QUIC asks for
	maxPeers = 64 // remembered
)

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
}

func newBatchReader(udp *net.UDPConn) (*batchReader, error) {
	conn, err := udp.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &batchReader{socket: conn, peers: make(map[unix.RawSockaddrInet6]*net.UDPAddr)}
	r.receive = r.recvmmsg
	return r, nil
}

// ReadBatch waits for packets and fills in at least one message.
func (r *batchReader) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	r.count, r.flags = min(len(messages), maxBatch), flags
	for i := range messages[:r.count] {
		r.prepare(i, &messages[i])
	}
	if err := r.socket.Read(r.receive); err != nil {
		return 0, err
	}
	if r.err != nil {
		return 0, os.NewSyscallError("recvmmsg", r.err)
	}
	for i := range messages[:r.received] {
		m, header := &messages[i], &r.messages[i].header
		m.N, m.NN, m.Flags = int(r.messages[i].length), int(header.Controllen), int(header.Flags)
		m.Addr = r.peer(r.names[i])
	}
	return r.received, nil
}

func (r *batchReader) prepare(i int, m *ipv4.Message) {
	r.vectors[i].Base = unsafe.SliceData(m.Buffers[0])
	r.vectors[i].SetLen(len(m.Buffers[0]))
	r.names[i] = unix.RawSockaddrInet6{} // what IPv4 leaves of it must not tell peers apart
	header := &r.messages[i].header
	header.Name = (*byte)(unsafe.Pointer(&r.names[i]))
	header.Namelen = unix.SizeofSockaddrInet6
	header.Iov = &r.vectors[i]
	header.SetIovlen(1)
	header.Control = unsafe.SliceData(m.OOB)
	header.SetControllen(len(m.OOB))
}

func (r *batchReader) recvmmsg(fd uintptr) bool {
	for {
		n, _, err := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.messages)), uintptr(r.count),
			uintptr(r.flags), 0, 0)
		switch err {
		case 0:
			r.received, r.err = int(n), nil
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		default:
			r.received, r.err = 0, err
		}
		return true
	}
}

// peer is where a message came from.
func (r *batchReader) peer(name unix.RawSockaddrInet6) *net.UDPAddr {
	if known := r.peers[name]; known != nil {
		return known
	}
	if len(r.peers) == maxPeers {
		clear(r.peers)
	}
	made := udpAddr(&name)
	r.peers[name] = made
	return made
}

func udpAddr(name *unix.RawSockaddrInet6) *net.UDPAddr {
	port := (*[2]byte)(unsafe.Pointer(&name.Port))
	a := &net.UDPAddr{Port: int(binary.BigEndian.Uint16(port[:]))}
	if name.Family == unix.AF_INET {
		ip := (*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr
		a.IP = ip[:]
		return a
	}
	a.IP = bytes.Clone(name.Addr[:])
	if name.Scope_id != 0 { // of a link-local address
		if link, err := net.InterfaceByIndex(int(name.Scope_id)); err == nil {
			a.Zone = link.Name
		} else { // interfaces may not be listed
			a.Zone = strconv.Itoa(int(name.Scope_id))
		}
	}
	return a
}
