package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var purgeTests = []test{
	{"AnEmptyDatabaseHasNothingToPurge", purgeNothing},
	{"AGrantGoesTheMomentItEndsWithItsTokens", purgeGrants},
	{"AFinishedSessionGoesWithItsCodeAndLeavesItsGrant", purgeSessions},
	{"ASessionThatCanGoOnStays", purgeKeepsOpenSessions},
	{"ASessionThatMayBeOpenedAgainStaysForItsLife", purgeKeepsReopenable},
	{"WebhooksGoByTheirOutcome", purgeWebhooks},
	{"TokensGoADayAfterTheyEndAndLeaveTheirGrant", purgeTokens},
	{"SignInsGoWhenTheyEnd", purgeSignIns},
	{"CountsGoWhenTheyAreOld", purgeCounts},
	{"AssertionsGoWhenTheyEnd", purgeAssertions},
	{"SecretsGoWhenTheyEnd", purgeSecrets},
	{"TheAuditTrailGoesWhenItIsOld", purgeAudit},
	{"APurgeIsBounded", purgeInBatches},
}

const day = 24 * time.Hour

func (f *fixture) purge(now time.Time, n int) store.Purged {
	f.t.Helper()
	p, err := f.Purge(f.ctx, now, store.DefaultRetention, n)
	f.ok(err)
	return p
}

func purgeNothing(f *fixture) { f.same("purged", f.purge(noon, 10), store.Purged{}) }

func purgeGrants(f *fixture) {
	f.addClient("kiosk")
	_, token, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	end := micro(noon.Add(time.Hour))
	f.same("before the end", f.purge(end.Add(-time.Microsecond), 10), store.Purged{})
	f.same("at the end", f.purge(end, 10), store.Purged{Grants: 1})
	_, err = f.Access(f.ctx, token.ID)
	f.is(err, store.ErrNotFound)
}

func purgeSessions(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := f.addCode(s)
	grant, token := f.newGrant(noon)
	grant.ExpiresAt, token.ExpiresAt = noon.Add(30*day), noon.Add(30*day)
	f.ok(f.Redeem(f.ctx, code, grant, []kyc.Token{token}, noon))

	f.same("after a day", f.purge(micro(noon).Add(day), 10), store.Purged{})
	f.same("after more", f.purge(noon.Add(day+time.Millisecond), 10), store.Purged{Sessions: 1})
	_, err := f.Session(f.ctx, s.ID)
	f.is(err, store.ErrNotFound)
	_, err = f.Code(f.ctx, s.ID)
	f.is(err, store.ErrNotFound)
	access, err := f.Access(f.ctx, token.ID)
	f.ok(err)
	f.same("claims", access.Grant.SealedClaims, []byte("sealed claims"))
}

func purgeKeepsOpenSessions(f *fixture) {
	f.addClient("kiosk")
	sessions := []kyc.Session{f.addSession("kiosk"), f.open(f.addSession("kiosk").ID, noon), f.addVerified("kiosk")}
	f.same("purged", f.purge(noon.Add(300*day), 10), store.Purged{})
	for _, s := range sessions {
		f.same("session", f.session(s.ID), s)
	}
}

func purgeKeepsReopenable(f *fixture) {
	f.addClient("kiosk")
	expire := func(s *kyc.Session) (kyc.Effects, error) { return s.Expire(noon) }
	refuse := func(s *kyc.Session) (kyc.Effects, error) {
		return s.Refuse(s.RequestID, kyc.FailureRefusedByWallet, noon)
	}
	cancel := func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon) }
	expired := f.move(f.open(f.addSession("kiosk").ID, noon).ID, expire)
	failed := f.move(f.open(f.addSession("kiosk").ID, noon).ID, refuse)
	denied := f.move(f.open(f.addSession("kiosk").ID, noon).ID, cancel)

	f.same("after a day", f.purge(noon.Add(2*day), 10), store.Purged{Sessions: 1})
	_, err := f.Session(f.ctx, denied.ID)
	f.is(err, store.ErrNotFound)
	for _, s := range []kyc.Session{expired, failed} {
		f.same("status of a session opened again", f.open(s.ID, noon.Add(2*day)).Status, kyc.StatusAuthorized)
		f.move(s.ID, expire)
	}
	end := noon.Add(kyc.SetupLifetime)
	f.same("at the end of their life", f.purge(end, 10), store.Purged{})
	f.same("a day later", f.purge(end.Add(day+time.Millisecond), 10), store.Purged{Sessions: 2})
}

func purgeWebhooks(f *fixture) {
	f.addClient("kiosk")
	lease := noon.Add(time.Minute)
	delivered, dead := f.queue(noon), f.queue(noon)
	f.claimWebhooks(noon, lease, 10)
	f.ok(f.FinishWebhooks(f.ctx, []kyc.ID{delivered.ID}, lease, noon))
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: dead.ID, Lease: lease, DeadAt: &noon}))
	waiting := f.queue(noon)

	f.same("after a day", f.purge(micro(noon).Add(day), 10), store.Purged{})
	f.same("after more", f.purge(noon.Add(day+time.Millisecond), 10), store.Purged{Webhooks: 1})
	_, err := f.Webhook(f.ctx, delivered.ID)
	f.is(err, store.ErrNotFound)
	f.same("after two weeks", f.purge(micro(noon).Add(14*day), 10), store.Purged{})
	f.same("after more", f.purge(noon.Add(14*day+time.Millisecond), 10), store.Purged{Webhooks: 1})
	f.same("the one that waits", f.webhook(waiting.ID), waiting)
}

// purgeTokens has two refresh tokens of one chain, of which the first was used.
func purgeTokens(f *fixture) {
	f.addClient("kiosk")
	old := f.addRefresh() // an access token for an hour, a refresh token for a day
	next, err := f.tryRotate(old, noon.Add(12*time.Hour))
	f.ok(err)
	access := f.access(next.ID).Token.IssuedWith
	for _, row := range []struct {
		name string
		end  time.Time
		gone kyc.ID
	}{
		{"the first access token", noon.Add(time.Hour), *old.Token.IssuedWith},
		{"the second access token", noon.Add(13 * time.Hour), *access},
		{"the first refresh token", noon.Add(day), old.Token.ID},
		{"the second refresh token", noon.Add(36 * time.Hour), next.ID},
	} {
		due := micro(row.end).Add(day)
		f.same("before the time of "+row.name, f.purge(due.Add(-time.Microsecond), 10).Tokens, int64(0))
		f.access(row.gone)
		f.same("in the time of "+row.name, f.purge(due, 10).Tokens, int64(1))
		_, err := f.Access(f.ctx, row.gone)
		f.is(err, store.ErrNotFound)
	}
	got, err := f.Grant(f.ctx, old.Grant.ID)
	f.ok(err)
	f.same("grant", got, old.Grant)
}

func purgeSignIns(f *fixture) {
	anna := f.addAccount("anna")
	in := f.addSignIn(anna.ID)
	f.addSignIn(anna.ID)
	f.same("before their end", f.purge(in.ExpiresAt.Add(-time.Microsecond), 10), store.Purged{})
	f.same("one of them", f.purge(in.ExpiresAt, 1), store.Purged{SignIns: 1})
	f.same("the other", f.purge(in.ExpiresAt, 1), store.Purged{SignIns: 1})
	_, err := f.SignIn(f.ctx, in.ID)
	f.is(err, store.ErrNotFound)
	_, err = f.Account(f.ctx, anna.ID)
	f.ok(err)
}

// purgeCounts counts with a window that never ends, so that only a purge forgets.
func purgeCounts(f *fixture) {
	const forever = 100 * 365 * day
	due := micro(noon).Add(day)
	for _, row := range []struct {
		name  string
		purge time.Time
		want  int64
	}{
		{"the first", noon, 1},
		{"within a day", due.Add(-time.Microsecond), 2},
		{"after a day", due, 1},
	} {
		f.purge(row.purge, 10)
		tries, _, err := f.Count(f.ctx, []byte("anna"), noon, forever)
		f.ok(err)
		f.same(row.name, tries, row.want)
	}
}

func purgeAssertions(f *fixture) {
	end := micro(noon.Add(time.Minute))
	for _, row := range []struct {
		name  string
		purge time.Time
		fresh bool
	}{
		{"the first use", noon, true},
		{"before its end", end.Add(-time.Microsecond), false},
		{"at its end, when it is no good for another reason", end, true},
	} {
		f.purge(row.purge, 10)
		fresh, err := f.UseAssertion(f.ctx, []byte("a"), end)
		f.ok(err)
		f.same(row.name, fresh, row.fresh)
	}
}

func purgeSecrets(f *fixture) {
	f.addClient("kiosk")
	f.ok(f.RotateWebhookSecret(f.ctx, f.newWebhookSecret("kiosk"), noon))
	end := micro(noon.Add(time.Hour))
	f.ok(f.RotateClientSecret(f.ctx, f.newSecret("kiosk"), end))
	f.ok(f.RotateWebhookSecret(f.ctx, f.newWebhookSecret("kiosk"), end))
	f.same("before the end", f.purge(end.Add(-time.Microsecond), 10), store.Purged{})
	f.same("at the end", f.purge(end, 10), store.Purged{Secrets: 2})
	secrets, err := f.ClientSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("secrets left", len(secrets), 1)
}

func purgeAudit(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	old := micro(noon).Add(store.DefaultRetention.Audit)
	f.same("after a year", f.purge(old, 10).Audit, int64(0))
	f.same("after more", f.purge(old.Add(time.Microsecond), 10).Audit, int64(2))
	trail, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("trail", trail, []store.AuditEvent{})
}

func purgeInBatches(f *fixture) {
	f.addClient("kiosk")
	for range 5 {
		_, _, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
		f.ok(err)
	}
	later := noon.Add(10 * day)
	f.same("first", f.purge(later, 3), store.Purged{Grants: 3, Tokens: 2, Sessions: 3})
	f.same("second", f.purge(later, 3), store.Purged{Grants: 2, Sessions: 2})
	f.same("third", f.purge(later, 3).Total(), int64(0))
}
