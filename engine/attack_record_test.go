package engine

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

// recorder is a broker that keeps every byte of its clients.
type recorder struct {
	mu   sync.Mutex
	logs []*bytes.Buffer // one of each direction of each connection
}

func (r *recorder) tap(dial func() (net.Conn, error)) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		conn, err := dial()
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		c := tapped{conn, r, new(bytes.Buffer), new(bytes.Buffer)}
		r.logs = append(r.logs, c.in, c.out)
		return c, nil
	}
}

func (r *recorder) has(text []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.logs, func(log *bytes.Buffer) bool { return bytes.Contains(log.Bytes(), text) })
}

type tapped struct {
	net.Conn
	recorder *recorder
	in, out  *bytes.Buffer
}

func (c tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.recorder.mu.Lock()
	defer c.recorder.mu.Unlock()
	c.in.Write(p[:n])
	return n, err
}

func (c tapped) Write(p []byte) (int, error) {
	c.recorder.mu.Lock()
	c.out.Write(p)
	c.recorder.mu.Unlock()
	return c.Conn.Write(p)
}

// TestRecordingBroker: who keeps all that a broker hears learns neither addresses
// nor ICE credentials, neither the user nor the ticket.
func TestRecordingBroker(t *testing.T) {
	for _, kinds := range [][2]*nat{{public, public}, {portRestricted, fullCone}, {symmetric, symmetric}} {
		t.Run(kinds[0].String()+" to "+kinds[1].String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				var r recorder
				const uid = "a user whom nobody shall know"
				p := w.pair(w.home(kinds[0]), w.home(kinds[1]), func(app, device *Config) {
					app.UID = uid
					app.dialServer, device.dialServer = r.tap(app.dialServer), r.tap(device.dialServer)
				})
				seen := newSecrets(p.app.endpoint, p.device.endpoint)
				for _, h := range []*home{p.appHome, p.deviceHome} {
					seen.addIP("a home's", netip.MustParseAddr(h.publicIP))
				}
				ticket, secret := p.device.Ticket(), p.device.state.Secret()
				app, device := p.connect(0) // with the ticket
				w.must(exchange(app, device))
				app.Close()
				device.Close()
				target, err := p.app.Resolve(p.device.ID()) // and paired
				w.must(err)
				app, err = connectIn(p.app, target, ModeInternet, 0)
				w.must(err)
				time.Sleep(2 * time.Second)
				seen.add("a trace id", []byte(app.about.traceID))
				seen.add("the uid", []byte(uid))
				seen.add("the ticket", []byte(ticket[len(names.TicketPrefix):][:20]))
				seen.add("the ticket's end", []byte(ticket[len(ticket)-20:]))
				seen.addBytes("the ticket's secret", secret[:])
				seen.addBytes("its proof", names.ProveOffer(secret, p.app.identity.ID, p.device.ID(), app.about.traceID))
				for _, word := range []string{"ufrag", "candidates", "srflx", "proof", "attempt"} {
					seen.add("the word", []byte(word))
				}
				seen.check(t, &r)
				if !slices.Contains(slices.Collect(maps.Values(seen.known)), "a server-reflexive address") {
					t.Error("the test has missed a server-reflexive address")
				}
				for _, id := range []string{p.app.identity.ID, p.device.ID()} {
					if !r.has([]byte(id)) {
						t.Error("nothing was recorded")
					}
				}
			})
		})
	}
}

// secrets are what the endpoints of a pair know and others must not, collected while
// they are in use.
type secrets struct {
	mu    sync.Mutex
	known map[string]string // the secret: what it is
	stop  chan struct{}
	done  chan struct{}
}

func newSecrets(of ...*endpoint) *secrets {
	s := &secrets{known: map[string]string{}, stop: make(chan struct{}), done: make(chan struct{})}
	for _, e := range of {
		for _, c := range paths.HostCandidates(e.config.network, e.socket.Port()) {
			s.addAddress("a host's", c.Address)
		}
	}
	go func() {
		defer close(s.done)
		for {
			for _, e := range of {
				s.collect(e)
			}
			select {
			case <-s.stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return s
}

func (s *secrets) collect(e *endpoint) {
	e.negotiations.mu.Lock()
	defer e.negotiations.mu.Unlock()
	for _, n := range e.negotiations.all {
		s.add("a ufrag", []byte(n.Local.Ufrag))
		s.add("a pwd", []byte(n.Local.Pwd))
		for _, c := range n.PeerRelays() {
			s.add("a relayed address", []byte(c.Address.String()))
		}
	}
	if address, _ := e.ground.Reflexive.Cached(); address.IsValid() {
		s.addAddress("a server-reflexive", address)
	}
}

func (s *secrets) addAddress(whose string, a netip.AddrPort) {
	s.addIP(whose, a.Addr())
	s.add(whose+" address", []byte(a.String()))
}

func (s *secrets) addIP(whose string, ip netip.Addr) {
	s.add(whose+" IP address", []byte(ip.String()))
	s.add(whose+" IP address, binary", ip.AsSlice())
}

// addBytes adds a secret and how it may be written.
func (s *secrets) addBytes(what string, secret []byte) {
	s.add(what, secret)
	s.add(what+" in hex", []byte(hex.EncodeToString(secret)))
	s.add(what+" in base64", []byte(base64.RawStdEncoding.EncodeToString(secret)))
	s.add(what+" in base64url", []byte(base64.RawURLEncoding.EncodeToString(secret)))
	s.add(what+" in decimal", []byte(strings.Trim(fmt.Sprint(secret), "[]")))
}

func (s *secrets) add(what string, secret []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[string(secret)] = what
}

func (s *secrets) check(t *testing.T, kept interface{ has([]byte) bool }) {
	t.Helper()
	close(s.stop)
	<-s.done
	kinds := map[string]int{}
	for secret, what := range s.known {
		kinds[what]++
		if kept.has([]byte(secret)) {
			t.Errorf("what was kept has %s: %q", what, secret)
		}
	}
	for _, what := range []string{"a ufrag", "a pwd"} {
		if kinds[what] == 0 {
			t.Errorf("the test has missed %s", what)
		}
	}
	t.Log(fmt.Sprint(kinds))
}
