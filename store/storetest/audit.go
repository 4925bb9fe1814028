package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var auditTests = []test{
	{"EveryChangeOfStateAndCodeIsThereOnceInOrder", auditWalk},
	{"ConsentIsThereOnce", auditConsent},
	{"WhatChangesNoStateLeavesNoRecord", auditQuiet},
	{"ChangesOfAClientNameTheActor", auditClient},
	{"TheTrailOutlivesItsSession", auditOutlives},
}

func auditWalk(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	f.open(s.ID, minute(1))
	f.open(s.ID, minute(2)) // another browser: a new attempt, although the state is the same
	f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Refuse(s.RequestID, kyc.FailureIssuer, minute(3))
	})
	f.open(s.ID, minute(4))
	f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Expire(minute(5)) })
	f.open(s.ID, minute(6))
	verified := f.prove(s.ID, minute(7))
	code := verified.NewCode(f.newHandle(), verified.FirstGeneration(), minute(7), time.Minute)
	_, err := f.PutCode(f.ctx, code)
	f.ok(err)
	_, _, err = f.redeem(code, minute(7).Add(time.Second))
	f.ok(err)

	var want []store.AuditEvent
	for i, event := range []string{
		"session.pending", "session.authorized", "session.authorized", "session.failed", "session.authorized",
		"session.expired", "session.authorized", "session.verified", "code.issued", "session.completed",
	} {
		when := minute(min(i, 7))
		if event == "session.completed" {
			when = minute(7).Add(time.Second)
		}
		want = append(want, store.AuditEvent{
			At: micro(when), Actor: "session", Event: event, ClientID: "kiosk", SessionID: s.ID.String(),
		})
	}
	got, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("trail", got, want)
}

func auditConsent(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	f.open(s.ID, noon)
	f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) {
		s.Consent = kyc.ConsentAsked
		return kyc.Effects{}, nil
	})
	f.prove(s.ID, noon)
	agreed := f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Agree(kyc.Choice{Scope: s.Scope}, noon) })
	code := agreed.NewCode(f.newHandle(), agreed.FirstGeneration(), noon, time.Minute)
	for range 2 { // the second time it is there already
		_, err := f.PutCode(f.ctx, code)
		f.ok(err)
	}
	code.Generation++
	_, err := f.PutCode(f.ctx, code)
	f.ok(err)
	trail, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	var got []string
	for _, r := range trail {
		got = append(got, r.Event)
	}
	f.same("trail", got, []string{
		"session.pending", "session.authorized", "session.verified", "consent.given", "code.issued", "code.issued",
	})
}

func auditQuiet(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	list, err := f.ClaimDueSessions(f.ctx, noon, noon.Add(time.Minute), 1)
	f.ok(err)
	f.ok(f.ScheduleSession(f.ctx, list[0], noon))
	f.ok(f.HastenSession(f.ctx, s.ID, noon))
	f.meddle(s.ID)
	trail, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("records", len(trail), 2) // made and opened
}

func auditClient(f *fixture) {
	c := f.addClient("kiosk")
	f.ok(f.UpdateClient(f.ctx, c, "client.updated"))
	f.ok(f.RotateClientSecret(f.ctx, f.newSecret("kiosk"), noon))
	f.ok(f.RotateWebhookSecret(f.ctx, f.newWebhookSecret("kiosk"), noon))
	f.ok(f.DisableWebhook(f.ctx, "kiosk", "410", noon))
	f.ok(f.RemoveClient(f.ctx, "kiosk", noon))
	rows, err := f.backend.Reader().ListAudit(f.ctx, "")
	f.ok(err)
	var got []string
	for _, r := range rows {
		f.same("client", r.ClientID, "kiosk")
		f.same("time", r.At, micro(noon))
		got = append(got, r.Actor+" "+r.Event)
	}
	f.same("trail", got, []string{
		"operator client.added", "operator client.updated", "operator client.secret_rotated",
		"operator client.webhook_secret_rotated", "worker webhook.disabled", "operator client.removed",
	})
}

func auditOutlives(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	f.ok(f.RemoveClient(f.ctx, "kiosk", noon))
	trail, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("records", len(trail), 1)
}
