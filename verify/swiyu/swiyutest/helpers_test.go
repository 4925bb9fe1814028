package swiyutest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/verify/swiyu/swiyutest"
)

// clock is a time that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stage is a mock behind a real connection, with a receiver of its webhooks.
type stage struct {
	*swiyutest.Verifier
	t        *testing.T
	clock    *clock
	server   *httptest.Server
	receiver *receiver
}

func newStage(t *testing.T, change ...func(*swiyutest.Config)) *stage {
	t.Helper()
	s := &stage{t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, receiver: newReceiver(t)}
	cfg := swiyutest.Config{Now: s.clock.Now, Rand: rand.NewChaCha8([32]byte{7}), NotifyURL: s.receiver.URL}
	for _, f := range change {
		f(&cfg)
	}
	s.Verifier = swiyutest.New(cfg)
	s.server = httptest.NewServer(s.Verifier)
	t.Cleanup(s.server.Close)
	return s
}

// receiver takes webhooks and answers them in turn with the given statuses, then
// with 200.
type receiver struct {
	*httptest.Server
	got chan hook

	mu       sync.Mutex
	statuses []int // -1: close the connection
}

type hook struct {
	header http.Header
	body   string
	id     string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{got: make(chan hook, 1024)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(statuses ...int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statuses = statuses
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, _ := io.ReadAll(req.Body)
	var body struct {
		ID string `json:"verification_id"`
	}
	_ = json.Unmarshal(raw, &body)
	r.mu.Lock()
	status := http.StatusOK
	if len(r.statuses) > 0 {
		status, r.statuses = r.statuses[0], r.statuses[1:]
	}
	r.mu.Unlock()
	r.got <- hook{header: req.Header, body: string(raw), id: body.ID}
	if status < 0 {
		panic(http.ErrAbortHandler)
	}
	if status >= 300 && status < 400 {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
}

// drain returns the ids of the webhooks that have arrived.
func (r *receiver) drain() (ids []string) {
	for {
		select {
		case h := <-r.got:
			ids = append(ids, h.id)
		default:
			return ids
		}
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// minimal is a good create request.
const minimal = `{"accepted_issuer_dids":["did:example:one"],"response_mode":"direct_post","dcql_query":{"credentials":[` +
	`{"id":"identity","format":"dc+sd-jwt","meta":{"vct_values":["urn:example:id"]},` +
	`"claims":[{"path":["given_name"]},{"path":["age_over_18"]}]}]}}`

type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
	err    error // of reading
}

func (s *stage) call(method, path, contentType, body string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(body))
	s.must(err)
	req.Close = true // on a connection that was used before, net/http repeats a GET by itself
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	client := http.Client{
		Transport:     s.server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(raw), err: err}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	_ = dec.Decode(&r.json)
	return r
}

func (s *stage) post(body string) reply {
	s.t.Helper()
	return s.call(http.MethodPost, "/management/api/verifications", "application/json", body)
}

func (s *stage) create() string {
	s.t.Helper()
	r := s.post(minimal)
	id, _ := r.json["id"].(string)
	if r.status != http.StatusOK || id == "" {
		s.t.Fatalf("create: %d %s %v", r.status, r.text, r.err)
	}
	return id
}

func (s *stage) read(id string) reply {
	s.t.Helper()
	return s.call(http.MethodGet, "/management/api/verifications/"+id, "", "")
}

func (s *stage) wantState(id, want string) {
	s.t.Helper()
	if r := s.read(id); r.json["state"] != want {
		s.t.Errorf("state %v (%d), want %s", r.json["state"], r.status, want)
	}
}

// response returns wallet_response of a read.
func (s *stage) response(id string) map[string]any {
	s.t.Helper()
	r, _ := s.read(id).json["wallet_response"].(map[string]any)
	return r
}

// claims returns the first credential of a read.
func (s *stage) claims(id string) map[string]any {
	s.t.Helper()
	data, _ := s.response(id)["credential_subject_data"].(map[string]any)
	list, _ := data["identity"].([]any)
	if len(list) != 1 {
		s.t.Fatalf("data %v, want one credential", data)
	}
	return list[0].(map[string]any)
}
