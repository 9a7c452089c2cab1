package signal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// testOffer is a valid offer.
func testOffer() *Message {
	return &Message{
		Kind:    Offer,
		Attempt: "018c2f0e-0000-7000-8000-000000000000",
		Ufrag:   "ufragufrag",
		Pwd:     "0123456789abcdefghijkl",
		Candidates: []Candidate{
			{Host, netip.MustParseAddrPort("192.168.1.2:50000")},
			{ServerReflexive, netip.MustParseAddrPort("203.0.113.1:1")},
			{Relayed, netip.MustParseAddrPort("[2001:db8::1]:65535")},
		},
	}
}

func TestMessageRoundTrip(t *testing.T) {
	answer := testOffer()
	answer.Kind, answer.Statement = Answer, "1.device.1790000000000.signature"
	for _, want := range []*Message{
		testOffer(),
		answer,
		{Kind: Candidates, Attempt: "b", Trace: "c"},
		{Kind: Refusal, Attempt: "b", Code: -104},
		{Kind: Silence, Attempt: "b", Trace: "b"},
		{Kind: Late, Time: maxTime},
	} {
		payload, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(payload)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v arrives as %+v, %v", want, got, err)
		}
	}
}

func TestLargestMessageFits(t *testing.T) {
	m := testOffer()
	m.Candidates = nil
	for port := range uint16(MaxCandidates) {
		ip := netip.MustParseAddr("2001:db8:1111:2222:3333:4444:5555:6666")
		m.Candidates = append(m.Candidates, Candidate{ServerReflexive, netip.AddrPortFrom(ip, 65535-port)})
	}
	for _, text := range []*string{&m.Attempt, &m.Trace, &m.Ufrag, &m.Pwd} {
		*text = strings.Repeat("<", maxTextBytes) // JSON escapes it with six characters
	}
	m.MLKEM, m.Proof = make([]byte, ident.MLKEMKeyBytes), make([]byte, maxProofBytes)
	m.Statement = strings.Repeat("<", ident.MaxStatementBytes)
	payload, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(payload); err != nil {
		t.Errorf("%d bytes: %v", len(payload), err)
	}
}

func TestMessageOutsideItsLimitsIsRefused(t *testing.T) {
	candidate := func(typ CandidateType, address string) func(*Message) {
		return func(m *Message) { m.Candidates[0] = Candidate{typ, netip.MustParseAddrPort(address)} }
	}
	for name, spoil := range map[string]func(*Message){
		"no kind":            func(m *Message) { m.Kind = "" },
		"unknown kind":       func(m *Message) { m.Kind = "Offer" },
		"no attempt":         func(m *Message) { m.Attempt = "" },
		"late for ever":      func(m *Message) { m.Kind, m.Time = Late, maxTime+1 },
		"late before time":   func(m *Message) { m.Kind, m.Time = Late, -1 },
		"line end":           func(m *Message) { m.Attempt = "a\n" },
		"NUL":                func(m *Message) { m.Trace = "\x00" },
		"not ASCII":          func(m *Message) { m.Ufrag = "ufragé" },
		"no ufrag":           func(m *Message) { m.Ufrag = "" },
		"short ufrag":        func(m *Message) { m.Ufrag = "abc" },
		"short password":     func(m *Message) { m.Pwd = strings.Repeat("p", 21) },
		"long password":      func(m *Message) { m.Pwd = strings.Repeat("p", maxTextBytes+1) },
		"refusal with 0":     func(m *Message) { m.Kind, m.Code = Refusal, 0 },
		"refusal with 1":     func(m *Message) { m.Kind, m.Code = Refusal, 1 },
		"short ML-KEM key":   func(m *Message) { m.MLKEM = make([]byte, ident.MLKEMKeyBytes-1) },
		"long ML-KEM key":    func(m *Message) { m.MLKEM = make([]byte, ident.MLKEMKeyBytes+1) },
		"long statement":     func(m *Message) { m.Statement = strings.Repeat("s", ident.MaxStatementBytes+1) },
		"many candidates":    func(m *Message) { m.Candidates = make([]Candidate, MaxCandidates+1) },
		"empty candidate":    func(m *Message) { m.Candidates[0] = Candidate{} },
		"type of candidate":  candidate("prflx", "192.0.2.1:1"),
		"port 0":             candidate(Host, "192.0.2.1:0"),
		"unspecified":        candidate(Host, "0.0.0.0:1"),
		"unspecified, IPv6":  candidate(Host, "[::]:1"),
		"multicast":          candidate(Host, "224.0.0.1:1"),
		"multicast, IPv6":    candidate(Host, "[ff02::1]:1"),
		"IPv4 inside IPv6":   candidate(Host, "[::ffff:192.0.2.1]:1"),
		"zone":               candidate(Host, "[fe80::1%eth0]:1"),
		"loopback multicast": candidate(Relayed, "[ff01::1]:1"),
	} {
		m := testOffer()
		spoil(m)
		payload, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(payload); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	long, _ := testOffer().Encode()
	long = append(long, bytes.Repeat([]byte(" "), MaxMessageBytes)...)
	for _, payload := range [][]byte{nil, []byte("null"), []byte("{}"), []byte("[]"), []byte("{"), []byte("\xff\xfe"), long} {
		if m, err := Decode(payload); err == nil {
			t.Errorf("%.20q is %+v", payload, m)
		}
	}
}

// TestUnknownFieldsAreIgnored keeps the way open for newer peers.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	payload, _ := testOffer().Encode()
	payload = bytes.Replace(payload, []byte("{"), []byte(`{"new":[1,{}],`), 1)
	if _, err := Decode(payload); err != nil {
		t.Error(err)
	}
}

func FuzzMessage(f *testing.F) {
	for _, m := range []*Message{
		testOffer(),
		{Kind: Refusal, Attempt: "b", Code: -104},
		{Kind: Candidates, Attempt: "b", Candidates: []Candidate{}},
	} {
		payload, _ := m.Encode()
		f.Add(payload)
	}
	f.Add([]byte(`{"KIND":"silence","from":"a","attempt":"b","code":1e3}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := Decode(payload)
		if err != nil {
			return
		}
		if len(m.Candidates) > MaxCandidates || len(m.Attempt) > maxTextBytes {
			t.Errorf("%+v", m)
		}
		first, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(first)
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second, _ := again.Encode(); !bytes.Equal(first, second) {
			t.Errorf("%s becomes %s", first, second)
		}
	})
}

func FuzzICEServers(f *testing.F) {
	payload, _ := json.Marshal(testICEServers())
	f.Add(payload)
	f.Add([]byte(`{"expires":-1,"stun":[null],"turn":[null]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, err := parseICEServers(payload)
		if err != nil {
			return
		}
		if len(s.STUN) > maxICEServers || len(s.TURN) > maxICEServers {
			t.Errorf("%d and %d servers", len(s.STUN), len(s.TURN))
		}
		for _, server := range s.TURN {
			if len(server.URL) > maxICETextBytes {
				t.Errorf("an address of %d bytes", len(server.URL))
			}
		}
	})
}
