package rendezvous

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"
)

// ICETopic is where the ICEDocument is retained.
const ICETopic = "t2p/1/ice"

// ICEDocument tells apps and devices which STUN and TURN servers to use. It is
// published, retained, on ICETopic: by the embedded broker to each client with
// credentials of its own, by an outside one to all with the same.
type ICEDocument struct {
	// V is the version of this format: 1. A reader ignores fields that it does
	// not know and documents of a version that it does not know.
	V int `json:"v"`
	// Expires is when the TURN credentials end, in Unix seconds. The document
	// is renewed well before.
	Expires int64 `json:"expires"`
	// STUN lists "host:port" of STUN servers (UDP).
	STUN []string `json:"stun"`
	// TURN lists relays in the order of preference: UDP, TCP, TLS.
	TURN []TURNServer `json:"turn"`
	// Unknown says that there are relays, and that they are not for the reader: it
	// is neither known here, nor has it shown that it belongs to a device that is.
	Unknown bool `json:"unknown,omitempty"`
	// Now is the server's clock, in Unix milliseconds, in documents that are made
	// for one reader. It makes its next logins by it, since the server, once it has
	// started anew, takes none that is older than that.
	Now int64 `json:"now,omitempty"`
}

// TURNServer is one address of a TURN server and what it takes to use it.
type TURNServer struct {
	// URL is as in RFC 7065: "turn:203.0.113.1:3478?transport=udp".
	URL string `json:"url"`
	// Username and Credential are those of [Credential].
	Username   string `json:"username"`
	Credential string `json:"credential"`
	// Pin, if there is one, names the key of a "turns:" server, whose
	// certificate no authority has issued: see ident.Pin.
	Pin string `json:"pin,omitempty"`
}

// iceServers are what the documents tell of; all TURN servers share secret.
type iceServers struct {
	stun   []string
	turn   []TURNServer // without credentials
	secret func() string
}

// shared returns the document for readers who cannot be told apart.
func (s iceServers) shared(expires time.Time) []byte {
	return s.document(sharedName, expires).encode()
}

// personal returns the document for one who is on an account, or on none: "".
func (s iceServers) personal(account string, now, expires time.Time) []byte {
	name := ""
	if account != "" {
		name = Pseudonym(s.secret(), account)
	}
	doc := s.document(name, expires)
	doc.Now = now.UnixMilli()
	return doc.encode()
}

// document returns the one with credentials for name, or for nobody: "".
func (s iceServers) document(name string, expires time.Time) ICEDocument {
	doc := ICEDocument{V: 1, Expires: expires.Unix(), STUN: s.stun, TURN: []TURNServer{}}
	if doc.STUN == nil {
		doc.STUN = []string{}
	}
	if name == "" {
		doc.Unknown = len(s.turn) > 0
		return doc
	}
	username, password := Credential(s.secret(), name, expires)
	for _, server := range s.turn {
		server.Username, server.Credential = username, password
		doc.TURN = append(doc.TURN, server)
	}
	return doc
}

func (doc ICEDocument) encode() []byte {
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return text
}

// turnURL is a parsed "turn:" or "turns:" URL.
type turnURL struct {
	hostPort string
	stun     bool // reachable by plain UDP, so it answers STUN too
}

// parseTURNURL reads a URL of RFC 7065, port included.
func parseTURNURL(url string) (turnURL, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	address, query, _ := strings.Cut(rest, "?")
	host, port, err := net.SplitHostPort(address)
	good := err == nil && host != "" && port != "" && strings.Trim(port, "0123456789") == ""
	switch {
	case !good:
	case scheme == "turn" && (query == "" || query == "transport=udp"):
		return turnURL{address, true}, nil
	case scheme == "turn" && query == "transport=tcp":
		return turnURL{address, false}, nil
	case scheme == "turns" && (query == "" || query == "transport=tcp"):
		return turnURL{address, false}, nil
	}
	return turnURL{}, fmt.Errorf("%q is not a TURN URL: write it like turn:192.0.2.1:3478?transport=udp or turns:turn.example.org:5349", url)
}
