package hosts

import (
	"fmt"
	"testing"
)

func TestNameservers(t *testing.T) {
	const file = "# as a router writes it\nsearch example.org\nnameserver 192.0.2.1\n  nameserver\t2001:db8::1 # the second\n" +
		"nameserver fe80::1%eth0\n;nameserver 192.0.2.9\nnameserver router\nnameserver\noptions edns0\n"
	want := "[192.0.2.1:53 [2001:db8::1]:53 [fe80::1%eth0]:53]"
	servers := nameservers([]byte(file))
	if got := fmt.Sprint(servers); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, same := range []string{"192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%eth0]:53"} {
		if got := nameserverNow(same, servers); got != same {
			t.Errorf("%s became %s", same, got)
		}
	}
	turns.Store(0)
	for _, other := range []string{"192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%eth0]:53", "192.0.2.1:53"} {
		if got := nameserverNow("198.51.100.1:53", servers); got != other {
			t.Errorf("%s is asked, and %s should be", got, other)
		}
	}
	if got := nameserverNow("127.0.0.1:53", nil); got != "127.0.0.1:53" {
		t.Errorf("without a file %s is asked", got)
	}
}
