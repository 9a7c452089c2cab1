package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// control is a message as it travels.
func control(t testing.TB, message any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writeControl(&b, message, maxVerdict); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHelloRoundTrip(t *testing.T) {
	for _, want := range []hello{
		{UID: "user", Trace: NewTraceID(), Proof: bytes.Repeat([]byte{1}, 32)},
		{UID: strings.Repeat("<", maxUIDLength), Trace: strings.Repeat("&", maxTraceLength), Proof: bytes.Repeat([]byte{1}, 32)},
		{UID: strings.Repeat("é", maxUIDLength/2), Trace: "t"},
	} {
		got, err := readHello(iotest.OneByteReader(bytes.NewReader(control(t, want))))
		if err != nil || got.UID != want.UID || got.Trace != want.Trace || !bytes.Equal(got.Proof, want.Proof) {
			t.Errorf("%+v arrives as %+v, %v", want, got, err)
		}
	}
}

func TestHelloChecksItsFields(t *testing.T) {
	for name, bad := range map[string]hello{
		"long uid":         {UID: strings.Repeat("u", maxUIDLength+1)},
		"long trace id":    {Trace: strings.Repeat("t", maxTraceLength+1)},
		"NUL in uid":       {UID: "us\x00er"},
		"line end in uid":  {UID: "user\n"},
		"escape in trace":  {Trace: "\x1b[2J"},
		"DEL in trace":     {Trace: "\x7f"},
		"line end in both": {UID: "\r", Trace: "\r"},
	} {
		if got, err := readHello(bytes.NewReader(control(t, bad))); !errors.Is(err, errControl) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestControlMessagesAreBounded(t *testing.T) {
	if err := writeHello(io.Discard, hello{UID: strings.Repeat("u", maxHello)}); !errors.Is(err, errControl) {
		t.Errorf("written: %v", err)
	}
	if err := writeVerdict(io.Discard, verdict{MLKEM: make([]byte, maxVerdict)}); !errors.Is(err, errControl) {
		t.Errorf("written: %v", err)
	}
	// No more than the length is read of a message that is too long.
	for most, read := range map[int]func(io.Reader) error{
		maxHello:   func(r io.Reader) error { _, err := readHello(r); return err },
		maxVerdict: func(r io.Reader) error { _, err := readVerdict(r); return err },
	} {
		r := bytes.NewReader(append(binary.BigEndian.AppendUint16(nil, uint16(most+1)), make([]byte, 2*most)...))
		if err := read(r); !errors.Is(err, errControl) || r.Len() != 2*most {
			t.Errorf("%v, %d bytes left", err, r.Len())
		}
	}
}

func TestControlMessageThatEndsEarlyIsAnError(t *testing.T) {
	whole := control(t, hello{UID: "user", Trace: "trace"})
	for n := range whole {
		if _, err := readHello(bytes.NewReader(whole[:n])); err == nil {
			t.Errorf("%d bytes of %d are enough", n, len(whole))
		}
	}
}

func TestNothingIsReadBehindAMessage(t *testing.T) {
	r := bytes.NewReader(append(control(t, verdict{Code: OK}), signalBye))
	if v, err := readVerdict(r); v.Code != OK || err != nil || r.Len() != 1 {
		t.Errorf("%+v, %v, %d bytes left", v, err, r.Len())
	}
}

func TestVerdictIsAKnownCode(t *testing.T) {
	for sent, want := range map[Code]Code{
		OK: OK, ErrAuth: ErrAuth, ErrDevicePrivacy: ErrDevicePrivacy, ErrDeviceBusy: ErrDeviceBusy,
		-999: ErrRemote, 1: ErrRemote, -1 << 31: ErrRemote,
	} {
		if got, err := readVerdict(bytes.NewReader(control(t, verdict{Code: sent}))); got.Code != want || err != nil {
			t.Errorf("%d arrives as %+v, %v", sent, got, err)
		}
	}
}

func FuzzHello(f *testing.F) {
	f.Add(control(f, hello{UID: "user", Trace: NewTraceID(), Proof: make([]byte, 32)}))
	f.Add([]byte{0, 2, '{', '}'})
	f.Add([]byte{0, 4, 'n', 'u', 'l', 'l'})
	f.Add([]byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, input []byte) {
		r := bytes.NewReader(input)
		h, err := readHello(r)
		if len(input)-r.Len() > 2+maxHello {
			t.Errorf("%d bytes read", len(input)-r.Len())
		}
		if err != nil {
			return
		}
		if len(h.UID) > maxUIDLength || len(h.Trace) > maxTraceLength || strings.ContainsAny(h.UID+h.Trace, "\x00\r\n\x1b\x7f") {
			t.Errorf("%+v", h)
		}
		if again, err := readHello(bytes.NewReader(control(t, h))); err != nil || again.UID != h.UID || again.Trace != h.Trace {
			t.Errorf("%+v becomes %+v, %v", h, again, err)
		}
	})
}

func FuzzVerdict(f *testing.F) {
	f.Add(control(f, verdict{Code: ErrAuth, Statement: "1.device.0.signature"}))
	f.Add([]byte{0, 4, 'n', 'u', 'l', 'l'})
	f.Add([]byte("\x00\x0b{\"code\":1e9}"))
	f.Fuzz(func(t *testing.T, input []byte) {
		v, err := readVerdict(bytes.NewReader(input))
		if v.Code > 0 || !v.Code.Known() || err != nil && v.Code == OK {
			t.Errorf("%+v, %v", v, err)
		}
		if err == nil && !json.Valid(input[2:2+binary.BigEndian.Uint16(input)]) {
			t.Errorf("%q is a verdict", input)
		}
	})
}
