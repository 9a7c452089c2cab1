package rendezvous

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

func TestAdmitListed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known")
	other := newPerson(ident.Device, "other")
	at := time.Now().Add(-time.Hour) // each write is at another time
	write := func(text string) {
		t.Helper()
		at = at.Add(time.Second)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("# the fleet\n\n " + strings.ToUpper(theDevice.id) + "\tthe door\r\n" + theApp.id + "\n#" + other.id)
	log := new(bytes.Buffer)
	admit, err := AdmitListed(file, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	stranger := newPerson(ident.App, "stranger").id
	want := func(when string, want map[string]Applicant) {
		t.Helper()
		for account, who := range want {
			account, _, _ = strings.Cut(account, " ")
			if got, err := admit.Admit(t.Context(), who); got != account || err != nil {
				t.Errorf("%s: %v is on account %q, want %q; %v", when, who, got, account, err)
			}
		}
	}
	first := map[string]Applicant{
		theDevice.id:            {ident.Device, theDevice.id, nil},
		theDevice.id + " (app)": {ident.App, stranger, []string{other.id, theDevice.id}},
		theApp.id:               {ident.App, theApp.id, []string{theDevice.id}},
		"":                      {ident.App, stranger, nil},
		" (other)":              {ident.Device, other.id, nil},
		" (its app)":            {ident.App, stranger, []string{other.id}},
	}
	want("at first", first)
	for what, spoil := range map[string]func(){
		"it is damaged": func() { write(other.id + "\n" + theDevice.id[:20]) },
		"it is gone":    func() { os.Remove(file) },
		"it is cut off": func() { write("") },
	} {
		log.Reset()
		spoil()
		want("while "+what, first)
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%s: the log says so %d times: %s", what, n, log)
		}
		write("# the fleet\n\n " + strings.ToUpper(theDevice.id) + "\tthe door\r\n" + theApp.id + "\n#" + other.id)
		want("when it is there again", first)
	}
	write(other.id)
	want("changed", map[string]Applicant{
		"":                  {ident.Device, theDevice.id, nil},
		" (app)":            {ident.App, theApp.id, []string{theDevice.id}},
		other.id:            {ident.Device, other.id, nil},
		other.id + " (app)": {ident.App, stranger, []string{other.id}},
	})
	write("# nobody")
	want("empty", map[string]Applicant{"": {ident.Device, other.id, nil}})
}

func TestAListMustBeThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known")
	if _, err := AdmitListed(file, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "give -admit") {
		t.Error(err)
	}
	os.WriteFile(file, []byte("# none yet\nthe door: "+theDevice.id), 0o600)
	if _, err := AdmitListed(file, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), `line 2: "the"`) {
		t.Error(err)
	}
}

func FuzzParseList(f *testing.F) {
	f.Add("# some\n" + theDevice.id + " door\r\n\n")
	f.Add(strings.ToUpper(theApp.id))
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := parseList(text)
		if err != nil {
			return
		}
		for id := range ids {
			if !ident.Valid(id) || !strings.Contains(strings.ToLower(text), id) {
				t.Errorf("%q", id)
			}
		}
	})
}
