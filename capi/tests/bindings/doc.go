// Package bindings tests libthingp2p as its users see it: one scenario in C, C++, Objective-C, Java, JavaScript, Python, Rust,
// Rust with tokio and Go, each through the library's face in that language. The device of all is programs/peer.c, the
// server one of its own.
//
// The scenario: a bad id and a broken connect; connect, echo, a read that times out; 64 MB each way, compared by hash;
// the device closes; the session is closed and used once more. Where a language can be a device too, it is one next.
package bindings
