package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/plainjson"
)

// The control stream is the first that the app opens. On it
//
//	app to device   hello: who I am, and perhaps the proof of a ticket
//	device to app   verdict: 0, and the key that the app asked for, and perhaps a
//	                statement for servers, or a negative code and the end
//	either way      signals of one byte, while the session lives
//
// A stream of its own carries what one side sends on a channel. Its first byte is
// the channel's number.
//
// An app that has a right to connect may ask for nothing yet: it puts parkMark before its
// first hello, and is told 0 if the device keeps the connection for it. When the app
// then sends another hello, all goes on as above. To devices that do not know this, the
// mark is the length of a hello that is too long: they close the connection.
//
// hello and verdict are JSON behind a length of two bytes, big-endian.
type hello struct {
	UID   string          `json:"uid"`
	Trace string          `json:"trace"`
	Proof plainjson.Bytes `json:"proof,omitempty"` // see proveSecret
	MLKEM bool            `json:"mlkem,omitempty"` // whether it wants to know the device's ML-KEM key
}

type verdict struct {
	Code      Code            `json:"code"`
	MLKEM     plainjson.Bytes `json:"mlkem,omitempty"`     // see ident.MLKEMKey
	Statement string          `json:"statement,omitempty"` // that the app belongs to the device, see ident.Statement
}

var parkMark = []byte{0xff, 0xff}

// Signals.
const (
	signalBye  = 'b' // no more is to come from here: read what is there, then close
	signalPing = 'p' // asks for an acknowledgement, nothing else
	signalDone = 'd' // app to device: the path is good, look for no other

	// signalOpened and a number: so many streams for channels have I opened, and no
	// other will come. Some may still be on their way.
	signalOpened = '0'

	// signalCredit and a channel: it may have more streams for frames, see frames.Credit.
	signalCredit = 'A'
)

// ping makes the peer acknowledge something.
func ping(control io.Writer) { control.Write([]byte{signalPing}) }

// settle tells the device that no other path is looked for.
func settle(control io.Writer) { control.Write([]byte{signalDone}) }

const (
	maxHello       = 1 << 10 // of an app that nobody knows yet
	maxVerdict     = 4 << 10
	maxUIDLength   = 80 // THING_P2P_ID_SIZE without its NUL
	maxTraceLength = 39 // THING_P2P_TRACE_ID_SIZE without its NUL
)

var errControl = errors.New("malformed control message")

func writeControl(w io.Writer, message any, most int) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(text) > most {
		return fmt.Errorf("%w: over %d bytes", errControl, most)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...))
	return err
}

func readControl(r io.Reader, message any, most int) error {
	var prefix [2]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint16(prefix[:]))
	if size > most {
		return fmt.Errorf("%w: over %d bytes", errControl, most)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	if err := plainjson.Unmarshal(text, message); err != nil {
		return fmt.Errorf("%w: %w", errControl, err)
	}
	return nil
}

func writeHello(w io.Writer, h hello) error { return writeControl(w, h, maxHello) }

func writeVerdict(w io.Writer, v verdict) error { return writeControl(w, v, maxVerdict) }

// readFirstHello reads a hello that may have parkMark before it.
func readFirstHello(r io.Reader) (h hello, parks bool, err error) {
	var first [2]byte
	if _, err := io.ReadFull(r, first[:]); err != nil {
		return h, false, err
	}
	if parks = bytes.Equal(first[:], parkMark); !parks {
		r = io.MultiReader(bytes.NewReader(first[:]), r)
	}
	h, err = readHello(r)
	return h, parks, err
}

func readHello(r io.Reader) (hello, error) {
	var h hello
	if err := readControl(r, &h, maxHello); err != nil {
		return h, err
	}
	if len(h.UID) > maxUIDLength || len(h.Trace) > maxTraceLength || !names.IsText(h.UID) || !names.IsVisible(h.Trace) {
		return h, fmt.Errorf("%w: uid or trace id", errControl)
	}
	return h, nil
}

func readVerdict(r io.Reader) (verdict, error) {
	var v verdict
	if err := readControl(r, &v, maxVerdict); err != nil {
		return verdict{Code: ErrRemote}, err
	}
	if v.Code > 0 || !v.Code.Known() {
		v.Code = ErrRemote // what a newer device may say
	}
	return v, nil
}
