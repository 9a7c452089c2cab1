package rendezvous

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
)

// dialPipe gives serve one end of a pipe and returns the other.
func dialPipe(serve func(net.Conn)) net.Conn {
	ours, theirs := net.Pipe()
	serve(theirs)
	return ours
}

const upgradeRequest = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"

// FuzzWebSocket: whatever comes in place of an upgrade, or after one, ends at most that connection, and no more comes out
// of it than went in.
func FuzzWebSocket(f *testing.F) {
	f.Add([]byte(upgradeRequest), false)
	f.Add([]byte("GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), false)
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"), false)
	f.Add([]byte("\x82\x82\x00\x00\x00\x00\x10\x00"), true)                     // a binary message
	f.Add([]byte("\x02\x81\x00\x00\x00\x00\x10\x80\x80\x00\x00\x00\x00"), true) // one in two frames
	f.Add([]byte("\x89\x80\x00\x00\x00\x00\x88\x80\x00\x00\x00\x00"), true)     // a ping, the end
	f.Add([]byte("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), true)             // a large one
	f.Fuzz(func(t *testing.T, stream []byte, upgraded bool) {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			served := 0
			ws := newWebSocket(noFaults(t), nil, func(conn net.Conn) {
				served++
				io.Copy(&out, conn)
				conn.Close()
			})
			defer ws.close()
			conn := dialPipe(ws.Serve)
			go io.Copy(io.Discard, conn)
			if upgraded {
				conn.Write([]byte(upgradeRequest))
				synctest.Wait()
			}
			conn.Write(stream)
			synctest.Wait()
			conn.Close()
			synctest.Wait()
			if out.Len() > len(stream) || upgraded && served != 1 {
				t.Errorf("%d bytes of %d came out, %d were served", out.Len(), len(stream), served)
			}
			next := dialPipe(ws.Serve)
			defer next.Close()
			go next.Write([]byte(upgradeRequest))
			answer := make([]byte, 12)
			if _, err := io.ReadFull(next, answer); err != nil || string(answer) != "HTTP/1.1 101" {
				t.Errorf("the next one gets %q, %v", answer, err)
			}
		})
	})
}
