package engine

import (
	"crypto/tls"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// TestPeerThatBreaksTheRules: whatever a peer says on a session's control stream,
// and whatever streams it opens, costs it this session at most.
func TestPeerThatBreaksTheRules(t *testing.T) {
	noise := rand.NewChaCha8([32]byte{1})
	random := func(s *Session) {
		p := make([]byte, 64)
		for range 50 {
			noise.Read(p)
			s.control.Write(p)
		}
	}
	for name, lie := range map[string]func(s *Session){
		"noise": random,
		"every byte": func(s *Session) {
			for b := range 256 {
				s.control.Write([]byte{byte(b)})
			}
		},
		"channels that never come": func(s *Session) { s.control.Write([]byte("01234567")) },
		"a channel twice": func(s *Session) {
			for range 2 {
				if out, err := s.conn.OpenUniStream(); err == nil {
					out.Write([]byte("x"))
				}
				s.control.Write([]byte{signalOpen})
			}
		},
		"channels that nobody announced": func(s *Session) {
			for range 2 * Channels {
				if out, err := s.conn.OpenUniStream(); err == nil {
					out.Write(make([]byte, 1000))
				}
			}
		},
		"more control streams": func(s *Session) {
			for range 10 {
				if more, err := s.conn.OpenStream(); err == nil {
					more.Write([]byte("bbb"))
				}
			}
		},
		"pings": func(s *Session) {
			for range 10_000 {
				ping(s.control)
			}
		},
		"the end, and more": func(s *Session) { s.control.Write([]byte("bbbddd0")); random(s) },
	} {
		for _, side := range []string{"app", "device"} {
			t.Run(name+", the "+side, func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(fullCone), w.home(fullCone), nil)
					app, device := p.connect(0)
					liar, honest := app, device
					if side == "device" {
						liar, honest = device, app
					}
					lie(liar)
					time.Sleep(time.Second)
					started := time.Now()
					honest.Close()
					liar.Close()
					if took := time.Since(started); took > 3*time.Second {
						t.Errorf("closing took %v", took)
					}
					app, device = p.connect(0) // others are served as before
					w.must(exchange(app, device))
				})
			})
		}
	}
}

// Who records a session today cannot read it with a quantum computer.
func TestSessionKeysAreHybrid(t *testing.T) {
	app, device := testIdentity(1), testIdentity(2)
	client, err := app.DialConfig(device.ID, "pass")
	if err != nil {
		t.Fatal(err)
	}
	server, err := device.AcceptConfig(func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go tls.Server(theirs, server).Handshake()
	conn := tls.Client(ours, client)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	if curve := conn.ConnectionState().CurveID; curve != tls.X25519MLKEM768 {
		t.Errorf("the key exchange is %v", curve)
	}
}
