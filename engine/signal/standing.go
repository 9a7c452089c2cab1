package signal

import (
	"context"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// What a client is to its server: known or not, and how far their clocks differ.

// learn takes over what the server says about itself.
func (c *Client) learn(servers ICEServers) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if servers.Unknown && !c.ice.Unknown {
		c.cfg.Log.Info("the server gives no relays to this client: it knows neither its id nor that of its device", "server", c.cfg.Server.Host)
	}
	c.ice = servers
	close(c.iceNew)
	c.iceNew = make(chan struct{})
	select {
	case <-c.iceSeen:
	default:
		close(c.iceSeen)
	}
	// Who gets in at all has a clock that is right to LoginLifetime: a server that
	// says more wants logins for another day.
	if skew := time.Until(time.UnixMilli(servers.Now)); servers.Now != 0 && skew.Abs() <= ident.LoginLifetime {
		c.skew, c.refusals = skew, 0
	}
	c.showMore()
}

// loginTime is what the server's clock shows. Either clock may have been set since
// they were compared: after a login that was refused, the next one goes by ours, and
// so on in turn.
func (c *Client) loginTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusals%2 == 1 {
		return time.Now()
	}
	return time.Now().Add(c.skew)
}

// refused counts a login that was.
func (c *Client) refused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals++
}

// Relays waits until the server offers relays, and returns them; nil once ctx ends.
func (c *Client) Relays(ctx context.Context) []TURNServer {
	for {
		c.mu.Lock()
		relays, changed := c.ice.TURN, c.iceNew
		c.mu.Unlock()
		if len(relays) > 0 {
			return relays
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// ShowMore makes a client that the server does not know log in anew if there is a
// statement that it has not shown yet.
func (c *Client) ShowMore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.showMore()
}

// showMore needs the lock. What was shown once is no reason to show it again: a server that does not know a client by its
// statements does not know it better for a repetition.
func (c *Client) showMore() {
	if !c.ice.Unknown || c.link == nil {
		return
	}
	for _, text := range c.statements() {
		if _, was := c.shown.Get(text); !was {
			c.link.lose(errShowMore)
			return
		}
	}
}

// show returns what the next login shows.
func (c *Client) show() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	shows := c.statements()
	for _, text := range shows {
		c.shown.Put(text, struct{}{})
	}
	return shows
}

// statements are those that a login has room for.
func (c *Client) statements() []string {
	if c.cfg.Statements == nil {
		return nil
	}
	all := c.cfg.Statements()
	return all[:min(len(all), ident.MaxStatements)]
}
