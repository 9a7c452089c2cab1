package tests

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/thingp2p/libthingp2p/capi/tests/codes"
	"github.com/thingp2p/libthingp2p/engine"
)

// Without a server.

func TestArguments(t *testing.T) { run(t, "arguments") }
func TestHandles(t *testing.T)   { run(t, "handles") }
func TestFork(t *testing.T)      { run(t, "fork") }
func TestLog(t *testing.T)       { run(t, "log") }

func TestOptions(t *testing.T) {
	run(t, "options", "THINGP2P_RELAY=perhaps", "THINGP2P_SERVER=mqtt://localhost")
}

// What the library says of its codes is what the engine's table has, in C's words.
func TestCodes(t *testing.T) {
	output := run(t, "codes")
	if !strings.Contains(output, "version\t"+engine.Version+"\n") {
		t.Errorf("the header's version is not the engine's, %s", engine.Version)
	}
	want := make(map[string]bool)
	for _, c := range codes.All() {
		want[fmt.Sprintf("code\t%d\tTHING_P2P_%s\t%s", c.Number, c.Name, c.Text)] = true
	}
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "code\t") && !want[line] {
			t.Errorf("not in the engine: %s", line)
		}
		delete(want, line)
	}
	for line := range want {
		t.Errorf("not in the library: %s", line)
	}
}

// With a server.

func TestConnect(t *testing.T)        { run(t, "connect", withServer(t)...) }
func TestBreakConnect(t *testing.T)   { run(t, "break_connect", withServer(t)...) }
func TestCodesOfConnect(t *testing.T) { run(t, "codes_of_connect", withServer(t)...) }
func TestChannels(t *testing.T)       { run(t, "channels", withServer(t)...) }
func TestFrames(t *testing.T)         { run(t, "frames", withServer(t)...) }
func TestPoller(t *testing.T)         { run(t, "poller", withServer(t)...) }
func TestManyWatched(t *testing.T)    { run(t, "many", withServer(t)...) }
func TestReport(t *testing.T)         { readReports(t, run(t, "report", withServer(t)...)) }
func TestReadSend(t *testing.T)       { run(t, "read_send", withServer(t)...) }
func TestDisconnect(t *testing.T)     { run(t, "disconnect", withServer(t)...) }
func TestConsent(t *testing.T)        { run(t, "consent", withServer(t)...) }
func TestCallbacks(t *testing.T)      { run(t, "callbacks", withServer(t)...) }
func TestDeinit(t *testing.T)         { run(t, "deinit", withServer(t)...) }
func TestStructs(t *testing.T)        { run(t, "structs", withServer(t)...) }
func TestDevice(t *testing.T)         { run(t, "device", withServer(t)...) }
func TestPairing(t *testing.T)        { run(t, "pairing", withServer(t)...) }
func TestSilence(t *testing.T)        { run(t, "silence", withServer(t)...) }
func TestNetwork(t *testing.T)        { run(t, "network", withServer(t)...) }
func TestNoNetlink(t *testing.T)      { run(t, "no_netlink", withServer(t)...) }
func TestServer(t *testing.T)         { run(t, "server", withServer(t)...) }
func TestRounds(t *testing.T)         { run(t, "rounds", withServer(t)...) }

// readReports parses the reports that a program has printed.
func readReports(t *testing.T, output string) {
	t.Helper()
	reports := 0
	for line := range strings.Lines(output) {
		text, isReport := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "report\t")
		if !isReport {
			continue
		}
		reports++
		var report struct {
			Version               int
			Trace                 string `json:"trace_id"`
			State, Cause, Summary string
			Result, Session, NAT  any
			Own                   []any `json:"own_candidates"`
			Peer                  []any `json:"peer_candidates"`
			Paths                 []any
		}
		if err := json.Unmarshal([]byte(text), &report); err != nil || !utf8.ValidString(text) {
			t.Errorf("%v in %s", err, text)
		}
		if report.Version != 1 || report.Trace == "" || report.State == "" || report.Cause == "" || !strings.HasSuffix(report.Summary, ".") || report.Paths == nil {
			t.Errorf("%+v", report)
		}
	}
	if reports < 5 {
		t.Errorf("%d reports", reports)
	}
}
