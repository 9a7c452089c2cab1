//go:build !linux

package base

import (
	"net"

	"golang.org/x/net/ipv4"
)

type batchReader = ipv4.PacketConn

func newBatchReader(udp *net.UDPConn) (*batchReader, error) { return ipv4.NewPacketConn(udp), nil }
