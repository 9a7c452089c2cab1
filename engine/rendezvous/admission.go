package rendezvous

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Admission decides who may use a server's relays. A nil one admits everybody.
//
// A relay costs its operator the traffic of strangers, and a key costs nothing: who
// wants to know whom he relays for has to know the keys. He knows the devices, which
// he has made or sold. Apps come and go; each shows, in its login, what a device
// has stated about it (ident.Statement):
//
//	device ── states, once it has let the app in ──► app
//	                                                  │ shows it in its login
//	                                                  ▼
//	         Admission ◄── who is it, and whose ── Broker ── credentials, or none
type Admission interface {
	// Admit returns on whose account a client gets relays: the limits for each
	// client (relays, bits per second) are for all on one account together. ""
	// means none for this client, and an error that it cannot be said now.
	Admit(ctx context.Context, who Applicant) (account string, err error)
}

// Applicant is a client that has proven who it is.
type Applicant struct {
	Role    byte // ident.App or ident.Device
	ID      string
	Devices []string // ids of those that have stated that this app belongs to them
}

// standing is what Admission has said about a connection's client.
type standing struct {
	account string
	since   time.Time // when it was said last; zero: never
}

const (
	// standingLife is for how long a standing is kept while nobody can say it anew.
	standingLife = time.Hour
	// reviewInterval is how often Admission is asked again about those who are there.
	reviewInterval = time.Minute
	reviewTime     = 30 * time.Second // in which it does; about those left out, the next time
	reviewers      = 8                // that ask at once
	answerTime     = 10 * time.Second // for each question; what is begun has it
)

var errNotAdmitted = errors.New("nobody admits it here")

// admit finds out what a client that logs in may do.
func (b *Broker) admit(c *clientConn, l *ident.Login) error {
	if b.cfg.Admit == nil {
		c.standing.Store(&standing{account: l.ID})
		return nil
	}
	now := time.Now()
	c.vouchers = vouchers(l, now)
	s, err := b.ask(b.ctx, c, now)
	if err != nil {
		b.warn("it cannot be found out who may use the relays, so some clients get none", "error", err)
	}
	c.standing.Store(&s)
	switch {
	case s.account != "":
		return nil
	case !b.cfg.RefuseOthers:
		b.log.Debug("a client gets no relays", "who", c.applicant(now))
		return nil
	case err != nil:
		return notNow{err}
	}
	return fmt.Errorf("%w: %s", errNotAdmitted, c.applicant(now))
}

// vouchers are what devices truly state about the app that logs in. Nobody has
// reason to show what is not true, so the first that is not is the last.
func vouchers(l *ident.Login, now time.Time) (found []*ident.Statement) {
	if l.Role != ident.App {
		return nil
	}
	for _, text := range l.Statements {
		s, err := ident.ParseStatement(text)
		if err != nil || !s.Holds(now) {
			continue // of another version, or an old one
		}
		if s.CheckSignature(l.ID) != nil {
			break
		}
		found = append(found, s)
	}
	return found
}

func (c *clientConn) applicant(now time.Time) Applicant {
	a := Applicant{Role: c.who.role, ID: c.who.id}
	for _, s := range c.vouchers {
		if s.Holds(now) {
			a.Devices = append(a.Devices, s.Device)
		}
	}
	return a
}

func (a Applicant) String() string {
	if a.Role == ident.Device {
		return "device " + a.ID
	}
	if len(a.Devices) == 0 {
		return "app " + a.ID + ", for which no device speaks"
	}
	return "app " + a.ID + ", for which speak " + strings.Join(a.Devices, ", ")
}

func (b *Broker) ask(ctx context.Context, c *clientConn, now time.Time) (s standing, err error) {
	defer b.workers.RecoverTo(&err)
	account, err := b.cfg.Admit.Admit(ctx, c.applicant(now))
	if err != nil {
		return standing{}, err
	}
	return standing{account, now}, nil
}

// Review asks again about all who are there, and reports whether anything is not
// as it was: then their documents are to be published again.
func (b *Broker) Review(ctx context.Context) (changed bool) {
	if b.cfg.Admit == nil {
		return false
	}
	began := time.Now()
	members := b.members()
	review := b.reviews.Add(1)
	var next, changes atomic.Int64
	workers := panics.Group{Guard: b.workers.Guard}
	for range reviewers {
		workers.Go(func() {
			for time.Since(began) <= reviewTime-answerTime && ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(len(members)) {
					return
				}
				members[i].asked.Store(review)
				if b.review(ctx, members[i], time.Now()) {
					changes.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return changes.Load() > 0
}

func (b *Broker) review(ctx context.Context, c *clientConn, now time.Time) (changed bool) {
	was := c.standing.Load()
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	is, err := b.ask(ctx, c, now)
	if err != nil && now.Sub(was.since) < standingLife {
		return false
	}
	c.standing.Store(&is)
	if is.account == "" && b.cfg.RefuseOthers {
		c.Close()
	}
	return is.account != was.account
}

// members are the connections of clients that have logged in, those first about
// whom was not asked for longest.
func (b *Broker) members() []*clientConn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Values(b.sessions), func(one, other *clientConn) int {
		return cmp.Compare(one.asked.Load(), other.asked.Load())
	})
}
