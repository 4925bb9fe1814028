package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver takes the client's webhooks, checks their signatures and remembers
// when each came first.
type receiver struct {
	url    string
	server *http.Server

	mu        sync.Mutex
	signature *webhooks.Webhook
	bySession map[string]time.Time
	first     time.Time
	last      time.Time
	wrong     int
	news      chan struct{} // something came
}

func startReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/hook", news: make(chan struct{}, 1)}
	r.reset()
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(l) }()
	return r, nil
}

// trust sets the secret that webhooks are signed with.
func (r *receiver) trust(secret string) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.signature, err = webhooks.NewWebhook(secret); err != nil {
		return fmt.Errorf("reading the webhook secret: %w", err)
	}
	return nil
}

// reset forgets what came.
func (r *receiver) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bySession = map[string]time.Time{}
	r.first, r.last = time.Time{}, time.Time{}
}

// ServeHTTP takes one webhook.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	var event struct {
		Type string `json:"type"`
		Data struct {
			SessionID string `json:"session_id"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err == nil {
		err = r.signature.Verify(body, req.Header)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || event.Type != "verification.verified" {
		r.wrong++
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, again := r.bySession[event.Data.SessionID]; !again {
		r.bySession[event.Data.SessionID] = now
		r.last = now
		if r.first.IsZero() {
			r.first = now
		}
	}
	w.WriteHeader(http.StatusNoContent)
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// at returns when the webhook of a session came.
func (r *receiver) at(session string) (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.bySession[session]
	return t, ok
}

// times returns how many sessions' webhooks came, and when the first and the last
// did.
func (r *receiver) times() (n int, first, last time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bySession), r.first, r.last
}

// wait returns when a condition holds, which is looked at whenever a webhook has
// come, or when the limit has passed.
func (r *receiver) wait(ctx context.Context, limit time.Duration, done func() bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !done() {
		select {
		case <-r.news:
		case <-ctx.Done():
			return
		}
	}
}

func (r *receiver) close() { _ = r.server.Close() }
