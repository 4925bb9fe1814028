package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Event is a webhook that came in, its signature verified.
type Event struct {
	ID   string `json:"-"` // webhook-id
	Body []byte `json:"-"`
	Type string `json:"type"`
	Data struct {
		SessionID      string `json:"session_id"`
		ClientID       string `json:"client_id"`
		VerificationID string `json:"verification_id"`
		Status         string `json:"status"`
		Method         string `json:"method"`
		Error          string `json:"error"`
		Code           string `json:"code"`
		State          string `json:"state"`
	} `json:"data"`
}

// Receiver takes the webhooks of clients, each on a path of its own.
type Receiver struct {
	t      testing.TB
	server *httptest.Server

	mu      sync.Mutex
	keys    map[string]*standardwebhooks.Webhook
	events  []Event
	changed chan struct{}
	answer  func(Event) int
}

// NewReceiver starts a receiver. A webhook without a valid signature fails the
// test.
func NewReceiver(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{t: t, keys: map[string]*standardwebhooks.Webhook{}, changed: make(chan struct{})}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

// URL is where a client's webhooks go.
func (r *Receiver) URL(clientID string) string { return r.server.URL + "/hooks/" + clientID }

// Trust takes in the secret with which a client's webhooks are signed.
func (r *Receiver) Trust(clientID, secret string) {
	r.t.Helper()
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		r.t.Fatalf("reading a webhook secret: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[clientID] = key
}

// Answer sets the status with which webhooks are answered; nil: 204. Every try
// counts as an event, whatever its answer.
func (r *Receiver) Answer(f func(Event) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// ServeHTTP takes a webhook.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	event, err := r.read(req)
	if err != nil {
		r.t.Errorf("webhook to %s: %v", req.URL.Path, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	answer := r.answer
	r.events = append(r.events, event)
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		status = answer(event)
	}
	w.WriteHeader(status)
}

func (r *Receiver) read(req *http.Request) (e Event, err error) {
	if e.Body, err = io.ReadAll(io.LimitReader(req.Body, 64<<10)); err != nil {
		return e, err
	}
	client := strings.TrimPrefix(req.URL.Path, "/hooks/")
	r.mu.Lock()
	key := r.keys[client]
	r.mu.Unlock()
	if key == nil {
		return e, fmt.Errorf("client %q has no secret", client)
	}
	if err := key.Verify(e.Body, req.Header); err != nil {
		return e, err
	}
	e.ID = req.Header.Get(standardwebhooks.HeaderWebhookID)
	if err := json.Unmarshal(e.Body, &e); err != nil {
		return e, err
	}
	if e.Data.ClientID != client {
		return e, fmt.Errorf("it is about client %q", e.Data.ClientID)
	}
	return e, nil
}

// Events returns what came in so far, in its order, repeats included.
func (r *Receiver) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}

// Await waits until what came in is enough.
func (r *Receiver) Await(ctx context.Context, enough func([]Event) bool) error {
	for {
		r.mu.Lock()
		events, changed := r.events, r.changed
		r.mu.Unlock()
		if enough(events) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for webhooks, %d came: %w", len(events), ctx.Err())
		case <-changed:
		}
	}
}

// AwaitEvent waits for an event of a type about a session.
func (r *Receiver) AwaitEvent(ctx context.Context, session, kind string) (found Event, err error) {
	err = r.Await(ctx, func(events []Event) bool {
		for _, e := range events {
			if e.Data.SessionID == session && e.Type == kind {
				found = e
				return true
			}
		}
		return false
	})
	if err != nil {
		err = fmt.Errorf("%s of session %s: %w", kind, session, err)
	}
	return found, err
}

// OncePerSession fails the test if webhooks of different ids are about the same
// event of a session's verification, or if repeats of an id differ.
func (r *Receiver) OncePerSession() {
	r.t.Helper()
	ids, bodies := map[string]string{}, map[string]string{}
	for _, e := range r.Events() {
		about := e.Data.SessionID + " " + e.Data.VerificationID + " " + e.Type
		if id, known := ids[about]; known && id != e.ID {
			r.t.Errorf("%s was told as %s and as %s", about, id, e.ID)
		}
		if body, known := bodies[e.ID]; known && body != string(e.Body) {
			r.t.Errorf("%s came with different bodies", e.ID)
		}
		ids[about], bodies[e.ID] = e.ID, string(e.Body)
	}
}
