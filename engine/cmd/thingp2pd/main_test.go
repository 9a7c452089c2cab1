package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// isCommand is in the environment of a test that shall be the command: it has the same
// clock then, whatever the date of the test is.
const isCommand = "THINGP2PD_TEST_IS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(isCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command is the program with arguments. It is killed when the test has lasted too long.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	file, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(await.Context(t, nil), file, args...)
	cmd.Env = append(os.Environ(), isCommand+"=1")
	return cmd
}

// daemon is a running thingp2pd.
type daemon struct {
	t      *testing.T
	cmd    *exec.Cmd
	line   string // what it printed
	stdout *bufio.Reader
	stderr output
}

// output is what a program writes. It may be read while it grows.
type output struct {
	mu   sync.Mutex
	text strings.Builder
	grew chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.grew != nil {
		close(o.grew)
		o.grew = nil
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// want waits for a text so many times.
func (o *output) want(t *testing.T, text string, times int) {
	t.Helper()
	for {
		o.mu.Lock()
		found := strings.Count(o.text.String(), text) >= times
		if o.grew == nil {
			o.grew = make(chan struct{})
		}
		grew := o.grew
		o.mu.Unlock()
		if found {
			return
		}
		select {
		case <-grew:
		case <-await.Context(t, nil).Done():
			t.Fatalf("%q did not come %d times in\n%s", text, times, o)
		}
	}
}

func start(t *testing.T, args ...string) *daemon {
	t.Helper()
	d := &daemon{t: t, cmd: command(t, args...)}
	d.cmd.Stderr = &d.stderr
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.stdout = bufio.NewReader(stdout)
	d.line, _ = d.stdout.ReadString('\n')
	return d
}

// stop ends it with a signal and returns its exit code.
func (d *daemon) stop(signal os.Signal) int {
	d.t.Helper()
	d.cmd.Process.Signal(signal)
	if rest, _ := io.ReadAll(d.stdout); len(rest) > 0 {
		d.t.Errorf("more on standard output: %q", rest)
	}
	d.cmd.Wait()
	return d.cmd.ProcessState.ExitCode()
}

func TestCommand(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	args := []string{"-mqtt", "127.0.0.1:0", "-turn", "127.0.0.1:0", "-secret", secret}
	ready := regexp.MustCompile(`^thingp2pd ready: server=mqtt://(127\.0\.0\.1:[1-9][0-9]*)\n$`)

	var first []byte
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		d := start(t, args...)
		match := ready.FindStringSubmatch(d.line)
		if match == nil {
			t.Fatalf("printed %q\n%s", d.line, &d.stderr)
		}
		idle, err := net.Dial("tcp", match[1]) // must not keep it from stopping
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		if code := d.stop(signal); code != 0 {
			t.Errorf("exit code %d after %v\n%s", code, signal, &d.stderr)
		}

		text, err := os.ReadFile(secret)
		info, _ := os.Stat(secret)
		if err != nil || info.Mode() != 0o600 {
			t.Fatalf("secret: %v %v", err, info.Mode())
		}
		if first == nil {
			first = text
		}
		if !bytes.Equal(text, first) {
			t.Error("the second start made another secret")
		}
	}
}

// TestOwnCertificate: its pin stays the same, since devices and tickets hold it.
func TestOwnCertificate(t *testing.T) {
	ready := regexp.MustCompile(`^thingp2pd ready: server=mqtts://127\.0\.0\.1:[1-9][0-9]*\?(pin=[A-Za-z0-9_-]{43})\n$`)
	own, first := filepath.Join(t.TempDir(), "own.pem"), ""
	for range 2 {
		d := start(t, "-mqtt", "", "-mqtts", "127.0.0.1:0", "-turn", "", "-turns", "127.0.0.1:0", "-self-signed", own)
		match := ready.FindStringSubmatch(d.line)
		if match == nil {
			t.Fatalf("printed %q\n%s", d.line, &d.stderr)
		}
		if first == "" {
			first = match[1]
		}
		if match[1] != first {
			t.Errorf("%s became %s", first, match[1])
		}
		d.stop(syscall.SIGTERM)
	}
}

func TestWhoIsAdmitted(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	list := filepath.Join(filepath.Dir(secret), "known")
	if err := os.WriteFile(list, []byte("# nobody yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, admit := range []string{"open", "known", list, "http://127.0.0.1:1/admit"} {
		d := start(t, "-mqtt", "127.0.0.1:0", "-turn", "127.0.0.1:0", "-secret", secret, "-admit", admit)
		if !strings.HasPrefix(d.line, "thingp2pd ready: ") {
			t.Errorf("-admit %s: printed %q\n%s", admit, d.line, &d.stderr)
		}
		d.stop(syscall.SIGTERM)
	}
}

func TestCommandErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-version"}, 0, "thingp2pd " + rendezvous.Version + "\n"},
		{[]string{"-help"}, 0, "-public-ip"},
		{[]string{"-nonsense"}, 2, "-nonsense"},
		{[]string{"extra"}, 2, `there is no command "extra"`},
		{[]string{"-v", "extra"}, 2, `"extra" is not a flag`},
		{[]string{"publish"}, 2, "publish needs -broker"},
		{[]string{"publish", "-broker", "mqtt://127.0.0.1:1", "-turn", ""}, 1, "check -broker"},
		{[]string{"-relay-ports", "9-1"}, 2, "lower port first"},
		{[]string{"-public-ip", "here"}, 2, "-public-ip"},
		{[]string{"-check", "-mqtt", taken.Addr().String()}, 0, "ok\n"},
		{[]string{"-check", "-cert", "none", "-key", "none", "-admit", "/no/such/list", "-ttl", "1s"}, 1, "the certificate cannot be used"},
		{[]string{"-check", "-cert", "none", "-key", "none", "-admit", "/no/such/list", "-ttl", "1s"}, 1, "give -admit a file"},
		{[]string{"-check", "-cert", "none", "-key", "none", "-admit", "/no/such/list", "-ttl", "1s"}, 1, "give -ttl a minute"},
		{[]string{"-check", "-secret", filepath.Join(t.TempDir(), "secret")}, 0, "ok\n"},
		{[]string{"-config", "/no/such/file"}, 2, "no such file"},
		{[]string{"-log-format", "xml"}, 2, "text or json"},
		{[]string{"-cert", "x"}, 2, "need each other"},
		{[]string{"-cert", "x", "-log-format", "xml", "more"}, 2, "need each other"},
		{[]string{"-cert", "x", "-log-format", "xml", "more"}, 2, "text or json"},
		{[]string{"-cert", "x", "-log-format", "xml", "more"}, 2, `"more" is not a flag`},
		{[]string{"-cert", "x", "-key", "x", "-self-signed", "x"}, 2, "one or the other"},
		{[]string{"-self-signed", "/no/such/directory/own.pem"}, 1, "give -self-signed"},
		{[]string{"-mqtt", taken.Addr().String()}, 1, "choose another address"},
		{[]string{"-mqtts", ":0", "-mqtt", "", "-turn", ""}, 1, "-cert and -key"},
		{[]string{"-cert", "no such file", "-key", "x"}, 1, "no such file"},
		{[]string{"-secret", "/no/such/directory/secret"}, 1, "give -secret"},
		{[]string{"-admit", "known"}, 2, "beside the one of -secret"},
		{[]string{"-admit", "known", "-secret", filepath.Join(t.TempDir(), "secret")}, 1, "give -admit a file"},
		{[]string{"-admit", "/no/such/list"}, 1, "give -admit a file"},
		{[]string{"-admit", ""}, 1, "give -admit a file"},
		{[]string{"-admit", "http://"}, 1, "write it like https"},
		{[]string{"-admit", "https://example.org", "-broker", "mqtt://127.0.0.1:1"}, 1, "leave out -broker"},
		{[]string{"-refuse-others"}, 1, "give -admit"},
		{[]string{"-broker", "mqtt://127.0.0.1:1", "-turn", ""}, 1, "check -broker"},
		{[]string{"-broker", "mqtt://127.0.0.1:1", "-mqtt", ":0"}, 1, "leave out -mqtt"},
	} {
		cmd := command(t, test.args...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(string(out), test.says) {
			t.Errorf("%q: code %d, want %d, and %q in\n%s", test.args, code, test.code, test.says, out)
		}
	}
}

func TestAuthCommand(t *testing.T) {
	seed := filepath.Join(t.TempDir(), "seed")
	os.WriteFile(seed, []byte("no seed"), 0o600)
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-help"}, 0, "-nats-issuer"},
		{nil, 2, "give -name"},
		{nil, 2, "give -http or -nats"},
		{[]string{"-name", "a", "-http", ":0", "more"}, 2, `"more" is not a flag`},
		{[]string{"-name", "a", "-nats", "nats://127.0.0.1:1"}, 2, "need each other"},
		{[]string{"-name", "a", "-http", ":0", "-log-format", "xml"}, 2, "text or json"},
		{[]string{"-name", "a", "-http", "256.0.0.1:0"}, 1, "give -http another"},
		{[]string{"-name", "a", "-http", ":0", "-publisher", "/no/such/file"}, 1, "give -publisher a file"},
		{[]string{"-name", "a", "-nats", "nats://127.0.0.1:1", "-nats-issuer", "/no/such/file"}, 1, "the seed of an account key"},
		{[]string{"-name", "a", "-nats", "nats://127.0.0.1:1", "-nats-issuer", seed}, 1, "begins with SA"},
	} {
		cmd := command(t, append([]string{"auth"}, test.args...)...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(string(out), test.says) {
			t.Errorf("%q: code %d, want %d, and %q in\n%s", test.args, code, test.code, test.says, out)
		}
	}
}

// SIGHUP, by which other services read their configuration again, does not end it.
func TestAuthStaysAfterHangup(t *testing.T) {
	d := start(t, "auth", "-name", "a", "-http", "127.0.0.1:0")
	if !strings.HasPrefix(d.line, "thingp2pd auth ready: http=127.0.0.1:") {
		t.Fatalf("printed %q\n%s", d.line, &d.stderr)
	}
	d.cmd.Process.Signal(syscall.SIGHUP)
	d.stderr.want(t, "restart it to change", 1)
	if code := d.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d\n%s", code, &d.stderr)
	}
}
