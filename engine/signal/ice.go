package signal

import (
	"errors"
	"fmt"

	"github.com/thingp2p/libthingp2p/engine/plainjson"
)

// ICEServers are the STUN and TURN servers that a rendezvous server offers.
type ICEServers struct {
	Version int          `json:"v"`       // iceVersion
	Expires int64        `json:"expires"` // when the credentials end, Unix time in seconds
	STUN    []string     `json:"stun"`    // "host:port", UDP
	TURN    []TURNServer `json:"turn"`
	Unknown bool         `json:"unknown"` // TURN is empty because the server does not know this client
	Now     int64        `json:"now"`     // the server's clock, Unix time in milliseconds; 0: it does not say
}

// TURNServer is a relay and the credentials to use it, RFC 8656.
type TURNServer struct {
	URL        string `json:"url"` // RFC 7065: "turn:host:port?transport=udp"
	Username   string `json:"username"`
	Credential string `json:"credential"`
	Pin        string `json:"pin"` // of a server with a certificate of its own, see ident.Pin
}

const (
	iceVersion      = 1
	maxICEServers   = 16
	maxICETextBytes = 512
)

var errICEServers = errors.New("malformed list of ICE servers")

func parseICEServers(payload []byte) (ICEServers, error) {
	var s ICEServers
	if len(payload) > MaxMessageBytes {
		return s, fmt.Errorf("%w: over %d bytes", errICEServers, MaxMessageBytes)
	}
	if err := plainjson.Unmarshal(payload, &s); err != nil {
		return s, fmt.Errorf("%w: %w", errICEServers, err)
	}
	if s.Version != iceVersion {
		return s, fmt.Errorf("%w: version %d, this library knows version %d", errICEServers, s.Version, iceVersion)
	}
	if len(s.STUN) > maxICEServers || len(s.TURN) > maxICEServers {
		return s, fmt.Errorf("%w: too many", errICEServers)
	}
	texts := append([]string(nil), s.STUN...)
	for _, t := range s.TURN {
		texts = append(texts, t.URL, t.Username, t.Credential, t.Pin)
	}
	for _, text := range texts {
		if len(text) > maxICETextBytes {
			return s, fmt.Errorf("%w: a field is too long", errICEServers)
		}
	}
	return s, nil
}
