package engine

import (
	"context"
	"net/netip"
	"slices"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// NetworkChanged makes the app look at once whether its connections to servers and the
// paths of its sessions still work, instead of when it notices by itself. It is called by
// whoever knows that the host's network is another, or that the process was suspended. Where
// the system tells, the app sees changes of addresses by itself.
func (a *App) NetworkChanged() {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return
	}
	a.calls.Add(1)
	defer a.calls.Done()
	var clients []*signal.Client
	for _, client := range a.servers {
		clients = append(clients, client)
	}
	var sessions []*Session
	for s := range a.sessions {
		sessions = append(sessions, s)
	}
	a.mu.Unlock()
	a.lookAgain(a.ctx, clients, sessions)
	a.renewPreconnections()
}

// NetworkChanged makes the device look at once whether its connection to the server and
// the paths of its sessions still work; see App.NetworkChanged.
func (d *Device) NetworkChanged() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.calls.Add(1)
	defer d.calls.Done()
	var clients []*signal.Client
	if d.signals != nil {
		clients = append(clients, d.signals)
	}
	var sessions []*Session
	for s := range d.sessions {
		sessions = append(sessions, s)
	}
	d.mu.Unlock()
	d.lookAgain(d.ctx, clients, sessions)
	if len(clients) > 0 {
		d.workers.Go(d.learnAddress)
	}
}

// SetAddresses names the addresses of this host with their networks, with white space
// between them, as in "192.168.1.5/24 fe80::1%wlan0/64", for hosts whose system does not
// tell them, as Android 11 and later. They are those of all apps and devices of this
// process; "" asks the system again. NetworkChanged makes use of them at once.
func SetAddresses(text string) error {
	all, err := hosts.ParseAddresses(text)
	if err != nil {
		return codes.Because(ErrInvalidParameter, err)
	}
	hosts.SetAddresses(all)
	return nil
}

// lookAgain trusts nothing that rests on the network as it was.
func (e *endpoint) lookAgain(ctx context.Context, clients []*signal.Client, sessions []*Session) {
	e.log.Info("the network has changed", "servers", len(clients), "sessions", len(sessions))
	e.socket.Revive()
	e.ground.Forget()
	now := e.config.network.Prefixes()
	// The addresses that are known need not be all that there are.
	own := func(local netip.Addr, remote netip.AddrPort) bool {
		listed := slices.ContainsFunc(now, func(p netip.Prefix) bool { return p.Addr() == local.WithZone("") })
		return listed || hosts.SourceTo(remote) == local
	}
	for _, client := range clients {
		client.NetworkChanged(own)
	}
	e.workers.Go(func() { e.config.network.LookAgain(ctx) })
	for _, s := range sessions {
		if s.way.rerouted() {
			s.watch.believe(false)
		} else {
			s.watch.doubt()
		}
	}
}

// watchNetwork calls changed after each change of the host's network, until the endpoint
// is released.
func (e *endpoint) watchNetwork(changed func()) {
	e.unwatch = e.config.network.Watch(e.workers.Guard, func() { e.workers.Go(changed) })
}
