package rendezvous

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// service is an Admission by an HTTP service of the operator's. It is asked by
//
//	POST
//	Content-Type: application/json
//
//	{"v":1,"role":"app","id":"…","devices":["…"]}
//
// where role is "app" or "device", id is who has logged in, and devices are those
// that have stated that the app is theirs; both are proven. It answers with status
// 200 and
//
//	{"admit":true,"account":"…"}
//
// where account, of 128 bytes at most, is optional: the limits for each client are
// for all on one account together. Without it a client is on its own account.
// Anything else is an error, and admits nobody. Either side ignores fields that it
// does not know.
type service struct {
	url    string
	client *http.Client

	mu           sync.Mutex
	newer, older map[string]verdict // by question
	since        time.Time          // of newer
}

type question struct {
	V       int      `json:"v"`
	Role    string   `json:"role"`
	ID      string   `json:"id"`
	Devices []string `json:"devices"`
}

type verdict struct {
	account string // "": not admitted
	at      time.Time
}

const (
	serviceTimeout   = 3 * time.Second // clients wait for it when they log in
	serviceAtOnce    = 32              // requests
	serviceMemory    = 5 * time.Minute // for which an answer holds
	maxVerdicts      = 1 << 16         // that are remembered, twice
	maxAnswerBytes   = 4 << 10
	maxAccountLength = 128
)

// AdmitByService returns an Admission by the HTTP service at a URL, which may hold
// a user and a password.
func AdmitByService(address string) (Admission, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		// The text may hold a password, and url.Parse repeats it: say neither.
		return nil, errors.New("the URL of the service that says who may use the relays cannot be read: write it like https://user:password@example.org/admit")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = serviceAtOnce, serviceAtOnce
	return &service{url: address, client: &http.Client{
		Transport: transport,
		// The answer is where the operator has said it is.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (s *service) Admit(ctx context.Context, who Applicant) (account string, err error) {
	q := question{V: 1, Role: "app", ID: who.ID, Devices: who.Devices}
	if who.Role == ident.Device {
		q.Role = "device"
	}
	if q.Devices == nil {
		q.Devices = []string{}
	}
	key := strings.Join(append([]string{q.Role, q.ID}, q.Devices...), " ")
	if v, known := s.recall(key, time.Now()); known {
		return v.account, nil
	}
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	v := verdict{at: time.Now()}
	if v.account, err = s.ask(ctx, q); err != nil {
		return "", err
	}
	s.remember(key, v)
	return v.account, nil
}

func (s *service) ask(ctx context.Context, q question) (account string, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return "", err // without the password
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the service that says who may use the relays answered %s, not 200", response.Status)
	}
	return parseAnswer(text, q.ID)
}

// parseAnswer returns the account of the one who was asked about, "" for none.
func parseAnswer(text []byte, id string) (account string, err error) {
	var answer struct {
		Admit   *bool  `json:"admit"`
		Account string `json:"account"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Admit == nil || len(answer.Account) > maxAccountLength {
		return "", errors.New(`the service that says who may use the relays did not answer like {"admit":true}`)
	}
	switch {
	case !*answer.Admit:
		return "", nil
	case answer.Account == "":
		return id, nil
	}
	return answer.Account, nil
}

func (s *service) recall(key string, now time.Time) (verdict, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, known := s.newer[key]
	if !known {
		v, known = s.older[key]
	}
	return v, known && now.Sub(v.at) < serviceMemory
}

// remember forgets half when it has too many, or all have lived long enough.
func (s *service) remember(key string, v verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newer == nil || v.at.Sub(s.since) >= serviceMemory || len(s.newer) >= maxVerdicts {
		s.newer, s.older, s.since = map[string]verdict{}, s.newer, v.at
	}
	s.newer[key] = v
}
