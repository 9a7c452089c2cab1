package journal

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

var (
	home   = netip.MustParseAddrPort("192.168.1.2:4711")
	mine   = netip.MustParseAddrPort("203.0.113.10:40000")
	theirs = netip.MustParseAddrPort("203.0.113.11:50000")
	stun   = netip.MustParseAddrPort("203.0.113.1:3478")
)

// after is an attempt's journal in which things have happened at some time.
type after struct{ *Journal }

func newAttempt(device bool) after {
	mode := "internet"
	if device {
		mode = ""
	}
	return after{New("trace", "peer", mode)}
}

// at makes what comes next happen so many milliseconds after the beginning, in fake time.
func (a after) at(ms int) after {
	time.Sleep(time.Until(a.Started.Add(time.Duration(ms) * time.Millisecond)))
	return a
}

// answered is an attempt for which the two sides have found each other at the server.
func answered(device bool) after {
	a := newAttempt(device).at(20)
	a.SawServer()
	a.Offer()
	a.at(60).Answer()
	return a
}

func noSTUN(a after) {
	a.AskSTUN()
	a.at(4700).FailSTUN(errors.New("no answer"), true)
}

func lostQUIC(a after) {
	k := Key{Remote: theirs}
	a.Check(k, "srflx")
	a.at(100).Find(k)
	a.Dial(k, false)
	a.at(3100).FailDial(k, "QUIC had no answer")
}

func TestCauses(t *testing.T) {
	const enough = 8000
	nothing := func(after) {}
	for name, test := range map[string]struct {
		before func(after)
		over   int
		end    End
		want   Cause
		says   string
	}{
		"UDP blocked":             {noSTUN, enough, End{Code: codes.ErrNoRelay}, UDPBlocked, "UDP is blocked on this side: the server's STUN did not answer, and no relay over TCP was to be had."},
		"UDP blocked, no relays":  {noSTUN, enough, End{Code: codes.ErrNoRelay, NoRelays: true}, UDPBlocked, "did not answer, and the server has none"},
		"UDP blocked, still":      {func(a after) { a.AskSTUN() }, 3000, End{Code: codes.ErrNoRelay}, UDPBlocked, "UDP is blocked"},
		"the STUN server unknown": {func(a after) { a.AskSTUN(); a.FailSTUN(errors.New("no such name"), false) }, enough, End{Code: codes.ErrNoRelay}, NoRelay, "Only a relay could connect"},
		"QUIC dropped":            {lostQUIC, enough, End{Code: codes.ErrTimeout}, QUICDropped, "QUIC is dropped between the two sides, while ICE's checks pass to 203.0.113.11:50000"},
		"QUIC dropped, no relay":  {lostQUIC, enough, End{Code: codes.ErrNoRelay, Never: true}, QUICDropped, "relays are turned off here"},
		"relay refused": {func(a after) { a.AskRelay(); a.FailRelay(errors.New("error 486: quota"), true) }, enough,
			End{Code: codes.ErrNoRelay}, RelayRefuse, "the server refused one (error 486: quota)"},
		"relay not known":  {nothing, enough, End{Code: codes.ErrNoRelay, Unknown: true}, NoRelay, "only to devices that it knows"},
		"clock":            {nothing, enough, End{Code: codes.ErrSignaling, Server: Clock, ServerWhy: "it is 1970"}, Clock, "set this machine's clock (it is 1970)."},
		"login":            {nothing, enough, End{Code: codes.ErrSignaling, Server: Login}, Login, "refused the login."},
		"server's pin":     {nothing, enough, End{Code: codes.ErrSignaling, Server: ServerPin}, ServerPin, "another key than the pin"},
		"server's name":    {nothing, enough, End{Code: codes.ErrSignaling, Server: ServerName, ServerWhy: "no such host"}, ServerName, "was not found in DNS (no such host)."},
		"certificate":      {nothing, enough, End{Code: codes.ErrSignaling, Server: ServerCertificate}, ServerCertificate, "certificate"},
		"server dead":      {nothing, enough, End{Code: codes.ErrSignaling, Server: ServerDead, ServerWhy: "refused"}, ServerDead, "cannot be reached (refused)."},
		"server silent":    {nothing, enough, End{Code: codes.ErrSignaling}, ServerDead, "did not answer within 8000 ms"},
		"server, no time":  {nothing, 200, End{Code: codes.ErrSignaling}, TooShort, "The time was too short: after 200 ms the server"},
		"no server":        {nothing, enough, End{Code: codes.ErrSignaling, NoServer: true}, NoServer, "No server is set"},
		"wrong device":     {nothing, enough, End{Code: codes.ErrAuth, WrongDevice: true}, WrongDevice, "Somebody else than the device"},
		"wrong, then time": {nothing, enough, End{Code: codes.ErrTimeout, WrongDevice: true}, WrongDevice, "Somebody else"},
		"old ticket":       {nothing, enough, End{Code: codes.ErrAuth, Said: true, Signal: true, Ticket: true}, OldTicket, "it is an old one"},
		"old ticket, near": {nothing, enough, End{Code: codes.ErrAuth, Said: true, Ticket: true}, OldTicket, "old one, which was reset, or"},
		"no ticket":        {nothing, enough, End{Code: codes.ErrAuth, Said: true}, NotPaired, "has no ticket"},
		"privacy":          {nothing, enough, End{Code: codes.ErrDevicePrivacy, Said: true}, Privacy, "privacy mode"},
		"busy":             {nothing, enough, End{Code: codes.ErrDeviceBusy, Said: true}, DeviceBusy, "busy"},
		"full":             {nothing, enough, End{Code: codes.ErrDeviceFull, Said: true}, DeviceFull, "no session left"},
		"undecided":        {nothing, enough, End{Code: codes.ErrTimeout, Reached: true}, Undecided, "had not decided after 8000 ms"},
		"device off":       {nothing, enough, End{Code: codes.ErrDeviceNotOnline}, DeviceOff, "off or offline"},
		"device unseen":    {nothing, enough, End{Code: codes.ErrDeviceNotOnline, Unseen: true}, DeviceNew, "never seen"},
		"no answer":        {nothing, enough, End{Code: codes.ErrNoAnswer}, NoAnswer, "took one offer for the device and no answer came"},
		"not in the LAN":   {nothing, enough, End{Code: codes.ErrTimeout, NoServer: true}, NotInLAN, "Nobody in the local network"},
		"no time, paths":   {nothing, 100, End{Code: codes.ErrNoRelay}, TooShort, "paths were still being tried"},
		"no time, QUIC": {func(a after) { a.Find(Key{Remote: theirs}); a.Dial(Key{Remote: theirs}, false) }, 150,
			End{Code: codes.ErrTimeout}, TooShort, "a path had been found"},
		"nothing works": {func(a after) { a.GotSTUN(mine); a.GotRelay(stun) }, enough, End{Code: codes.ErrTimeout}, NoPath, "and the relay did not help"},
		"broken":        {nothing, enough, End{Code: codes.ErrConnectBreak}, Broken, "by this side"},
		"versions":      {nothing, enough, End{Code: codes.ErrHandshake}, Version, "versions"},
		"limit":         {nothing, 60, End{Code: codes.ErrSessionLimit}, Limit, "too many sessions"},
		"files":         {nothing, 60, End{Code: codes.ErrNoMemory}, Limit, "open files"},
		"fault":         {nothing, 60, End{Code: codes.ErrInternal}, Fault, "its log"},
		"connected":     {nothing, 100, End{Path: "lan"}, Connected, "in the local network within 100 ms."},
		"by relay only": {nothing, 100, End{Path: "relay", Only: true}, Connected, "through a relay within 100 ms: nothing else is allowed"},
		"by relay, UDP": {noSTUN, enough, End{Path: "relay"}, Connected, "UDP is blocked on this side"},
	} {
		inFakeTime(t, name, func(t *testing.T) {
			a := answered(false)
			test.before(a)
			a.at(test.over).Finish(test.end)
			s := a.Take()
			cause, text := s.Explain()
			if cause != test.want || !strings.Contains(text, test.says) {
				t.Errorf("%s: %s; want %s: %s", cause, text, test.want, test.says)
			}
			if !strings.HasSuffix(text, ".") || strings.Count(text, "\n") > 0 {
				t.Errorf("no sentence: %q", text)
			}
		})
	}
}

func TestCausesOnTheDevice(t *testing.T) {
	for name, test := range map[string]struct {
		before func(after)
		end    End
		want   Cause
	}{
		"old ticket":    {nil, End{Code: codes.ErrAuth}, OldTicket},
		"authorizer":    {nil, End{Code: codes.ErrAuth, Ticket: true}, Refused},
		"privacy":       {nil, End{Code: codes.ErrDevicePrivacy}, Privacy},
		"UDP blocked":   {noSTUN, End{Code: codes.ErrTimeout}, UDPBlocked},
		"QUIC dropped":  {func(a after) { a.Find(Key{Remote: theirs}) }, End{Code: codes.ErrTimeout}, QUICDropped},
		"it never came": {nil, End{Code: codes.ErrTimeout}, NoPath},
		"it gave up":    {nil, End{Code: codes.ErrConnectBreak}, Broken},
		"connected":     {nil, End{Path: "direct"}, Connected},
	} {
		inFakeTime(t, name, func(t *testing.T) {
			a := answered(true)
			if test.before != nil {
				test.before(a)
			}
			a.at(20000).Finish(test.end)
			s := a.Take()
			if cause, text := s.Explain(); cause != test.want || !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s; want %s", cause, text, test.want)
			}
		})
	}
}

func TestUnderWay(t *testing.T) {
	inFakeTime(t, "", func(t *testing.T) {
		s := answered(false).Take()
		if cause, _ := s.Explain(); cause != Running {
			t.Error(cause)
		}
	})
}

func inFakeTime(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// A device's app may be refused, and come again with the same attempt.
func TestTheSessionCounts(t *testing.T) {
	a := newAttempt(true)
	for _, test := range []struct{ ends, is codes.Code }{
		{codes.ErrDeviceFull, codes.ErrDeviceFull}, {codes.ErrTimeout, codes.ErrDeviceFull}, {codes.OK, codes.OK}, {codes.ErrTimeout, codes.OK}, {codes.ErrAuth, codes.OK},
	} {
		a.Finish(End{Code: test.ends})
		if s := a.Take(); s.End.Code != test.is {
			t.Errorf("after %s it is %s", test.ends.Name(), s.End.Code.Name())
		}
	}
}

func TestKindsOfNAT(t *testing.T) {
	other := netip.MustParseAddrPort("203.0.113.2:3478")
	moved := netip.AddrPortFrom(mine.Addr(), mine.Port()+1)
	for name, test := range map[string]struct {
		own  []mapping
		host netip.AddrPort
		want NAT
	}{
		"nothing":       {nil, home, NATUnknown},
		"one server":    {[]mapping{{stun, mine}}, home, NATUnknown},
		"it again":      {[]mapping{{stun, moved}, {stun, mine}}, home, NATUnknown},
		"two, the same": {[]mapping{{stun, mine}, {other, mine}}, home, NATCone},
		"two, others":   {[]mapping{{stun, mine}, {other, moved}}, home, NATSymmetric},
		"none":          {[]mapping{{stun, mine}}, mine, NATNone},
		"in the LAN":    {[]mapping{{netip.MustParseAddrPort("192.168.1.9:1"), home}}, home, NATUnknown},
	} {
		a := newAttempt(false)
		a.OwnCandidate("host", test.host)
		for _, m := range test.own {
			a.Mapped(m.from, m.seen)
		}
		if s := a.Take(); s.OwnNAT() != test.want {
			t.Errorf("own, %s: %v, want %v", name, s.OwnNAT(), test.want)
		}
	}
	elsewhere := netip.AddrPortFrom(theirs.Addr(), theirs.Port()+1)
	for name, test := range map[string]struct {
		host, srflx, from netip.AddrPort
		want              NAT
	}{
		"as it says":    {home, theirs, theirs, NATCone},
		"another port":  {home, theirs, elsewhere, NATSymmetric},
		"in the LAN":    {home, theirs, home, NATUnknown},
		"none":          {theirs, theirs, theirs, NATNone},
		"public":        {theirs, mine, theirs, NATNone},
		"somebody else": {home, theirs, mine, NATUnknown},
	} {
		a := newAttempt(false)
		a.PeerCandidate("host", test.host)
		a.PeerCandidate("srflx", test.srflx)
		a.Heard(test.from)
		if s := a.Take(); s.PeerNAT() != test.want {
			t.Errorf("peer, %s: %v, want %v", name, s.PeerNAT(), test.want)
		}
	}
}

// What a peer names, and how often something is tried, is bounded; what has worked has its place.
func TestAJournalStaysSmall(t *testing.T) {
	a := newAttempt(false)
	address := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 1)
	}
	for i := range 1000 {
		a.Check(Key{Remote: address(i)}, "srflx")
		a.PeerCandidate("srflx", address(i))
		a.OwnCandidate("srflx", address(i))
		a.Heard(address(i))
		a.Mapped(address(i), mine)
	}
	won := Key{Remote: theirs}
	a.Dial(won, true)
	a.Win(won)
	a.FailSTUN(errors.New(strings.Repeat("é\n\x00\xff\"", 1000)), true)
	s := a.Take()
	if len(s.Tries) != maxTries || s.LeftOut != 1000-maxTries+1 || len(s.Peer) != maxCandidates || len(s.Own) != maxCandidates || len(s.sources) != maxMappings || len(s.mappings) != maxMappings {
		t.Errorf("%d tries, %d left out, %d and %d candidates", len(s.Tries), s.LeftOut, len(s.Own), len(s.Peer))
	}
	if !s.any(func(t Try) bool { return t.Won && t.Near && t.Remote == theirs }) {
		t.Error("what has won is not there")
	}
	if why := s.STUN.Why; len(why) > maxWhy || strings.ContainsAny(why, "\n\x00") || !utf8.ValidString(why) || !strings.HasPrefix(why, "é; ?\"") {
		t.Errorf("%q", why)
	}
}

func TestNoJournal(t *testing.T) {
	var none *Journal
	none.Offer()
	none.Mapped(stun, mine)
	none.Finish(End{})
	none.Close(codes.OK)
}
