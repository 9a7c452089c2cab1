package engine

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/state"
)

const statementServer = "mqtts://server.test"

// statementApp is one that no server can be reached by.
func statementApp(t *testing.T) *App {
	t.Helper()
	a, err := NewApp(Config{UID: "user", DisableLAN: true, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// An app keeps what a device truly states about it, and nothing else.
func TestAppKeepsTrueStatements(t *testing.T) {
	device, other := testIdentity(1), testIdentity(2)
	for name, test := range map[string]struct {
		text func(app string) string
		want bool
	}{
		"the device's":         {func(app string) string { return ident.NewStatement(device.ID, app, time.Now(), device.Sign) }, true},
		"about another app":    {func(string) string { return ident.NewStatement(device.ID, other.ID, time.Now(), device.Sign) }, false},
		"another's":            {func(app string) string { return ident.NewStatement(other.ID, app, time.Now(), other.Sign) }, false},
		"another's signature":  {func(app string) string { return ident.NewStatement(device.ID, app, time.Now(), other.Sign) }, false},
		"nothing":              {func(string) string { return "" }, false},
		"of a kind to be made": {func(string) string { return "2.new" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := statementApp(t)
			to := &Target{deviceID: device.ID, server: "mqtt://127.0.0.1:1"}
			text := test.text(a.identity.ID)
			a.belongs(to, text)
			a.Close() // waits for what is in the background
			if got := a.state.Statements(to.server); len(got) != 0 != test.want || test.want && got[0] != text {
				t.Errorf("kept %q", got)
			}
		})
	}
}

// A server is shown what its own devices state, what has come last first.
func TestStatementsAreForTheDevicesServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := state.Open("", nil)
		if err != nil {
			t.Fatal(err)
		}
		app := testIdentity(99)
		keep := func(number byte, server string) (text string) {
			t.Helper()
			device := testIdentity(number)
			text = ident.NewStatement(device.ID, app.ID, time.Now(), device.Sign)
			if err := s.KeepStatement(device.ID, state.Statement{Server: server, Text: text, At: time.Now()}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			return text
		}
		want := func(when, server string, texts ...string) {
			t.Helper()
			if got := s.Statements(server); !slices.Equal(got, texts) {
				t.Errorf("%s: %q, want %q", when, got, texts)
			}
		}
		want("nothing", statementServer)
		one, two, elsewhere := keep(1, statementServer), keep(2, statementServer), keep(3, "mqtt://other.test")
		want("two devices", statementServer, two, one)
		want("another server", "mqtt://other.test", elsewhere)
		keep(1, statementServer)
		want("one anew, soon", statementServer, two, one)
		time.Sleep(state.StatementRenewal)
		one = keep(1, statementServer)
		want("one anew, later", statementServer, one, two)
		two = keep(2, "mqtt://other.test")
		want("two has moved", statementServer, one)
		want("two has moved", "mqtt://other.test", two, elsewhere)
	})
}

// What is kept is bounded, and what came first goes first.
func TestStatementsAreBounded(t *testing.T) {
	s, err := state.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_790_000_000, 0)
	for i := range state.MaxStatements + 10 {
		if err := s.KeepStatement(fmt.Sprint(i), state.Statement{Server: statementServer, Text: fmt.Sprint(i), At: at.Add(time.Duration(i) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	kept := s.Statements(statementServer)
	if len(kept) != state.MaxStatements || kept[0] != fmt.Sprint(state.MaxStatements+9) || kept[state.MaxStatements-1] != "10" {
		t.Errorf("%d are kept, from %s to %s", len(kept), kept[0], kept[len(kept)-1])
	}
}
