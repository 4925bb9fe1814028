package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var auditTests = []test{
	{"EveryChangeOfStateIsThereOnceInOrder", auditWalk},
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
		"pending", "authorized", "authorized", "failed", "authorized", "expired", "authorized", "verified", "completed",
	} {
		when := minute(i)
		if event == "completed" {
			when = minute(7).Add(time.Second)
		}
		want = append(want, store.AuditEvent{
			At: micro(when), Actor: "session", Event: "session." + event, ClientID: "kiosk", SessionID: s.ID.String(),
		})
	}
	got, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("trail", got, want)
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
