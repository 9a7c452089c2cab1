//go:build !linux

package rendezvous

import "net"

func answeringFromTheAddressAsked(conn net.PacketConn) net.PacketConn { return conn }
