package base

import (
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// PacketConn returns the socket as QUIC reads and writes it. On a real UDP
// socket it keeps GSO, batch reads and ECN.
func (s *Socket) PacketConn() net.PacketConn {
	if s.now.Load().batch != nil {
		return &batchConn{plainConn{s}}
	}
	return &plainConn{s}
}

// plainConn is the socket over any net.PacketConn.
type plainConn struct{ socket *Socket }

func (c *plainConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	defer c.socket.guard.RecoverTo(&err)
	for {
		now := c.socket.now.Load()
		n, from, err = now.ReadFrom(p)
		if err == nil && c.socket.divert(p[:n], from) || err != nil && c.socket.goesOn(now, err) {
			continue
		}
		return n, from, err
	}
}

func (c *plainConn) WriteTo(p []byte, to net.Addr) (n int, err error) {
	defer c.socket.guard.RecoverTo(&err)
	address, ok := c.socket.resolve(hosts.AddrPort(to))
	if !ok {
		return len(p), nil
	}
	if err := c.socket.WriteTo(p, address); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *plainConn) LocalAddr() net.Addr               { return c.socket.now.Load().LocalAddr() }
func (c *plainConn) Close() error                      { return c.socket.Close() }
func (c *plainConn) SetReadDeadline(t time.Time) error { return c.socket.setReadDeadline(t) }
func (c *plainConn) SetWriteDeadline(t time.Time) error {
	return c.socket.now.Load().SetWriteDeadline(t)
}
func (c *plainConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// batchConn satisfies quic.OOBCapablePacketConn and reads in batches.
type batchConn struct{ plainConn }

// ReadBatch reads for QUIC. What is not for it stays in its place with no length,
// since QUIC pairs messages with its buffers by their index.
func (c *batchConn) ReadBatch(messages []ipv4.Message, flags int) (n int, err error) {
	defer c.socket.guard.RecoverTo(&err)
	for {
		now := c.socket.now.Load()
		if n, err = now.batch.ReadBatch(messages, flags); err == nil || !c.socket.goesOn(now, err) {
			break
		}
	}
	for i := range messages[:max(n, 0)] {
		m := &messages[i]
		if p := m.Buffers[0][:m.N]; c.socket.divert(p, m.Addr) {
			m.N = 0
		}
	}
	return n, err
}

// ReadMsgUDP: QUIC reads batches.
func (c *batchConn) ReadMsgUDP([]byte, []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	return 0, 0, 0, nil, syscall.ENOTSUP
}

func (c *batchConn) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	defer c.socket.guard.RecoverTo(&err)
	address, ok := c.socket.resolve(hosts.AddrPort(to))
	if !ok {
		return len(p), len(oob), nil
	}
	return c.socket.writeMessage(p, oob, address)
}

// writeMessage sends a packet, or several of them, with what the system is told of them.
func (s *Socket) writeMessage(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	n, oobn, err = s.now.Load().udp.WriteMsgUDPAddrPort(p, oob, s.network.NAT64().Out(to))
	if err != nil {
		if err = s.fatal(segmentsTooLarge(err, oob)); err == nil {
			return len(p), len(oob), nil
		}
	}
	return n, oobn, err
}

func (c *batchConn) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.socket.now.Load().udp.SyscallConn()
	if err != nil {
		return nil, err
	}
	return optionKeeper{raw, c.socket}, nil
}

func (c *batchConn) SetReadBuffer(bytes int) error {
	c.socket.keep(func(udp *net.UDPConn) { udp.SetReadBuffer(bytes) })
	return c.socket.now.Load().udp.SetReadBuffer(bytes)
}

func (c *batchConn) SetWriteBuffer(bytes int) error {
	c.socket.keep(func(udp *net.UDPConn) { udp.SetWriteBuffer(bytes) })
	return c.socket.now.Load().udp.SetWriteBuffer(bytes)
}
