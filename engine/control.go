package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The control stream is the first that the app opens. On it
//
//	app to device   hello: who I am, and perhaps the proof of a ticket
//	device to app   verdict: 0, or a negative code and the end
//	either way      signals of one byte, while the session lives
//
// The end of the stream says that no other channel will be opened.
//
// hello and verdict are JSON behind a length of two bytes, big-endian.
type hello struct {
	UID   string `json:"uid"`
	Trace string `json:"trace"`
	Proof []byte `json:"proof,omitempty"` // see proveSecret
}

type verdict struct {
	Code Code `json:"code"`
}

// Signals.
const (
	signalBye  = 'b' // no more is to come from here: read what is there, then close
	signalPing = 'p' // asks for an acknowledgement, nothing else
	signalDone = 'd' // app to device: the path is good, look for no other

	// signalOpen and the number of a channel: the next stream that I open carries
	// what I send on it.
	signalOpen = '0'
)

const (
	maxControlMessage = 1 << 10
	maxUIDLength      = 80 // THING_P2P_ID_SIZE without its NUL
	maxTraceLength    = 39 // THING_P2P_TRACE_ID_SIZE without its NUL
)

var errControl = errors.New("malformed control message")

func writeControl(w io.Writer, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(text) > maxControlMessage {
		return fmt.Errorf("%w: over %d bytes", errControl, maxControlMessage)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...))
	return err
}

func readControl(r io.Reader, message any) error {
	var prefix [2]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint16(prefix[:])
	if size > maxControlMessage {
		return fmt.Errorf("%w: over %d bytes", errControl, maxControlMessage)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, message); err != nil {
		return fmt.Errorf("%w: %w", errControl, err)
	}
	return nil
}

func readHello(r io.Reader) (hello, error) {
	var h hello
	if err := readControl(r, &h); err != nil {
		return h, err
	}
	if len(h.UID) > maxUIDLength || len(h.Trace) > maxTraceLength || !isText(h.UID) || !isVisible(h.Trace) {
		return h, fmt.Errorf("%w: uid or trace id", errControl)
	}
	return h, nil
}

func readVerdict(r io.Reader) (Code, error) {
	var v verdict
	if err := readControl(r, &v); err != nil {
		return ErrRemote, err
	}
	if v.Code > 0 || !v.Code.Known() {
		return ErrRemote, nil // what a newer device may say
	}
	return v.Code, nil
}
