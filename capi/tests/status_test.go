package tests

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// An operator's browser shows what the server is doing, and whom it has refused.
func TestStatusPage(t *testing.T) {
	browser := shell.Tool(t, "chromium-headless-shell", "chromium")
	program, err := serverProgram()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program, "-mqtt", "127.0.0.1:0", "-turn", "127.0.0.1:0", "-public-ip", "127.0.0.1", "-admin", "127.0.0.1:0")
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		server.Process.Signal(syscall.SIGTERM)
		server.Wait()
	}()
	var page, mqtt string
	for lines := bufio.NewScanner(log); page == "" && lines.Scan(); {
		if url := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(lines.Text()); url != nil && strings.HasPrefix(url[1], "http:") {
			page = url[1]
		} else if url != nil {
			mqtt = strings.TrimPrefix(url[1], "mqtt://")
		}
	}
	go io.Copy(io.Discard, log)

	for range 3 {
		c, err := net.Dial("tcp", mqtt)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(await.Deadline())
		// A CONNECT of MQTT 3.1.1: clean session, user and password, 60 s; client "c", user "u", password "p".
		io.WriteString(c, "\x10\x13\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01c\x00\x01u\x00\x01p")
		io.ReadAll(c)
		c.Close()
	}

	dom := shell.Run(t, shell.RunTimeout, nil, browser, "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(t.TempDir(), "profile"),
		"--virtual-time-budget=3000", "--dump-dom", page)
	for _, want := range []string{
		`<p id="state" role="status" class="">ready, up since `,
		`<tr><th>login: login that is none</th><td>3</td>`,
		`<tr><th>devices that are logged in</th><td>0</td>`,
		`<tr><th>relays in use</th><td>0</td>`,
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if t.Failed() {
		t.Log(dom)
	}
}
