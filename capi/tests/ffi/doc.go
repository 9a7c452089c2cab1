// Package ffi holds programs in other languages that load libthingp2p and go through its main scenario: connect,
// command, stream, close. Their device is programs/peer.c; `go test` compiles and runs them all against a server of its own.
package ffi
