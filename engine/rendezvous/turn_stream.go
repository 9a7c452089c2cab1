package rendezvous

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Timers of a TURN connection over TCP or TLS. The first message has
// helloTimeout.
const (
	// idleTimeout: without a relay there is little to say.
	idleTimeout = time.Minute
	// relayIdleTimeout: permissions last 5 minutes (RFC 8656, section 9), so
	// whoever uses a relay refreshes one more often than that.
	relayIdleTimeout = 15 * time.Minute
)

const (
	stunHeader    = 20
	channelHeader = 4
	magicCookie   = 0x2112A442
)

var errFrame = errors.New("not a STUN message or ChannelData")

// stream makes datagrams of the STUN messages and ChannelData in a stream (RFC
// 8656, section 3.3 and 12.5). Unlike pion's own, it holds no more than one of
// them and ends at the first that is malformed: a length that wraps around
// makes pion's read nothing for ever.
type stream struct {
	conn  net.Conn
	in    *bufio.Reader
	desk  *desk
	until time.Time // when the first message must be there
	heard bool

	ended func() // called once, when no more is read
	once  sync.Once
}

func newStream(conn net.Conn, d *desk) *stream {
	limitUnsent(conn)
	return &stream{conn: conn, in: bufio.NewReaderSize(conn, 4096), desk: d, until: knockOf(conn).until()}
}

// ReadFrom returns one whole message.
func (s *stream) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	defer func() {
		if err != nil {
			s.conn.Close()
			s.once.Do(s.ended)
		}
	}()
	defer s.desk.guard.RecoverTo(&err)
	s.conn.SetReadDeadline(s.deadline())
	if n, err = readFrame(s.in, p); err != nil {
		return 0, nil, err
	}
	s.heard = true
	return n, s.conn.RemoteAddr(), nil
}

func (s *stream) deadline() time.Time {
	switch {
	case !s.heard:
		return s.until
	case s.desk.holdsRelay():
		return time.Now().Add(relayIdleTimeout)
	}
	return time.Now().Add(idleTimeout)
}

// readFrame reads one STUN message or ChannelData, with its padding, into p.
func readFrame(in *bufio.Reader, p []byte) (int, error) {
	head, err := in.Peek(channelHeader)
	if err != nil {
		return 0, err
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	switch head[0] >> 6 {
	case 0: // STUN: RFC 8489, section 5
		if head, err = in.Peek(8); err != nil {
			return 0, err
		}
		if size%4 != 0 || binary.BigEndian.Uint32(head[4:]) != magicCookie {
			return 0, errFrame
		}
		size += stunHeader
	case 1: // ChannelData: RFC 8656, section 12.4
		size = channelHeader + (size+3)&^3
	default:
		return 0, errFrame
	}
	if size >= len(p) { // pion takes a full buffer for a truncated datagram
		return 0, errFrame
	}
	return io.ReadFull(in, p[:size])
}

// WriteTo writes one message; the address can only be the other end. What takes
// too long or goes wrong half-way ends the connection.
func (s *stream) WriteTo(p []byte, _ net.Addr) (n int, err error) {
	defer s.desk.guard.RecoverTo(&err)
	s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err = s.conn.Write(p)
	if err != nil {
		s.Close()
	}
	return n, err
}

func (s *stream) Close() error                       { return closeNow(s.conn) }
func (s *stream) LocalAddr() net.Addr                { return s.conn.LocalAddr() }
func (s *stream) SetDeadline(t time.Time) error      { return s.conn.SetDeadline(t) }
func (s *stream) SetReadDeadline(t time.Time) error  { return s.conn.SetReadDeadline(t) }
func (s *stream) SetWriteDeadline(t time.Time) error { return s.conn.SetWriteDeadline(t) }
