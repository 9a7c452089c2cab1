package journal

import (
	"fmt"
	"strings"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// Cause is what an attempt's end came from, in a word for programs.
type Cause string

const (
	Running     Cause = "running"      // it has not ended
	Connected   Cause = "connected"    // no failure
	Broken      Cause = "broken"       // off, on this side
	TooShort    Cause = "too_short"    // the time, for what was still going on
	UDPBlocked  Cause = "udp_blocked"  // on this side
	QUICDropped Cause = "quic_dropped" // somewhere between, while STUN passes
	NoPath      Cause = "no_path"      // of all that were tried none carries anything
	NoRelay     Cause = "no_relay"     // and nothing else would do
	RelayRefuse Cause = "relay_refused"

	WrongDevice Cause = "wrong_device" // somebody else holds the address
	OldTicket   Cause = "old_ticket"
	NotPaired   Cause = "not_paired" // and no ticket
	Refused     Cause = "refused"    // by the device, for a reason that it does not tell
	Privacy     Cause = "privacy"
	DeviceBusy  Cause = "device_busy"
	DeviceFull  Cause = "device_full"
	Undecided   Cause = "undecided" // the device, in time
	Version     Cause = "version"   // the two sides do not fit
	DeviceOff   Cause = "device_off"
	DeviceNew   Cause = "device_unseen" // by the server, ever
	NoAnswer    Cause = "no_answer"
	NotInLAN    Cause = "not_in_lan"

	NoServer          Cause = "no_server"   // is set
	ServerDead        Cause = "server_dead" // or cannot be reached
	ServerName        Cause = "server_name" // is not known to DNS
	ServerPin         Cause = "server_pin"  // another key than its address names
	ServerCertificate Cause = "server_certificate"
	Clock             Cause = "clock" // this machine's, or the server's
	Login             Cause = "login" // refused for another reason

	Limit Cause = "limit" // of sessions, or of open files, here
	Fault Cause = "fault" // of the library
	Other Cause = "other"
)

// How long something has to have gone on before its silence says something.
const (
	silence = 1000 // ms
	glimpse = 300  // ms; a server or a device that is there answers within
)

// elapsed is how long the attempt took, or has taken.
func (s *Snapshot) elapsed() Ms {
	if s.Over != Never {
		return s.Over
	}
	return s.now
}

// Explain says what the end of the attempt came from.
func (s *Snapshot) Explain() (Cause, string) {
	cause, text := s.explain()
	if says, known := deviceSays[Cause(s.View.Cause)]; known && s.Over != Never && s.End.Code != codes.OK {
		text += " " + says
	}
	return cause, text
}

// deviceSays is what the other side adds to that.
var deviceSays = map[Cause]string{
	UDPBlocked:  "The device says that UDP is blocked on its side.",
	QUICDropped: "The device says that this app's checks came to it, and its QUIC did not.",
	NoPath:      "The device says that no connection of this app's came to it.",
}

// SoFar is what would have kept the two apart if the attempt ended now.
func (s *Snapshot) SoFar() Cause {
	now := *s
	now.Over, now.End = s.now, End{Code: codes.ErrTimeout, Never: s.End.Never}
	cause, _ := now.explain()
	return cause
}

func (s *Snapshot) explain() (Cause, string) {
	switch {
	case s.Over == Never:
		return Running, "The attempt is under way."
	case s.End.Code == codes.OK:
		return Connected, s.connected()
	case s.Device:
		return s.explainOnDevice()
	case s.End.Code == codes.ErrConnectBreak:
		return Broken, "The attempt was broken off by this side."
	case s.End.Said:
		return s.explainRefusal()
	case s.End.WrongDevice && (s.End.Code == codes.ErrAuth || s.End.Code == codes.ErrHandshake):
		return WrongDevice, "Somebody else than the device of this id answered at its address: use the device's current id or ticket."
	}
	switch s.End.Code {
	case codes.ErrSignaling:
		return s.explainServer()
	case codes.ErrDeviceNotOnline:
		if s.End.Unseen {
			return DeviceNew, "The device is not online: the server has never seen it. If it runs, its log says whether the server lets it in."
		}
		return DeviceOff, "The device is off or offline: the server has seen it go, and nobody in the local network answered for it."
	case codes.ErrNoAnswer:
		if s.Offered == Never || s.elapsed()-s.Offered < glimpse {
			return s.tooShort("the device had not answered yet")
		}
		return NoAnswer, fmt.Sprintf("The server took %s for the device and no answer came within %d ms: the device is stopped, or has lost its network a moment ago.", count(s.Offers, "offer"), s.elapsed()-s.Offered)
	case codes.ErrNoRelay:
		return s.explainNoRelay()
	case codes.ErrTimeout:
		return s.explainTimeout()
	case codes.ErrHandshake:
		return Version, "The secure handshake failed: the app and the device have versions that do not fit."
	case codes.ErrSessionLimit:
		return Limit, "There are too many sessions on this side: close one, or allow more."
	case codes.ErrNoMemory:
		return Limit, "This side has no memory or no open files left: close some, or allow more."
	case codes.ErrInternal:
		return Fault, "There was a fault in the library: its log has the details."
	case codes.ErrRemote:
		return Refused, "The device ended the attempt and gave no reason."
	}
	return Other, "The attempt failed: " + s.End.Code.Name() + "."
}

func (s *Snapshot) tooShort(what string) (Cause, string) {
	return TooShort, fmt.Sprintf("The time was too short: after %d ms %s, and nothing had failed.", s.elapsed(), what)
}

// explainRefusal is about what the device has said.
func (s *Snapshot) explainRefusal() (Cause, string) {
	switch s.End.Code {
	case codes.ErrDevicePrivacy:
		return Privacy, "The device is in privacy mode: its authorizer said so."
	case codes.ErrDeviceBusy:
		return DeviceBusy, "The device is busy: its authorizer said so, or is being asked about others."
	case codes.ErrDeviceFull:
		return DeviceFull, "The device has no session left for this app."
	case codes.ErrAuth:
		switch {
		case s.End.Ticket && s.End.Signal: // before any authorizer
			return OldTicket, "The device refused the ticket: it is an old one, which was reset, and this app is not paired. Use the ticket that the device shows now."
		case s.End.Ticket:
			return OldTicket, "The device refused this app: its ticket is an old one, which was reset, or the device's authorizer said no."
		}
		return NotPaired, "The device does not know this app, which has no ticket: connect once with the device's ticket."
	case codes.ErrInternal:
		return Fault, "There was a fault in the library, on the device: its log has the details."
	}
	return Refused, "The device refused this app: " + s.End.Code.Name() + "."
}

// explainServer is about a server that could not be asked.
func (s *Snapshot) explainServer() (Cause, string) {
	cause, why := s.End.Server, s.End.ServerWhy
	said := ""
	if why != "" {
		said = " (" + why + ")"
	}
	switch {
	case s.End.NoServer:
		return NoServer, "No server is set, neither for this app nor in the ticket, and the local network was not to be asked."
	case cause == ServerName:
		return cause, "The server's name was not found in DNS" + said + "."
	case cause == ServerPin:
		return cause, "The server holds another key than the pin in its address names: copy its address again from the server."
	case cause == ServerCertificate:
		return cause, "The server's certificate is not accepted" + said + ": if it is a good one, check this machine's clock, and the roots that it trusts."
	case cause == Clock:
		return cause, "The server refused the login, which is of another time by its clock: set this machine's clock" + said + "."
	case cause == Login:
		return cause, "The server refused the login" + said + "."
	case cause == "" && s.elapsed() < silence:
		return s.tooShort("the server had not answered yet")
	case cause == "":
		return ServerDead, fmt.Sprintf("The server did not answer within %d ms.", s.elapsed())
	}
	return cause, "The server cannot be reached" + said + "."
}

// explainNoRelay is about two sides that answered each other, and found no path.
func (s *Snapshot) explainNoRelay() (Cause, string) {
	no := s.noRelay()
	switch {
	case s.udpBlocked():
		return UDPBlocked, s.explainUDP()
	case !s.End.Never && s.Answered != Never && s.elapsed()-s.Answered < silence && s.Relay.Failed == Never && !s.End.Unknown && !s.End.NoRelays:
		return s.tooShort("paths were still being tried")
	case s.dropsQUIC():
		return QUICDropped, "QUIC is dropped between the two sides, while ICE's checks pass" + s.direct() + ", and " + no + "."
	case s.RelayRefused:
		return RelayRefuse, "Only a relay could connect the two" + s.nats() + ", and the server refused one (" + s.Relay.Why + ")."
	}
	return NoRelay, "Only a relay could connect the two" + s.nats() + ", and " + no + "."
}

// explainUDP is about UDP that is blocked here.
func (s *Snapshot) explainUDP() string {
	text := "UDP is blocked on this side: the server's STUN did not answer, and "
	switch {
	case s.Relay.Got != Never:
		return text + "the relay did not help."
	case s.End.Never || s.End.Unknown || s.End.NoRelays || s.RelayRefused:
		return text + s.noRelay() + "."
	case s.Relay.Failed != Never:
		return text + "no relay over TCP was to be had (" + s.Relay.Why + ")."
	}
	return text + "no relay over TCP was to be had."
}

// explainTimeout is about a time that was up while something was tried.
func (s *Snapshot) explainTimeout() (Cause, string) {
	dialing := func(t Try) bool { return t.Dialed != Never && t.Ended == Never && s.elapsed()-t.Dialed < silence }
	switch {
	case s.End.Reached && s.elapsed() < silence:
		return s.tooShort("the device was reached and had not decided")
	case s.End.Reached:
		return Undecided, fmt.Sprintf("The device was reached and had not decided after %d ms: its authorizer, who may be a person, takes longer.", s.elapsed())
	case s.End.WrongDevice:
		return WrongDevice, "Somebody else than the device of this id answered at its address, and no other was found."
	case s.any(dialing):
		return s.tooShort("a path had been found and was being connected")
	case s.End.NoServer && s.elapsed() < glimpse:
		return s.tooShort("nobody in the local network had answered yet")
	case s.End.NoServer && len(s.Tries) > 0:
		return NotInLAN, "Nobody answered for the device, neither in the local network nor at the addresses that are known, and there is no server to ask."
	case s.End.NoServer:
		return NotInLAN, "Nobody in the local network answered for the device, and there is no server to ask."
	case s.dropsQUIC():
		return QUICDropped, "QUIC is dropped between the two sides, while ICE's checks pass" + s.direct() + ": a firewall lets STUN through and not QUIC" + s.andRelay() + "."
	case s.udpBlocked():
		return UDPBlocked, s.explainUDP()
	case s.Answered != Never && s.elapsed()-s.Answered < silence:
		return s.tooShort("paths were still being tried")
	}
	return NoPath, "Of the paths that were tried none carried anything" + s.nats() + s.andRelay() + "."
}

// explainOnDevice is about an app that has come, or was about to.
func (s *Snapshot) explainOnDevice() (Cause, string) {
	switch s.End.Code {
	case codes.ErrDevicePrivacy:
		return Privacy, "The app was refused: the authorizer said that the device is in privacy mode."
	case codes.ErrDeviceBusy:
		return DeviceBusy, "The app was refused: the device is busy."
	case codes.ErrDeviceFull:
		return DeviceFull, "The app was refused: the device has no session left for it."
	case codes.ErrAuth:
		if s.End.Ticket {
			return Refused, "The app was refused: the authorizer said no."
		}
		return OldTicket, "The app was refused: it is not paired, and has no ticket, or an old one that was reset."
	case codes.ErrConnectBreak:
		return Broken, "The app gave up while the authorizer was asked."
	case codes.ErrInternal:
		return Fault, "There was a fault in the library: its log has the details."
	case codes.ErrTimeout:
		switch {
		case s.dropsQUIC():
			return QUICDropped, "The app's checks came and its QUIC did not" + s.andRelay() + "."
		case s.udpBlocked():
			return UDPBlocked, s.explainUDP()
		}
		return NoPath, "The app asked by way of the server and no connection of its came" + s.nats() + s.andRelay() + "."
	}
	return Refused, "The app was refused: " + s.End.Code.Name() + "."
}

func (s *Snapshot) connected() string {
	text := "Connected directly"
	switch s.End.Path {
	case "lan":
		text = "Connected in the local network"
	case "relay":
		text = "Connected through a relay"
	}
	if !s.Device {
		text += fmt.Sprintf(" within %d ms", s.Over)
	}
	if why := s.WhyRelay(); why != "" {
		text += ": " + why
	}
	return text + "."
}

// WhyRelay says why a relay carries the session; "": none does.
func (s *Snapshot) WhyRelay() string {
	own, peer := s.OwnNAT(), s.PeerNAT()
	switch {
	case s.End.Code != codes.OK || s.Over == Never || s.End.Path != "relay":
		return ""
	case s.End.Only:
		return "nothing else is allowed on this side"
	case s.udpBlocked():
		return "UDP is blocked on this side, whose STUN had no answer"
	case s.dropsQUIC():
		return "QUIC is dropped on the direct path, while ICE's checks pass"
	case own == NATSymmetric || peer == NATSymmetric:
		return "no direct path was found" + s.nats()
	}
	return "no direct path had been found by then" + s.nats()
}

// udpBlocked reports that nothing comes back from where an answer should.
func (s *Snapshot) udpBlocked() bool {
	passed := func(t Try) bool { return !t.OwnRelay && (t.Found != Never || t.Won) }
	if s.STUN.Asked == Never || s.STUN.Got != Never || s.any(passed) {
		return false
	}
	if s.STUN.Failed != Never {
		return s.STUNSilent
	}
	return s.elapsed()-s.STUN.Asked >= silence
}

// dropsQUIC reports that ICE's checks pass on a direct path and QUIC does not.
func (s *Snapshot) dropsQUIC() bool {
	return s.any(s.lost)
}

func (s *Snapshot) lost(t Try) bool {
	if t.Straight || t.OwnRelay || t.PeerRelay || t.Found == Never || t.Won {
		return false
	}
	if s.Device { // which does not dial
		return s.elapsed()-t.Found >= silence
	}
	return t.Dialed != Never && s.elapsed()-t.Dialed >= silence && (t.Failed || t.Ended == Never)
}

// direct names the path on which QUIC is lost.
func (s *Snapshot) direct() string {
	for _, t := range s.Tries {
		if s.lost(t) {
			return " to " + t.Remote.String()
		}
	}
	return ""
}

// noRelay says why none is to be had on this side.
func (s *Snapshot) noRelay() string {
	switch {
	case s.End.Never:
		return "relays are turned off here"
	case s.End.Unknown:
		return "the server gives relays only to devices that it knows, and to their apps"
	case s.End.NoRelays:
		return "the server has none"
	case s.RelayRefused:
		return "the server refused one (" + s.Relay.Why + ")"
	case s.Relay.Failed != Never:
		return "no relay was to be had (" + s.Relay.Why + ")"
	}
	return "no relay was to be had in time"
}

func (s *Snapshot) andRelay() string {
	switch {
	case s.Relay.Got != Never:
		return ", and the relay did not help"
	case s.Relay.Asked == Never:
		return ""
	}
	return ", and " + s.noRelay()
}

// nats says what is known of both, if anything is.
func (s *Snapshot) nats() string {
	var known []string
	for _, side := range []struct {
		nat   NAT
		where string
	}{{s.OwnNAT(), "this side"}, {s.PeerNAT(), "the other"}} {
		if side.nat != NATUnknown {
			known = append(known, side.nat.String()+" on "+side.where)
		}
	}
	if len(known) == 0 {
		return ""
	}
	return " (NAT: " + strings.Join(known, ", ") + ")"
}

func (s *Snapshot) any(is func(Try) bool) bool {
	for _, t := range s.Tries {
		if is(t) {
			return true
		}
	}
	return false
}

func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}

// Outcome is what has become of a try, in a word, and why.
func (t Try) Outcome(s *Snapshot) (outcome, why string) {
	over := s.Over != Never
	switch {
	case t.Won:
		return "won", ""
	case t.Failed && t.Ended != Never:
		return "failed", t.Why
	case t.Dialed != Never && t.Ended == Never && over:
		return "given_up", "the attempt was over"
	case t.Dialed != Never && t.Ended == Never:
		return "running", ""
	case t.Found != Never && s.Device:
		return "found", "" // it is the app that goes on
	case t.Found != Never:
		return "not_needed", "another path was dialled"
	case over:
		return "failed", "none of ICE's checks came through"
	}
	return "running", ""
}
