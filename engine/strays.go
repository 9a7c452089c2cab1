package engine

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// A ticket that names a server of its own costs a connection there. It is kept for the next connect, but not for as long as the
// app lives, which may see many tickets: it is closed when it has not been needed for once to twice this time.
const strayTime = 5 * time.Minute

// strays looks for such connections now and then, while there may be any.
type strays struct {
	timer  *time.Timer     // nil: nothing to look for
	before map[string]bool // what was not needed the last time, by the server's address
}

// lookForStrays needs the lock.
func (a *App) lookForStrays() {
	if a.strays.timer == nil && !a.closed {
		a.strays.timer = a.workers.After(strayTime, a.closeStrays)
	}
}

func (a *App) closeStrays() {
	a.mu.Lock()
	a.strays.timer = nil
	if a.closed {
		a.mu.Unlock()
		return
	}
	a.calls.Add(1)
	defer a.calls.Done()
	strays := a.takeStrays()
	a.mu.Unlock()
	for _, client := range strays {
		client.Close()
	}
}

// takeStrays needs the lock.
func (a *App) takeStrays() (strays []*signal.Client) {
	lasting, needed, unneeded := a.lastingServers(), a.neededServers(), make(map[string]bool)
	for url, client := range a.servers {
		switch {
		case lasting[url]:
			continue
		case needed[url]:
		case a.strays.before[url]:
			delete(a.servers, url)
			strays = append(strays, client)
			continue
		default:
			unneeded[url] = true
		}
		a.lookForStrays() // once more
	}
	a.strays.before = unneeded
	return strays
}

// lastingServers are those of the app and its devices. It needs the lock.
func (a *App) lastingServers() map[string]bool {
	servers := map[string]bool{a.config.Server: true}
	for _, t := range a.devices {
		servers[a.account(t.Server)] = true
	}
	return servers
}

// neededServers are those of what is under way. It needs the lock.
func (a *App) neededServers() map[string]bool {
	servers := make(map[string]bool)
	for at := range a.attempts {
		servers[a.account(at.to.server)] = true
	}
	for s := range a.sessions {
		if m, ok := s.way.(*mover); ok {
			servers[a.account(m.to.server)] = true
		}
	}
	for _, p := range a.preconnections {
		servers[a.account(p.to.server)] = true
	}
	return servers
}

// account is a server's address with the account that the app has there, which a ticket does not hold.
func (a *App) account(url string) string {
	if url == names.WithoutPassword(a.config.Server) {
		return a.config.Server
	}
	return url
}
