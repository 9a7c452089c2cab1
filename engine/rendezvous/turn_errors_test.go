package rendezvous

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"
)

func turnRequest(method stun.Method, more ...stun.Setter) []byte {
	return stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, more...)...).Raw
}

// Nobody is answered all the time because somebody sends requests in his name, whatever they
// look like, and others hear nothing of it.
func TestErrorsAreLimitedByAddress(t *testing.T) {
	empty := func(attribute stun.AttrType) stun.Setter { return stun.RawAttribute{Type: attribute} }
	signed := stun.NewShortTermIntegrity("guessed")
	for name, request := range map[string][]byte{
		"nothing shown": turnRequest(stun.MethodAllocate),
		"refresh":       turnRequest(stun.MethodRefresh),
		"empty":         turnRequest(stun.MethodAllocate, empty(stun.AttrMessageIntegrity), empty(stun.AttrNonce)),
		"no nonce":      turnRequest(stun.MethodAllocate, stun.NewUsername("1:a"), signed),
		"old nonce":     turnRequest(stun.MethodAllocate, stun.NewUsername("1:a"), stun.NewRealm(Realm), stun.NewNonce("old"), signed),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, err := NewTURN(TURNConfig{Secret: testSecret, PublicIP: documentation, Log: noFaults(t)})
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				socket := newDatagrams()
				if err := server.ServePacket(socket); err != nil {
					t.Fatal(err)
				}
				flooded, other := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 1}
				const sent, seconds = 4000, 4
				for range sent {
					socket.send(request, flooded)
					time.Sleep(seconds * time.Second / sent)
				}
				synctest.Wait()
				if n, most := len(socket.taken()), attemptsAtOnce+seconds*attemptsPerSecond+1; n < attemptsAtOnce || n > most {
					t.Errorf("%d of %d were answered, at most %d should be", n, sent, most)
				}
				user, password := Credential(testSecret, "a", time.Now().Add(time.Hour))
				socket.send(turnRequest(stun.MethodAllocate, stun.NewUsername(user), stun.NewRealm(Realm), stun.NewNonce("old"),
					stun.NewLongTermIntegrity(user, Realm, password)), flooded)
				synctest.Wait()
				if n := len(socket.taken()); n != 1 {
					t.Error("whoever really is there is not told that his nonce is old")
				}
				socket.send(request, other)
				socket.send(turnRequest(stun.MethodBinding), flooded)
				synctest.Wait()
				if n := len(socket.taken()); n != 2 {
					t.Errorf("of another address, and of who only asks for his own, %d of 2 were answered", n)
				}
			})
		})
	}
}
