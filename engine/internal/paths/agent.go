package paths

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// credentials are those of one ICE agent (RFC 8445, section 5.3).
type credentials struct{ Ufrag, Pwd string }

// agent finds out which of the peer's candidates a base can reach. It only
// finds the path: QUIC uses the base itself, and the agent goes once QUIC runs.
type agent struct {
	ice    *ice.Agent
	cancel context.CancelFunc // nil before start
	done   chan struct{}
	guard  panics.Guard
}

// ICE is tuned for a path within a round trip of knowing the peer: no waiting for a
// better candidate. An agent offers a check of each candidate at each interval, as long
// as an attempt lasts; which of them leave is up to checks.
var (
	noWait             = time.Duration(0)
	maxBindingRequests = uint16(1000)
	checkingTimeout    = 20 * time.Second // an attempt has its own, shorter one
)

// maxSelected bounds the addresses that an agent finds.
const maxSelected = 8

// selection tells of each address of the peer's once.
type selection struct {
	mu       sync.Mutex
	seen     []netip.AddrPort
	selected func(netip.AddrPort)
}

// add reports whether an address is the first.
func (s *selection) add(address netip.AddrPort) (first bool) {
	s.mu.Lock()
	if !address.IsValid() || slices.Contains(s.seen, address) || len(s.seen) == maxSelected {
		s.mu.Unlock()
		return false
	}
	s.seen = append(s.seen, address)
	first = len(s.seen) == 1
	s.mu.Unlock()
	s.selected(address)
	return first
}

// newAgent makes an agent over a base's mux. A controlled one tells checked who
// has sent it an authenticated check. It answers and sends checks once
// start is called; checks that come earlier wait. It calls selected with each of the
// peer's addresses from which something came; which of them works both ways is for
// QUIC to find out.
func newAgent(mux base.AgentMux, local credentials, controlling bool, selected, checked func(netip.AddrPort), network hosts.Network, log *slog.Logger) (*agent, error) {
	guard := panics.Guard{Log: log}
	found := &selection{selected: selected}
	config := agentConfig(mux, local, network, log)
	if controlling {
		// The first authenticated check that comes in proves the peer's way to
		// us, and its hole in the peer's NAT is ours: no need to wait for the
		// answer to a check of our own.
		config.BindingRequestHandler = func(_ *stun.Message, _, remote ice.Candidate, pair *ice.CandidatePair) bool {
			defer guard.Recover()
			return pair != nil && found.add(addressOf(remote))
		}
	} else {
		config.BindingRequestHandler = func(_ *stun.Message, _, remote ice.Candidate, _ *ice.CandidatePair) bool {
			defer guard.Recover()
			if address := addressOf(remote); address.IsValid() {
				checked(address)
			}
			return false
		}
	}
	a, err := ice.NewAgent(config)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		a.OnCandidate(func(ice.Candidate) { defer guard.Recover() }),
		a.OnSelectedCandidatePairChange(func(_, remote ice.Candidate) {
			defer guard.Recover()
			found.add(addressOf(remote))
		}),
		a.GatherCandidates(),
	)
	if err != nil {
		a.Close()
		return nil, err
	}
	return &agent{ice: a, done: make(chan struct{}), guard: guard}, nil
}

func agentConfig(mux base.AgentMux, local credentials, network hosts.Network, log *slog.Logger) *ice.AgentConfig {
	interval := mux.Checks.OfferInterval()
	return &ice.AgentConfig{
		UDPMux:                 mux,
		LocalUfrag:             local.Ufrag,
		LocalPwd:               local.Pwd,
		NetworkTypes:           []ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6},
		CandidateTypes:         []ice.CandidateType{ice.CandidateTypeHost},
		MulticastDNSMode:       ice.MulticastDNSModeDisabled, // it would open port 5353
		CheckInterval:          &interval,
		MaxBindingRequests:     &maxBindingRequests,
		HostAcceptanceMinWait:  &noWait,
		SrflxAcceptanceMinWait: &noWait,
		PrflxAcceptanceMinWait: &noWait,
		RelayAcceptanceMinWait: &noWait,
		FailedTimeout:          &checkingTimeout,
		IncludeLoopback:        true, // the mux's stand-in addresses are
		Net:                    network.Pion(),
		LoggerFactory:          base.ICELog{Log: log},
	}
}

// addressOf is the zero value for a candidate that has a name.
func addressOf(c ice.Candidate) netip.AddrPort {
	ip, err := netip.ParseAddr(c.Address())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(c.Port()))
}

// start begins the checks, as the controlling side (the app) or the other.
func (g *agent) start(remote credentials, controlling bool) {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.guard.Go(func() {
		defer close(g.done)
		// Both return at the first selected pair or when ctx ends; what they
		// return is not used, since QUIC runs on the base.
		if controlling {
			g.ice.Dial(ctx, remote.Ufrag, remote.Pwd)
		} else {
			g.ice.Accept(ctx, remote.Ufrag, remote.Pwd)
		}
	})
}

// add tells the agent of a candidate of the peer.
func (g *agent) add(c signal.Candidate) {
	config := ice.CandidateHostConfig{
		Network:   "udp",
		Address:   c.Address.Addr().String(),
		Port:      int(c.Address.Port()),
		Component: ice.ComponentRTP,
	}
	// The type only decides the order of checks, and all are checked at once.
	if remote, err := ice.NewCandidateHost(&config); err == nil {
		g.ice.AddRemoteCandidate(remote)
	}
}

// close ends the agent and its goroutines.
func (g *agent) close() {
	if g.started() {
		g.cancel()
	}
	g.ice.GracefulClose()
	if g.started() {
		<-g.done
	}
}

func (g *agent) started() bool { return g.cancel != nil }
