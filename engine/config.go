package engine

import (
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"

	"github.com/google/uuid"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Version is the library's version.
const Version = "0.1.0"

// Channels is the number of channels in a session, numbered from 0.
const Channels = 8

// Mode says which way to a device gets the head start.
type Mode int

const (
	ModeInternet Mode = 0 // the server's way first
	ModeLAN      Mode = 1 // the local network first
)

// String returns the mode's name in lower case.
func (m Mode) String() string {
	if m == ModeLAN {
		return "lan"
	}
	return "internet"
}

// RelayPolicy says whether a TURN relay may carry a session.
type RelayPolicy = paths.RelayPolicy

const (
	RelayAuto  = paths.RelayAuto  // when nothing more direct works, and meanwhile
	RelayNever = paths.RelayNever // not at all
	RelayOnly  = paths.RelayOnly  // nothing else, for tests
)

// Strangers says what becomes of apps that are not paired with a device and do not
// hold its ticket. A device that only refuses them does nothing for them: it looks
// for no path, sends to none of the addresses that they name, and asks nobody.
type Strangers int

const (
	StrangersOff Strangers = iota // refused at once, also where there is an authorizer
	StrangersAsk                  // the authorizer decides; without one they are refused
)

// Path says what carries a session now.
type Path int32

const (
	PathLAN    Path = 1 // straight, inside one local network
	PathDirect Path = 2 // straight, through the internet
	PathRelay  Path = 3 // through a TURN relay
)

// String returns the path's name in lower case.
func (p Path) String() string {
	switch p {
	case PathLAN:
		return "lan"
	case PathDirect:
		return "direct"
	case PathRelay:
		return "relay"
	}
	return "none"
}

// Config configures an App or a Device. The zero value is usable: no server,
// a key that lives in memory only, and the defaults named below.
type Config struct {
	UID           string        // the user, shown to the device; apps only
	StateDir      string        // where the key and the pairings are kept; "": in memory
	Server        string        // mqtt://, mqtts://, ws:// or wss:// [user:password@]host[:port][?pin=…]; "": none
	CAFile        string        // PEM roots for TLS to the server; "": the system's
	DisableLAN    bool          // no discovery in the local network
	LANPort       uint16        // of discovery, UDP, the same for apps and devices; 0: 47474
	Relay         RelayPolicy   //
	MaxSessions   int           // 0: 1024
	Strangers     Strangers     // devices only
	AcceptBacklog int           // sessions that a device has not accepted yet; 0: 128
	OfflineAfter  time.Duration // a peer silent for so long is gone, at most an hour; 0: 30 s
	SendBuffer    int           // bytes per channel; 0: 262144
	Log           *slog.Logger  // nil: discards

	DisablePortMapping bool // the NAT before the host is not asked to let others in (PCP, NAT-PMP, UPnP)

	MaxSessionsPerApp int // of a device with one app, so that no app has them all, 1 to 65536; 0: 64

	// Twins for tests in fake time; nil: the real ones.
	network    hosts.Network
	dialServer func() (net.Conn, error)
}

// usesLAN reports whether devices are looked for, and answer, in the local network.
func (c Config) usesLAN() bool { return !c.DisableLAN && c.Relay != RelayOnly }

// mapsPort reports whether the NAT before the host is asked for a mapping.
func (c Config) mapsPort() bool { return !c.DisablePortMapping && c.Relay != RelayOnly }

func (c Config) withDefaults() Config {
	if c.LANPort == 0 {
		c.LANPort = discovery.Port
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = 1024
	}
	if c.MaxSessionsPerApp == 0 {
		c.MaxSessionsPerApp = 64
	}
	if c.AcceptBacklog == 0 {
		c.AcceptBacklog = 128
	}
	if c.OfflineAfter == 0 {
		c.OfflineAfter = 30 * time.Second
	}
	if c.SendBuffer == 0 {
		c.SendBuffer = 256 << 10
	}
	if c.network == nil {
		c.network = hosts.System{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = panics.Logger(c.Log)
	return c
}

const (
	maxOfflineAfter   = time.Hour
	maxSessionsPerApp = 65536
)

// check tells which setting is of no use.
func (c Config) check() error {
	if c.OfflineAfter < 0 || c.OfflineAfter > maxOfflineAfter {
		return codes.Because(ErrInvalidParameter, fmt.Errorf("OfflineAfter is %v: give a time up to %v, or 0 for the default", c.OfflineAfter, maxOfflineAfter))
	}
	if c.MaxSessionsPerApp < 1 || c.MaxSessionsPerApp > maxSessionsPerApp {
		return codes.Because(ErrInvalidParameter, fmt.Errorf("MaxSessionsPerApp is %d: give 1 to %d, or 0 for the default", c.MaxSessionsPerApp, maxSessionsPerApp))
	}
	return CheckServer(c.Server)
}

// CheckServer reports whether server is a usable value of Config.Server.
func CheckServer(server string) error { return names.CheckServer(server) }

// NewTraceID returns a fresh id that names one attempt on both sides: a random
// UUID (RFC 9562), 36 characters.
func NewTraceID() string { return uuid.NewString() }
