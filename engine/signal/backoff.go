package signal

import (
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"time"
)

// When to dial the server again. Two wishes are at odds: a client that has lost its server wants
// it back at once, and a server that has restarted wants its clients one after the other. What
// decides is how many have lost it at the same moment, which shows in how it was lost:
//
//   - A connection that lasted, and that the server ended, was ended for all. Its clients come back
//     at random times within backoffReturn, in which a small server, with 1250 logins a second, has
//     10,000 of them back (rendezvous.DefaultMaxClients). Half of them are back in half of that time.
//     Those that find no server yet, or one that is too busy, keep trying at that pace for three
//     times as long, lest the last ones are a minute late.
//   - A connection that went silent, or whose address is gone, or that the server has ended since this
//     client was suspended, or that this host has given up, is this client's own trouble. It comes back
//     at once.
//   - Any other attempt that failed, at whatever stage, shows that the server is away or has too
//     much to do. The pauses grow, with full jitter (Brooker, "Exponential backoff and jitter"), so
//     that 10,000 clients of a server that stays away make 350 attempts a second.
//   - Who waits is never told to wait longer: a change of the network, and whoever asks for Online,
//     end a pause at once, and start the backoff over.
const (
	backoffReturn  = 8 * time.Second
	backoffAgain   = 4 * time.Second // between two attempts meanwhile
	backoffReturns = 6               // of those attempts
	backoffBase    = time.Second
	backoffMost    = time.Minute
	backoffStable  = 10 * time.Second // a connection that lasts so long starts the backoff over
)

// backoff tells how long to wait before the next attempt.
type backoff struct {
	window  time.Duration // of the next pause; 0: backoffBase
	returns int           // pauses until the window grows
}

// lost returns the pause after a connection that lasted.
func (b *backoff) lost(why error) time.Duration {
	*b = backoff{}
	if isOwn(why) {
		return 0
	}
	*b = backoff{backoffAgain, backoffReturns}
	return rand.N(backoffReturn)
}

// isOwn reports whether a connection was lost to nobody but this client.
func isOwn(why error) bool {
	timeout, ok := errors.AsType[net.Error](why)
	return errors.Is(why, errSilent) || errors.Is(why, errAway) || ok && timeout.Timeout() ||
		slices.ContainsFunc(givenUp, func(own syscall.Errno) bool { return errors.Is(why, own) })
}

// failed returns the pause after an attempt that failed, or a connection that did not last.
func (b *backoff) failed() time.Duration {
	window := max(b.window, backoffBase)
	if b.returns > 0 {
		b.returns--
	} else {
		b.window = min(2*window, backoffMost)
	}
	return rand.N(window)
}
