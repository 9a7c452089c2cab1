// Package formats is a second implementation of the wire formats, in Python, which shares no code with the first: engine/README.md
// describes both. The tests of the packages that have a format ask it: about test vectors, and about whatever a fuzzer makes.
package formats

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"
)

// Fields are named values, as JSON has them. Bytes are in hex: see Hex.
type Fields map[string]any

// Hex is how bytes travel.
func Hex[T ~[]byte | ~string](b T) string { return hex.EncodeToString([]byte(b)) }

// peer is a Python process that answers until this process ends.
type peer struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

var start = sync.OnceValues(func() (*peer, error) {
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(python(), "-B", filepath.Join(filepath.Dir(file), "peer.py"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &peer{in: in, out: bufio.NewReader(out)}, cmd.Start()
})

// python is Debian's, for which Debian has the package cryptography.
func python() string {
	const debian = "/usr/bin/python3"
	if _, err := os.Stat(debian); err == nil {
		return debian
	}
	return "python3"
}

// need skips a test where Python lacks what it needs, or fails it where everything has to be there.
func need(t testing.TB) *peer {
	t.Helper()
	err := usable()
	if err == nil {
		var p *peer
		if p, err = start(); err == nil {
			return p
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: python3-cryptography: %v", err)
	}
	t.Skipf("missing: python3-cryptography: %v", err)
	return nil
}

var usable = sync.OnceValue(func() error { return exec.Command(python(), "-c", "import cryptography").Run() })

// Ask makes the second implementation do something; ok is false if it refuses.
func Ask(t testing.TB, do string, with Fields) (reads Fields, ok bool) {
	t.Helper()
	p := need(t)
	question, err := json.Marshal(Fields{"do": do, "with": with})
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.in.Write(append(question, '\n')); err != nil {
		t.Fatalf("Python: %v", err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("Python: %v", err)
	}
	var answer struct {
		Reads   Fields
		Refused bool
		Crash   string
	}
	if err := json.Unmarshal(line, &answer); err != nil || answer.Crash != "" {
		t.Fatalf("%s of %v: %v\n%s", do, with, err, answer.Crash)
	}
	return answer.Reads, !answer.Refused
}

// Agree fails a test unless the second implementation reads the same as the first; nil: it refuses.
func Agree(t testing.TB, do string, with, first Fields) {
	t.Helper()
	second, ok := Ask(t, do, with)
	if ok != (first != nil) || ok && !same(first, second) {
		t.Errorf("%s of %v\nin Go:     %v\nin Python: %v", do, with, first, second)
	}
}

func same(a, b Fields) bool { return reflect.DeepEqual(plain(a), plain(b)) }

// plain is a value after a way through JSON.
func plain(v any) (p any) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		panic(err)
	}
	return p
}
