// Package journal takes down what happens in one attempt to connect, and says in words
// what its end came from.
//
//	attempt, negotiation ──► Journal ──► Snapshot ──► Explain: a cause, and a sentence
//
// Whatever a peer or a server does, a journal has a few kilobytes.
package journal

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// A journal has at most so many of each; what is too long is cut off.
const (
	maxTries      = 40
	maxCandidates = 24 // of a side
	maxMappings   = 8
	maxWhy        = 120 // bytes
)

// Ms is a time in milliseconds since the attempt began; Never: it has not been.
type Ms int32

const Never Ms = -1

// Journal is that of one attempt, at one of its sides. Its methods may be called from any
// goroutine, and do nothing on nil.
type Journal struct {
	TraceID string
	PeerID  string
	Mode    string // of the app; "" on a device
	Started time.Time

	mu sync.Mutex
	s  Snapshot
}

// Snapshot is what is in a journal at some time.
type Snapshot struct {
	Device bool // the side: false is the app
	End    End
	Over   Ms // Never while it runs

	Closed     Ms // when the session ended
	ClosedCode codes.Code

	LAN      Ms // the local network was asked
	Online   Ms // the server was there
	Offered  Ms // first
	Offers   int
	Answered Ms
	STUN     Asked
	Relay    Asked // whether one is to be had here

	STUNSilent   bool // no server has answered: what else may go wrong says nothing of UDP
	RelayRefused bool // the server that was asked for one said no

	View View // of the other side

	Tries   []Try
	LeftOut int // tries

	Own, Peer []Candidate
	mappings  []mapping
	sources   []netip.AddrPort // of the peer's checks
	now       Ms
}

// View is what the device has told of an attempt, in words of its own report.
type View struct {
	At         Ms // Never: nothing
	Cause, NAT string
}

// Asked is something that a server was asked for.
type Asked struct {
	Asked, Got Ms
	Failed     Ms // the last time
	Address    netip.AddrPort
	Why        string
}

// Candidate is an address that one side has named.
type Candidate struct {
	Type    string
	Address netip.AddrPort
}

// End is how an attempt ended, as far as its maker knows.
type End struct {
	Code   codes.Code
	UID    string // of the app, as it says; devices only
	Path   string // of the session at its beginning
	Said   bool   // the device said so
	Signal bool   // by way of the server, about the offer
	Ticket bool   // the app has one

	Reached     bool  // the device was, by QUIC
	WrongDevice bool  // somebody else was
	Server      Cause // what is wrong with it; "": nothing that is known
	ServerWhy   string
	NoServer    bool
	Unseen      bool // the server has never seen the device
	Unknown     bool // the server gives no relays to whom it does not know
	NoRelays    bool // the server has none
	Never       bool // no relay may be used
	Only        bool // nothing but a relay may be
}

// Key names a try: a pair of bases and an address of the peer's.
type Key struct {
	Straight            bool // to an address that is known; ICE has no part in it
	OwnRelay, PeerRelay bool
	Remote              netip.AddrPort
}

// Try is one path that was tried.
type Try struct {
	Key
	Near bool   // straight: the address answered in the local network
	Peer string // the type of the peer's candidate; "": none

	Began  Ms
	Found  Ms // ICE's checks came through
	Dialed Ms // by QUIC, the first time
	Ended  Ms
	Dials  int
	Won    bool
	Failed bool // the last dial did
	Why    string
}

// New begins one.
func New(traceID, peerID, mode string) *Journal {
	j := &Journal{TraceID: traceID, PeerID: peerID, Mode: mode, Started: time.Now()}
	unasked := Asked{Asked: Never, Got: Never, Failed: Never}
	j.s = Snapshot{Device: mode == "", Over: Never, Closed: Never, LAN: Never, Online: Never, Offered: Never, Answered: Never, STUN: unasked, Relay: unasked, View: View{At: Never}}
	return j
}

func (j *Journal) now() Ms { return Ms(min(time.Since(j.Started).Milliseconds(), 1<<30)) }

// Take returns what is in it now.
func (j *Journal) Take() Snapshot {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.s
	s.now = j.now()
	s.Tries, s.Own, s.Peer = slices.Clone(s.Tries), slices.Clone(s.Own), slices.Clone(s.Peer)
	s.mappings, s.sources = slices.Clone(s.mappings), slices.Clone(s.sources)
	return s
}

func (j *Journal) note(what func(s *Snapshot, now Ms)) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	what(&j.s, j.now())
}

// first sets a time once.
func (at *Ms) first(now Ms) {
	if *at == Never {
		*at = now
	}
}

// Finish notes the end of the attempt. On a device an app may come again, with the same one,
// until it has a session.
func (j *Journal) Finish(end End) {
	j.note(func(s *Snapshot, now Ms) {
		if s.Over != Never && (s.End.Code == codes.OK || end.Code == codes.ErrTimeout) {
			return
		}
		s.Over, s.End = now, end
		s.End.ServerWhy = plain(end.ServerWhy)
		s.Tries, s.Own, s.Peer = slices.Clone(s.Tries), slices.Clone(s.Own), slices.Clone(s.Peer) // which have room for more
	})
}

// Close notes the end of its session.
func (j *Journal) Close(code codes.Code) {
	j.note(func(s *Snapshot, now Ms) { s.Closed, s.ClosedCode = now, code })
}

// AskLAN notes that the local network is asked.
func (j *Journal) AskLAN() { j.note(func(s *Snapshot, now Ms) { s.LAN.first(now) }) }

// SawServer notes that the server is there.
func (j *Journal) SawServer() { j.note(func(s *Snapshot, now Ms) { s.Online.first(now) }) }

// Offer notes that one was sent, or on a device heard.
func (j *Journal) Offer() {
	j.note(func(s *Snapshot, now Ms) {
		s.Offered.first(now)
		s.Offers++
	})
}

// Answer notes that one was heard, or on a device sent.
func (j *Journal) Answer() { j.note(func(s *Snapshot, now Ms) { s.Answered.first(now) }) }

// Told notes what the device has told.
func (j *Journal) Told(cause, nat string) {
	j.note(func(s *Snapshot, now Ms) { s.View = View{now, cause, nat} })
}

// AskSTUN and the next two are about how the socket looks from outside.
func (j *Journal) AskSTUN() { j.note(func(s *Snapshot, now Ms) { s.STUN.Asked.first(now) }) }

func (j *Journal) GotSTUN(address netip.AddrPort) {
	j.note(func(s *Snapshot, now Ms) { s.STUN.Got, s.STUN.Address = now, address })
}

func (j *Journal) FailSTUN(err error, silent bool) {
	j.note(func(s *Snapshot, now Ms) { s.STUN.Failed, s.STUN.Why, s.STUNSilent = now, plain(err.Error()), silent })
}

// AskRelay and the next two are about a relay for this side.
func (j *Journal) AskRelay() { j.note(func(s *Snapshot, now Ms) { s.Relay.Asked.first(now) }) }

func (j *Journal) GotRelay(address netip.AddrPort) {
	j.note(func(s *Snapshot, now Ms) { s.Relay.Got, s.Relay.Address = now, address })
}

func (j *Journal) FailRelay(err error, refused bool) {
	j.note(func(s *Snapshot, now Ms) {
		s.Relay.Failed, s.Relay.Why = now, plain(err.Error())
		s.RelayRefused = refused
	})
}

// OwnCandidate and PeerCandidate note what the sides have named.
func (j *Journal) OwnCandidate(kind string, address netip.AddrPort) {
	j.note(func(s *Snapshot, _ Ms) { s.Own = with(s.Own, maxCandidates, Candidate{kind, address}) })
}

func (j *Journal) PeerCandidate(kind string, address netip.AddrPort) {
	j.note(func(s *Snapshot, _ Ms) { s.Peer = with(s.Peer, maxCandidates, Candidate{kind, address}) })
}

// with adds what is new, while there is room.
func with[T comparable](all []T, most int, one T) []T {
	if len(all) >= most || slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// Check notes that ICE checks an address of the peer's.
func (j *Journal) Check(k Key, kind string) {
	j.note(func(s *Snapshot, now Ms) {
		if t := s.try(k, now, false); t != nil {
			t.Peer = kind
		}
	})
}

// Find notes that ICE's checks came through on a path.
func (j *Journal) Find(k Key) {
	j.note(func(s *Snapshot, now Ms) {
		if t := s.try(k, now, true); t != nil {
			t.Found.first(now)
		}
	})
}

// Dial notes that QUIC tries a path, and whether its address answered in the local network.
func (j *Journal) Dial(k Key, near bool) {
	j.note(func(s *Snapshot, now Ms) {
		if t := s.try(k, now, true); t != nil {
			t.Dialed.first(now)
			t.Ended, t.Near = Never, t.Near || near
			t.Dials++
		}
	})
}

// FailDial notes that a dial has failed, Win that the path carries the session.
func (j *Journal) FailDial(k Key, why string) {
	j.note(func(s *Snapshot, now Ms) {
		if t := s.try(k, now, true); t != nil {
			t.Ended, t.Failed, t.Why = now, true, plain(why)
		}
	})
}

func (j *Journal) Win(k Key) {
	j.note(func(s *Snapshot, now Ms) {
		if s.Device && !slices.ContainsFunc(s.Tries, func(t Try) bool { return t.Key == k }) {
			k.Straight = true // the app has come by itself
		}
		if t := s.try(k, now, true); t != nil {
			t.Ended, t.Won, t.Failed, t.Why = now, true, false, ""
		}
	})
}

// try returns that of a key; a new one if there is none. If there is no room it is nil, or
// takes the place of one to which nothing has come.
func (s *Snapshot) try(k Key, now Ms, important bool) *Try {
	at := slices.IndexFunc(s.Tries, func(t Try) bool { return t.Key == k })
	fresh := Try{Key: k, Began: now, Found: Never, Dialed: Never, Ended: Never}
	switch {
	case at >= 0:
		return &s.Tries[at]
	case len(s.Tries) < maxTries:
		s.Tries = append(s.Tries, fresh)
		return &s.Tries[len(s.Tries)-1]
	}
	if s.LeftOut < 1<<20 {
		s.LeftOut++
	}
	for i := range s.Tries {
		if t := &s.Tries[i]; important && t.Found == Never && t.Dialed == Never {
			*t = fresh
			return t
		}
	}
	return nil
}

// plain is a text in one line of printable characters that is not too long: it may come
// from a stranger.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ';'
		case !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) <= maxWhy {
		return text
	}
	cut := maxWhy
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
