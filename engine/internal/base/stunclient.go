package base

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// STUN retransmission (RFC 8489, section 6.2.1), with an initial RTO that suits
// a server nearby: a candidate that comes late is of little use.
const (
	stunFirstRTO = 100 * time.Millisecond
	stunMaxRTO   = 1600 * time.Millisecond
	stunRequests = 6
)

var errNoServerThere = errors.New("the server's address is one that no host has: the operator has to change it")

var ErrSTUNTimeout = errors.New("the STUN server does not answer: UDP may be blocked")

// MappedAddress asks a STUN server how the base looks from outside, at its addresses in
// turn. Where that is only to confirm what is known, checks go first.
func (m *STUNMux) MappedAddress(ctx context.Context, addresses []netip.AddrPort, confirm bool) (netip.AddrPort, error) {
	var targets []*target
	for _, address := range addresses {
		if limit.MayBeHost(address.Addr()) {
			targets = append(targets, &target{checks: m.own, mux: m, to: address})
		}
	}
	if len(targets) == 0 {
		return netip.AddrPort{}, errNoServerThere
	}
	request, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	if err != nil {
		return netip.AddrPort{}, err
	}
	answer := make(chan *stun.Message, 1)
	m.mu.Lock()
	m.transactions[request.TransactionID] = answer
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.transactions, request.TransactionID)
		m.mu.Unlock()
	}()

	defer func() {
		for _, to := range targets {
			m.own.withdraw(to)
		}
	}()
	rto := stunFirstRTO
	for i := range stunRequests {
		m.own.request(targets[i%len(targets)], request.Raw, confirm)
		timer := time.NewTimer(rto)
		select {
		case response := <-answer:
			timer.Stop()
			return xorMapped(response)
		case <-ctx.Done():
			timer.Stop()
			return netip.AddrPort{}, ctx.Err()
		case <-timer.C:
		}
		rto = min(2*rto, stunMaxRTO)
	}
	return netip.AddrPort{}, ErrSTUNTimeout
}

func xorMapped(m *stun.Message) (netip.AddrPort, error) {
	var mapped stun.XORMappedAddress
	if err := mapped.GetFrom(m); err != nil {
		return netip.AddrPort{}, err
	}
	ip, ok := netip.AddrFromSlice(mapped.IP)
	if !ok || !limit.MayBeHost(ip) {
		return netip.AddrPort{}, errors.New("the STUN server's answer holds no address that a host may have")
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(mapped.Port)), nil
}
