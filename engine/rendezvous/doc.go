// Package rendezvous is the server that apps and devices meet at: an MQTT
// broker that carries their offers and answers, a STUN server that tells them
// their public address, and a TURN server that relays for those that cannot
// reach each other.
//
//	app ──┐                 ┌── device
//	      │  t2p/1/…        │
//	    ┌─▼─────────────────▼─┐
//	    │ Broker  (MQTT)      │◄── publisher: t2p/1/ice, renewed at half life
//	    ├─────────────────────┤
//	    │ TURN    (and STUN)  │◄── checks the credentials that it published
//	    └─────────────────────┘
//
// [Start] runs all of it from one [Config]. [NewBroker] and [NewTURN] are the
// two halves for who needs one alone, also on a virtual network in fake time:
// neither needs a socket of the operating system.
//
// # The door
//
// Services that are configured with the same TCP address share it: what a client says
// first tells which one it has come for (entrance.go).
//
// A connection waits at the door until it has proven who it is: over MQTT by an
// ident.Login, over TURN by a credential, which the broker gives to each client
// that is admitted (admission.go), under a pseudonym. While it waits it gives way to
// newer ones. Inside, a client may do what belongs to its id (broker_topics.go) at a
// bounded rate (broker_pace.go), and its relays have a quota (turn_quota.go).
//
// The server is trusted with little: it learns who talks to whom, and can
// refuse; what the two say to each other is sealed end to end.
//
// # Growing
//
// With Config.Broker the embedded broker gives way to an outside one, and with
// Config.TURNURLs other TURN servers that share the secret (coturn's
// use-auth-secret) are published too. Apps and devices notice neither.
package rendezvous

// Version is the version of the server. It is also the library's.
const Version = "0.1.0"
