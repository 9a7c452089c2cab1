package engine

import (
	"context"
	"crypto/hmac"
	"net/netip"
	"time"
)

// admitTime is how long a connected app may take to say who it is.
const admitTime = 5 * time.Second

// Connections that have not said yet who they are: from so many on, new addresses
// have to prove that they are theirs (RFC 9000, section 8.1.2), and more than so
// many are not taken, of apps that are not paired or of any.
const (
	busyAdmitting         = 32
	maxAdmitting          = 256
	maxAdmittingStrangers = 128
)

// admit decides on a connection and makes it a session. via is the relay of
// ours that it came through, or nil.
func (d *Device) admit(conn *quicConn, via *deviceRelay) {
	defer d.admitting.Add(-1)
	appID, binding, err := conn.peer()
	if many := d.admitting.Add(1); err != nil || many > maxAdmitting || many > maxAdmittingStrangers && !d.state.paired(appID) {
		conn.close()
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, admitTime)
	defer cancel()
	defer d.workers.WhenDone(ctx, conn.close)() // the streams' own reads do not know ctx
	if via != nil {
		via.hold()
		defer via.letGo()
	}
	control, err := conn.acceptControl(ctx)
	if err != nil {
		conn.close()
		return
	}
	h, err := readHello(control)
	if err != nil {
		d.log.Debug("dropped a connection", "error", err)
		conn.close()
		return
	}
	secret := d.state.secret()
	peer := Peer{UID: h.UID, AppID: appID, TraceID: h.Trace, HasTicket: hmac.Equal(h.Proof, proveSecret(secret, binding))}
	code := d.decide(peer)
	if code == OK && !d.reserve() {
		code = ErrDeviceFull
	}
	if code != OK {
		d.log.Info("refused an app", "trace", peer.TraceID, "app", peer.AppID, "reason", code.Name())
		writeControl(control, verdict{code})
		control.Close()
		select { // the app closes when it has read the verdict
		case <-conn.Context().Done():
		case <-ctx.Done():
		}
		conn.close()
		return
	}
	err = writeControl(control, verdict{OK})
	if err != nil {
		d.log.Debug("an app gave up", "trace", peer.TraceID, "error", err)
		d.free()
		conn.close()
		return
	}
	if peer.HasTicket || d.state.paired(appID) {
		if err := d.state.pair(appID, peer.UID); err != nil {
			d.log.Error("the app is not remembered and needs its ticket again", "app", appID, "error", err)
		}
	}
	d.open(conn, control, peer, via)
}

func (d *Device) hasAuthorizer() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.authorizer != nil
}

// decide says whether an app may have a session.
func (d *Device) decide(peer Peer) Code {
	d.mu.Lock()
	authorize := d.authorizer
	d.mu.Unlock()
	if authorize != nil {
		code := authorize(peer)
		if code > 0 || !code.Known() {
			return ErrRemote
		}
		return code
	}
	if peer.HasTicket || d.state.paired(peer.AppID) {
		return OK
	}
	return ErrAuth
}

// open makes the session.
func (d *Device) open(conn *quicConn, control stream, peer Peer, via *deviceRelay) {
	if via != nil {
		via.hold()
	}
	var s *Session
	s = newSession(conn, control, about{peer: peer, deviceID: d.identity.id, localPort: d.socket.port}, d.config, func() {
		if via != nil {
			via.letGo()
		}
		d.forget(s)
	})
	n := d.negotiationOf(peer)
	if n != nil {
		s.relays.add(n.peerRelays())
		s.searches.add(n.stop)
	}
	s.locate = func() (Path, netip.AddrPort) {
		remote := plainAddrPort(conn.RemoteAddr())
		if via != nil || s.relays.has(remote) {
			return PathRelay, remote
		}
		return directKind(d.config.net, remote.Addr()), remote
	}
	if !d.add(s) {
		s.end(ErrClosedLocal)
		return
	}
	if !peer.HasTicket && !d.hasAuthorizer() && !d.state.paired(peer.AppID) {
		s.revoke() // Unpair came while the app was let in, and did not see the session
		return
	}
	path, remote := s.locate()
	if path != PathRelay {
		s.searches.end()
	}
	s.log.Info("accepted an app", "app", peer.AppID, "path", path.String(), "remote", remote)
}
