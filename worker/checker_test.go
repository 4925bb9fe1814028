package worker

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

var (
	pendingOutcome = kyc.Outcome{Kind: kyc.OutcomePending}
	errVerifier    = errors.New("verifier is not available")
)

// looks says what becomes of a session.
var looks = map[string]struct {
	outcome kyc.Outcome
	err     error
	later   time.Duration // after the session was opened
	status  kyc.Status
	event   kyc.EventType
	code    string
}{
	"a proof makes it verified":                      {proved(), nil, 2 * time.Second, kyc.StatusVerified, kyc.EventVerified, ""},
	"a refusal makes it failed":                      {kyc.Outcome{Kind: kyc.OutcomeRefused, Failure: kyc.FailureIssuer}, nil, 2 * time.Second, kyc.StatusFailed, kyc.EventFailed, "issuer_not_accepted"},
	"a forgotten one has expired":                    {kyc.Outcome{Kind: kyc.OutcomeGone}, nil, 2 * time.Second, kyc.StatusExpired, kyc.EventExpired, "expired"},
	"pending is looked at again":                     {pendingOutcome, nil, 15 * time.Minute, kyc.StatusAuthorized, "", ""},
	"an error as well":                               {kyc.Outcome{}, errVerifier, 15*time.Minute + giveUpMargin - time.Second, kyc.StatusAuthorized, "", ""},
	"an answer we do not know":                       {kyc.Outcome{Kind: "odd"}, nil, 2 * time.Second, kyc.StatusAuthorized, "", ""},
	"pending past the end":                           {pendingOutcome, nil, 15*time.Minute + giveUpMargin, kyc.StatusExpired, kyc.EventExpired, "expired"},
	"an error past the end":                          {kyc.Outcome{}, errVerifier, time.Hour, kyc.StatusExpired, kyc.EventExpired, "expired"},
	"a late proof is still one":                      {proved(), nil, time.Hour, kyc.StatusVerified, kyc.EventVerified, ""},
	"a refusal with an error beside it says nothing": {kyc.Outcome{Kind: kyc.OutcomeRefused}, errVerifier, 2 * time.Second, kyc.StatusAuthorized, "", ""},
}

func TestOutcomesOfALook(t *testing.T) {
	t.Parallel()
	for name, tc := range looks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				r := newRig(t, s)
				r.client("shop", "https://shop.example/hook")
				opened := r.open("shop")
				var changed []kyc.ID
				w := r.worker(fetch(func(_ context.Context, requestID string) (kyc.Outcome, error) {
					if requestID != opened.RequestID {
						t.Errorf("asked for %s", requestID)
					}
					return tc.outcome, tc.err
				}), func(c *Config) { c.Changed = func(s kyc.Session) { changed = append(changed, s.ID) } })
				r.clock.Advance(tc.later)
				if got := r.check(w); got.Claimed != 1 {
					t.Fatalf("claimed %d", got.Claimed)
				}
				after := r.session(opened.ID)
				if after.Status != tc.status || after.ErrorCode != tc.code || after.LeaseUntil != nil {
					t.Errorf("session: status %s, error %q, lease %v", after.Status, after.ErrorCode, after.LeaseUntil)
				}
				queued := r.webhooks("shop")
				if tc.event == "" {
					if len(queued) != 0 || len(changed) != 0 || after.Checks != 1 || !after.NextCheck.After(r.now()) {
						t.Errorf("%d webhooks, %d changes, %d checks, next %v", len(queued), len(changed), after.Checks, after.NextCheck)
					}
					return
				}
				if len(queued) != 1 || queued[0].Event != tc.event || !slices.Equal(changed, []kyc.ID{opened.ID}) {
					t.Errorf("webhooks %+v, changes %v", queued, changed)
				}
				if (after.SealedClaims != nil) != (tc.status == kyc.StatusVerified) {
					t.Errorf("%d bytes of claims", len(after.SealedClaims))
				}
			})
		})
	}
}

// bodyOf opens the body of a queued webhook.
func bodyOf(t *testing.T, w kyc.Webhook) (data map[string]string, raw string) {
	t.Helper()
	b, err := testRing.Open(kyc.PurposeWebhookBody, w.ID[:], w.SealedBody)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Data map[string]string }
	if err := json.Unmarshal(b, &body); err != nil {
		t.Fatal(err)
	}
	return body.Data, string(b)
}

func TestProofIsSealedAndStaysInside(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "https://shop.example/hook")
	opened := r.open("shop")
	w := r.worker(always(proved()))
	r.clock.Advance(2 * time.Second)
	r.check(w)
	s := r.session(opened.ID)
	if strings.Contains(string(s.SealedClaims), "Canary") {
		t.Error("claims are kept readable")
	}
	b, err := testRing.Open(kyc.PurposeClaims, kyc.ClaimsContext(s.ID, "shop"), s.SealedClaims)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := kyc.DecodeProof(b); err != nil || p.Claims["given_name"] != "Canary-Givenname" {
		t.Errorf("proof %+v (%v)", p, err)
	}
	data, raw := bodyOf(t, r.webhooks("shop")[0])
	if strings.Contains(raw, "Canary") || strings.Contains(r.log.String(), "Canary") {
		t.Error("a claim left the store")
	}
	if data["code"] != "" || data["state"] != "" || data["status"] != "verified" || data["verification_id"] != opened.RequestID {
		t.Errorf("body %s", raw)
	}
	if _, err := r.store.Code(context.Background(), s.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a code was made for a client that takes it by redirect (%v)", err)
	}
}

func TestCodeByWebhook(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "https://shop.example/hook", func(c *kyc.Client) {
			c.CodeDelivery, c.CodeLifetime = kyc.DeliverByWebhook, 5*time.Minute
		})
		opened := r.open("shop")
		r.clock.Advance(2 * time.Second)
		r.check(r.worker(always(proved())))
		data, _ := bodyOf(t, r.webhooks("shop")[0])
		handle, err := kyc.ParseHandle(data["code"])
		if err != nil || handle.ID != opened.ID || data["state"] != "client-state" {
			t.Fatalf("body %v (%v)", data, err)
		}
		code, err := s.Code(context.Background(), opened.ID)
		if err != nil || !handle.Matches(kyc.SecretCode, code.Hash) || !code.ExpiresAt.Equal(r.now().Add(5*time.Minute)) {
			t.Errorf("code %+v (%v)", code, err)
		}
		if strings.Contains(r.log.String(), data["code"]) {
			t.Error("the code is in the log")
		}
	})
}

func TestDisabledClientIsToldWhenItIsEnabled(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	client := r.client("shop", "https://shop.example/hook")
	opened := r.open("shop")
	now := r.now()
	client.DisabledAt = &now
	if err := r.store.UpdateClient(context.Background(), client, "client.disabled"); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(2 * time.Second)
	r.check(r.worker(always(proved())))
	held := r.webhooks("shop")
	if s := r.session(opened.ID); s.Status != kyc.StatusVerified || len(held) != 1 || held[0].NextAttempt != nil {
		t.Fatalf("session %s, webhooks %+v, want one that is held", s.Status, held)
	}
	client.DisabledAt = nil
	if err := r.store.UpdateClient(context.Background(), client, "client.enabled"); err != nil {
		t.Fatal(err)
	}
	if w := r.webhooks("shop"); w[0].NextAttempt == nil {
		t.Error("the webhook is still held")
	}
}

func TestWebhookOfAnEndpointThatIsOffIsHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "https://shop.example/hook", func(c *kyc.Client) { c.WebhookDisabledAt = &c.CreatedAt })
	r.client("quiet", "")
	r.open("shop")
	quiet := r.open("quiet")
	r.clock.Advance(2 * time.Second)
	r.check(r.worker(always(proved())))
	if list := r.webhooks("shop"); len(list) != 1 || list[0].NextAttempt != nil {
		t.Errorf("webhooks %+v", list)
	}
	if s := r.session(quiet.ID); s.Status != kyc.StatusVerified || len(r.webhooks("quiet")) != 0 {
		t.Errorf("client without webhook: %s, %d webhooks", s.Status, len(r.webhooks("quiet")))
	}
}

func TestSessionsWhoseTimeIsUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "https://shop.example/hook")
		w := r.worker(always(proved()))
		never := r.pending("shop")
		opened := r.open("shop")
		r.clock.Advance(2 * time.Second)
		r.check(w)
		r.clock.Advance(kyc.HandoverLifetime)
		r.check(w)
		if got := r.session(opened.ID); got.Status != kyc.StatusExpired || got.SealedClaims != nil {
			t.Errorf("a proof that nobody took home: %s, %d bytes of claims", got.Status, len(got.SealedClaims))
		}
		if got := r.session(never.ID); got.Status != kyc.StatusPending {
			t.Errorf("a session that may still be opened is %s", got.Status)
		}
		r.clock.Advance(kyc.SetupLifetime)
		r.check(w)
		if got := r.session(never.ID); got.Status != kyc.StatusExpired {
			t.Errorf("a session that nobody opened is %s", got.Status)
		}
		var events []kyc.EventType
		for _, row := range r.webhooks("shop") {
			events = append(events, row.Event)
		}
		slices.Sort(events)
		if want := []kyc.EventType{kyc.EventExpired, kyc.EventExpired, kyc.EventVerified}; !slices.Equal(events, want) {
			t.Errorf("events %v, want %v", events, want)
		}
	})
}

// changes are what others do to a session while it is looked at.
var changes = map[string]struct {
	outcome kyc.Outcome
	change  func(r *rig, id kyc.ID)
	want    kyc.Status
	events  int
}{
	"cancelled meanwhile: the proof is dropped": {
		proved(), func(r *rig, id kyc.ID) {
			_, err := r.store.UpdateSession(context.Background(), id, func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(r.now()) })
			if err != nil {
				r.t.Error(err)
			}
		}, kyc.StatusDenied, 0,
	},
	"opened anew meanwhile: the old proof is dropped": {
		proved(), func(r *rig, id kyc.ID) { r.reopen(id) }, kyc.StatusAuthorized, 0,
	},
	"opened anew meanwhile: the old end does not count": {
		kyc.Outcome{Kind: kyc.OutcomeGone}, func(r *rig, id kyc.ID) { r.reopen(id) }, kyc.StatusAuthorized, 0,
	},
	"written meanwhile without a move: decided again": {
		proved(), func(r *rig, id kyc.ID) {
			_, err := r.store.UpdateSession(context.Background(), id, func(*kyc.Session) (kyc.Effects, error) { return kyc.Effects{}, nil })
			if err != nil {
				r.t.Error(err)
			}
		}, kyc.StatusVerified, 1,
	},
	"removed with its client": {
		proved(), func(r *rig, _ kyc.ID) {
			if err := r.store.RemoveClient(context.Background(), "shop", r.now()); err != nil {
				r.t.Error(err)
			}
		}, "", 0,
	},
}

func TestWhatChangesDuringALook(t *testing.T) {
	t.Parallel()
	for name, tc := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, storetest.Open(t))
			r.client("shop", "https://shop.example/hook")
			opened := r.open("shop")
			w := r.worker(fetch(func(context.Context, string) (kyc.Outcome, error) {
				tc.change(r, opened.ID)
				return tc.outcome, nil
			}))
			r.clock.Advance(2 * time.Second)
			r.check(w)
			got, err := r.store.Session(context.Background(), opened.ID)
			if got.Status != tc.want || (err != nil) != (tc.want == "") || len(r.webhooks("shop")) != tc.events {
				t.Errorf("session %q (%v), %d webhooks; want %q, %d", got.Status, err, len(r.webhooks("shop")), tc.want, tc.events)
			}
			if strings.Contains(r.log.String(), "level=ERROR") {
				t.Errorf("logged as an error:\n%s", r.log)
			}
		})
	}
}

func TestLeaseOfADeadProcessRunsOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "")
		opened := r.open("shop")
		r.clock.Advance(2 * time.Second)
		if _, err := s.ClaimDueSessions(context.Background(), r.now(), r.now().Add(lookLease), 10); err != nil {
			t.Fatal(err) // by a process that dies now
		}
		w := r.worker(always(proved()))
		r.clock.Advance(lookLease - time.Second)
		if got := r.check(w); got.Claimed != 0 {
			t.Fatal("the lease does not hold")
		}
		r.clock.Advance(time.Second)
		r.check(w)
		if got := r.session(opened.ID); got.Status != kyc.StatusVerified {
			t.Errorf("session is %s", got.Status)
		}
	})
}
