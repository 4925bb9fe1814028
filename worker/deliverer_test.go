package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vouchgate/store"
	"vouchgate/store/storetest"
)

// verify checks the signature of a request with a key.
func verify(t *testing.T, r request, key []byte) error {
	t.Helper()
	hook, err := webhooks.NewWebhookRaw(key)
	if err != nil {
		t.Fatal(err)
	}
	return hook.VerifyIgnoringTimestamp(r.body, r.header)
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, got := receiver(t, nil)
		queued := r.queue(r.client("shop", url))
		w := r.worker(always(proved()))
		if d := r.deliver(w); d != (Deliveries{Claimed: 1, Delivered: 1}) {
			t.Fatalf("round: %+v", d)
		}
		req := one(t, got)
		if err := verify(t, req, webhookKey); err != nil {
			t.Errorf("signature: %v", err)
		}
		for name, want := range map[string]string{
			"Webhook-Id": queued.MessageID(), "Webhook-Timestamp": strconv.FormatInt(r.now().Unix(), 10),
			"Content-Type": "application/json", "User-Agent": "vouchgate/test", "Accept-Encoding": "",
		} {
			if g := req.header.Get(name); g != want {
				t.Errorf("%s: %q, want %q", name, g, want)
			}
		}
		var body struct {
			Type string
			Data struct{ Status string }
		}
		if err := json.Unmarshal(req.body, &body); err != nil || body.Type != "verification.denied" || body.Data.Status != "denied" {
			t.Errorf("body %s (%v)", req.body, err)
		}
		row := r.webhook(queued.ID)
		if row.DeliveredAt == nil || row.Tries != 1 || row.LastOutcome != "delivered" || row.NextAttempt != nil || row.LeaseUntil != nil {
			t.Errorf("row after delivery: %+v", row)
		}
		if d := r.deliver(w); d.Claimed != 0 {
			t.Errorf("a second round claimed %d", d.Claimed)
		}
	})
}

func TestRetriesSendTheSameBytes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, got := receiver(t, status(http.StatusInternalServerError))
		queued := r.queue(r.client("shop", url))
		w := r.worker(always(proved()))
		var first request
		for try := 1; try <= MaxTries; try++ {
			d := r.deliver(w)
			req := one(t, got)
			if try == 1 {
				first = req
			}
			if !bytes.Equal(req.body, first.body) || req.header.Get("Webhook-Id") != first.header.Get("Webhook-Id") {
				t.Fatalf("try %d differs from the first", try)
			}
			if err := verify(t, req, webhookKey); err != nil {
				t.Fatalf("try %d: %v", try, err)
			}
			if at := req.header.Get("Webhook-Timestamp"); at != strconv.FormatInt(r.now().Unix(), 10) {
				t.Fatalf("try %d is stamped %s", try, at)
			}
			row := r.webhook(queued.ID)
			if row.Tries != int64(try) || row.LastOutcome != "500" || row.LeaseUntil != nil {
				t.Fatalf("row after try %d: %+v", try, row)
			}
			if try == MaxTries {
				if d.Dead != 1 || row.DeadAt == nil || row.NextAttempt != nil {
					t.Errorf("after the last try: %+v, %+v", d, row)
				}
				break
			}
			r.clock.Advance(row.NextAttempt.Sub(r.now()) - time.Microsecond)
			if d := r.deliver(w); d.Claimed != 0 {
				t.Fatalf("try %d came early", try+1)
			}
			// The breaker may be open longer than the webhook's own pause.
			r.clock.Advance(2 * time.Minute)
		}
		r.clock.Advance(48 * time.Hour)
		if d := r.deliver(w); d.Claimed != 0 {
			t.Error("a dead webhook was claimed")
		}
		if err := r.store.ReplayWebhook(context.Background(), queued.ID, r.now()); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(time.Hour)
		r.deliver(w)
		if req := one(t, got); !bytes.Equal(req.body, first.body) {
			t.Error("the replay differs from the first try")
		}
	})
}

// receiverAnswers says what becomes of a webhook.
var receiverAnswers = map[string]struct {
	status  int
	header  string // Retry-After
	outcome string
	pause   time.Duration // 0: delivered
}{
	"200 is success":                       {200, "", "delivered", 0},
	"299 is success":                       {299, "", "delivered", 0},
	"a redirect is not followed":           {302, "", "redirect 302", 5 * time.Second},
	"nor is a permanent one":               {308, "", "redirect 308", 5 * time.Second},
	"304 is no success":                    {304, "", "redirect 304", 5 * time.Second},
	"400 is tried again":                   {400, "", "400", 5 * time.Second},
	"404 is tried again":                   {404, "", "404", 5 * time.Second},
	"Retry-After of other answers is void": {500, "100", "500", 5 * time.Second},
	"429 waits a minute":                   {429, "", "429", time.Minute},
	"503 waits a minute":                   {503, "3", "503", time.Minute},
	"503 waits as long as it asks":         {503, "120", "503", 2 * time.Minute},
	"but at most a day":                    {503, "1000000000000", "503", 24 * time.Hour},
	"and rubbish is ignored":               {429, "soon", "429", time.Minute},
	"a date is understood":                 {429, "Sun, 01 Mar 2026 12:05:00 GMT", "429", 5 * time.Minute},
}

func TestAnswersOfReceivers(t *testing.T) {
	t.Parallel()
	for name, tc := range receiverAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, storetest.Open(t))
			url, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				if tc.header != "" {
					w.Header().Set("Retry-After", tc.header)
				}
				w.WriteHeader(tc.status)
			})
			queued := r.queue(r.client("shop", url))
			r.deliver(r.worker(always(proved())))
			row := r.webhook(queued.ID)
			if row.LastOutcome != tc.outcome || row.Tries != 1 || len(got) != 1 {
				t.Errorf("outcome %q, %d tries, %d requests; want %q, 1, 1", row.LastOutcome, row.Tries, len(got), tc.outcome)
			}
			switch {
			case tc.pause == 0 && row.DeliveredAt == nil:
				t.Error("not delivered")
			case tc.pause > 0 && (row.NextAttempt == nil || row.NextAttempt.Sub(r.now()) != tc.pause):
				t.Errorf("next try at %v, want in %v", row.NextAttempt, tc.pause)
			}
		})
	}
}

func TestGoneTurnsTheEndpointOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, got := receiver(t, status(http.StatusGone))
		client := r.client("shop", url)
		for range 6 {
			r.queue(client)
		}
		w := r.worker(always(proved()))
		r.deliver(w)
		client, err := r.store.Client(context.Background(), "shop")
		if err != nil || client.WebhookDisabledAt == nil {
			t.Fatalf("the endpoint is still on (%v)", err)
		}
		if len(got) > laneStart {
			t.Errorf("%d were sent although the first answer was 410", len(got))
		}
		for _, row := range r.webhooks("shop") {
			if row.NextAttempt != nil || row.DeadAt != nil || row.LeaseUntil != nil {
				t.Errorf("row is not held: %+v", row)
			}
		}
		r.clock.Advance(time.Hour)
		if d := r.deliver(w); d.Claimed != 0 {
			t.Error("a held webhook was claimed")
		}
		good, delivered := receiver(t, nil)
		client.WebhookURL, client.WebhookDisabledAt, client.UpdatedAt = good, nil, r.now()
		if err := r.store.UpdateClient(context.Background(), client, "client.updated"); err != nil {
			t.Fatal(err)
		}
		if d := r.deliver(w); d.Delivered != 6 || len(delivered) != 6 {
			t.Errorf("after the endpoint is on again, with another URL: %+v", d)
		}
	})
}

func TestWebhooksOfADisabledClientAreHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, got := receiver(t, nil)
	client := r.client("shop", url)
	queued := r.queue(client)
	now := r.now()
	client.DisabledAt = &now
	if err := r.store.UpdateClient(context.Background(), client, "client.disabled"); err != nil {
		t.Fatal(err)
	}
	w := r.worker(always(proved()))
	r.deliver(w)
	if row := r.webhook(queued.ID); row.NextAttempt != nil || row.Tries != 0 || row.LastOutcome != "endpoint is off" {
		t.Errorf("row: %+v", row)
	}
	client.DisabledAt = nil
	if err := r.store.UpdateClient(context.Background(), client, "client.enabled"); err != nil {
		t.Fatal(err)
	}
	if d := r.deliver(w); d.Delivered != 1 || len(got) != 1 {
		t.Errorf("after enabling: %+v, %d requests", d, len(got))
	}
}

func TestForbiddenAddressIsGivenUpSoon(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, got := receiver(t, nil)
	queued := r.queue(r.client("shop", strings.Replace(url, "http://", "https://", 1)))
	w := r.worker(always(proved()), func(c *Config) { c.AllowNetworks = nil })
	for try := range 3 {
		if row := r.webhook(queued.ID); row.DeadAt != nil {
			t.Fatalf("given up after %d tries", try)
		}
		r.deliver(w)
		r.clock.Advance(time.Minute)
	}
	row := r.webhook(queued.ID)
	if row.DeadAt == nil || row.LastOutcome != "blocked" || row.Tries != 3 || len(got) != 0 {
		t.Errorf("row: %+v, %d requests", row, len(got))
	}
}

func TestSecretRotation(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, got := receiver(t, nil)
	client := r.client("shop", url)
	newKey := bytes.Repeat([]byte{5}, 24)
	r.clock.Advance(time.Second)
	end := r.now().Add(time.Hour)
	if err := r.store.RotateWebhookSecret(context.Background(), r.webhookSecret("shop", newKey, nil), end); err != nil {
		t.Fatal(err)
	}
	w := r.worker(always(proved()))
	r.queue(client)
	r.deliver(w)
	req := one(t, got)
	signatures := strings.Fields(req.header.Get("Webhook-Signature"))
	if len(signatures) != 2 {
		t.Fatalf("%d signatures, want 2", len(signatures))
	}
	if verify(t, req, newKey) != nil || verify(t, req, webhookKey) != nil {
		t.Error("old or new secret does not verify")
	}
	first := request{http.Header{}, req.body}
	for _, name := range []string{"Webhook-Id", "Webhook-Timestamp"} {
		first.header.Set(name, req.header.Get(name))
	}
	first.header.Set("Webhook-Signature", signatures[0])
	if err := verify(t, first, newKey); err != nil {
		t.Errorf("the newest secret does not sign first: %v", err)
	}
	r.clock.Advance(time.Hour)
	r.queue(client)
	r.deliver(w)
	if req := one(t, got); verify(t, req, newKey) != nil || verify(t, req, webhookKey) == nil {
		t.Error("the old secret signs after its end, or the new one does not")
	}
	r.clock.Advance(time.Second)
	if err := r.store.RotateWebhookSecret(context.Background(), r.webhookSecret("shop", webhookKey, nil), r.now()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(endpointLife)
	r.queue(client)
	r.deliver(w)
	if req := one(t, got); verify(t, req, webhookKey) != nil {
		t.Error("a rotated secret is not used after the time that endpoints are remembered")
	}
}

func TestWhatCannotBeSentIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, got := receiver(t, nil)
	client := r.client("shop", url)
	queued := r.queue(client)
	end := r.now()
	if err := r.store.RotateWebhookSecret(context.Background(), r.webhookSecret("shop", webhookKey, &end), end); err != nil {
		t.Fatal(err)
	}
	d := r.deliver(r.worker(always(proved())))
	row := r.webhook(queued.ID)
	if d.Failed != 1 || row.LastOutcome != "no signing secret" || row.Tries != 1 || row.NextAttempt == nil || len(got) != 0 {
		t.Errorf("%+v, row %+v, %d requests", d, row, len(got))
	}
}

func TestRemovedClientIsNoFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, _ := receiver(t, nil)
	queued := r.queue(r.client("shop", url))
	w := r.worker(always(proved()))
	j := job{Webhook: queued, lease: r.now().Add(webhookLease), batch: newBatch(1)}
	if err := r.store.RemoveClient(context.Background(), "shop", r.now()); err != nil {
		t.Fatal(err)
	}
	if got := w.Deliverer.try(j); got.kind != tryGone {
		t.Errorf("try of a removed client's webhook: %+v", got)
	}
}
