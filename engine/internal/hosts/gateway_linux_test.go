package hosts

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const routeColumns = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

// route is a line of the kernel's table.
func route(destination, gateway, flags string, metric int, mask string) string {
	number := func(address string) string {
		bytes := netip.MustParseAddr(address).As4()
		return fmt.Sprintf("%08X", binary.NativeEndian.Uint32(bytes[:]))
	}
	return fmt.Sprintf("eth0\t%s\t%s\t%s\t0\t0\t%d\t%s\t0\t0\t0\n", number(destination), number(gateway), flags, metric, number(mask))
}

func TestDefaultRouter(t *testing.T) {
	const any, lan, mask = "0.0.0.0", "192.168.1.0", "255.255.255.0"
	near := route(lan, any, "0001", 0, mask)
	for name, test := range map[string]struct{ table, want string }{
		"one":                  {near + route(any, "192.168.1.1", "0003", 100, any), "192.168.1.1"},
		"the better of two":    {route(any, "10.0.0.1", "0003", 600, any) + route(any, "192.168.1.1", "0003", 100, any), "192.168.1.1"},
		"no default":           {near + route("10.0.0.0", "192.168.1.9", "0003", 0, "255.0.0.0"), ""},
		"half of the internet": {route(any, "192.168.1.1", "0003", 0, "128.0.0.0"), ""},
		"without a router":     {route(any, any, "0001", 0, any), ""},
		"down":                 {route(any, "192.168.1.1", "0002", 0, any), ""},
		"nothing":              {"", ""},
	} {
		got := defaultRouter(routeColumns + test.table)
		if got.IsValid() != (test.want != "") || got.IsValid() && got.String() != test.want {
			t.Errorf("%s: %v, want %q", name, got, test.want)
		}
	}
}

func FuzzDefaultRouter(f *testing.F) {
	f.Add(routeColumns + route("0.0.0.0", "192.168.1.1", "0003", 100, "0.0.0.0"))
	f.Add("")
	f.Add(strings.ToUpper(routeColumns) + "x")
	f.Fuzz(func(t *testing.T, table string) { defaultRouter(table) })
}

// The router of this machine, if it has one, is on one of its links.
func TestGateway(t *testing.T) {
	router, own := System{}.Gateway()
	if !router.IsValid() {
		t.Skip("there is no default route, or the system does not tell")
	}
	if !own.Is4() {
		t.Errorf("the router is %v, and the address beside it %v", router, own)
	}
}
