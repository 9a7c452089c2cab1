package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// An app that is out in the world tells what it does, without a line of code and whatever it does with its own log.
func TestLogFile(t *testing.T) {
	program := plain.compile(t, "logfile")
	file := filepath.Join(t.TempDir(), "a: log")
	say := func(value string, args ...string) (stderr string) {
		t.Helper()
		return shell.Run(t, shell.RunTimeout, []string{"THINGP2P_LOG=" + value}, program, args...)
	}
	saved := func() string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}

	wantLines(t, say("info"), "info device started", "error the device cannot be opened")
	wantLines(t, say("error"), "error the device cannot be opened")
	for _, value := range []string{"off", "", "loud", "debug:", "DEBUG", "5"} {
		wantLines(t, say(value))
	}

	// A file is made for its owner alone, and appended to.
	wantLines(t, say("info:"+file))
	wantLines(t, saved(), "info device started", "error the device cannot be opened")
	wantLines(t, say("error:"+file))
	wantLines(t, saved(), "info device started", "error the device cannot be opened", "error the device cannot be opened")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}

	// A file that cannot be written is no reason to be silent.
	out := say("error:" + filepath.Join(t.TempDir(), "no/such/directory"))
	first, rest, _ := strings.Cut(out, "\n")
	if !strings.HasPrefix(first, "libthingp2p: cannot write the log to ") {
		t.Errorf("printed %q", first)
	}
	wantLines(t, rest, "error the device cannot be opened")

	// The option comes before the variable. And nobody reads stderr.
	os.Remove(file)
	wantLines(t, say("info:"+file, "info"))
	if _, err := os.Stat(file); err == nil {
		t.Errorf("the option did not override the variable:\n%s", saved())
	}
	wantLines(t, say("off", "info:"+file))
	wantLines(t, saved(), "info device started", "error the device cannot be opened")
}

var logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+ (.*)$`)

// wantLines wants lines that begin so, after the time and the process's id.
func wantLines(t *testing.T, text string, want ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] == "" {
		lines = nil
	}
	if len(lines) != len(want) {
		t.Errorf("printed\n%s\nwant %q", text, want)
		return
	}
	for i, line := range lines {
		if m := logLine.FindStringSubmatch(line); m == nil || !strings.HasPrefix(m[1], want[i]) {
			t.Errorf("printed %q, want %q", line, want[i])
		}
	}
}
