package nat

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const (
	discoveryPort = 47474
	querySize     = 65
	answerSize    = 33
)

// socketOn opens a UDP socket on a host.
func socketOn(t *testing.T, h *lab.Host, port int) *net.UDPConn {
	t.Helper()
	var conn *net.UDPConn
	var err error
	h.Do(func() { conn, err = net.ListenUDP("udp4", &net.UDPAddr{Port: port}) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// recorder sees all of a local network.
type recorder struct {
	mu      sync.Mutex
	frames  [][]byte
	queries [][]byte
	answers [][]byte
}

func record(s *lab.Switch) *recorder {
	r := new(recorder)
	s.Watch(func(f []byte) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.frames = append(r.frames, bytes.Clone(f))
		p := frame(f).udp()
		switch {
		case p == nil || len(p.payload) == 0:
		case p.payload[0] == query && p.to.Port() == discoveryPort:
			r.queries = append(r.queries, bytes.Clone(p.payload))
		case p.payload[0] == answer:
			r.answers = append(r.answers, bytes.Clone(p.payload))
		}
		return true
	})
	return r
}

func (r *recorder) take() (frames, queries, answers [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	frames, queries, answers = r.frames, r.queries, r.answers
	r.frames, r.queries, r.answers = nil, nil, nil
	return frames, queries, answers
}

// TestLANListenerLearnsNothing: nothing in the air has the device's id, and two
// searches for one device look like those for two.
func TestLANListenerLearnsNothing(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	device := startCamera(t, home.Host("device", lab.IPv4), t.TempDir(), "")
	host := home.Host("app", lab.IPv4)
	r := record(home)
	var seen [][]byte
	for range 3 {
		startPhone(t, host, "").lanConnect(device.id)
		frames, queries, answers := r.take()
		if len(queries) == 0 || len(answers) == 0 {
			t.Fatal("nothing was recorded")
		}
		for _, f := range frames {
			for _, form := range deviceNames(device) {
				if bytes.Contains(f, form) {
					t.Errorf("a frame has the device's id, as %q", form)
				}
			}
		}
		for _, p := range append(queries, answers...) {
			if p[0] == query && len(p) != querySize || p[0] == answer && len(p) != answerSize {
				t.Errorf("a packet of %d bytes, want %d, and an answer of %d", len(p), querySize, answerSize)
			}
			seen = append(seen, p)
		}
	}
	// Packets of one search may be the same; those of two share no more than chance
	// lets them: no run of 4 bytes.
	for i, a := range seen {
		for _, b := range seen[i+1:] {
			if bytes.Equal(a[1:9], b[1:9]) { // one search
				continue
			}
			for at := 1; at+4 <= len(a); at++ {
				if bytes.Contains(b[1:], a[at:at+4]) {
					t.Errorf("two searches have %x in common", a[at:at+4])
				}
			}
		}
	}
}

// deviceNames are the forms in which a device's id could be seen.
func deviceNames(c *camera) [][]byte {
	key, err := idKey(c.id)
	if err != nil {
		return nil
	}
	return [][]byte{[]byte(c.id), []byte(strings.ToUpper(c.id)), key, key[:8], key[24:]}
}

// TestLANForgedAnswers: a host that answers everything, with noise, with what it
// recorded, and with the right answer of the device sent from its own address, is
// never connected to, and the right device is.
func TestLANForgedAnswers(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	device := startCamera(t, home.Host("device", lab.IPv4), t.TempDir(), "")
	evilHost := home.Host("evil", lab.IPv4)
	evil := startCamera(t, evilHost, t.TempDir(), "") // takes any app that comes
	forger := socketOn(t, evilHost, 0)
	var recorded [][]byte
	var mu sync.Mutex
	var forged atomic.Int64
	home.Watch(func(f []byte) bool {
		p := frame(f).udp()
		if p == nil || len(p.payload) == 0 {
			return true
		}
		mu.Lock()
		defer mu.Unlock()
		switch p.payload[0] {
		case query:
			noise := make([]byte, answerSize)
			rand.Read(noise)
			copy(noise, append([]byte{answer}, p.payload[1:9]...))
			for _, lie := range append([][]byte{noise}, recorded...) {
				forger.WriteToUDPAddrPort(lie, p.from)
				forged.Add(1)
			}
		case answer:
			if p.from.Addr() != evilHost.IP() {
				recorded = append(recorded, bytes.Clone(p.payload))
				forger.WriteToUDPAddrPort(p.payload, p.to) // and the app hears it from here, too
				forged.Add(1)
			}
		}
		return true
	})
	app := home.Host("app", lab.IPv4)
	evilAddress := evil.address
	for range 3 {
		phone := startPhone(t, app, "")
		if got := phone.order("address " + device.id + " " + evilAddress); got != "ok" {
			t.Fatal(got)
		}
		phone.lanConnect(device.id)
	}
	if forged.Load() == 0 {
		t.Error("nothing was forged")
	}
	select {
	case line := <-evil.Lines:
		t.Errorf("the forger's device says %q", line)
	default:
	}
}

// TestLANFlood: a flood of queries costs a device no memory, makes it send no more
// than it is sent, and keeps nobody else out.
func TestLANFlood(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	device := startCamera(t, home.Host("device", lab.IPv4), t.TempDir(), "")
	app := home.Host("app", lab.IPv4)
	r := record(home)
	startPhone(t, app, "").lanConnect(device.id)
	_, queries, _ := r.take()
	home.Watch(nil)
	before := residentKB(t, device)

	attacker := socketOn(t, home.Host("attacker", lab.IPv4), 0)
	to := netip.AddrPortFrom(netip.MustParseAddrPort(device.address).Addr(), discoveryPort)
	var answered atomic.Int64
	go func() {
		buffer := make([]byte, 2048)
		for {
			n, _, err := attacker.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			answered.Add(int64(n))
		}
	}()
	sent := 0
	stop := make(chan struct{})
	var flood sync.WaitGroup
	flood.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		noise := make([]byte, querySize)
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for range 10 {
				rand.Read(noise)
				noise[0] = query
				attacker.WriteToUDPAddrPort(noise, to)
				attacker.WriteToUDPAddrPort(queries[0], to) // one that is answered
				sent += 2 * querySize
			}
		}
	})
	start := time.Now()
	for time.Since(start) < 3*time.Second {
		startPhone(t, app, "").lanConnect(device.id) // while it lasts
	}
	close(stop)
	flood.Wait()
	t.Logf("%d queries a second; %d bytes sent, %d answered", int(float64(sent/querySize)/time.Since(start).Seconds()), sent, answered.Load())
	if answered.Load() > int64(sent)/2 {
		t.Errorf("%d bytes sent, %d answered", sent, answered.Load())
	}
	if after := residentKB(t, device); after > before+8<<10 {
		t.Errorf("resident memory went from %d to %d KB", before, after)
	}
	startPhone(t, app, "").lanConnect(device.id)
}

func residentKB(t *testing.T, c *camera) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb
}
