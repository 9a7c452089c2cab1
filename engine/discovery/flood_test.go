package discovery

import (
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// floodOf are packets that look like queries, from so many addresses in turn that
// begin with from, at 12 Mbit/s on the wire.
type floodOf struct {
	from   netip.Addr
	many   int
	sent   int
	packet []byte
}

const (
	floodRate  = 12_000_000 / 8 / (querySize + 28) // packets a second, with their headers of IPv4 and UDP
	floodLasts = 2600 * time.Millisecond
)

func newFlood(from string, many int) *floodOf {
	packet := make([]byte, querySize)
	rand.Read(packet)
	packet[0] = kindQuery
	return &floodOf{from: netip.MustParseAddr(from), many: many, packet: packet}
}

func (f *floodOf) next() ([]byte, netip.AddrPort) {
	f.sent++
	binary.BigEndian.PutUint64(f.packet[1:], uint64(f.sent)) // another label each time
	ip := f.from.AsSlice()
	last := ip[len(ip)-4:]
	binary.BigEndian.PutUint32(last, binary.BigEndian.Uint32(last)+uint32(f.sent%f.many))
	from, _ := netip.AddrFromSlice(ip)
	return f.packet, netip.AddrPortFrom(from, 9)
}

// asker asks as apps do, and is answered or not.
type asker struct {
	from     netip.AddrPort
	mark     Mark
	ask      []time.Duration // when, after the search has begun
	answered time.Duration   // 0: not
}

// searching is what a Finder does in two seconds, and knocking what the dial of one address does.
var (
	searching = []time.Duration{0, askTimes[0], askTimes[1], askTimes[2], askTimes[2] + askEvery}
	knocking  = []time.Duration{0} // its repetitions are the same packet
)

// run is a flood, and askers in the middle of it.
func run(t *testing.T, r *Responder, device hpke.PrivateKey, f *floodOf, askers map[string]*asker) {
	t.Helper()
	const begin = floodLasts / 5
	for at := time.Duration(0); at < floodLasts; at += time.Second / floodRate {
		now := today.Add(at)
		packet, from := f.next()
		if r.Answer(packet, from, now) != nil {
			t.Fatal("noise is answered")
		}
		for _, a := range askers {
			if len(a.ask) == 0 || at < begin+a.ask[0] {
				continue
			}
			a.ask = a.ask[1:]
			q, err := newQuery(device.PublicKey(), a.mark, now)
			if err != nil {
				t.Fatal(err)
			}
			if r.Answer(q.packet, a.from, now) != nil && a.answered == 0 {
				a.answered = max(1, at-begin)
			}
		}
	}
	for name, a := range askers {
		if a.answered == 0 || a.answered > 2*time.Second {
			t.Errorf("%s: answered after %v (0: not at all)", name, a.answered)
		}
	}
}

func testMark(t testing.TB, name byte) Mark {
	t.Helper()
	secret := make([]byte, 32)
	secret[0] = name
	m, err := NewMark(secret)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestFloodOfQuestionsKeepsNobodyOut: 12 Mbit/s of them, from four hundred sources
// that are anywhere, keep out neither a paired app, wherever it is, nor one that is
// nearer than they are, nor one among them that asks less than they do; nor does a
// flood whose sources are all pretended keep out a paired app.
func TestFloodOfQuestionsKeepsNobodyOut(t *testing.T) {
	const (
		near, local, far = "192.168.1.2:1", "172.16.3.4:1", "203.0.113.5:1"
		near6, far6      = "[2001:db8:1::5]:1", "[2001:db8:2::5]:1"
	)
	for _, c := range []struct {
		name      string
		from      string
		many      int
		strangers []string // who are answered too
	}{
		{"from the internet", "198.18.0.0", 400, []string{near, near6, local, far, far6}},
		{"from private addresses", "10.1.0.0", 400, []string{near, near6, local, far, far6}},
		{"from the link", "192.168.4.0", 400, []string{near, near6, local, far, far6}},
		{"from one network of IPv6", "2001:db8:9::", 1 << 30, []string{near, near6, local, far, far6}},
		{"from one network of IPv6, the link's", "2001:db8:1::", 1 << 30, []string{near, local, far, far6}},
		{"pretended, from the internet", "64.0.0.0", 1 << 24, []string{near, near6, local}},
		{"pretended, from private addresses", "10.0.0.0", 1 << 24, []string{near, near6, far, far6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			device := newKey(t)
			askers := make(map[string]*asker)
			var friends []Friend
			for i, from := range []string{near, near6, local, far, far6} {
				for _, ask := range [][]time.Duration{searching, knocking} {
					name := byte(len(friends))
					friends = append(friends, Friend{string('a' + name), testMark(t, name)})
					askers["a paired app at "+from+" that asks "+string('0'+byte(len(ask)))] = &asker{
						from: netip.AddrPortFrom(netip.MustParseAddrPort(from).Addr(), uint16(100+i)), mark: testMark(t, name), ask: ask,
					}
				}
			}
			for _, from := range c.strangers {
				askers["a stranger at "+from] = &asker{from: netip.MustParseAddrPort(from), ask: searching}
			}
			r := NewResponder(device, Surroundings{
				Started: today.Add(-time.Hour),
				Friends: func() []Friend { return friends },
				Networks: func() []netip.Prefix {
					return []netip.Prefix{netip.MustParsePrefix("192.168.0.1/16"), netip.MustParsePrefix("2001:db8:1::1/64")}
				},
			})
			run(t, r, device, newFlood(c.from, c.many), askers)
		})
	}
}

// Whatever comes, a device opens and remembers no more than it has said.
func TestFloodStaysWithinBounds(t *testing.T) {
	device := newKey(t)
	r := longRunning(device, today)
	const seconds = 2
	for name, c := range map[string]struct {
		flood     *floodOf
		perSecond int
	}{
		"internet": {newFlood("64.0.0.0", 1<<24), internetPerSecond},
		"local":    {newFlood("10.0.0.0", 1<<24), localPerSecond},
		"link":     {newFlood("169.254.0.0", 1<<16), linkPerSecond},
	} {
		opened := 0
		for i := range seconds * floodRate {
			_, from := c.flood.next()
			if r.budgets.draw("", from.Addr(), today.Add(time.Duration(i)*time.Second/floodRate)) {
				opened++
			}
		}
		if most := atOnce + seconds*c.perSecond; opened > most || opened < most*8/10 {
			t.Errorf("%s: %d in %d s, want %d", name, opened, seconds, most)
		}
	}
	for _, f := range []*floodOf{newFlood("64.0.0.0", 1<<24), newFlood("fe80::1", 1<<24)} {
		for i := range floodRate {
			packet, from := f.next()
			r.Answer(packet, from, today.Add(time.Minute+time.Duration(i)*time.Second/floodRate))
		}
	}
	if n := r.budgets.internet.Len(); n > maxSources || r.others.Len() > maxOthers {
		t.Errorf("%d sources and %d others are remembered", n, r.others.Len())
	}

	// Nor do many right queries make it remember without end, or send more than it gets.
	r.recent.Most = 100 // to save time
	for i := range r.recent.Most + 100 {
		now := today.Add(time.Hour + time.Duration(i)*time.Second)
		if r.Answer(newTestQuery(t, device, now).packet, phone, now) == nil {
			t.Fatalf("query %d is not answered", i)
		}
	}
	if r.recent.Len() > r.recent.Most {
		t.Errorf("%d queries are remembered", r.recent.Len())
	}
}

// A friend's mark is of no use to who has recorded it: on another question it makes
// none that can be opened, and the same one again is none.
func TestRecordedMarkIsWorthNothing(t *testing.T) {
	device := newKey(t)
	friend := Friend{"friend", testMark(t, 1)}
	r := NewResponder(device, Surroundings{Started: today, Friends: func() []Friend { return []Friend{friend} }})
	q, err := newQuery(device.PublicKey(), friend.Mark, today)
	if err != nil {
		t.Fatal(err)
	}
	if r.friend(q.packet) != friend.ID || r.friend(newTestQuery(t, device, today).packet) != "" {
		t.Fatal("the mark does not tell who asks")
	}
	other := newTestQuery(t, device, today)
	copy(other.packet[markAt:sealedAt], q.packet[markAt:sealedAt])
	if r.friend(other.packet) != "" || r.Answer(other.packet, phone, today) != nil {
		t.Error("it is taken on another question")
	}
	if r.Answer(q.packet, phone, today) == nil || r.Answer(q.packet, phone, today.Add(time.Hour)) != nil {
		t.Error("the question is not answered just once")
	}
	// Who repeats many of them uses up what is there for that friend, who is then
	// heard as strangers are.
	for i := 0; r.budgets.draw(friend.ID, phone.Addr(), today) && i < 10*atOnce; i++ {
	}
	if r.budgets.draw("another friend", netip.MustParseAddr("203.0.113.5"), today) == false {
		t.Error("one friend uses up what is there for others")
	}
	if q, err = newQuery(device.PublicKey(), friend.Mark, today); err != nil {
		t.Fatal(err)
	}
	if r.Answer(q.packet, netip.MustParseAddrPort("203.0.113.5:1"), today) == nil {
		t.Error("the friend is not heard at all")
	}
}
