package engine

import (
	"crypto/x509"
	"errors"
	"net"

	"github.com/thingp2p/libthingp2p/engine/internal/journal"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// keyOf is what the journal of an app calls a path.
func keyOf(p paths.Found) journal.Key {
	return journal.Key{Straight: p.Straight, OwnRelay: p.Lane.AppRelayed, PeerRelay: p.Lane.DeviceRelayed, Remote: p.Remote}
}

// whyNot is what a dial's error says beyond what its code does.
func whyNot(err error) string {
	switch {
	case errors.Is(err, keys.ErrNoPass):
		return keys.ErrNoPass.Error()
	case CodeOf(err) == ErrTimeout:
		return "QUIC had no answer"
	}
	return err.Error()
}

// ending is what the journal is told at the end of the race.
func (at *attempt) ending(err error) journal.End {
	end := journal.End{
		Code:        CodeOf(err),
		Said:        at.said,
		Signal:      at.offers,
		Ticket:      at.to.secret != nil,
		Reached:     at.greeted.Load(),
		WrongDevice: errors.Is(err, keys.ErrWrongKey) || errors.Is(at.unfit, keys.ErrWrongKey),
		NoServer:    at.signals == nil,
		Unseen:      !at.seen,
		Never:       at.app.config.Relay == RelayNever,
		Only:        at.app.config.Relay == RelayOnly,
	}
	if at.signals == nil {
		return end
	}
	servers, known := at.signals.ICE()
	select {
	case <-known:
		end.Unknown, end.NoRelays = servers.Unknown, len(servers.TURN) == 0
	default:
	}
	if problem := at.signals.Err(); problem != nil {
		end.Server, end.ServerWhy = serverCause(problem), problem.Error()
	}
	return end
}

// serverCause says in which way a server cannot be reached.
func serverCause(err error) journal.Cause {
	var name *net.DNSError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, signal.ErrClock):
		return journal.Clock
	case errors.Is(err, signal.ErrLogin):
		return journal.Login
	case errors.Is(err, ident.ErrPin):
		return journal.ServerPin
	case errors.As(err, &name):
		return journal.ServerName
	case errors.As(err, &invalid), errors.As(err, &host), errors.As(err, &unknown):
		return journal.ServerCertificate
	}
	return journal.ServerDead
}
