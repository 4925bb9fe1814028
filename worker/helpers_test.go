package worker

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/seal"
	"vouchgate/store"
)

// clock is a clock that moves when it is told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// fetch is a Verifier.
type fetch func(ctx context.Context, requestID string) (kyc.Outcome, error)

func (f fetch) Fetch(ctx context.Context, _ kyc.Client, requestID, _ string) (kyc.Outcome, error) {
	return f(ctx, requestID)
}

// always answers every look the same.
func always(o kyc.Outcome) fetch {
	return func(context.Context, string) (kyc.Outcome, error) { return o, nil }
}

func proved() kyc.Outcome {
	return kyc.Outcome{Kind: kyc.OutcomeProved, Proof: kyc.Proof{
		Method: kyc.MethodSwiyu, Claims: kyc.Claims{"given_name": "Canary-Givenname"},
	}}
}

var (
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	testRing = func() *seal.Ring {
		r, err := seal.NewRing("k1", map[string][]byte{"k1": bytes.Repeat([]byte{7}, seal.KeySize)}, rand.Reader)
		if err != nil {
			panic(err)
		}
		return r
	}()
	webhookKey = bytes.Repeat([]byte{9}, 32)
)

// rig is a store with a clock, and workers on it.
type rig struct {
	t     testing.TB
	store *store.Store
	clock *clock
	log   *logBuffer
	now   func() time.Time
}

func newRig(t testing.TB, s *store.Store) *rig {
	c := newClock()
	return &rig{t: t, store: s, clock: c, log: &logBuffer{}, now: c.Now}
}

// worker returns a worker on the rig's store. Its Run is up to the test; sends
// and looks end with the test.
func (r *rig) worker(v Verifier, change ...func(*Config)) *Worker {
	r.t.Helper()
	c := Config{
		Store: r.store, Ring: testRing, Verifier: v, Now: r.now, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), AllowNetworks: loopback,
		Poll: 10 * time.Millisecond, Gather: time.Millisecond, Version: "test",
	}
	for _, f := range change {
		f(&c)
	}
	w, err := New(c)
	if err != nil {
		r.t.Fatalf("New: %v", err)
	}
	r.t.Cleanup(func() { w.stop(context.Background()) })
	return w
}

// run runs a worker and returns a function that ends it and waits.
func (r *rig) run(w *Worker) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	})
	r.t.Cleanup(stop)
	return stop
}

// client adds a client with a webhook.
func (r *rig) client(id, url string, change ...func(*kyc.Client)) kyc.Client {
	r.t.Helper()
	now := r.now()
	c := kyc.Client{
		ID: id, Name: id, RedirectURIs: kyc.Strings{"https://client.example/cb"}, Scopes: kyc.Strings{"given_name"},
		ErrorProfile: "oauth", CodeDelivery: kyc.DeliverByRedirect, WebhookURL: url,
		CodeLifetime: time.Minute, TokenLifetime: time.Hour, CreatedAt: now, UpdatedAt: now,
	}
	for _, f := range change {
		f(&c)
	}
	secret := kyc.ClientSecret{ID: r.id(), ClientID: id, Hash: []byte{1}, CreatedAt: now}
	key := r.webhookSecret(id, webhookKey, nil)
	if err := r.store.CreateClient(context.Background(), c, secret, &key); err != nil {
		r.t.Fatalf("CreateClient: %v", err)
	}
	return c
}

func (r *rig) webhookSecret(clientID string, key []byte, end *time.Time) kyc.WebhookSecret {
	r.t.Helper()
	sealed, err := testRing.Seal(kyc.PurposeWebhookSecret, []byte(clientID), key)
	if err != nil {
		r.t.Fatal(err)
	}
	return kyc.WebhookSecret{ID: r.id(), ClientID: clientID, Sealed: sealed, CreatedAt: r.now(), ExpiresAt: end}
}

func (r *rig) id() kyc.ID {
	r.t.Helper()
	id, err := kyc.NewID(r.now(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// pending adds a session that nobody has opened.
func (r *rig) pending(clientID string) kyc.Session {
	r.t.Helper()
	nonce, err := kyc.NewHandle(r.id(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	s := kyc.NewSession(nonce, clientID, kyc.MethodSwiyu, r.now(), kyc.SetupLifetime)
	if err := r.store.CreateSession(context.Background(), s); err != nil {
		r.t.Fatalf("CreateSession: %v", err)
	}
	return s
}

// open adds a session with an open verification, which ends in 15 minutes.
func (r *rig) open(clientID string) kyc.Session {
	r.t.Helper()
	return r.reopen(r.pending(clientID).ID)
}

// reopen opens a verification for a session.
func (r *rig) reopen(id kyc.ID) kyc.Session {
	r.t.Helper()
	now := r.now()
	end := now.Add(15 * time.Minute)
	s, err := r.store.UpdateSession(context.Background(), id, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Open(kyc.Binding{
			RedirectURI: "https://client.example/cb", State: "client-state", Scope: "given_name", BrowserHash: []byte{1},
		}, kyc.Verification{RequestID: r.id().String(), URL: "https://verifier.example/v", EndsAt: &end}, now, now.Add(firstLook))
	})
	if err != nil {
		r.t.Fatalf("opening: %v", err)
	}
	return s
}

// queue adds a webhook for a client, by cancelling a session of its own.
func (r *rig) queue(c kyc.Client) kyc.Webhook {
	r.t.Helper()
	s := r.pending(c.ID)
	var webhook kyc.Webhook
	_, err := r.store.UpdateSession(context.Background(), s.ID, func(s *kyc.Session) (kyc.Effects, error) {
		e, err := s.Cancel(r.now())
		if err != nil {
			return e, err
		}
		id := r.id()
		e.Webhook, err = e.Event.Queue(id, c, testRing.Seal)
		webhook = *e.Webhook
		return e, err
	})
	if err != nil {
		r.t.Fatalf("queueing a webhook: %v", err)
	}
	return webhook
}

func (r *rig) webhook(id kyc.ID) kyc.Webhook {
	r.t.Helper()
	w, err := r.store.Webhook(context.Background(), id)
	if err != nil {
		r.t.Fatalf("Webhook: %v", err)
	}
	return w
}

func (r *rig) webhooks(clientID string) []kyc.Webhook {
	r.t.Helper()
	list, err := r.store.Webhooks(context.Background(), store.WebhookFilter{ClientID: clientID, Limit: 10_000})
	if err != nil {
		r.t.Fatalf("Webhooks: %v", err)
	}
	return list
}

func (r *rig) session(id kyc.ID) kyc.Session {
	r.t.Helper()
	s, err := r.store.Session(context.Background(), id)
	if err != nil {
		r.t.Fatalf("Session: %v", err)
	}
	return s
}

// deliver runs one round of deliveries.
func (r *rig) deliver(w *Worker) Deliveries {
	r.t.Helper()
	got, err := w.Deliverer.Once(context.Background())
	if err != nil {
		r.t.Fatalf("Deliverer.Once: %v", err)
	}
	return got
}

// check runs one round of looks.
func (r *rig) check(w *Worker) Checked {
	r.t.Helper()
	got, err := w.Checker.Once(context.Background())
	if err != nil {
		r.t.Fatalf("Checker.Once: %v", err)
	}
	return got
}

// looked returns when no look runs.
func looked(t *testing.T, w *Worker) {
	t.Helper()
	for {
		w.Checker.mu.Lock()
		running := w.Checker.workers
		w.Checker.mu.Unlock()
		if running == 0 {
			return
		}
		wait(t.Context(), w.Checker.room, 10*time.Millisecond)
	}
}

// request is what a receiver got.
type request struct {
	header http.Header
	body   []byte
}

// receiver is a webhook receiver. Its handler answers; nil answers 204.
func receiver(t testing.TB, answer http.HandlerFunc) (url string, got chan request) {
	t.Helper()
	got = make(chan request, 10_000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Header.Clone(), body}
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/hook", got
}

// status answers every request with one status.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// one returns what arrives next, and fails the test if nothing ever does.
func one[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came in 30 s")
		panic(errors.New("unreachable"))
	}
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var discard = slog.New(slog.DiscardHandler)
