//go:build linux && thingp2p_quic

package engine

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestNothingClaimsToAnswerMarks: routers drop packets, and do not mark them, of a controller that goes by drops.
func TestNothingClaimsToAnswerMarks(t *testing.T) {
	app, err := NewApp(Config{UID: "user", DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	there, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	raw, err := there.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVTOS, 1) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go app.quic.dial(ctx, there.LocalAddr().(*net.UDPAddr).AddrPort(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"x"}}, time.Minute)
	there.SetReadDeadline(time.Now().Add(await.Limit))
	packet, control := make([]byte, 1500), make([]byte, 100)
	_, n, _, _, err := there.ReadMsgUDP(packet, control)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) != 1 || len(messages[0].Data) == 0 {
		t.Fatalf("%d messages about the packet, %v", len(messages), err)
	}
	if ecn := messages[0].Data[0] & 3; ecn != 0 {
		t.Errorf("the packet has the mark %d", ecn)
	}
}
