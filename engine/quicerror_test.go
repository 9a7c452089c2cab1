package engine

import (
	"errors"
	"io"
	"testing"

	"github.com/quic-go/quic-go"
)

// What ended a connection before there was a verdict: that time was up is none, and the path is tried again.
func TestWhyThereIsNoVerdict(t *testing.T) {
	for want, causes := range map[Code][]error{
		ErrTimeout: {
			&quic.IdleTimeoutError{}, &quic.HandshakeTimeoutError{},
			&quic.ApplicationError{Remote: true, ErrorCode: heardNothing},         // it took longer to say hello than the device waits
			&quic.TransportError{Remote: true, ErrorCode: quic.ConnectionRefused}, // it had just given this relay back
			&quic.StatelessResetError{},                                           // it has started anew
		},
		ErrHandshake: {&quic.TransportError{ErrorCode: 0x100 + 42}},
		ErrRemote: {
			&quic.ApplicationError{Remote: true}, &quic.ApplicationError{ErrorCode: heardNothing}, io.EOF, errControl,
		},
	} {
		for _, cause := range causes {
			if got := CodeOf(new(quicConn).greetError(errors.Join(errors.New("read"), cause))); got != want {
				t.Errorf("%T %v: %v, want %v", cause, cause, got, want)
			}
		}
	}
}
