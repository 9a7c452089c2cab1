// Package frames carries live frames, such as those of a video, over QUIC streams.
//
// Bytes of a picture that is late are worth nothing, and so each frame has a stream of its
// own: a packet that gets lost holds up no other frame's bytes, and a frame whose time is up
// is reset, with whatever is still to be sent or repeated of it (RFC 9000, section 3.1).
//
//	Sender.Send ─► queue ─► write ─► a stream for each frame ─► Receiver.Take ─► queue ─► Receiver.Read
//
// Frames of a channel come out in their order. Each stream has an ordinal, and either brings
// a whole frame or is reset, for a reason that has the ordinal in it: so the receiver knows
// of each that it will not come, also if none of its bytes has.
//
// The package knows nothing of QUIC.
package frames

// Stream is one frame's, at its sender.
type Stream interface {
	Write(p []byte) (int, error)
	Close() error        // ends it behind what was written
	Reset(reason uint64) // ends it here: nothing more is sent, or sent again
	Left() bool          // whether all that was written has been sent once, or is never sent
	Delivered() bool     // whether the other end has all of it, as far as can be known
	Held() bool          // whether more is to be sent than the other end takes
}

// Most is the largest frame, in bytes.
const Most = 4 << 20
