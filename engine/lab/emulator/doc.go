// Package emulator is an internet in memory: ports with addresses, and between
// them links with delay, jitter, reordering, loss, a queue and a rate, which a
// recording may give.
//
// A packet passes two links, the sender's up link and the receiver's down link,
// and is routed by its destination address where they meet:
//
//	Send -> up link -> route, blocks -> down link -> deliver
//
// The package knows nothing of the operating system. Packets come in through
// Port.Send and go out through the function given to Attach; package lab puts a
// TUN device at each of the two ends. One goroutine and one timer move all
// packets, so the same code runs in fake time under testing/synctest.
package emulator
