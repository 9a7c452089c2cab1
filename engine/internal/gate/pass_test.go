package gate

import (
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

func TestPassIsGoodOnce(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		v := NewVisitors(nil)
		mine, other := NewSecret([]byte("shared")), NewSecret([]byte("something else"))
		v.Honour(NewSecret([]byte("shared"))) // the device's own copy
		pass := mine.ServerName()
		if len(pass) > 63 {
			t.Errorf("a name has at most 63 characters, this one %d", len(pass))
		}
		if v.Admits(other.ServerName()) {
			t.Error("a pass of another secret is good")
		}
		if v.Admits("") || v.Admits("device") || v.Admits(pass+"a") || v.Admits(pass[1:]) {
			t.Error("what is no pass is good")
		}
		forged := []byte(pass)
		forged[len(forged)-10] ^= 1
		if v.Admits(string(forged)) {
			t.Error("a pass that was changed is good")
		}
		if !v.Admits(strings.ToUpper(pass)) {
			t.Error("a pass is not good")
		}
		v.Honour(NewSecret([]byte("shared"))) // the knock is repeated
		if v.Admits(pass) {
			t.Error("a pass is good again")
		}
		for n := 1; n < maxPassUses; n++ {
			if !v.Admits(mine.ServerName()) {
				t.Fatalf("handshake %d is refused", n)
			}
		}
		if v.Admits(mine.ServerName()) {
			t.Error("a secret is good for ever")
		}
		later := NewSecret([]byte("later"))
		v.Honour(later)
		time.Sleep(visitTime)
		if v.Admits(later.ServerName()) {
			t.Error("a visit has no end")
		}
	})
}

// FuzzPass: no server name panics, and none is a pass of a secret that its sender
// does not know.
func FuzzPass(f *testing.F) {
	f.Add("")
	f.Add("device")
	f.Add(NewSecret([]byte("another secret")).ServerName())
	f.Add(strings.Repeat("a", 52))
	v := NewVisitors(nil)
	v.Honour(NewSecret([]byte("secret")))
	f.Fuzz(func(t *testing.T, name string) {
		if v.Admits(name) {
			t.Errorf("%q is a pass", name)
		}
	})
}
