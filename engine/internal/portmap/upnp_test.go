package portmap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
)

const (
	locationOfRouter = "http://192.168.1.9:5000/rootDesc.xml"
	description      = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList>
<service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/ctl/L3F</controlURL></service>
<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl/IPConn?a=1&amp;b=2</controlURL></service>
</serviceList></device></root>`
)

// fakeIGD is a router's UPnP.
type fakeIGD struct {
	location, description, external string
	refuses                         map[string]string // ports with the error that they get
	raw                             string            // if there is one: all that its web server says
	said                            []string          // actions, and the port where there is one
}

func newIGD() *fakeIGD {
	return &fakeIGD{location: locationOfRouter, description: description, external: seen.String()}
}

// tell answers those who search.
func (h *home) tell(conn net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		h.mu.Lock()
		if h.igd != nil && strings.HasPrefix(string(buffer[:n]), "M-SEARCH * HTTP/1.1\r\n") {
			fmt.Fprintf(writerTo{conn, from}, "HTTP/1.1 200 OK\r\nEXT:\r\nLOCATION: %s\r\n\r\n", h.igd.location)
		}
		h.mu.Unlock()
	}
}

type writerTo struct {
	net.PacketConn
	to net.Addr
}

func (w writerTo) Write(p []byte) (int, error) { return w.WriteTo(p, w.to) }

func (h *home) Dial(_ context.Context, address string) (net.Conn, error) {
	if address != "192.168.1.9:5000" {
		h.t.Errorf("dials %s", address)
		return nil, errors.New("nobody is there")
	}
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		request, err := http.ReadRequest(bufio.NewReader(theirs))
		if err != nil {
			return
		}
		body, _ := io.ReadAll(request.Body)
		status, text := h.do(request, string(body))
		if status == 0 {
			io.WriteString(theirs, text)
			return
		}
		fmt.Fprintf(theirs, "HTTP/1.1 %d x\r\nContent-Type: text/xml\r\n\r\n%s", status, text)
	}()
	return ours, nil
}

func (h *home) do(r *http.Request, body string) (status int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, action, _ := strings.Cut(strings.Trim(r.Header.Get("SOAPAction"), `"`), "#")
	port, _, _ := element(body, "NewExternalPort")
	h.igd.said = append(h.igd.said, strings.TrimSpace(action+" "+port))
	if h.igd.raw != "" {
		return 0, h.igd.raw
	}
	if r.URL.Path == "/rootDesc.xml" {
		return 200, h.igd.description
	}
	client, _, _ := element(body, "NewInternalClient")
	inside, _, _ := element(body, "NewInternalPort")
	switch {
	case r.URL.String() != "/ctl/IPConn?a=1&b=2":
		return 404, ""
	case action == "GetExternalIPAddress":
		return 200, `<s:Body><u:X><NewExternalIPAddress dt="string">` + h.igd.external + `</NewExternalIPAddress></u:X></s:Body>`
	case action == "AddPortMapping" && (client != host.String() || inside != fmt.Sprint(ownPort)):
		return 500, "<errorCode>402</errorCode>"
	case action == "AddPortMapping" && h.igd.refuses[port] != "":
		return 500, "<s:Fault><UPnPError><errorCode>" + h.igd.refuses[port] + "</errorCode></UPnPError></s:Fault>"
	}
	return 200, "<s:Body></s:Body>"
}

func (h *home) told() []string {
	time.Sleep(time.Second)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.igd.said
}

func silent([]byte, int) [][]byte { return nil }

func TestUPnP(t *testing.T) {
	atHome(t, silent, func(t *testing.T, h *home, m *Mapper) {
		h.igd = newIGD()
		h.igd.refuses = map[string]string{fmt.Sprint(ownPort): "718"} // somebody else has it
		m.Want(seen)
		got := await(t, m, netip.AddrPort{}, 10*time.Second)
		if got.Addr() != seen || got.Port() == ownPort {
			t.Errorf("mapped to %v", got)
		}
		mapped := fmt.Sprint("AddPortMapping ", got.Port())
		first, asked := h.told(), len(h.asked())
		if want := fmt.Sprint(" GetExternalIPAddress AddPortMapping ", ownPort, " ", mapped); strings.Join(first, " ") != want {
			t.Errorf("said %q, want %q", first, want)
		}
		time.Sleep(lifetime / 2)
		if again := h.told(); len(again) != len(first)+2 || again[len(again)-1] != mapped || len(h.asked()) != asked {
			t.Errorf("at half of the lifetime it says %q, and asks otherwise %d times", again[len(first):], len(h.asked())-asked)
		}
		time.Sleep(24 * time.Hour)
		if now, _ := m.Address(); now != got {
			t.Errorf("after a day it is mapped to %v", now)
		}
		m.Close()
		if all := h.told(); all[len(all)-1] != fmt.Sprint("DeletePortMapping ", got.Port()) {
			t.Errorf("the last that it says is %q", all[len(all)-1])
		}
	})
}

// TestLyingIGD: what a router says by UPnP leads to no other host, and costs seconds.
func TestLyingIGD(t *testing.T) {
	for name, lie := range map[string]func(*fakeIGD){
		"it is at another host":          func(g *fakeIGD) { g.location = "http://192.168.1.8:5000/rootDesc.xml" },
		"it is at a name":                func(g *fakeIGD) { g.location = "http://router:5000/rootDesc.xml" },
		"it is a file":                   func(g *fakeIGD) { g.location = "file:///etc/passwd" },
		"it is nowhere":                  func(g *fakeIGD) { g.location = "" },
		"its service is at another host": func(g *fakeIGD) { g.description = strings.Replace(description, "/ctl/IP", "http://192.168.1.8/", 1) },
		"its service is at another port": func(g *fakeIGD) { g.description = strings.Replace(description, "/ctl/IP", "http://192.168.1.9:1/", 1) },
		"it has none":                    func(g *fakeIGD) { g.description = strings.Replace(description, "WANIPConnection", "X", 1) },
		"its service has a header inside": func(g *fakeIGD) {
			g.description = strings.Replace(description, "Connection:1", "Connection:1\"\r\nX: y", 1)
		},
		"a private address":       func(g *fakeIGD) { g.external = "10.0.0.1" },
		"somebody else's address": func(g *fakeIGD) { g.external = "203.0.113.6" },
		"no address":              func(g *fakeIGD) { g.external = "<>" },
		"mapped for ever only":    func(g *fakeIGD) { g.refuses = map[string]string{fmt.Sprint(ownPort): "725"} },
		"no HTTP":                 func(g *fakeIGD) { g.raw = "hello" },
		"without end":             func(g *fakeIGD) { g.raw = "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("<service>", 1<<20) },
		"a header without end":    func(g *fakeIGD) { g.raw = "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 1<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			atHome(t, silent, func(t *testing.T, h *home, m *Mapper) {
				h.igd = newIGD()
				lie(h.igd)
				m.Want(seen)
				time.Sleep(20 * time.Second)
				if got, _ := m.Address(); got.IsValid() {
					t.Errorf("mapped to %v", got)
				}
				if n := len(h.told()); n > 5 {
					t.Errorf("asked %d times: %q", n, h.told())
				}
			})
		})
	}
}

// A web server that says nothing costs seconds, also at the end.
func TestSilentIGD(t *testing.T) {
	atHome(t, silent, func(t *testing.T, h *home, m *Mapper) {
		began := time.Now()
		hang := &hanging{home: h}
		m.net = hang
		if _, err := m.fetch(t.Context(), &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: "192.168.1.9", Path: "/"}}); err == nil || time.Since(began) != httpPatience {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		began = time.Now()
		m.unmapBy(&igd{&url.URL{Scheme: "http", Host: "192.168.1.9"}, "x"}, 1)
		if time.Since(began) != goodbyePatience {
			t.Errorf("the end took %v", time.Since(began))
		}
		if hang.dialled != "192.168.1.9:80" {
			t.Errorf("dialled %s", hang.dialled)
		}
		hang.theirs.Close()
	})
}

type hanging struct {
	*home
	dialled string
	theirs  net.Conn
}

func (h *hanging) Dial(_ context.Context, address string) (net.Conn, error) {
	h.dialled = address
	ours, theirs := net.Pipe()
	h.theirs = theirs
	return ours, nil
}

// saying is a network in which everybody says the same.
type saying struct {
	twin.Network
	text []byte
}

func (s saying) Dial(context.Context, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		go io.Copy(io.Discard, theirs)
		theirs.Write(s.text)
		theirs.Close()
	}()
	return ours, nil
}

// FuzzUPnP: whatever a router says it is and does, nobody else is asked, and no other address is of use.
func FuzzUPnP(f *testing.F) {
	answer := "HTTP/1.1 200 OK\r\n\r\n<NewExternalIPAddress>203.0.113.5</NewExternalIPAddress>"
	f.Add([]byte("HTTP/1.1 200 OK\r\nLOCATION: "+locationOfRouter+"\r\n\r\n"), description, []byte(answer))
	f.Add([]byte("HTTP/1.1 200 OK\r\nLOCATION: http://[::1]/\r\n\r\n"), "<service><service></service>", []byte("HTTP/1.1 500 x\r\n\r\n<errorCode>718</errorCode>"))
	f.Fuzz(func(t *testing.T, packet []byte, text string, answer []byte) {
		location := locationIn(packet, router)
		if location == nil {
			location, _ = url.Parse(locationOfRouter)
		}
		s := serviceIn(text, location)
		if !isAt(location, router) || s != nil && !isAt(s.control, router) {
			t.Fatalf("%v and %+v are not at the router", location, s)
		}
		if s == nil {
			s = &igd{location, "x"}
		}
		m := New(saying{twin.Network{}, answer}, func() uint16 { return ownPort }, faultlog.None(t))
		defer m.Close()
		if found, err := m.find(t.Context(), location); err == nil && !isAt(found.control, router) {
			t.Errorf("%v", found)
		}
		g, err := m.mapBy(t.Context(), s, wish{own: host, port: ownPort, outside: 1, lifetime: lifetime})
		if err == nil && usable(g, seen) == nil && !bytes.Contains(answer, []byte(seen.String())) {
			t.Errorf("%+v is of use", g)
		}
	})
}
