package rendezvous

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

// TestOwnAddressesWhileNobodyTells are those of before: without a free descriptor nothing may become reachable.
func TestOwnAddressesWhileNobodyTells(t *testing.T) {
	address := netip.MustParsePrefix("198.51.100.1/32")
	var fails error
	o := ownNow{ask: func() ([]netip.Prefix, error) { return []netip.Prefix{address}, fails }}
	now := time.Now()
	fails = errors.New("too many open files")
	if _, known := o.get(now); known {
		t.Error("they are known, and nobody has told them")
	}
	fails = nil
	for range 3 {
		now = now.Add(2 * ownTime)
		if own, known := o.get(now); !known || len(own) != 1 || own[0] != address {
			t.Errorf("%v, %v", own, known)
		}
		fails = errors.New("too many open files")
		o.ask = func() ([]netip.Prefix, error) { return nil, fails }
	}
}
