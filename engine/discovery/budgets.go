package discovery

import (
	"net/netip"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// budgets are of questions that are opened, which is what they cost: 0.06 to 0.09 ms
// of one core of a Xeon (BenchmarkOpenQuery), and perhaps ten times that on a small
// ARM. All four together are 600 questions a second: at most 5 % of a core here and
// half of one there, whatever comes. What is not opened costs up to 6 µs
// (BenchmarkFlood), most of it for marks. Those who are nearer have one
// of their own, so that nobody farther away can use it up, and those who are known
// one that they share with nobody.
type budgets struct {
	friends  limit.Fair[string]     // whose mark is on the question
	link     limit.Fair[netip.Addr] // from a network of this host's
	local    limit.Fair[netip.Addr] // from other private addresses
	internet limit.Fair[netip.Addr]

	networks func() []netip.Prefix // of this host; nil: none
	links    []netip.Prefix        // what it said
	asked    time.Time             // when
}

// Questions a second, and after a pause. In a local network each device hears the
// questions for all the others: a dozen phones that look for something ask twenty
// times a second. Hundreds that flood from elsewhere are found out after one question
// each.
const (
	friendsPerSecond  = 200
	linkPerSecond     = 200
	localPerSecond    = 100
	internetPerSecond = 100
	atOnce            = 400 // one alone gets half: a gateway's app may open many sessions

	maxSources = 1024 // that are told apart
)

func newBudgets(networks func() []netip.Prefix) *budgets {
	b := &budgets{networks: networks}
	b.friends = limit.Fair[string]{PerSecond: friendsPerSecond, AtOnce: atOnce}
	b.link = limit.Fair[netip.Addr]{PerSecond: linkPerSecond, AtOnce: atOnce}
	b.local = limit.Fair[netip.Addr]{PerSecond: localPerSecond, AtOnce: atOnce}
	b.internet = limit.Fair[netip.Addr]{PerSecond: internetPerSecond, AtOnce: atOnce}
	b.friends.Most = MaxFriends
	b.link.Most, b.local.Most, b.internet.Most = maxSources, maxSources, maxSources
	return b
}

// draw reports whether a question may be opened: of a friend, or of an address. A
// friend whose marks somebody has recorded, and repeats, is a stranger like others.
func (b *budgets) draw(friend string, from netip.Addr, now time.Time) bool {
	if friend != "" && b.friends.Draw(friend, now) {
		return true
	}
	return b.of(from, now).Draw(limit.Source(from), now)
}

func (b *budgets) of(from netip.Addr, now time.Time) *limit.Fair[netip.Addr] {
	switch {
	case b.isNear(from, now):
		return &b.link
	case from.IsPrivate():
		return &b.local
	}
	return &b.internet
}

// isNear reports whether an address is on a link of ours.
func (b *budgets) isNear(ip netip.Addr, now time.Time) bool {
	if ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return true
	}
	if age := now.Sub(b.asked); b.networks != nil && (age < 0 || age > linksAge) {
		b.links, b.asked = b.networks(), now
	}
	return slices.ContainsFunc(b.links, func(p netip.Prefix) bool { return p.Contains(ip) && !p.IsSingleIP() })
}
