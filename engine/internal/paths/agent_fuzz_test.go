package paths

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// FuzzAgent: whatever comes to an ICE agent, of a stranger who has seen its user name, or signed by its peer, selects no
// path that the signature is not right for, and the agent ends when it is closed.
func FuzzAgent(f *testing.F) {
	priority := []byte{0, 0x24, 0, 4, 0x7e, 0, 0, 0}
	f.Add([]byte{}, uint16(stun.BindingRequest.Value()), false, false)
	f.Add(priority, uint16(stun.BindingRequest.Value()), true, true)
	f.Add(append([]byte{0, 0x25, 0, 0, 0x80, 0x29, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0}, priority...), uint16(stun.BindingRequest.Value()), true, false)
	f.Add([]byte{0, 0x20, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0}, uint16(stun.BindingSuccess.Value()), true, true)
	f.Fuzz(func(t *testing.T, attributes []byte, typ uint16, signed, controlling bool) {
		synctest.Test(t, func(t *testing.T) {
			from := netip.MustParseAddrPort("192.0.2.1:1000")
			own, peer := credentials{"own", "0123456789012345678901"}, credentials{"peer", "9876543210987654321098"}
			mux := base.NewSTUNMux(panics.Guard{Log: faultlog.None(t)}, func([]byte, netip.AddrPort) error { return nil }, []net.Addr{&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}}, base.NewPacer(panics.Guard{Log: faultlog.None(t)}))
			paths := 0
			a, err := newAgent(base.AgentMux{STUNMux: mux, Checks: base.NewChecks(mux.Pacer, false)}, own, controlling, func(netip.AddrPort) { paths++ }, func(netip.AddrPort) {}, hosts.System{}, faultlog.None(t))
			if err != nil {
				t.Fatal(err)
			}
			a.start(peer, controlling)
			a.add(signal.Candidate{Type: signal.Host, Address: from})
			synctest.Wait()
			var m stun.MessageType
			m.ReadValue(typ)
			message := stun.MustBuild(stun.TransactionID, m, stun.NewUsername(own.Ufrag+":"+peer.Ufrag))
			message.Raw = append(message.Raw, attributes...)
			message.Length += uint32(len(attributes))
			message.WriteLength()
			if signed {
				stun.NewShortTermIntegrity(own.Pwd).AddTo(message)
			}
			stun.Fingerprint.AddTo(message)
			for range 2 {
				mux.Deliver(message.Raw, from)
				mux.Deliver(attributes, from)
				synctest.Wait()
			}
			if paths > 0 && !signed {
				t.Error("an unsigned message selects a path")
			}
			a.close()
		})
	})
}
