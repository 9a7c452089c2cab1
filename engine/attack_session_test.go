package engine

import (
	"crypto/tls"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
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
		"streams that never come": func(s *Session) { s.control.Write([]byte("b8")) },
		"streams that come after all": func(s *Session) {
			s.control.Write([]byte("0123"))
			openRaw(s, []byte{7, 'x'})
		},
		"as many streams as it gets, and more": func(s *Session) {
			for number := range 2 * Channels {
				openRaw(s, append([]byte{byte(number % Channels)}, make([]byte, 1000)...))
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

// openRaw opens a stream and writes p, which should begin with a channel's number.
func openRaw(s *Session, p []byte) *quic.SendStream {
	out, err := s.conn.OpenUniStream()
	if err == nil {
		out.Write(p)
	}
	return out
}

// A stream that belongs to no channel, or to one that has its stream, ends the session.
func TestStreamOfNoChannel(t *testing.T) {
	for name, lie := range map[string]func(s *Session){
		"no such channel":  func(s *Session) { openRaw(s, []byte{Channels, 'x'}) },
		"the largest byte": func(s *Session) { openRaw(s, []byte{255}) },
		"a channel twice":  func(s *Session) { openRaw(s, []byte{3, 'x'}); openRaw(s, []byte{3, 'y'}) },
		"no byte":          func(s *Session) { openRaw(s, nil).Close() },
		"no byte, reset":   func(s *Session) { openRaw(s, nil).CancelWrite(1) },
		"text":             func(s *Session) { openRaw(s, []byte("0")) },
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
					time.Sleep(10 * time.Second)
					if err := honest.Check(); err != ErrClosedRemote {
						t.Errorf("the session has ended with %v", err)
					}
					select {
					case <-honest.done:
					default:
						t.Error("something of it is left")
					}
				})
			})
		}
	}
}

// Who ends his streams gets no others for them.
func TestStreamsAreForOneSession(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		for number := range Channels {
			openRaw(app, []byte{byte(number), 'x'}).Close()
		}
		for number := range Channels {
			if n, err := device.Read(number, make([]byte, 10), -1); n != 1 {
				t.Errorf("channel %d: %d bytes, %v", number, n, err)
			}
			device.Read(number, make([]byte, 1), time.Second) // sees its end
		}
		for number := range 100 * Channels {
			openRaw(app, []byte{byte(number % Channels), 'x'})
			time.Sleep(10 * time.Millisecond)
		}
		if n := device.arrived.Load(); n != Channels {
			t.Errorf("%d streams were taken", n)
		}
		app.Close()
		device.Close()
	})
}

// An app of before hears from a device that the two do not fit, and no more.
func TestAppOfBefore(t *testing.T) {
	app, device := testIdentity(1), testIdentity(2)
	client, err := app.DialConfig(device.ID, "pass")
	if err != nil {
		t.Fatal(err)
	}
	server, err := device.AcceptConfig(func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	client.NextProtos = []string{"thingp2p/1"}
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	refused := make(chan error)
	go func() { refused <- tls.Server(theirs, server).Handshake() }()
	go tls.Client(ours, client).Handshake()
	if err := <-refused; err == nil || !strings.Contains(err.Error(), "application protocol") {
		t.Errorf("the device says %v", err)
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
