package portmap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Most home routers speak UPnP only: they are found by SSDP, say in XML which services they
// have (UPnP Device Architecture 1.1, sections 1 and 2), and map ports by SOAP (WANIPConnection:1).
const (
	searchPort = 1900

	search = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n" +
		"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n"

	// httpPatience is for a router's web server, which is near, and slow.
	httpPatience = 3 * time.Second
	// goodbyePatience is what the end of a mapping may cost who closes.
	goodbyePatience = 500 * time.Millisecond
	maxText         = 64 << 10

	// freePorts are so many that are tried if others have the one that was wanted.
	freePorts = 3
)

// searchGroup is where some routers listen who do not at their own address.
var searchGroup = netip.AddrFrom4([4]byte{239, 255, 255, 250})

// igd is the service of a router that maps ports.
type igd struct {
	control *url.URL
	service string // its type, and version
}

// locationIn returns where the gateway says what it is, if a packet is its answer to a search:
// at itself, or it is not asked.
func locationIn(p []byte, gateway netip.Addr) *url.URL {
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(p)), nil)
	if err != nil {
		return nil
	}
	answer.Body.Close()
	location, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || location.Scheme != "http" || !isAt(location, gateway) {
		return nil
	}
	return location
}

func isAt(u *url.URL, gateway netip.Addr) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip == gateway
}

// serviceIn returns the service that maps ports, of those that a router's description lists.
func serviceIn(description string, location *url.URL) *igd {
	for rest := description; ; {
		var service string
		var found bool
		if service, rest, found = element(rest, "service"); !found {
			return nil
		}
		kind, _, _ := element(service, "serviceType")
		path, _, _ := element(service, "controlURL")
		if !strings.HasPrefix(kind, "urn:schemas-upnp-org:service:WANIPConnection:") && kind != "urn:schemas-upnp-org:service:WANPPPConnection:1" ||
			strings.ContainsAny(kind, "<>&\"\r\n") {
			continue
		}
		control, err := location.Parse(strings.ReplaceAll(path, "&amp;", "&"))
		if err == nil && control.Scheme == "http" && control.Host == location.Host {
			return &igd{control, kind}
		}
	}
}

// element returns what is in the first element of a name, and what comes after it.
func element(text, name string) (content, rest string, found bool) {
	for {
		if _, text, found = strings.Cut(text, "<"+name); !found {
			return "", "", false
		}
		attributes, inside, _ := strings.Cut(text, ">")
		if attributes != "" && !strings.HasPrefix(attributes, " ") {
			continue // another name that begins alike
		}
		if content, rest, found = strings.Cut(inside, "</"+name+">"); !found {
			return "", "", false
		}
		return strings.TrimSpace(content), rest, true
	}
}

// find asks a router which service of it maps ports.
func (m *Mapper) find(ctx context.Context, location *url.URL) (*igd, error) {
	description, err := m.fetch(ctx, &http.Request{Method: http.MethodGet, URL: location})
	if err != nil {
		return nil, err
	}
	if s := serviceIn(description, location); s != nil {
		return s, nil
	}
	return nil, errors.New("the router has no service that maps ports")
}

// errTaken is ConflictInMappingEntry.
var errTaken = errors.New("somebody else has the port")

// mapBy asks for the port that is welcome, or any.
func (m *Mapper) mapBy(ctx context.Context, s *igd, w wish) (*grant, error) {
	answer, err := m.call(ctx, s, "GetExternalIPAddress", "")
	if err != nil {
		return nil, err
	}
	text, _, _ := element(answer, "NewExternalIPAddress")
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return nil, err
	}
	outside := w.outside
	for range freePorts {
		_, err = m.call(ctx, s, "AddPortMapping", fmt.Sprintf("<NewRemoteHost></NewRemoteHost><NewExternalPort>%d</NewExternalPort><NewProtocol>UDP</NewProtocol>"+
			"<NewInternalPort>%d</NewInternalPort><NewInternalClient>%v</NewInternalClient><NewEnabled>1</NewEnabled>"+
			"<NewPortMappingDescription>libthingp2p</NewPortMappingDescription><NewLeaseDuration>%d</NewLeaseDuration>", outside, w.port, w.own, w.seconds()))
		if !errors.Is(err, errTaken) {
			break
		}
		outside = uint16(1024 + rand.IntN(1<<16-1024))
	}
	if err != nil {
		return nil, err // a router that maps for ever only (725), too: who crashes leaves nothing behind
	}
	return &grant{inside: w.port, outside: netip.AddrPortFrom(ip, outside), lifetime: w.lifetime, by: s}, nil
}

func (m *Mapper) unmapBy(s *igd, outside uint16) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyePatience)
	defer cancel()
	m.call(ctx, s, "DeletePortMapping", fmt.Sprintf("<NewRemoteHost></NewRemoteHost><NewExternalPort>%d</NewExternalPort><NewProtocol>UDP</NewProtocol>", outside))
}

// call does something by SOAP.
func (m *Mapper) call(ctx context.Context, s *igd, action, arguments string) (answer string, err error) {
	body := fmt.Sprintf(`<?xml version="1.0"?>`+"\r\n"+
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">`+
		`<s:Body><u:%s xmlns:u="%s">%s</u:%s></s:Body></s:Envelope>`, action, s.service, arguments, action)
	return m.fetch(ctx, &http.Request{
		Method: http.MethodPost, URL: s.control,
		Header: http.Header{"Content-Type": {`text/xml; charset="utf-8"`}, "SOAPAction": {`"` + s.service + "#" + action + `"`}}, // some want these capitals
		Body:   io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	})
}

// fetch speaks HTTP with a router.
func (m *Mapper) fetch(ctx context.Context, request *http.Request) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, httpPatience)
	defer cancel()
	address := request.URL.Host
	if request.URL.Port() == "" {
		address = net.JoinHostPort(request.URL.Hostname(), "80")
	}
	conn, err := m.net.Dial(ctx, address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := m.workers.WhenDone(ctx, func() { conn.Close() })
	defer stop()
	request.Close = true
	if err := request.Write(conn); err != nil {
		return "", err
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxText)), request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if text = string(all); answer.StatusCode == http.StatusOK {
		return text, err
	}
	code, _, _ := element(text, "errorCode")
	if code == "718" {
		return "", errTaken
	}
	return "", fmt.Errorf("UPnP: HTTP status %d, error %.10q", answer.StatusCode, code)
}
