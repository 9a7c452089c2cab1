package rendezvous

import (
	"testing"
)

// TestNamesOfThisMachine are what clients can look up.
func TestNamesOfThisMachine(t *testing.T) {
	for name, want := range map[string]bool{
		"": true, "p2p.example.org": true, "my_host": true, "192.0.2.1": true, "2001:db8::1": true,
		"p2p.example.org:8883": false, "http://p2p.example.org": false, "a b": false, "[2001:db8::1]": false, "a/b": false,
	} {
		if err := (Config{Host: name}).Check(); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestLowestRates let a packet pass now and then.
func TestLowestRates(t *testing.T) {
	if q := newQuota(1000); !q.pass(1200) || q.pass(1200) {
		t.Error("1200 bytes at 1000 a second: the first passes, the second has to wait")
	}
}
