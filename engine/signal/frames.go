package signal

import (
	"bufio"
	"errors"
	"io"
	"net"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// checkedConn lets through what a server may say to this client (MQTT 3.1.1,
// chapter 3), in whole packets of bounded size, and skips the rest. The MQTT client
// behind it trusts its server: it makes room for packets of 256 MB before they have
// come, keeps those of QoS 2, and panics over a SUBACK with more results than
// topics.
type checkedConn struct {
	net.Conn
	guard panics.Guard
	in    *bufio.Reader
	room  []byte
	rest  []byte // of the packet that is being handed on
}

func newCheckedConn(conn net.Conn, guard panics.Guard) *checkedConn {
	return &checkedConn{Conn: conn, guard: guard, in: bufio.NewReader(conn)}
}

func (c *checkedConn) Read(p []byte) (n int, err error) {
	defer c.guard.RecoverTo(&err)
	for len(c.rest) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n = copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *checkedConn) Write(p []byte) (n int, err error) {
	defer c.guard.RecoverTo(&err)
	return c.Conn.Write(p)
}

func (c *checkedConn) Close() (err error) {
	defer c.guard.RecoverTo(&err)
	return c.Conn.Close()
}

// The first byte of packets, with QoS 0.
const (
	connack     = 0x20
	publish     = 0x30
	publishKept = 0x31 // a retained message
	suback      = 0x90
	unsuback    = 0xb0
	pingresp    = 0xd0
)

const (
	maxLengthBytes  = 4   // MQTT 3.1.1, section 2.2.3
	maxTopicBytes   = 128 // of our topics, and their length
	maxPublishBytes = maxTopicBytes + MaxEnvelopeBytes
)

var errFrame = errors.New("the server does not speak MQTT")

// next reads a packet.
func (c *checkedConn) next() error {
	first, err := c.in.ReadByte()
	if err != nil {
		return err
	}
	c.room = append(c.room[:0], first)
	size := 0
	for i := 0; ; i++ {
		b, err := c.in.ReadByte()
		if err != nil {
			return err
		}
		if i == maxLengthBytes {
			return errFrame
		}
		c.room = append(c.room, b)
		size |= int(b&0x7f) << (7 * i)
		if b < 0x80 {
			break
		}
	}
	head := len(c.room)
	if !mayCome(first, size) {
		_, err := io.CopyN(io.Discard, c.in, int64(size))
		return err
	}
	c.room = append(c.room, make([]byte, size)...)
	if _, err := io.ReadFull(c.in, c.room[head:]); err != nil {
		return err
	}
	c.rest = c.room
	if first == suback { // its first result is enough: nobody reads them
		c.rest = append(append(c.room[:0], suback, 3), c.room[head:head+3]...)
	}
	return nil
}

func mayCome(first byte, size int) bool {
	switch first {
	case connack, unsuback:
		return size == 2
	case publish, publishKept:
		return size >= 2 && size <= maxPublishBytes
	case suback:
		return size >= 3 && size <= maxPublishBytes
	case pingresp:
		return size == 0
	}
	return false
}
