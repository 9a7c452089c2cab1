package signal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/plainjson"
)

// Kind says what a Message is.
type Kind string

const (
	Offer      Kind = "offer"      // app to device: I want to reach you
	Answer     Kind = "answer"     // device to app: here I am
	Candidates Kind = "candidates" // either way: more addresses of mine
	Refusal    Kind = "refusal"    // device to app: no, with Code
	Silence    Kind = "silence"    // device to app: I hear nothing on our session's path
	View       Kind = "view"       // device to app: what I see of the attempt by now: Cause, NAT
	Late       Kind = "late"       // either way: I read only what you have sent after Time
)

// Message is what two endpoints tell each other before they have a path, or
// when they have lost it. All of one attempt carry its Attempt.
type Message struct {
	Kind       Kind            `json:"kind"`
	From       string          `json:"-"`               // the sender's id, as the envelope proves it
	Attempt    string          `json:"attempt"`         // names the attempt: a UUID
	Trace      string          `json:"trace,omitempty"` // the session's trace id, if the attempt is to move one
	Ufrag      string          `json:"ufrag,omitempty"` // offers and answers: ICE credentials, RFC 8445, section 5.3
	Pwd        string          `json:"pwd,omitempty"`   //
	Candidates []Candidate     `json:"candidates,omitempty"`
	Code       int32           `json:"code,omitempty"`      // refusals: the reason, negative
	Proof      plainjson.Bytes `json:"proof,omitempty"`     // offers: that the app holds the device's ticket
	MLKEM      plainjson.Bytes `json:"mlkem,omitempty"`     // offers: the app's ML-KEM key, for the answers
	Statement  string          `json:"statement,omitempty"` // answers: that the app belongs to the device, see ident.Statement
	Time       int64           `json:"time,omitempty"`      // lates: as in envelopes
	Cause      string          `json:"cause,omitempty"`     // views: why there is no session, in a word
	NAT        string          `json:"nat,omitempty"`       // views: the sender's, in a word
}

// Candidate is an address at which the sender may be reached (RFC 8445,
// section 5.1).
type Candidate struct {
	Type    CandidateType  `json:"type"`
	Address netip.AddrPort `json:"address"`
}

// CandidateType names a candidate's type as SDP does.
type CandidateType string

const (
	Host            CandidateType = "host"
	ServerReflexive CandidateType = "srflx"
	Relayed         CandidateType = "relay"
)

// Limits of what a peer or a broker may send.
const (
	MaxMessageBytes = 8 << 10
	MaxCandidates   = 24
	maxTextBytes    = 64
	maxProofBytes   = 32
)

var errMessage = errors.New("malformed message")

// Encode returns the message as it is put into an envelope.
func (m *Message) Encode() ([]byte, error) { return json.Marshal(m) }

// Decode parses what Encode made and checks each field, so that whatever it
// returns without an error is safe to use.
func Decode(payload []byte) (*Message, error) {
	if len(payload) > MaxMessageBytes {
		return nil, fmt.Errorf("%w: over %d bytes", errMessage, MaxMessageBytes)
	}
	m := new(Message)
	if err := plainjson.Unmarshal(payload, m); err != nil {
		return nil, fmt.Errorf("%w: %w", errMessage, err)
	}
	return m, m.check()
}

func (m *Message) check() error {
	for _, text := range []string{m.Attempt, m.Trace, m.Ufrag, m.Pwd, m.Cause, m.NAT} {
		if !plain(text, maxTextBytes) {
			return fmt.Errorf("%w: a field is too long or not plain text", errMessage)
		}
	}
	if m.Attempt == "" && m.Kind != Late {
		return fmt.Errorf("%w: no attempt", errMessage)
	}
	if len(m.Proof) > maxProofBytes {
		return fmt.Errorf("%w: a proof that is too long", errMessage)
	}
	if !plain(m.Statement, ident.MaxStatementBytes) {
		return fmt.Errorf("%w: a statement that is too long or not plain text", errMessage)
	}
	if n := len(m.MLKEM); n != 0 && n != ident.MLKEMKeyBytes {
		return fmt.Errorf("%w: not an ML-KEM-768 key", errMessage)
	}
	switch m.Kind {
	case Offer, Answer:
		if len(m.Ufrag) < 4 || len(m.Pwd) < 22 { // RFC 8445, section 5.3
			return fmt.Errorf("%w: no ICE credentials", errMessage)
		}
	case Refusal:
		if m.Code >= 0 {
			return fmt.Errorf("%w: a refusal without a reason", errMessage)
		}
	case Late:
		if m.Time < 0 || m.Time > maxTime {
			return fmt.Errorf("%w: not a time", errMessage)
		}
	case Candidates, Silence, View:
	default:
		return fmt.Errorf("%w: unknown kind", errMessage)
	}
	if len(m.Candidates) > MaxCandidates {
		return fmt.Errorf("%w: over %d candidates", errMessage, MaxCandidates)
	}
	for _, c := range m.Candidates {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Candidate) check() error {
	switch c.Type {
	case Host, ServerReflexive, Relayed:
	default:
		return fmt.Errorf("%w: unknown type of candidate", errMessage)
	}
	ip := c.Address.Addr()
	if !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || ip.Is4In6() || ip.Zone() != "" || c.Address.Port() == 0 {
		return fmt.Errorf("%w: not an address to reach", errMessage)
	}
	return nil
}

// plain reports whether text is short and printable ASCII without spaces,
// which ids, UUIDs, ICE credentials and statements are.
func plain(text string, most int) bool {
	if len(text) > most {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
