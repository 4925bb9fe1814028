package worker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vouchgate/kyc"
)

// endpointLife is how long what the store says about a client's endpoint is
// believed: long enough to spare the store two reads per webhook, short enough
// for a rotated secret.
const endpointLife = 2 * time.Second

// endpoint is where and how a client's webhooks are sent.
type endpoint struct {
	client kyc.Client
	keys   []signingKey // newest first
	readAt time.Time
}

type signingKey struct {
	webhook *webhooks.Webhook
	endsAt  *time.Time
}

// on says whether webhooks are to be sent at all.
func (e endpoint) on() bool {
	return e.client.Enabled() && e.client.WebhookURL != "" && e.client.WebhookDisabledAt == nil
}

// errNoSecret says that a client has no valid secret to sign with.
var errNoSecret = errors.New("no signing secret")

// header returns the three header fields of Standard Webhooks 1.0.0, with a
// signature by every secret that has not ended, so that receivers can change
// theirs in their own time.
func (e endpoint) header(messageID string, body []byte, now time.Time) (http.Header, error) {
	var signatures []string
	for _, k := range e.keys {
		if k.endsAt != nil && !now.Before(*k.endsAt) {
			continue
		}
		signature, err := k.webhook.Sign(messageID, now, body)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		signatures = append(signatures, signature)
	}
	if len(signatures) == 0 {
		return nil, errNoSecret
	}
	h := http.Header{}
	h.Set(webhooks.HeaderWebhookID, messageID)
	h.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(webhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return h, nil
}

// endpoints remembers the endpoints of clients for endpointLife.
type endpoints struct {
	cfg  *Config
	mu   sync.Mutex
	byID map[string]endpoint
}

func newEndpoints(cfg *Config) *endpoints { return &endpoints{cfg: cfg, byID: map[string]endpoint{}} }

// get returns a client's endpoint. An endpoint that is off is read again, because
// what waits for it is held until somebody turns it on, which must not be missed.
func (e *endpoints) get(ctx context.Context, clientID string, now time.Time) (endpoint, error) {
	e.mu.Lock()
	kept, ok := e.byID[clientID]
	e.mu.Unlock()
	if age := now.Sub(kept.readAt); ok && kept.on() && age >= 0 && age < endpointLife {
		return kept, nil
	}
	read, err := e.read(ctx, clientID, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		delete(e.byID, clientID)
		return endpoint{}, err
	}
	e.byID[clientID] = read
	return read, nil
}

// forget makes the next get ask the store.
func (e *endpoints) forget(clientID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byID, clientID)
}

func (e *endpoints) read(ctx context.Context, clientID string, now time.Time) (endpoint, error) {
	client, err := e.cfg.Store.ReadClient(ctx, clientID)
	if err != nil {
		return endpoint{}, err
	}
	secrets, err := e.cfg.Store.WebhookSecrets(ctx, clientID)
	if err != nil {
		return endpoint{}, err
	}
	found := endpoint{client: client, readAt: now}
	for _, secret := range secrets {
		key, err := e.cfg.Ring.Open(kyc.PurposeWebhookSecret, []byte(clientID), secret.Sealed)
		if err != nil {
			return endpoint{}, fmt.Errorf("opening webhook secret: %w", err)
		}
		webhook, err := webhooks.NewWebhookRaw(key)
		if err != nil {
			return endpoint{}, fmt.Errorf("reading webhook secret: %w", err)
		}
		found.keys = append(found.keys, signingKey{webhook: webhook, endsAt: secret.ExpiresAt})
	}
	return found, nil
}
