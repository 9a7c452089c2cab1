package hosts

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Gateway is the router of the IPv4 default route, and this host's address beside it.
// Both are invalid where there is none, or where the system does not tell, as on Android.
func (System) Gateway() (router, own netip.Addr) {
	routes, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return netip.Addr{}, netip.Addr{}
	}
	if router = defaultRouter(string(routes)); router.IsValid() {
		own = SourceTo(netip.AddrPortFrom(router, 9)) // any port: nothing is sent
	}
	return router, own
}

// defaultRouter reads the kernel's table: the names of its columns stand in the first line, addresses are numbers in the
// machine's order of bytes. Of several default routes, the one with the least metric counts.
func defaultRouter(table string) (router netip.Addr) {
	lines := strings.Split(table, "\n")
	names := strings.Fields(lines[0])
	least := uint64(math.MaxUint64)
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		column := func(name string) string {
			if i := slices.Index(names, name); i >= 0 && i < len(fields) {
				return fields[i]
			}
			return ""
		}
		const upThroughRouter = 3 // RTF_UP, RTF_GATEWAY
		flags, err1 := strconv.ParseUint(column("Flags"), 16, 16)
		metric, err2 := strconv.ParseUint(column("Metric"), 10, 32)
		address, err3 := strconv.ParseUint(column("Gateway"), 16, 32)
		if err1 != nil || err2 != nil || err3 != nil || flags&upThroughRouter != upThroughRouter ||
			column("Destination") != "00000000" || column("Mask") != "00000000" || metric >= least {
			continue
		}
		var bytes [4]byte
		binary.NativeEndian.PutUint32(bytes[:], uint32(address))
		least, router = metric, netip.AddrFrom4(bytes)
	}
	return router
}
