package signal

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// testICEServers is what a rendezvous server publishes.
func testICEServers() ICEServers {
	return ICEServers{
		Version: 1,
		Expires: 1_800_000_000,
		STUN:    []string{"203.0.113.1:3478"},
		TURN: []TURNServer{
			{"turn:203.0.113.1:3478?transport=udp", "1800000000:t2p", "secret", ""},
			{"turns:example.org:443?transport=tcp", "1800000000:t2p", "secret", "pin"},
		},
	}
}

func TestICEServersArrive(t *testing.T) {
	for _, want := range []ICEServers{testICEServers(), {Version: 1}} {
		payload, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseICEServers(payload); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v arrives as %+v, %v", want, got, err)
		}
	}
}

func TestICEServersOutsideTheirLimitsAreRefused(t *testing.T) {
	long := strings.Repeat("x", maxICETextBytes+1)
	for name, spoil := range map[string]func(*ICEServers){
		"newer version":     func(s *ICEServers) { s.Version = 2 },
		"many STUN servers": func(s *ICEServers) { s.STUN = make([]string, maxICEServers+1) },
		"many TURN servers": func(s *ICEServers) { s.TURN = make([]TURNServer, maxICEServers+1) },
		"long STUN address": func(s *ICEServers) { s.STUN[0] = long },
		"long TURN address": func(s *ICEServers) { s.TURN[1].URL = long },
		"long user name":    func(s *ICEServers) { s.TURN[1].Username = long },
		"long pin":          func(s *ICEServers) { s.TURN[1].Pin = long },
		"long credential":   func(s *ICEServers) { s.TURN[1].Credential = long },
		"long list": func(s *ICEServers) {
			for len(s.TURN) < maxICEServers {
				s.TURN = append(s.TURN, TURNServer{long[1:], long[1:], long[1:], ""})
			}
		},
	} {
		s := testICEServers()
		spoil(&s)
		payload, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseICEServers(payload); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, payload := range []string{"", "[]", "{", `{"stun":"x"}`, `{"expires":"soon"}`} {
		if _, err := parseICEServers([]byte(payload)); err == nil {
			t.Errorf("%q: accepted", payload)
		}
	}
}
