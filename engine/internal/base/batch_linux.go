package base

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// batchReader is recvmmsg for one reader. It does what ipv4.PacketConn's
// ReadBatch does, but that makes an address for each packet, and the system hands over
// what has come together in one piece (UDP_GRO, Linux 5.0): it is taken apart here.
type batchReader struct {
	socket   syscall.RawConn
	receive  func(fd uintptr) bool // recvmmsg with the fields below
	messages []message
	vectors  []unix.Iovec
	names    []unix.RawSockaddrInet6 // or the shorter one of IPv4
	controls [][maxControl]byte
	buffers  [][]byte
	received int
	flags    int
	err      error

	reading int // the message that is being taken apart
	offset  int // how much of it is

	peers map[unix.RawSockaddrInet6]*net.UDPAddr // whom packets have come from
	zones map[uint32]zone                        // by their index
}

// zone is the name of an interface.
type zone struct {
	name string
	at   time.Time // when the system told
}

// zoneAge is how long it is believed. To ask for it is hundreds of times the work that a packet is, and
// strangers send as many as they like, from as many ports.
const zoneAge = time.Minute

const (
	maxPeers   = 64  // remembered
	maxControl = 128 // bytes: what QUIC asks for, and the size of the pieces

	pieces     = 4       // received at a time: each may be many packets
	pieceSize  = 1 << 16 // which a piece never is
	packets    = 8       // received at a time where each is one
	packetSize = 2 << 10
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
	count, size := packets, packetSize
	conn.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) == nil {
			count, size = pieces, pieceSize
		}
	})
	r := &batchReader{
		socket:   conn,
		messages: make([]message, count),
		vectors:  make([]unix.Iovec, count),
		names:    make([]unix.RawSockaddrInet6, count),
		controls: make([][maxControl]byte, count),
		buffers:  make([][]byte, count),
		peers:    make(map[unix.RawSockaddrInet6]*net.UDPAddr),
		zones:    make(map[uint32]zone),
	}
	for i := range r.buffers {
		r.buffers[i] = make([]byte, size)
	}
	r.receive = r.recvmmsg
	return r, nil
}

// ReadBatch waits for packets and fills in at least one message.
func (r *batchReader) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	if r.reading == r.received {
		if err := r.read(flags); err != nil {
			return 0, err
		}
	}
	n := 0
	for n < len(messages) && r.reading < r.received {
		r.take(&messages[n])
		n++
	}
	return n, nil
}

func (r *batchReader) read(flags int) error {
	r.reading, r.received, r.offset, r.flags = 0, 0, 0, flags
	for i := range r.messages {
		r.prepare(i)
	}
	if err := r.socket.Read(r.receive); err != nil {
		return err
	}
	if r.err != nil {
		return os.NewSyscallError("recvmmsg", r.err)
	}
	return nil
}

// take gives the next packet.
func (r *batchReader) take(m *ipv4.Message) {
	header := &r.messages[r.reading].header
	control := r.controls[r.reading][:header.Controllen]
	rest := r.buffers[r.reading][r.offset:r.messages[r.reading].length]
	if size := pieceSizeOf(control); size > 0 && size < len(rest) {
		rest = rest[:size]
	}
	m.N, m.NN, m.Flags = copy(m.Buffers[0], rest), copy(m.OOB, control), int(header.Flags)
	if m.N < len(rest) {
		m.Flags |= unix.MSG_TRUNC
	}
	m.Addr = r.peer(r.names[r.reading])
	if r.offset += len(rest); r.offset == int(r.messages[r.reading].length) {
		r.reading, r.offset = r.reading+1, 0
	}
}

func (r *batchReader) prepare(i int) {
	r.vectors[i].Base = unsafe.SliceData(r.buffers[i])
	r.vectors[i].SetLen(len(r.buffers[i]))
	r.names[i] = unix.RawSockaddrInet6{} // what IPv4 leaves of it must not tell peers apart
	header := &r.messages[i].header
	header.Name = (*byte)(unsafe.Pointer(&r.names[i]))
	header.Namelen = unix.SizeofSockaddrInet6
	header.Iov = &r.vectors[i]
	header.SetIovlen(1)
	header.Control = unsafe.SliceData(r.controls[i][:])
	header.SetControllen(maxControl)
}

func (r *batchReader) recvmmsg(fd uintptr) bool {
	for {
		n, _, err := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(unsafe.SliceData(r.messages))), uintptr(len(r.messages)),
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
	if name.Family == unix.AF_INET6 && name.Scope_id != 0 { // of a link-local address
		made.Zone = r.zone(name.Scope_id, time.Now())
	}
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
	return a
}

// zone is the name of an interface, or its index where interfaces may not be listed.
func (r *batchReader) zone(index uint32, now time.Time) string {
	known, ok := r.zones[index]
	if ok && now.Sub(known.at).Abs() < zoneAge {
		return known.name
	}
	name := strconv.Itoa(int(index))
	if link, err := net.InterfaceByIndex(int(index)); err == nil {
		name = link.Name
	}
	r.zones[index] = zone{name, now}
	return name
}
