package engine

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
)

// TestPortOfALabelComesBack: who holds the port of a device's ticket for a while does not change where the device is.
func TestPortOfALabelComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	start := func() uint16 {
		t.Helper()
		d, err := NewDevice(Config{StateDir: dir, DisableLAN: true})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		return d.socket.Port()
	}
	label := start()
	if again := start(); again != label {
		t.Fatalf("it starts at port %d, then at %d", label, again)
	}
	other, err := net.ListenPacket("udp", fmt.Sprintf(":%d", label))
	if err != nil {
		t.Fatal(err)
	}
	spare := start()
	if again := start(); again != spare || spare == label {
		t.Errorf("while somebody else has port %d, it starts at %d, then at %d", label, spare, again)
	}
	other.Close()
	if again := start(); again != label {
		t.Errorf("then it starts at port %d, not %d", again, label)
	}
}
