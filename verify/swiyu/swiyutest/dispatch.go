package swiyutest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// atOnceWorkers bounds how many webhooks NotifyAtOnce sends at a time.
const atOnceWorkers = 32

// event is a webhook that waits to be sent. It knows nothing of its
// verification's state and outlives it.
type event struct {
	id  string
	at  time.Time // recorded
	due time.Time // not sent before
}

// outbox holds the events.
type outbox struct {
	mu     sync.Mutex
	events []event
	wake   chan struct{}
}

func (o *outbox) put(events ...event) {
	o.mu.Lock()
	o.events = append(o.events, events...)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take removes and returns the events that are due, and says when the next of
// the others is.
func (o *outbox) take(now time.Time) (due []event, next time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := o.events[:0]
	for _, e := range o.events {
		if !e.due.After(now) {
			due = append(due, e)
			continue
		}
		rest = append(rest, e)
		if next.IsZero() || e.due.Before(next) {
			next = e.due
		}
	}
	o.events = rest
	return due, next
}

func newWebhookClient() *http.Client {
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: atOnceWorkers,
			IdleConnTimeout:     30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Pending returns how many webhooks wait to be sent.
func (v *Verifier) Pending() int {
	v.outbox.mu.Lock()
	defer v.outbox.mu.Unlock()
	return len(v.outbox.events)
}

// Run sends webhooks until the context ends or Close is called: in rounds, one
// every NotifyInterval, or each at once.
func (v *Verifier) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-v.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	if v.cfg.NotifyAtOnce {
		v.runAtOnce(ctx)
		return
	}
	timer := time.NewTimer(v.cfg.NotifyInterval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			v.Dispatch(ctx)
			timer.Reset(v.cfg.NotifyInterval)
		}
	}
}

// Dispatch sends the webhooks that are due, one after another, in random order,
// and returns how many were accepted. It has the real dispatcher's flaws: an
// event answered with 4xx or 5xx waits for the next round, for ever; an event
// that cannot be delivered at all ends the round, and everything that was
// accepted in it is sent again. A 3xx is taken for success and never followed.
func (v *Verifier) Dispatch(ctx context.Context) (accepted int) {
	v.settleAll()
	if v.notifyTarget() == "" {
		return 0
	}
	batch, _ := v.outbox.take(v.cfg.Now())
	v.shuffle(batch)
	var refused []event
	for _, e := range batch {
		status, err := v.post(ctx, e)
		if err != nil {
			v.cfg.Log.Warn("webhook round ended early", "events", len(batch), "error", err)
			v.outbox.put(batch...)
			return 0
		}
		if status >= http.StatusBadRequest {
			refused = append(refused, e)
			continue
		}
		accepted++
	}
	if len(refused) > 0 {
		v.outbox.put(refused...)
	}
	return accepted
}

// runAtOnce is no model of the real dispatcher: it is as fast as it can be, so
// that a benchmark measures the receiver.
func (v *Verifier) runAtOnce(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, atOnceWorkers)
	for {
		v.settleAll()
		if v.notifyTarget() != "" {
			due, _ := v.outbox.take(v.cfg.Now())
			for _, e := range due {
				slots <- struct{}{}
				running.Go(func() {
					defer func() { <-slots }()
					v.sendAtOnce(ctx, e)
				})
			}
		}
		timer := time.NewTimer(v.untilNext())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-v.outbox.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// sendAtOnce sends an event and puts it back for later if that failed.
func (v *Verifier) sendAtOnce(ctx context.Context, e event) {
	status, err := v.post(ctx, e)
	if err != nil || status >= http.StatusBadRequest {
		e.due = v.cfg.Now().Add(v.cfg.NotifyInterval)
		v.outbox.put(e)
	}
}

// untilNext says how long there is nothing to do, at most NotifyInterval.
func (v *Verifier) untilNext() time.Duration {
	wait, now := v.cfg.NotifyInterval, v.cfg.Now()
	if v.notifyTarget() == "" {
		return wait
	}
	v.outbox.mu.Lock()
	defer v.outbox.mu.Unlock()
	for _, e := range v.outbox.events {
		wait = min(wait, max(e.due.Sub(now), time.Millisecond))
	}
	return wait
}

// notifyNow sends one webhook and waits for its answer.
func (v *Verifier) notifyNow(ctx context.Context, id string) {
	if v.notifyTarget() == "" {
		return
	}
	v.mu.Lock()
	v.counters.Notifications++
	if r, known := v.records[id]; known {
		r.Events++
	}
	v.mu.Unlock()
	e := event{id: id, at: v.cfg.Now()}
	if status, err := v.post(ctx, e); err != nil || status >= http.StatusBadRequest {
		v.outbox.put(e)
	}
}

// post sends one webhook. The error says that no answer came.
func (v *Verifier) post(ctx context.Context, e event) (status int, err error) {
	body, err := json.Marshal(struct {
		ID        string `json:"verification_id"`
		Timestamp string `json:"timestamp"`
	}{e.id, e.at.UTC().Format("2006-01-02T15:04:05.000000Z")})
	if err != nil {
		return 0, fmt.Errorf("encoding a webhook: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.notifyTarget(), bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("making a webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if v.cfg.APIKeyHeader != "" {
		req.Header.Set(v.cfg.APIKeyHeader, v.cfg.APIKey)
	}
	resp, err := v.client.Do(req)
	v.count(err == nil && resp.StatusCode < http.StatusBadRequest)
	if err != nil {
		return 0, fmt.Errorf("sending a webhook: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	return resp.StatusCode, nil
}

func (v *Verifier) count(acked bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counters.Sent++
	if acked {
		v.counters.Acked++
	}
}

func (v *Verifier) notifyTarget() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.notifyURL
}

func (v *Verifier) shuffle(events []event) {
	var seed [32]byte
	v.mu.Lock()
	_, err := io.ReadFull(v.cfg.Rand, seed[:])
	v.mu.Unlock()
	if err != nil {
		return
	}
	rand.New(rand.NewChaCha8(seed)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
}
