// Package signal carries offers, answers and candidates between an app and a
// device through a rendezvous server.
//
// A [Client] keeps one MQTT 3.1.1 connection to one server. The topics are
//
//	t2p/1/d/<device id>/rx  to the device: offers, candidates
//	t2p/1/a/<app id>/rx     to the app: answers, candidates, refusals
//	t2p/1/d/<device id>/st  retained: "on" while the device is connected, else "off"
//	t2p/1/ice               retained: STUN and TURN servers, with credentials
//
// Everything is sent at most once (QoS 0) in clean sessions: an offer is
// repeated by its sender until it is answered, so nothing needs to be queued.
package signal
