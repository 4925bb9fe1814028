package storetest

import (
	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
	"vouchgate/store"
)

// schemaTests go past the rules of kyc and past the Store's transactions: what the
// database alone refuses.
var schemaTests = []test{
	{"StatesThatDoNotExistAreRefused", refuseStatus},
	{"StatesOfConsentThatDoNotExistAreRefused", refuseConsent},
	{"ClaimsAreKeptOnlyWhileVerified", refuseClaims},
	{"AnOpenSessionHasANextCheck", refuseForgotten},
	{"ASecondWebhookForTheSameEventIsRefused", refuseDoubleWebhook},
	{"RowsWithoutTheirOwnerAreRefused", refuseOrphans},
	{"ASecondGrantForASessionIsRefused", refuseDoubleGrant},
}

func refuseStatus(f *fixture) {
	f.addClient("kiosk")
	for _, status := range []kyc.Status{"", "Pending", "done"} {
		s := kyc.NewSession(f.newHandle(), "kiosk", kyc.MethodSwiyu, noon, kyc.SetupLifetime)
		s.Status = status
		if err := f.CreateSession(f.ctx, s); err == nil {
			f.t.Errorf("a session in state %q was kept", status)
		}
	}
}

func refuseConsent(f *fixture) {
	f.addClient("kiosk")
	for consent, want := range map[kyc.Consent]bool{
		kyc.ConsentNone: true, kyc.ConsentAsked: true, kyc.ConsentRequired: true, kyc.ConsentGiven: true,
		"Given": false, "yes": false, " ": false,
	} {
		s := kyc.NewSession(f.newHandle(), "kiosk", kyc.MethodSwiyu, noon, kyc.SetupLifetime)
		s.Consent = consent
		if err := f.CreateSession(f.ctx, s); (err == nil) != want {
			f.t.Errorf("a session with consent %q: %v", consent, err)
		}
	}
}

func refuseClaims(f *fixture) {
	f.addClient("kiosk")
	for _, status := range kyc.Statuses {
		s := f.addSession("kiosk")
		s.Status, s.SealedClaims = status, []byte("sealed")
		err := f.Apply(f.ctx, s, kyc.Effects{})
		if kept := err == nil; kept != (status == kyc.StatusVerified) {
			f.t.Errorf("claims in state %s: %v", status, err)
		}
	}
}

func refuseForgotten(f *fixture) {
	f.addClient("kiosk")
	for _, status := range kyc.Statuses {
		s := f.addSession("kiosk")
		s.Status, s.NextCheck = status, nil
		waits := status == kyc.StatusPending || status == kyc.StatusAuthorized || status == kyc.StatusVerified
		if err := f.Apply(f.ctx, s, kyc.Effects{}); (err != nil) != waits {
			f.t.Errorf("no next check in state %s: %v", status, err)
		}
	}
}

func refuseDoubleWebhook(f *fixture) {
	f.addClient("kiosk")
	w := f.addWebhook("kiosk")
	s := f.session(w.SessionID)
	again := newWebhook(f.newID(), s)
	f.is(f.Apply(f.ctx, s, kyc.Effects{Webhook: &again}), store.ErrConflict)

	other := newWebhook(f.newID(), s)
	other.Event = kyc.EventExpired
	f.ok(f.Apply(f.ctx, s, kyc.Effects{Webhook: &other}))
	later := newWebhook(f.newID(), s)
	later.Attempt++
	f.ok(f.Apply(f.ctx, f.session(s.ID), kyc.Effects{Webhook: &later}))
}

func refuseOrphans(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	stranger := s
	stranger.ID = f.newID()
	_, err := f.PutCode(f.ctx, stranger.NewCode(f.newHandle(), 1, noon, kyc.SetupLifetime))
	f.is(err, store.ErrNotFound)

	stranger.AccountID = &stranger.ID
	f.is(f.CreateSession(f.ctx, stranger), store.ErrNotFound)

	w := newWebhook(f.newID(), s)
	w.ClientID = "nobody"
	f.is(f.Apply(f.ctx, s, kyc.Effects{Webhook: &w}), store.ErrNotFound)

	err = f.backend.Writer().CreateToken(f.ctx, pgdb.CreateTokenParams{
		ID: f.newID(), GrantID: f.newID(), Hash: []byte{1}, CreatedAt: noon, ExpiresAt: noon,
	})
	f.is(f.backend.MapError(err), store.ErrNotFound)
}

func refuseDoubleGrant(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	grant := pgdb.CreateGrantParams{ID: f.newID(), CreatedAt: noon, ExpiresAt: noon, SessionID: s.ID}
	f.ok(f.backend.Writer().CreateGrant(f.ctx, grant))
	grant.ID = f.newID()
	f.is(f.backend.MapError(f.backend.Writer().CreateGrant(f.ctx, grant)), store.ErrConflict)
}
