package hosts

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

const (
	// lookupTime is long enough for two DNS servers that are dead: the system asks the next one
	// after 5 s.
	lookupTime = 15 * time.Second
	// connectTime is for all addresses of a host together.
	connectTime = 5 * time.Second
	// attemptDelay is RFC 8305, section 5.
	attemptDelay = 250 * time.Millisecond
	// maxAddresses of a name are tried.
	maxAddresses = 8
)

// Dial asks DNS each time, since a server may have moved, and then tries the addresses as in
// RFC 8305.
func (System) Dial(ctx context.Context, hostPort string) (net.Conn, error) {
	all, err := lookUp(ctx, "tcp", hostPort)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	var attempts []func(context.Context) (net.Conn, error)
	for _, address := range takeTurns(all) {
		to := translator.Load().Out(address).String()
		attempts = append(attempts, func(ctx context.Context) (net.Conn, error) {
			dialer := net.Dialer{Control: smallSegments}
			return dialer.DialContext(ctx, "tcp", to)
		})
	}
	return First(ctx, panics.Guard{}, attemptDelay, attempts, func(late net.Conn) { late.Close() })
}

// Resolve goes by what DNS has said within the last minute, if it has: as a rule STUN and TURN
// are where the server is. IPv4 comes first, since it is IPv4 addresses that look another way
// from outside.
func (System) Resolve(ctx context.Context, hostPort string) ([]netip.AddrPort, error) {
	if host, port, err := splitHostPort(ctx, "udp", hostPort); err == nil {
		if ips := knownName(host); ips != nil {
			return usable(hostPort, withPort(ips, port))
		}
	}
	all, err := lookUp(ctx, "udp", hostPort)
	if err != nil {
		return nil, err
	}
	return usable(hostPort, all)
}

// usable are those that the host has a way to; a literal has no other.
func usable(hostPort string, all []netip.AddrPort) ([]netip.AddrPort, error) {
	if len(all) == 1 {
		return all, nil
	}
	noWay := func(a netip.AddrPort) bool { return !SourceTo(translator.Load().Out(a)).IsValid() }
	if all = slices.DeleteFunc(all, noWay); len(all) == 0 {
		return nil, fmt.Errorf("this host has no way to any address of %s", hostPort)
	}
	slices.SortStableFunc(all, func(a, b netip.AddrPort) int { return a.Addr().BitLen() - b.Addr().BitLen() })
	return all, nil
}

func splitHostPort(ctx context.Context, network, hostPort string) (host string, port uint16, err error) {
	host, service, err := net.SplitHostPort(hostPort)
	if err != nil {
		return "", 0, err
	}
	number, err := resolver.LookupPort(ctx, network, service)
	return host, uint16(number), err
}

func withPort(ips []netip.Addr, port uint16) (all []netip.AddrPort) {
	for _, ip := range ips {
		all = append(all, netip.AddrPortFrom(ip, port))
	}
	return all
}

// lookUp returns the addresses of "host:port", in the system's order, and remembers them. A
// translator's are the IPv4 ones that they stand for.
func lookUp(ctx context.Context, network, hostPort string) ([]netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	literal, err := netip.ParseAddrPort(hostPort)
	if err == nil {
		findNAT64(ctx, literal)
		return []netip.AddrPort{literal}, nil
	}
	host, port, err := splitHostPort(ctx, network, hostPort)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(host); err == nil { // with the name of a port; and "::" is not also 0.0.0.0, as for Go
		return lookUp(ctx, network, netip.AddrPortFrom(ip, port).String())
	}
	var finding panics.Group // at the same time: both may have to wait for the same dead DNS server
	while, enough := context.WithCancel(ctx)
	defer enough()
	finding.Go(func() { findNAT64(while, netip.AddrPort{}) })
	answers, err := resolver.LookupNetIP(ctx, "ip", host)
	hasWay := func(ip netip.Addr) bool {
		return ip.Unmap().Is4() && SourceTo(netip.AddrPortFrom(ip.Unmap(), port)).IsValid()
	}
	if err != nil || slices.ContainsFunc(answers, hasWay) {
		enough()
	}
	finding.Wait()
	if err != nil {
		return nil, err
	}
	return withPort(remember(host, answers), port), nil
}

// takeTurns mixes the families, the first one first (RFC 8305, section 4).
func takeTurns(all []netip.AddrPort) (mixed []netip.AddrPort) {
	var families [2][]netip.AddrPort
	for _, a := range all {
		other := 0
		if a.Addr().Is4() != all[0].Addr().Is4() {
			other = 1
		}
		families[other] = append(families[other], a)
	}
	for i := range all {
		for _, family := range families {
			if i < len(family) {
				mixed = append(mixed, family[i])
			}
		}
	}
	return mixed
}

// names is what DNS has said of late, by host.
var names struct {
	mu    sync.Mutex
	known map[string]answer
}

type answer struct {
	addresses []netip.Addr
	at        time.Time
}

const (
	answerAge  = time.Minute
	maxAnswers = 64
)

func remember(host string, answers []netip.Addr) []netip.Addr {
	var all []netip.Addr
	for _, ip := range answers[:min(len(answers), maxAddresses)] {
		ip = translator.Load().In(netip.AddrPortFrom(ip.Unmap(), 0)).Addr()
		if !slices.Contains(all, ip) {
			all = append(all, ip)
		}
	}
	names.mu.Lock()
	defer names.mu.Unlock()
	if names.known == nil || len(names.known) >= maxAnswers {
		names.known = make(map[string]answer)
	}
	names.known[host] = answer{all, time.Now()}
	return all
}

// knownName returns nil for a name that has to be asked for.
func knownName(host string) []netip.Addr {
	names.mu.Lock()
	defer names.mu.Unlock()
	if known := names.known[host]; time.Since(known.at) < answerAge {
		return known.addresses
	}
	return nil
}

func forgetNames() {
	names.mu.Lock()
	defer names.mu.Unlock()
	names.known = nil
}
