package storetest

import (
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var refreshTests = []test{
	{"RotatingPutsANewPairInPlaceOfTheOldToken", rotate},
	{"ATokenIsRotatedOnce", rotateOnce},
	{"ATokenLastsUntilItsExpiryAndNotAtIt", rotateInTime},
	{"ARevokedTokenIsNotRotated", rotateRevoked},
	{"AFailedRotationLeavesNoTrace", rotateLeavesNoTrace},
	{"AGrantIsRefreshableWhileATokenOfItIsUnused", refreshable},
	{"OneOfManyRotatesAToken", rotateTogether},
	{"RevokingWinsOverRotating", revokeOrRotate},
	{"OneOfManyRevokersIsTold", revokeTogether},
	{"OneOfManyReadersUsesAGrantUp", useUpTogether},
}

func rotate(f *fixture) {
	f.addClient("kiosk")
	old := f.addRefresh()
	when := noon.Add(time.Minute)
	refresh, access := f.successors(when)
	refresh.Scope, access.Scope = "profile age_over_18", "profile"
	f.ok(f.Rotate(f.ctx, old, refresh, access, when))

	want := old.Token
	want.RotatedAt, want.SuccessorID = at(micro(when)), &refresh.ID
	f.same("the old token", f.access(old.Token.ID), store.Access{Token: want, Grant: old.Grant})
	for _, token := range []kyc.Token{refresh, access} {
		token.GrantID, token.CreatedAt, token.ExpiresAt = old.Grant.ID, micro(when), micro(token.ExpiresAt)
		f.same("a new token", f.access(token.ID), store.Access{Token: token, Grant: old.Grant})
	}
	f.same("the old access token is live", f.access(*old.Token.IssuedWith).Live(when), true)
	trail, err := f.Audit(f.ctx, old.Grant.SessionID)
	f.ok(err)
	f.same("last of the trail", trail[len(trail)-1], store.AuditEvent{
		At: micro(when), Actor: "session", Event: "token.refreshed", ClientID: "kiosk", SessionID: old.Grant.SessionID.String(),
	})
}

// tryRotate rotates a token at a time and returns the token that would replace it.
func (f *fixture) tryRotate(old store.Access, when time.Time) (kyc.Token, error) {
	refresh, access := f.successors(when)
	return refresh, f.Rotate(f.ctx, old, refresh, access, when)
}

func rotateOnce(f *fixture) {
	f.addClient("kiosk")
	old := f.addRefresh()
	first, err := f.tryRotate(old, noon)
	f.ok(err)
	second, err := f.tryRotate(old, noon.Add(time.Second))
	f.is(err, store.ErrConflict)
	_, err = f.Access(f.ctx, second.ID)
	f.is(err, store.ErrNotFound)
	f.same("successor", f.access(old.Token.ID).Token.SuccessorID, &first.ID)

	third, err := f.tryRotate(f.access(first.ID), noon.Add(time.Second))
	f.ok(err)
	f.same("successor of the successor", f.access(first.ID).Token.SuccessorID, &third.ID)
	_, err = f.tryRotate(store.Access{Token: kyc.Token{ID: f.newID()}}, noon) // of nobody
	f.is(err, store.ErrConflict)
}

func rotateInTime(f *fixture) {
	f.addClient("kiosk")
	end := micro(noon.Add(day))
	for _, row := range []struct {
		name string
		when time.Time
		want error
	}{
		{"a microsecond before the expiry", end.Add(-time.Microsecond).In(zones[1]), nil},
		{"at the expiry", end.In(zones[2]), store.ErrConflict},
		{"within the microsecond of the expiry", end.Add(500), store.ErrConflict},
		{"a day later", end.Add(day), store.ErrConflict},
	} {
		old := f.addRefresh()
		f.same("end", old.Token.ExpiresAt, end)
		if _, err := f.tryRotate(old, row.when); !errors.Is(err, row.want) {
			f.t.Errorf("rotated %s: %v", row.name, err)
		}
		f.same("rotated "+row.name, f.access(old.Token.ID).Token.RotatedAt != nil, row.want == nil)
	}
}

func rotateRevoked(f *fixture) {
	f.addClient("kiosk")
	old := f.addRefresh()
	f.ok(f.RevokeToken(f.ctx, old, noon))
	before := f.access(old.Token.ID)
	next, err := f.tryRotate(old, noon)
	f.is(err, store.ErrConflict)
	f.same("the old token", f.access(old.Token.ID), before)
	_, err = f.Access(f.ctx, next.ID)
	f.is(err, store.ErrNotFound)
}

func rotateLeavesNoTrace(f *fixture) {
	f.addClient("kiosk")
	old := f.addRefresh()
	refresh, access := f.successors(noon)
	access.ID = *old.Token.IssuedWith // so that the last but one statement fails
	f.is(f.Rotate(f.ctx, old, refresh, access, noon), store.ErrConflict)
	f.same("the old token", f.access(old.Token.ID), old)
	_, err := f.Access(f.ctx, refresh.ID)
	f.is(err, store.ErrNotFound)
	_, err = f.tryRotate(old, noon)
	f.ok(err)
}

func refreshable(f *fixture) {
	f.addClient("kiosk")
	check := func(what string, grant kyc.ID, now time.Time, want bool) {
		f.t.Helper()
		got, err := f.Refreshable(f.ctx, grant, now)
		f.ok(err)
		f.same(what, got, want)
	}
	_, lone, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	check("a grant with an access token alone", f.access(lone.ID).Grant.ID, noon, false)
	check("no grant", f.newID(), noon, false)

	old := f.addRefresh()
	check("before the expiry", old.Grant.ID, old.Token.ExpiresAt.Add(-time.Microsecond), true)
	check("at the expiry", old.Grant.ID, old.Token.ExpiresAt, false)
	next, err := f.tryRotate(old, noon.Add(time.Hour))
	f.ok(err)
	check("when the token was rotated", old.Grant.ID, old.Token.ExpiresAt, true)
	f.ok(f.RevokeToken(f.ctx, f.access(next.ID), noon))
	check("when its successor was revoked", old.Grant.ID, noon, false)
}

func rotateTogether(f *fixture) {
	f.addClient("kiosk")
	for range 5 {
		old := f.addRefresh()
		next := make([]kyc.ID, 64)
		errs := together(64, func(i int) error {
			token, err := f.tryRotate(old, noon)
			next[i] = token.ID
			return err
		})
		f.same("winners", count(errs, nil), 1)
		f.same("losers", count(errs, store.ErrConflict), 63)
		after := f.access(old.Token.ID).Token
		for i, err := range errs {
			access, readErr := f.Access(f.ctx, next[i])
			if err != nil {
				f.is(readErr, store.ErrNotFound)
				continue
			}
			f.ok(readErr)
			f.same("successor", after.SuccessorID, &next[i])
			f.same("grant", access.Grant, old.Grant)
		}
	}
}

// revokeOrRotate lets rotations of a chain race with the end of its grant: whoever
// is first, nothing of the chain can be used afterwards.
func revokeOrRotate(f *fixture) {
	f.addClient("kiosk")
	for range 40 {
		old := f.addRefresh()
		pairs := make([][2]kyc.Token, 8)
		errs := together(len(pairs), func(i int) error {
			if i == len(pairs)/2 {
				_, err := f.RevokeGrant(f.ctx, old.Grant, kyc.RevokedByPerson, nil, noon)
				return err
			}
			refresh, access := f.successors(noon)
			pairs[i] = [2]kyc.Token{refresh, access}
			return f.Rotate(f.ctx, old, refresh, access, noon)
		})
		f.ok(errs[len(pairs)/2])
		f.same("rotations", count(errs, nil)-1, 1)
		f.same("losers", count(errs, store.ErrConflict), len(pairs)-2)
		tokens := []kyc.ID{old.Token.ID, *old.Token.IssuedWith}
		for i, err := range errs {
			if err == nil && i != len(pairs)/2 {
				tokens = append(tokens, pairs[i][0].ID, pairs[i][1].ID)
			}
		}
		for _, id := range tokens {
			a := f.access(id)
			f.same("live", a.Live(noon), false)
			f.same("claims", a.Grant.SealedClaims, []byte(nil))
		}
	}
}

func revokeTogether(f *fixture) {
	f.addClient("kiosk")
	old := f.addRefresh()
	const n = 32
	told, tell := make([]bool, n), make([]kyc.Webhook, n)
	for i := range tell {
		tell[i] = f.newRevoked(old.Grant)
		tell[i].Attempt = int64(i) // each would have a row of its own
	}
	errs := together(n, func(i int) (err error) {
		told[i], err = f.RevokeGrant(f.ctx, old.Grant, kyc.RevokedByReuse, &tell[i], noon)
		return err
	})
	f.ok(errors.Join(errs...))
	f.same("told", trues(told), 1)
	for i, yes := range told {
		_, err := f.Webhook(f.ctx, tell[i].ID)
		f.same("webhook of who was told", err == nil, yes)
	}
}

func useUpTogether(f *fixture) {
	f.addClient("kiosk")
	grant := f.addRefresh().Grant
	const n = 64
	used := make([]bool, n)
	errs := together(n, func(i int) (err error) {
		used[i], err = f.UseUp(f.ctx, grant, noon)
		return err
	})
	f.ok(errors.Join(errs...))
	f.same("winners", trues(used), 1)
	after, err := f.Grant(f.ctx, grant.ID)
	f.ok(err)
	f.same("claims", after.SealedClaims, []byte(nil))
}
