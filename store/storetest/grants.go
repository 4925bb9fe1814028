package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var grantTests = []test{
	{"AnUnknownTokenIsNotFound", unknownToken},
	{"AnUnknownGrantIsNotFound", unknownGrant},
	{"AllFieldsComeBackAsTheyWereKept", grantRoundTrip},
	{"AGrantHasWhatThePersonAllowedAndNotWhatWasAskedFor", grantNarrowed},
	{"AccessLastsUntilItsExpiryAndNotAtIt", accessInTime},
	{"RevokingErasesTheClaimsAtOnce", revokeGrant},
	{"RevokingOneGrantLeavesOthersAlone", revokeOne},
	{"RevokingTellsTheClientOnce", revokeTells},
	{"AWebhookThatCannotBeQueuedUndoesTheRevocation", webhookUndoesRevocation},
	{"WhatIsReadOnceIsErasedAsItIsRead", useUp},
	{"RevokingATokenLeavesTheOthersOfItsGrant", revokeToken},
	{"GrantsOfAPersonAreTheLiveOnesNewestFirst", grantsOfAccount},
	{"ADisabledClientHasNoAccess", disabledAccess},
}

func unknownToken(f *fixture) {
	_, err := f.Access(f.ctx, f.newID())
	f.is(err, store.ErrNotFound)
	f.ok(f.RevokeToken(f.ctx, store.Access{Token: kyc.Token{ID: f.newID()}}, noon)) // nothing to revoke
}

func unknownGrant(f *fixture) {
	f.addClient("kiosk")
	_, err := f.Grant(f.ctx, f.newID())
	f.is(err, store.ErrNotFound)
	_, err = f.GrantOfSession(f.ctx, f.addVerified("kiosk").ID)
	f.is(err, store.ErrNotFound)
	revoked, err := f.RevokeGrant(f.ctx, kyc.Grant{ID: f.newID()}, kyc.RevokedByOperator, nil, noon)
	f.ok(err)
	f.same("revoked", revoked, false)
	used, err := f.UseUp(f.ctx, kyc.Grant{ID: f.newID()}, noon)
	f.ok(err)
	f.same("used up", used, false)
}

// grantRoundTrip redeems a code of a session with every field that a grant takes
// from it.
func grantRoundTrip(f *fixture) {
	f.addClient("kiosk")
	person := f.addAccount("anna")
	s := f.addAdmitted(person.ID, kyc.Choice{Scope: "openid profile age_over_18", Claims: kyc.Strings{"sex", "nationality"}})
	when := noon.Add(time.Second)
	grant, access := f.newGrant(when)
	grant.Once, grant.RefreshUntil = true, at(when.Add(30*day).In(zones[1]))
	refresh := newRefresh(f.newID(), when.Add(day))
	refresh.Scope, refresh.IssuedWith = "openid", &access.ID
	f.ok(f.Redeem(f.ctx, f.addCode(s), grant, []kyc.Token{access, refresh}, when))

	grant.SessionID, grant.ClientID, grant.AccountID, grant.Scope = s.ID, "kiosk", &person.ID, "openid profile age_over_18"
	grant.Claims, grant.SealedClaims, grant.SealedRequest = s.Claims, []byte("sealed claims"), []byte("sealed request")
	grant.Consent, grant.Method = kyc.ConsentGiven, kyc.MethodAccount
	grant.CreatedAt, grant.ExpiresAt = micro(when), micro(grant.ExpiresAt)
	grant.RefreshUntil = at(micro(*grant.RefreshUntil))
	for what, read := range map[string]func() (kyc.Grant, error){
		"grant":                   func() (kyc.Grant, error) { return f.Grant(f.ctx, grant.ID) },
		"grant of its session":    func() (kyc.Grant, error) { return f.GrantOfSession(f.ctx, s.ID) },
		"grant of a token":        func() (kyc.Grant, error) { return f.access(access.ID).Grant, nil },
		"grant of another token":  func() (kyc.Grant, error) { return f.access(refresh.ID).Grant, nil },
		"grant in its own person": func() (kyc.Grant, error) { return f.onlyGrantOf(person.ID, when), nil },
	} {
		got, err := read()
		f.ok(err)
		f.same(what, got, grant)
		f.full(got, "RevokedAt")
	}
	for _, token := range []kyc.Token{access, refresh} {
		token.GrantID, token.CreatedAt, token.ExpiresAt = grant.ID, micro(when), micro(token.ExpiresAt)
		f.same("token", f.access(token.ID).Token, token)
	}
}

func (f *fixture) onlyGrantOf(account kyc.ID, now time.Time) kyc.Grant {
	f.t.Helper()
	list, err := f.GrantsOfAccount(f.ctx, account, now)
	f.ok(err)
	if len(list) != 1 {
		f.t.Fatalf("the person has %d grants", len(list))
	}
	return list[0]
}

func grantNarrowed(f *fixture) {
	f.addClient("kiosk")
	s := f.addAdmitted(f.addAccount("anna").ID, kyc.Choice{Scope: "age_over_18"})
	grant, token, err := f.redeem(f.addCode(s), noon)
	f.ok(err)
	got := f.access(token.ID).Grant
	f.same("scope", got.Scope, "age_over_18")
	f.same("claims", got.Claims, kyc.Strings{})
	f.same("what can be read", got.Asked(""), []string{"age_over_18"})
	f.same("grant", got.ID, grant.ID)
}

func accessInTime(f *fixture) {
	f.addClient("kiosk")
	code := f.addCode(f.addVerified("kiosk"))
	grant, token := f.newGrant(noon)
	token.ExpiresAt, grant.ExpiresAt = noon.Add(time.Minute), noon.Add(time.Hour)
	f.ok(f.Redeem(f.ctx, code, grant, []kyc.Token{token}, noon))
	a := f.access(token.ID)
	end := micro(noon.Add(time.Minute))
	f.same("live before the token's expiry", a.Live(end.Add(-time.Microsecond)), true)
	f.same("live at the token's expiry", a.Live(end), false)
	a.Token.ExpiresAt = noon.Add(24 * time.Hour)
	f.same("live at the grant's expiry", a.Live(micro(noon.Add(time.Hour))), false)
}

func revokeGrant(f *fixture) {
	f.addClient("kiosk")
	s := f.addAdmitted(f.addAccount("anna").ID, kyc.Choice{Scope: "profile"})
	_, token, err := f.redeem(f.addCode(s), noon)
	f.ok(err)
	when := noon.Add(time.Minute)
	grant, err := f.GrantOfSession(f.ctx, s.ID)
	f.ok(err)
	f.same("sealed before", []string{string(grant.SealedClaims), string(grant.SealedRequest)}, []string{"sealed claims", "sealed request"})
	f.same("revoked", f.revoke(grant, nil, when), true)
	a := f.access(token.ID)
	f.same("time of revocation", a.Grant.RevokedAt, at(micro(when)))
	f.same("claims", a.Grant.SealedClaims, []byte(nil))
	f.same("request", a.Grant.SealedRequest, []byte(nil))
	f.same("live", a.Live(when), false)

	f.same("revoked again", f.revoke(grant, nil, when.Add(time.Minute)), false)
	f.same("time of revocation", f.access(token.ID).Grant.RevokedAt, at(micro(when)))
	trail, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("last of the trail", trail[len(trail)-1], store.AuditEvent{
		At: micro(when), Actor: "session", Event: "grant.withdrawn", ClientID: "kiosk", SessionID: s.ID.String(),
	})
	f.same("revocations in the trail", trail[len(trail)-2].Event, "session.completed")
}

// revoke ends a grant for its person and reports whether it was there to be ended.
func (f *fixture) revoke(g kyc.Grant, tell *kyc.Webhook, now time.Time) bool {
	f.t.Helper()
	revoked, err := f.RevokeGrant(f.ctx, g, kyc.RevokedByPerson, tell, now)
	f.ok(err)
	return revoked
}

func revokeOne(f *fixture) {
	f.addClient("kiosk")
	grant, token, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	_, other, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	f.same("revoked", f.revoke(f.access(token.ID).Grant, nil, noon), true)
	f.same("the grant that was revoked", f.access(token.ID).Grant.ID, grant.ID)
	a := f.access(other.ID)
	f.same("live", a.Live(noon), true)
	f.same("claims", a.Grant.SealedClaims, []byte("sealed claims"))
}

func revokeTells(f *fixture) {
	f.addClient("kiosk")
	_, token, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	grant := f.access(token.ID).Grant
	tell := f.newRevoked(grant)
	f.same("revoked", f.revoke(grant, &tell, noon), true)
	f.same("webhook", f.webhook(tell.ID), tell)

	second := f.newRevoked(grant)
	second.Attempt++ // a row of its own, if it were kept
	f.same("revoked again", f.revoke(grant, &second, noon), false)
	_, err = f.Webhook(f.ctx, second.ID)
	f.is(err, store.ErrNotFound)
}

// newRevoked returns the event of a grant that has ended, due at noon.
func (f *fixture) newRevoked(g kyc.Grant) kyc.Webhook {
	w := newWebhook(f.newID(), kyc.Session{ID: g.SessionID, ClientID: g.ClientID})
	w.Event = kyc.EventRevoked
	return w
}

func webhookUndoesRevocation(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	_, token, err := f.redeem(f.addCode(s), noon)
	f.ok(err)
	before := f.access(token.ID)
	first := f.newRevoked(before.Grant)
	f.ok(f.Apply(f.ctx, f.session(s.ID), kyc.Effects{Webhook: &first}))
	second := f.newRevoked(before.Grant)
	revoked, err := f.RevokeGrant(f.ctx, before.Grant, kyc.RevokedByPerson, &second, noon)
	f.is(err, store.ErrConflict)
	f.same("revoked", revoked, false)
	f.same("access", f.access(token.ID), before)
	trail, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("last of the trail", trail[len(trail)-1].Event, "session.completed")
}

func useUp(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	_, token, err := f.redeem(f.addCode(s), noon)
	f.ok(err)
	grant := f.access(token.ID).Grant
	for i, want := range []bool{true, false} {
		when := noon.Add(time.Duration(i+1) * time.Second)
		used, err := f.UseUp(f.ctx, grant, when)
		f.ok(err)
		f.same("used up", used, want)
		after := f.access(token.ID)
		f.same("claims", after.Grant.SealedClaims, []byte(nil))
		f.same("ended", after.Grant.RevokedAt, at(micro(noon.Add(time.Second))))
		f.same("live", after.Live(when), false)
	}
	f.same("revoked after it was used up", f.revoke(grant, nil, noon), false)
}

func revokeToken(f *fixture) {
	f.addClient("kiosk")
	old := f.addRefresh()
	other := *old.Token.IssuedWith
	when := noon.Add(time.Minute)
	for range 2 { // the second time there is nothing left to revoke, and nothing to tell
		f.ok(f.RevokeToken(f.ctx, old, when))
		f.same("ended", f.access(old.Token.ID).Token.RevokedAt, at(micro(when)))
		f.same("the other is live", f.access(other).Live(when), true)
	}
	trail, err := f.Audit(f.ctx, old.Grant.SessionID)
	f.ok(err)
	f.same("last of the trail", trail[len(trail)-1], store.AuditEvent{
		At: micro(when), Actor: "session", Event: "token.revoked", ClientID: "kiosk", SessionID: old.Grant.SessionID.String(),
	})
	f.same("the one before", trail[len(trail)-2].Event, "session.completed")
}

func grantsOfAccount(f *fixture) {
	f.addClient("kiosk")
	anna, otto := f.addAccount("anna"), f.addAccount("otto")
	var made []kyc.ID
	for i := range 5 {
		person := anna.ID
		if i == 4 {
			person = otto.ID
		}
		when := noon.Add(time.Duration(i) * time.Second)
		grant, _, err := f.redeem(f.addCode(f.addAdmitted(person, kyc.Choice{Scope: "profile"})), when)
		f.ok(err)
		made = append(made, grant.ID)
	}
	_, _, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon) // of nobody with an account
	f.ok(err)
	revoked, err := f.Grant(f.ctx, made[1])
	f.ok(err)
	f.revoke(revoked, nil, noon)
	for _, row := range []struct {
		name   string
		person kyc.ID
		now    time.Time
		want   []kyc.ID
	}{
		{"while all last", anna.ID, noon, []kyc.ID{made[3], made[2], made[0]}},
		{"when the first has ended", anna.ID, noon.Add(time.Hour), []kyc.ID{made[3], made[2]}},
		{"a day later", anna.ID, noon.Add(day), nil},
		{"of another person", otto.ID, noon, []kyc.ID{made[4]}},
		{"of nobody", f.newID(), noon, nil},
	} {
		list, err := f.GrantsOfAccount(f.ctx, row.person, row.now)
		f.ok(err)
		var got []kyc.ID
		for _, g := range list {
			got = append(got, g.ID)
		}
		f.same(row.name, got, row.want)
	}
}

func disabledAccess(f *fixture) {
	c := f.addClient("kiosk")
	_, token, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	c.DisabledAt = at(micro(noon))
	f.ok(f.UpdateClient(f.ctx, c, "client.disabled"))
	a := f.access(token.ID)
	f.same("disabled", a.ClientDisabledAt, c.DisabledAt)
	f.same("live", a.Live(noon), false)
	f.same("kind", a.Token.Kind, kyc.SecretAccessToken)
}
