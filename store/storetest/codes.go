package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var codeTests = []test{
	{"AllFieldsComeBackAsTheyWereKept", codeRoundTrip},
	{"OnlyALaterGenerationReplacesACode", codeGenerations},
	{"NothingReplacesAUsedCode", usedCodeStays},
	{"RedeemingMovesTheClaimsFromSessionToGrant", redeemMovesClaims},
	{"ACodeIsRedeemedOnce", redeemOnce},
	{"ACodeLastsUntilItsExpiryAndNotAtIt", redeemInTime},
	{"ACodeOfAnotherGenerationIsRefused", redeemGeneration},
	{"ACodeOfASessionThatIsNotVerifiedIsRefused", redeemUnverified},
	{"ASpoiledCodeIsRefused", redeemVoid},
	{"AFailedRedemptionLeavesNoTrace", redeemLeavesNoTrace},
}

func codeRoundTrip(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	want := kyc.Code{
		SessionID: s.ID, Generation: 1 << 40, Hash: []byte{0, 255}, ClientID: "kiosk", RedirectURI: "https://kiosk.example/cb",
		State: "s", Challenge: "c", Scope: "profile", CreatedAt: micro(noon), ExpiresAt: micro(noon.Add(time.Minute)),
	}
	kept, err := f.PutCode(f.ctx, want)
	f.ok(err)
	f.same("kept", kept, true)
	got, err := f.Code(f.ctx, s.ID)
	f.ok(err)
	f.same("code", got, want)
	f.ok(f.VoidCode(f.ctx, want, noon))
	want.UsedAt = at(micro(noon))
	got, err = f.Code(f.ctx, s.ID)
	f.ok(err)
	f.same("used code", got, want)
	_, err = f.Code(f.ctx, f.newID())
	f.is(err, store.ErrNotFound)
}

func codeGenerations(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	for _, row := range []struct {
		name       string
		generation int64
		kept       bool
		stays      int64
	}{
		{"the first", 5, true, 5},
		{"the same", 5, false, 5},
		{"an earlier one", 4, false, 5},
		{"the next", 6, true, 6},
		{"one of the next attempt", 1 << 17, true, 1 << 17},
	} {
		h := f.newHandle()
		code := s.NewCode(h, row.generation, noon.Add(time.Duration(row.generation)), time.Minute)
		code.State = row.name
		kept, err := f.PutCode(f.ctx, code)
		f.ok(err)
		f.same(row.name, kept, row.kept)
		got, err := f.Code(f.ctx, s.ID)
		f.ok(err)
		f.same("generation after "+row.name, got.Generation, row.stays)
		if row.kept {
			f.same("hash of "+row.name, got.Hash, code.Hash)
			f.same("binding of "+row.name, got.State, row.name)
			f.same("expiry of "+row.name, got.ExpiresAt, micro(code.ExpiresAt))
		}
	}
}

func usedCodeStays(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := f.addCode(s)
	f.ok(f.VoidCode(f.ctx, code, noon))
	kept, err := f.PutCode(f.ctx, s.NewCode(f.newHandle(), code.Generation+1, noon, time.Minute))
	f.ok(err)
	f.same("kept", kept, false)
	f.ok(f.VoidCode(f.ctx, code, noon.Add(time.Second)))
	got, err := f.Code(f.ctx, s.ID)
	f.ok(err)
	f.same("time of use", got.UsedAt, at(micro(noon)))
}

func redeemMovesClaims(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := f.addCode(s)
	when := noon.Add(30 * time.Second)
	grant, token, err := f.redeem(code, when)
	f.ok(err)

	access, err := f.Access(f.ctx, token.ID)
	f.ok(err)
	grant.SessionID, grant.ClientID, grant.Scope = s.ID, "kiosk", binding.Scope
	grant.SealedClaims, grant.Method = []byte("sealed claims"), kyc.MethodSwiyu
	grant.CreatedAt, grant.ExpiresAt = micro(when), micro(grant.ExpiresAt)
	token.CreatedAt, token.ExpiresAt = micro(when), micro(token.ExpiresAt)
	f.same("access", access, store.Access{Token: token, Grant: grant})

	s.Status, s.SealedClaims, s.NextCheck, s.Version = kyc.StatusCompleted, nil, nil, s.Version+1
	s.FinishedAt, s.UpdatedAt = at(micro(when)), micro(when)
	f.same("session", f.session(s.ID), s)
	used, err := f.Code(f.ctx, s.ID)
	f.ok(err)
	f.same("time of use", used.UsedAt, at(micro(when)))
}

func redeemOnce(f *fixture) {
	f.addClient("kiosk")
	code := f.addCode(f.addVerified("kiosk"))
	_, first, err := f.redeem(code, noon)
	f.ok(err)
	_, second, err := f.redeem(code, noon)
	f.is(err, store.ErrConflict)
	_, err = f.Access(f.ctx, first.ID)
	f.ok(err)
	_, err = f.Access(f.ctx, second.ID)
	f.is(err, store.ErrNotFound)
}

func redeemInTime(f *fixture) {
	f.addClient("kiosk")
	for _, row := range []struct {
		name string
		when func(code kyc.Code) time.Time
		want error
	}{
		{"a microsecond before the expiry", func(c kyc.Code) time.Time { return micro(c.ExpiresAt).Add(-time.Microsecond) }, nil},
		{"at the expiry", func(c kyc.Code) time.Time { return micro(c.ExpiresAt) }, store.ErrConflict},
		{"within the microsecond of the expiry", func(c kyc.Code) time.Time { return c.ExpiresAt.Add(500) }, store.ErrConflict},
		{"a day later", func(c kyc.Code) time.Time { return c.ExpiresAt.Add(24 * time.Hour) }, store.ErrConflict},
	} {
		code := f.addCode(f.addVerified("kiosk"))
		_, _, err := f.redeem(code, row.when(code))
		if want := row.want; want != nil || err != nil {
			f.t.Log(row.name)
			f.is(err, want)
		}
	}
}

func redeemGeneration(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	old := f.addCode(s)
	next := s.NewCode(f.newHandle(), old.Generation+1, noon, time.Minute)
	_, err := f.PutCode(f.ctx, next)
	f.ok(err)
	_, _, err = f.redeem(old, noon)
	f.is(err, store.ErrConflict)
	_, _, err = f.redeem(next, noon)
	f.ok(err)
}

func redeemUnverified(f *fixture) {
	f.addClient("kiosk")
	for _, status := range kyc.Statuses {
		if status == kyc.StatusVerified {
			continue
		}
		s := f.addSession("kiosk")
		s.Status = status
		f.ok(f.Apply(f.ctx, s, kyc.Effects{}))
		before := f.session(s.ID)
		_, token, err := f.redeem(f.addCode(s), noon)
		f.is(err, store.ErrConflict)
		f.same("session that is "+string(status), f.session(s.ID), before)
		_, err = f.Access(f.ctx, token.ID)
		f.is(err, store.ErrNotFound)
	}
}

func redeemVoid(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := f.addCode(s)
	f.ok(f.VoidCode(f.ctx, code, noon))
	_, _, err := f.redeem(code, noon)
	f.is(err, store.ErrConflict)
	f.same("status", f.session(s.ID).Status, kyc.StatusVerified)
	f.ok(f.VoidCode(f.ctx, kyc.Code{SessionID: f.newID()}, noon)) // of a session without one: nothing to void
}

func redeemLeavesNoTrace(f *fixture) {
	f.addClient("kiosk")
	_, taken, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	s := f.addVerified("kiosk")
	code := f.addCode(s)
	grant, token := f.newGrant(noon)
	token.ID = taken.ID // so that the last but one statement fails
	f.is(f.Redeem(f.ctx, code, grant, []kyc.Token{token}, noon), store.ErrConflict)
	f.same("session", f.session(s.ID), s)
	got, err := f.Code(f.ctx, s.ID)
	f.ok(err)
	f.same("time of use", got.UsedAt, (*time.Time)(nil))
	_, _, err = f.redeem(code, noon)
	f.ok(err)
}
