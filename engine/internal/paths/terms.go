package paths

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/journal"
	"github.com/thingp2p/libthingp2p/engine/internal/portmap"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Terms are what a negotiation is about.
type Terms struct {
	ID       string // names it on both sides
	Trace    string // the session to move, if it is for one
	PeerID   string
	OwnKey   []byte // for ML-KEM, to be told in offers; apps only
	PeerKey  []byte // the app's, from its first offer; devices only
	Policy   RelayPolicy
	Stranger bool   // the peer has no right of its own to connect; devices only
	Proof    []byte // of a ticket; apps only

	// What the device states about the app (ident.Statement): a device tells, "" is
	// nothing; an app hears it once.
	Statement string
	Belongs   func(statement string)

	OpenRelay func(*base.Relay) (drop func(), err error) // what to do with a new one; nil: nothing

	Journal *journal.Journal // of the attempt; nil: none, as for a session that moves
}

// Ground is what an endpoint stands on when it looks for paths.
type Ground struct {
	Role      signal.Role
	Mux       *base.STUNMux // of the socket
	Port      func() uint16 // of the socket
	Reflexive *reflexive
	Mapping   *portmap.Mapper // of the socket's port; nil: none
	MapsPort  bool            // whether it is to be had
	Relays    base.RelayDialer
	Visitors  *gate.Visitors // nil on an app
	Net       hosts.Network
	Log       *slog.Logger
}

// LearnAddress asks how the socket looks from outside. If there is a NAT, it is asked for a
// mapping, which nobody waits for. asks is called when a server is asked, whose name may have
// had to be looked up before.
func (g *Ground) LearnAddress(ctx context.Context, servers []string, asks func()) (netip.AddrPort, error) {
	address, err := g.Reflexive.refresh(ctx, servers, asks)
	if err == nil && g.MapsPort {
		g.Mapping.Want(address.Addr())
	}
	return address, err
}

// Forget is for a network that is another now.
func (g *Ground) Forget() {
	g.Reflexive.Forget()
	g.Mapping.Forget()
}
