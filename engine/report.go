package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/journal"
)

// A report is JSON, as include/thingp2p.h describes it. All of its members are always there;
// null is what is not so, or not known.
type report struct {
	Version  int     `json:"version"`
	TraceID  string  `json:"trace_id"`
	Side     string  `json:"side"`
	Mode     *string `json:"mode"`
	DeviceID string  `json:"device_id"`
	AppID    string  `json:"app_id"`
	UID      string  `json:"uid"`
	Started  *string `json:"started"`

	State    string          `json:"state"`
	Summary  string          `json:"summary"`
	Cause    string          `json:"cause"`
	Result   reportResult    `json:"result"`
	WhyRelay *string         `json:"why_relay"`
	Session  *reportSession  `json:"session"`
	NAT      reportNAT       `json:"nat"`
	View     *reportView     `json:"device_says"`
	LANMS    *int            `json:"lan_asked_ms"`
	Server   reportServer    `json:"server"`
	STUN     reportAsked     `json:"stun"`
	Relay    reportAsked     `json:"relay"`
	Own      []reportAddress `json:"own_candidates"`
	Peer     []reportAddress `json:"peer_candidates"`
	Paths    []reportPath    `json:"paths"`
	LeftOut  int             `json:"paths_left_out"`
}

type reportResult struct {
	Code      *int    `json:"code"`
	Name      *string `json:"name"`
	Path      *string `json:"path"`
	ConnectMS *int    `json:"connect_ms"`
	EndedMS   *int    `json:"ended_ms"`
}

// reportSession is of one that was made: what carries it now, and its end.
type reportSession struct {
	Path    *string `json:"path"`
	EndedMS *int    `json:"ended_ms"`
	Code    *int    `json:"code"`
	Name    *string `json:"name"`
}

type reportNAT struct {
	Own  string `json:"own"`
	Peer string `json:"peer"`
}

type reportView struct {
	Cause  string `json:"cause"`
	NAT    string `json:"nat"`
	ToldMS int    `json:"told_ms"`
}

type reportServer struct {
	OnlineMS   *int    `json:"online_ms"`
	OfferedMS  *int    `json:"offered_ms"`
	Offers     int     `json:"offers"`
	AnsweredMS *int    `json:"answered_ms"`
	Problem    *string `json:"problem"`
}

type reportAsked struct {
	AskedMS  *int    `json:"asked_ms"`
	GotMS    *int    `json:"got_ms"`
	FailedMS *int    `json:"failed_ms"`
	Address  *string `json:"address"`
	Problem  *string `json:"problem"`
}

type reportAddress struct {
	Type    string `json:"type"`
	Address string `json:"address"`
}

type reportPath struct {
	Way     string `json:"way"`
	Own     string `json:"own"`
	Peer    string `json:"peer"`
	Address string `json:"address"`
	BeganMS int    `json:"began_ms"`
	FoundMS *int   `json:"found_ms"`
	DialMS  *int   `json:"dialed_ms"`
	Dials   int    `json:"dials"`
	EndedMS *int   `json:"ended_ms"`
	Outcome string `json:"outcome"`
	Why     string `json:"why"`
}

// maxReportSize is what a report has at most, in bytes.
const maxReportSize = 32 << 10

var errNoReport = errors.New("no attempt and no session has this trace id, or it is too long ago")

// Report says, as JSON, how an attempt goes or went: the last 64, and all sessions.
// Otherwise the error is ErrInvalidParameter. include/thingp2p.h lists the members.
func (a *App) Report(traceID string) ([]byte, error) {
	return a.reportOn(traceID, sessionNamed(&a.mu, a.sessions, traceID))
}

// Report is that of App, about the device's half. Of strangers it knows the last 16.
func (d *Device) Report(traceID string) ([]byte, error) {
	return d.reportOn(traceID, sessionNamed(&d.mu, d.sessions, traceID))
}

// Report is that of App.Report or Device.Report about the session.
func (s *Session) Report() []byte {
	return write(s.describe(s.about.brief.reports.with(s.about.traceID, s.peerID())))
}

// peerID is who is at the other end.
func (s *Session) peerID() string {
	if s.about.peer.AppID != "" {
		return s.about.peer.AppID
	}
	return s.about.deviceID
}

// sessionNamed returns one that lives and has a trace id, or nil.
func sessionNamed[V any](mu *sync.Mutex, sessions map[*Session]V, traceID string) *Session {
	mu.Lock()
	defer mu.Unlock()
	for s := range sessions {
		if s.about.traceID == traceID {
			return s
		}
	}
	return nil
}

func (e *endpoint) reportOn(traceID string, s *Session) ([]byte, error) {
	if j := e.reports.of(traceID); j != nil && (s == nil || s.peerID() != j.PeerID) {
		return write(describe(j, e.identity.ID)), nil
	}
	if s == nil {
		return nil, codes.Because(ErrInvalidParameter, errNoReport)
	}
	return s.Report(), nil
}

// brief is what stays of an attempt in its session, when other attempts have come since.
type brief struct {
	reports   *reports
	started   int64 // Unix time in milliseconds
	whyRelay  string
	path      Path
	own, peer journal.NAT
}

func (e *endpoint) briefOf(j *journal.Journal, path Path) brief {
	s := j.Take()
	return brief{&e.reports, j.Started.UnixMilli(), s.WhyRelay(), path, s.OwnNAT(), s.PeerNAT()}
}

// describe says what is known: j is nil if other attempts have come since.
func (s *Session) describe(j *journal.Journal) report {
	about := s.about
	var r report
	if j != nil {
		r = describe(j, about.deviceID)
	} else {
		r = briefly(about)
	}
	now := s.way.where().kind.String()
	r.State, r.Session = "connected", &reportSession{Path: &now}
	if code := CodeOf(s.Check()); code != OK {
		r.State, r.Session.Path = "closed", nil
		r.Session.Code, r.Session.Name = numberOf(code), nameOf(code)
	}
	return r
}

// briefly is for a session whose journal has gone.
func briefly(a about) report {
	end, path := OK, a.brief.path.String()
	r := report{
		Version: reportVersion, TraceID: a.traceID, Side: "app", DeviceID: a.deviceID, AppID: a.peer.AppID, UID: a.peer.UID,
		Cause: string(journal.Connected), Result: reportResult{Code: numberOf(end), Name: nameOf(end), Path: &path},
		NAT: reportNAT{a.brief.own.String(), a.brief.peer.String()},
		Own: []reportAddress{}, Peer: []reportAddress{}, Paths: []reportPath{},
		Summary: "Connected; of how it went, only what is here is known any more.",
	}
	if a.peer.AppID != "" {
		r.Side = "device"
	} else {
		ms := int(a.connectTime.Milliseconds())
		r.Result.ConnectMS, r.Result.EndedMS = &ms, &ms
	}
	if a.brief.whyRelay != "" {
		r.WhyRelay = &a.brief.whyRelay
	}
	if a.brief.started != 0 {
		r.Started = timeText(time.UnixMilli(a.brief.started))
	}
	return r
}

const reportVersion = 1

// describe says what is in a journal.
func describe(j *journal.Journal, ownID string) report {
	s := j.Take()
	cause, summary := s.Explain()
	r := report{
		Version: reportVersion, TraceID: j.TraceID, Side: "app", Mode: &j.Mode, DeviceID: j.PeerID, Started: timeText(j.Started),
		Cause: string(cause), Summary: summary, State: stateOf(&s),
		NAT:    reportNAT{s.OwnNAT().String(), s.PeerNAT().String()},
		LANMS:  at(s.LAN),
		Server: reportServer{at(s.Online), at(s.Offered), s.Offers, at(s.Answered), text(s.End.ServerWhy)},
		STUN:   askedFor(s.STUN), Relay: askedFor(s.Relay),
		Own: addresses(s.Own), Peer: addresses(s.Peer), Paths: []reportPath{}, LeftOut: s.LeftOut,
		WhyRelay: text(s.WhyRelay()),
	}
	if s.Device {
		r.Side, r.Mode, r.DeviceID, r.AppID, r.UID = "device", nil, ownID, j.PeerID, s.End.UID
	}
	if s.Over != journal.Never {
		r.Result = reportResult{Code: numberOf(s.End.Code), Name: nameOf(s.End.Code), Path: text(s.End.Path), EndedMS: at(s.Over)}
		if s.End.Code == OK && !s.Device { // a device knows nothing of the beginning
			r.Result.ConnectMS = at(s.Over)
		}
	}
	if s.Closed != journal.Never {
		r.Session = &reportSession{EndedMS: at(s.Closed), Code: numberOf(s.ClosedCode), Name: nameOf(s.ClosedCode)}
	}
	if s.View.At != journal.Never {
		r.View = &reportView{s.View.Cause, s.View.NAT, int(s.View.At)}
	}
	for _, t := range s.Tries {
		r.Paths = append(r.Paths, pathOf(&s, t))
	}
	return r
}

func stateOf(s *journal.Snapshot) string {
	switch {
	case s.Over == journal.Never:
		return "connecting"
	case s.End.Code != OK:
		return "failed"
	case s.Closed == journal.Never:
		return "connected"
	}
	return "closed"
}

func pathOf(s *journal.Snapshot, t journal.Try) reportPath {
	p := reportPath{
		Way: "ice", Own: "socket", Peer: t.Peer, Address: t.Remote.String(),
		BeganMS: int(t.Began), FoundMS: at(t.Found), DialMS: at(t.Dialed), Dials: t.Dials, EndedMS: at(t.Ended), Why: t.Why,
	}
	if t.OwnRelay {
		p.Own = "relay"
	}
	switch {
	case t.Near:
		p.Way = "lan"
	case t.Straight && s.Device:
		p.Way = "straight"
	case t.Straight:
		p.Way = "known"
	case p.Peer == "": // it was found before it was named, if it ever was
		p.Peer = "prflx"
	}
	p.Outcome, p.Why = t.Outcome(s)
	return p
}

func at(ms journal.Ms) *int {
	if ms == journal.Never {
		return nil
	}
	n := int(ms)
	return &n
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeText(t time.Time) *string { return text(t.UTC().Format("2006-01-02T15:04:05.000Z")) }

func numberOf(c Code) *int { n := int(c); return &n }

func nameOf(c Code) *string { return text(c.Name()) }

func askedFor(a journal.Asked) reportAsked {
	return reportAsked{at(a.Asked), at(a.Got), at(a.Failed), text(textOf(a.Address)), text(a.Why)}
}

func addresses(all []journal.Candidate) []reportAddress {
	listed := []reportAddress{}
	for _, c := range all {
		listed = append(listed, reportAddress{c.Type, c.Address.String()})
	}
	return listed
}

// write leaves out paths, from the last, until the rest is small enough.
func write(r report) []byte {
	for {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.Encode(r) // there is nothing in it that cannot be
		if text := bytes.TrimSpace(b.Bytes()); len(text) <= maxReportSize || len(r.Paths) == 0 {
			return text
		}
		r.Paths = r.Paths[:len(r.Paths)-1]
		r.LeftOut++
	}
}
