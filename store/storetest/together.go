package storetest

import (
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var togetherTests = []test{
	{"WhatIsDoneTogetherIsWrittenTogetherOrNotAtAll", togetherOrNot},
	{"WhatIsWrittenTogetherIsReadTogether", togetherReads},
	{"LeasesEndAtTheStart", endLeases},
	{"AVerificationIsClaimedByItsRequest", claimByRequest},
	{"TheFirstKeysAreThoseOfTheDatabase", keyCheck},
	{"HeldWebhooksOfAnEndpointThatIsOnAreReleased", releaseStranded},
	{"HeldWebhooksAreGivenUpInTheEnd", giveUpHeld},
	{"WhatClientsCauseIsInTheAuditTrail", auditOfCodes},
}

func togetherOrNot(f *fixture) {
	f.addClient("kiosk")
	first, second := f.addVerified("kiosk"), f.addVerified("kiosk")
	refused := errors.New("refused")
	f.is(f.Together(f.ctx, func(s *store.Store) error {
		f.ok(s.VoidCode(f.ctx, kyc.Code{SessionID: first.ID, ClientID: "kiosk"}, noon))
		_, err := s.PutCode(f.ctx, second.NewCode(f.newHandle(), second.FirstGeneration(), noon, time.Minute))
		f.ok(err)
		return refused
	}), refused)
	_, err := f.Code(f.ctx, second.ID)
	f.is(err, store.ErrNotFound)
}

func togetherReads(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := s.NewCode(f.newHandle(), s.FirstGeneration(), noon, time.Minute)
	f.ok(f.Together(f.ctx, func(st *store.Store) error {
		if _, err := st.PutCode(f.ctx, code); err != nil {
			return err
		}
		_, err := st.Code(f.ctx, s.ID)
		return err
	}))
	_, err := f.Code(f.ctx, s.ID)
	f.ok(err)
}

func endLeases(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	_, err := f.ClaimSession(f.ctx, s.ID, noon, noon.Add(time.Minute))
	f.ok(err)
	_, err = f.ClaimSession(f.ctx, s.ID, noon, noon.Add(time.Minute))
	f.is(err, store.ErrNotFound)
	f.ok(f.EndLeases(f.ctx))
	_, err = f.ClaimSession(f.ctx, s.ID, noon, noon.Add(time.Minute))
	f.ok(err)
}

func claimByRequest(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	_, err := f.ClaimSessionByRequest(f.ctx, "nothing", noon, noon.Add(time.Minute))
	f.is(err, store.ErrNotFound)
	got, err := f.ClaimSessionByRequest(f.ctx, s.RequestID, noon, noon.Add(time.Minute))
	f.ok(err)
	if got.ID != s.ID || got.LeaseUntil == nil || !got.LeaseUntil.Equal(noon.Add(time.Minute).Truncate(time.Microsecond)) {
		f.t.Errorf("claimed %v until %v", got.ID, got.LeaseUntil)
	}
	_, err = f.ClaimSessionByRequest(f.ctx, s.RequestID, noon, noon.Add(time.Minute))
	f.is(err, store.ErrNotFound)
	_, err = f.ClaimSessionByRequest(f.ctx, s.RequestID, noon.Add(time.Minute), noon.Add(2*time.Minute))
	f.ok(err)
}

func keyCheck(f *fixture) {
	_, err := f.KeyCheck(f.ctx)
	f.is(err, store.ErrNotFound)
	for _, offered := range []string{"first", "second"} {
		kept, err := f.AddKeyCheck(f.ctx, []byte(offered))
		f.ok(err)
		f.same("the check that is kept", string(kept), "first")
	}
	f.ok(f.ReplaceKeyCheck(f.ctx, []byte("other"), []byte("lost")))
	f.ok(f.ReplaceKeyCheck(f.ctx, []byte("first"), []byte("newer")))
	kept, err := f.KeyCheck(f.ctx)
	f.ok(err)
	f.same("the check after a change of keys", string(kept), "newer")
}

func releaseStranded(f *fixture) {
	f.addClient("on", func(c *kyc.Client) { c.WebhookURL = "https://on.example/hook" })
	f.addClient("off", func(c *kyc.Client) { c.WebhookURL, c.WebhookDisabledAt = "https://off.example/hook", &noon })
	held := map[string]kyc.Webhook{}
	for _, client := range []string{"on", "off"} {
		w := f.addWebhook(client)
		claimed, err := f.ClaimDueWebhooks(f.ctx, noon.Add(time.Hour), noon.Add(2*time.Hour), 1)
		f.ok(err)
		if len(claimed) != 1 {
			f.t.Fatalf("claimed %d webhooks", len(claimed))
		}
		f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: w.ID, Lease: noon.Add(2 * time.Hour), LastOutcome: "endpoint is off"}))
		held[client] = w
	}
	n, err := f.ReleaseStranded(f.ctx, noon)
	f.ok(err)
	f.same("released", n, int64(1))
	if w := f.webhook(held["on"].ID); w.NextAttempt == nil {
		f.t.Error("a webhook of an endpoint that is on is still held")
	}
	if w := f.webhook(held["off"].ID); w.NextAttempt != nil {
		f.t.Error("a webhook of an endpoint that is off is released")
	}
}

func giveUpHeld(f *fixture) {
	f.addClient("off", func(c *kyc.Client) { c.WebhookURL, c.WebhookDisabledAt = "https://off.example/hook", &noon })
	w := f.addWebhook("off")
	claimed, err := f.ClaimDueWebhooks(f.ctx, noon.Add(time.Hour), noon.Add(2*time.Hour), 1)
	f.ok(err)
	f.same("claimed", len(claimed), 1)
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: w.ID, Lease: noon.Add(2 * time.Hour), LastOutcome: "endpoint is off"}))
	keep := store.DefaultRetention
	f.purge(noon.Add(keep.Dead-time.Hour), 10)
	if got := f.webhook(w.ID); got.DeadAt != nil {
		f.t.Error("a held webhook is given up too early")
	}
	f.purge(noon.Add(keep.Dead+time.Hour), 10)
	if got := f.webhook(w.ID); got.DeadAt == nil {
		f.t.Error("a webhook is held for ever")
	}
}

func auditOfCodes(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := f.addCode(s)
	f.ok(f.VoidCode(f.ctx, code, noon))
	f.ok(f.VoidCode(f.ctx, code, noon)) // there is nothing left to void, and nothing to tell
	events, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("the last event", events[len(events)-1].Event, "code.voided")
	f.same("the one before", events[len(events)-2].Event, "code.issued")
}
