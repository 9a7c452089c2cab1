package rendezvous

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// operator is an operator's service.
type operator struct {
	*httptest.Server
	asked  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

func startOperator(t *testing.T, answer http.HandlerFunc) (*operator, *service) {
	t.Helper()
	o := &operator{}
	o.answer.Store(&answer)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		(*o.answer.Load())(w, r)
	}))
	t.Cleanup(o.Close)
	admit, err := AdmitByService(strings.Replace(o.URL, "://", "://rendezvous:xyzzy@", 1) + "/admit?site=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admit.(*service).client.CloseIdleConnections)
	return o, admit.(*service)
}

func says(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

func TestAdmitByService(t *testing.T) {
	got := make(chan string, 1)
	_, admit := startOperator(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		got <- fmt.Sprint(r.Method, " ", r.URL, " ", user, " ", password, " ", r.Header.Get("Content-Type"), " ", string(body))
		io.WriteString(w, `{"admit":true,"account":"customer 7","new":1}`)
	})
	for _, test := range []struct {
		who  Applicant
		want string
	}{
		{Applicant{ident.App, theApp.id, []string{theDevice.id}}, fmt.Sprintf(`{"v":1,"role":"app","id":"%s","devices":["%s"]}`, theApp.id, theDevice.id)},
		{Applicant{ident.Device, theDevice.id, nil}, fmt.Sprintf(`{"v":1,"role":"device","id":"%s","devices":[]}`, theDevice.id)},
	} {
		account, err := admit.Admit(t.Context(), test.who)
		if account != "customer 7" || err != nil {
			t.Errorf("%q, %v", account, err)
		}
		if want, got := "POST /admit?site=1 rendezvous xyzzy application/json "+test.want, <-got; got != want {
			t.Errorf("it is asked\n%s, want\n%s", got, want)
		}
	}
}

func TestAnswersOfTheService(t *testing.T) {
	who := Applicant{ident.App, theApp.id, nil}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
		fails  bool
	}{
		"yes":            {says(200, `{"admit":true}`), theApp.id, false},
		"no":             {says(200, `{"admit":false,"account":"x"}`), "", false},
		"nothing":        {says(200, ``), "", true},
		"neither":        {says(200, `{}`), "", true},
		"null":           {says(200, `null`), "", true},
		"a word":         {says(200, `{"admit":"true"}`), "", true},
		"a long account": {says(200, `{"admit":true,"account":"`+strings.Repeat("x", maxAccountLength+1)+`"}`), "", true},
		"endless":        {says(200, `{"admit":true,"x":"`+strings.Repeat("x", 1<<20)+`"}`), "", true},
		"not found":      {says(404, `{"admit":true}`), "", true},
		"created":        {says(201, `{"admit":true}`), "", true},
		"an error":       {says(500, `{"admit":true}`), "", true},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, "", true},
		"hanging up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, admit := startOperator(t, test.answer)
			account, err := admit.Admit(t.Context(), who)
			if account != test.want || (err != nil) != test.fails || err != nil && strings.Contains(err.Error(), "xyzzy") {
				t.Errorf("%q, %v", account, err)
			}
		})
	}
}

// A service that does not answer is waited for as long as whoever asks has time.
func TestAServiceThatDoesNotAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, admit := startOperator(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	if account, err := admit.Admit(ctx, Applicant{ident.App, theApp.id, nil}); account != "" || err == nil {
		t.Errorf("%q, %v", account, err)
	}
}

// The service is asked once about the same client, for a while, unless it failed.
func TestAnswersOfTheServiceAreKept(t *testing.T) {
	o, admit := startOperator(t, says(500, ""))
	app := Applicant{ident.App, theApp.id, nil}
	ask := func(who Applicant, asked int64) {
		t.Helper()
		admit.Admit(t.Context(), who)
		if n := o.asked.Load(); n != asked {
			t.Errorf("it was asked %d times, want %d", n, asked)
		}
	}
	ask(app, 1)
	ask(app, 2)
	for i, answer := range []string{`{"admit":true}`, `{"admit":false}`} {
		says := says(200, answer)
		o.answer.Store(&says)
		who := app
		who.Devices = []string{fmt.Sprint(i)}
		ask(who, int64(3+2*i))
		ask(who, int64(3+2*i))
		who.Role = ident.Device
		ask(who, int64(4+2*i))
	}

	now := time.Now()
	s := &service{}
	s.remember("a", verdict{"x", now})
	for after, known := range map[time.Duration]bool{0: true, serviceMemory - 1: true, serviceMemory: false} {
		if _, got := s.recall("a", now.Add(after)); got != known {
			t.Errorf("after %v: %v", after, got)
		}
	}
	for i := range 3 * maxVerdicts {
		s.remember(fmt.Sprint(i), verdict{"x", now})
	}
	if n := len(s.newer) + len(s.older); n > 2*maxVerdicts {
		t.Errorf("%d answers are kept", n)
	}
}

func TestURLOfTheService(t *testing.T) {
	for _, address := range []string{"", "example.org", "ftp://example.org", "https://", "http://u:xyzzy@example.org:bad"} {
		if _, err := AdmitByService(address); err == nil || strings.Contains(err.Error(), "xyzzy") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"admit":true,"account":"x"}`))
	f.Add([]byte(`{"admit":false}`))
	f.Add([]byte(`{"admit":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		account, err := parseAnswer(text, "the client")
		var answer map[string]any
		if account != "" && (err != nil || len(account) > maxAccountLength || json.Unmarshal(text, &answer) != nil) {
			t.Errorf("%q: %q, %v", text, account, err)
		}
	})
}
