package rendezvous

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/transport/v2"
)

// Defaults for zero values of Config.
const (
	DefaultTTL         = time.Hour
	DefaultMaxClients  = 10000
	DefaultMaxAddress  = 1000
	DefaultMaxRetained = 100000
	DefaultMaxRelays   = 8192

	DefaultMaxRelaysPerClient = 64
	DefaultRelayRate          = 100_000_000
)

// DefaultRelayPorts is the range that RFC 8656, section 7.2 recommends.
var DefaultRelayPorts = PortRange{49152, 65535}

// Config says what a Server offers. Addresses are "host:port" as for
// net.Listen; port 0 picks a free one and "" turns that service off. Services with
// the same address share it over TCP. All other zero values mean the stated default.
type Config struct {
	MQTT  string // MQTT over TCP
	MQTTS string // MQTT over TLS
	WS    string // MQTT over WebSocket
	WSS   string // MQTT over WebSocket over TLS
	TURN  string // STUN and TURN, UDP and TCP on the same port
	TURNS string // TURN over TLS

	// TLS holds the certificate of MQTTS, WSS and TURNS; they need it.
	TLS *tls.Config
	// Pin names the key of a certificate that no authority has issued, see
	// LoadSelfSigned. It becomes part of the URLs, and who reads them there
	// accepts that key and no other.
	Pin string

	// PublicIP is the IPv4 address at which apps and devices reach this
	// machine. Default: the address it listens on if that is a single one,
	// else the address of the default route's interface.
	PublicIP netip.Addr
	// PublicIP6 is the IPv6 address at which they do, if there is one: who asks for relays of
	// IPv6 (RFC 6156) gets them there. Default: there are none.
	PublicIP6 netip.Addr
	// Host is a DNS name for this machine. It takes the place of PublicIP in all
	// addresses, since certificates are issued to names, and may be that of an IPv6
	// address, too.
	Host string
	// Names are more names and addresses under which clients reach the server,
	// without ports: it accepts only logins that were made for one of its names.
	Names []string

	// Secret signs TURN credentials. Default: random, for as long as the
	// server runs.
	Secret string
	// OldSecrets are accepted, and never sign: credentials that they have signed hold for
	// the rest of their lifetime, so that a new Secret takes no relay away. Who has one can
	// make credentials: leave out what has leaked, and what is older than TTL.
	OldSecrets []string
	// TTL is the lifetime of TURN credentials; new ones are published at half
	// of it. Default: DefaultTTL.
	TTL time.Duration
	// TURNURLs are other TURN servers that share Secret, published beside this
	// one: "turn:host:port?transport=udp".
	TURNURLs []string

	// Broker is an outside MQTT broker to publish the credentials through,
	// mqtt, mqtts, ws or wss://[user:password@]host[:port]. With it no broker
	// is embedded and MQTT, MQTTS, WS and WSS must be "".
	Broker string

	MaxClients int       // MQTT connections at once; default DefaultMaxClients
	MaxAddress int       // of them from one address; default DefaultMaxAddress
	MaxRelays  int       // TURN allocations at once; default DefaultMaxRelays
	RelayPorts PortRange // UDP ports of relays; default DefaultRelayPorts

	MaxRelaysPerClient int // of the allocations; default DefaultMaxRelaysPerClient
	RelayRate          int // bits per second of a client's relays, both ways; default DefaultRelayRate

	// Admit decides who gets relays; nil: everybody. Others may signal, and get
	// none, or nothing at all with RefuseOthers.
	Admit        Admission
	RefuseOthers bool

	// AllowPrivatePeers lets a server with a public address relay to private
	// ones (RFC 1918). By default it does not, so that strangers cannot reach
	// through it into the network it stands in.
	AllowPrivatePeers bool
	// RelayAllow and RelayDeny are networks that relays send to, or do not, whatever this
	// package thinks of them: the most specific one decides, of two equal ones RelayDeny.
	RelayAllow, RelayDeny []netip.Prefix

	// Proxies are the reverse proxies of TCP before this server. Their connections begin
	// with a header of the PROXY protocol, which ProxyHeader reads.
	Proxies     []netip.Prefix
	ProxyHeader ProxyHeader
	// HTTPProxies are those of HTTP, which name the client of a WebSocket in
	// X-Forwarded-For.
	HTTPProxies []netip.Prefix

	// Net replaces the operating system's UDP, for tests; TURN is then over
	// UDP only. Nil: the operating system.
	Net transport.Net

	// Log receives the server's log. Default: none.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.TTL == 0 {
		c.TTL = DefaultTTL
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Secret == "" {
		c.Secret = newSecret()
	}
	return c
}

// Check returns the error with which Start would refuse the settings, as far as it can be
// told without opening anything.
func (c Config) Check() error { return c.withDefaults().check() }

// check returns an error that says which setting to change.
func (c Config) check() error {
	if c.TLS == nil && (c.MQTTS != "" || c.WSS != "" || c.TURNS != "") {
		return errors.New("mqtts, wss and turns need a certificate: give -cert and -key, or -self-signed")
	}
	if c.Broker != "" {
		if c.MQTT != "" || c.MQTTS != "" || c.WS != "" || c.WSS != "" {
			return errors.New("an outside broker takes the place of the embedded one: leave out -mqtt, -mqtts, -ws and -wss when -broker is given")
		}
		if _, err := parseBroker(c.Broker); err != nil {
			return err
		}
	}
	if c.Admit != nil && c.Broker != "" {
		return errors.New("an outside broker gives everybody the same credentials: -admit is for the embedded one, leave out -broker")
	}
	if c.RefuseOthers && c.Admit == nil {
		return errors.New("-refuse-others needs to know whom not to refuse: give -admit")
	}
	if min(c.MaxClients, c.MaxAddress, c.MaxRelays, c.MaxRelaysPerClient, c.RelayRate) < 0 {
		return errors.New("a limit is below 0: leave it out for the default")
	}
	if c.PublicIP.IsValid() && !c.PublicIP.Unmap().Is4() {
		return fmt.Errorf("the public address %s is not IPv4: relays are IPv4, give -public-ip the machine's IPv4 address", c.PublicIP)
	}
	if public, _ := c.publicIP(); c.PublicIP6.IsValid() {
		if err := checkPublicIP6(c.PublicIP6, public); err != nil {
			return err
		}
	}
	if len(c.Proxies) > 0 && c.ProxyHeader == nil {
		return errors.New("there are proxies, but nothing that reads their headers: set ProxyHeader")
	}
	if c.TTL < time.Minute {
		return fmt.Errorf("a credential lifetime of %s is too short: give -ttl a minute or more", c.TTL)
	}
	if c.Host != "" && !isHost(c.Host) {
		return fmt.Errorf("the name %s is none that clients could look up: give -host a DNS name or an address, without a scheme and a port", c.Host)
	}
	for _, name := range c.Names {
		if _, _, err := net.SplitHostPort(name); err == nil {
			return fmt.Errorf("the name %s has a port, which does not count: give -name the host alone", name)
		}
	}
	for _, u := range c.TURNURLs {
		if _, err := parseTURNURL(u); err != nil {
			return err
		}
	}
	return c.RelayPorts.check()
}

// isHost reports whether a name may be looked up, or is an address.
func isHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
