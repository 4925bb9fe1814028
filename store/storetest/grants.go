package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var grantTests = []test{
	{"AnUnknownTokenIsNotFound", unknownToken},
	{"AccessLastsUntilItsExpiryAndNotAtIt", accessInTime},
	{"RevokingErasesTheClaimsAtOnce", revokeGrant},
	{"RevokingOneGrantLeavesOthersAlone", revokeOne},
	{"ADisabledClientHasNoAccess", disabledAccess},
}

func unknownToken(f *fixture) {
	_, err := f.Access(f.ctx, f.newID())
	f.is(err, store.ErrNotFound)
}

func accessInTime(f *fixture) {
	f.addClient("kiosk")
	code := f.addCode(f.addVerified("kiosk"))
	grant, token := f.newGrant(noon)
	token.ExpiresAt, grant.ExpiresAt = noon.Add(time.Minute), noon.Add(time.Hour)
	f.ok(f.Redeem(f.ctx, code, grant, token, noon))
	a, err := f.Access(f.ctx, token.ID)
	f.ok(err)
	end := micro(noon.Add(time.Minute))
	f.same("live before the token's expiry", a.Live(end.Add(-time.Microsecond)), true)
	f.same("live at the token's expiry", a.Live(end), false)
	a.Token.ExpiresAt = noon.Add(24 * time.Hour)
	f.same("live at the grant's expiry", a.Live(micro(noon.Add(time.Hour))), false)
}

func revokeGrant(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	_, token, err := f.redeem(f.addCode(s), noon)
	f.ok(err)
	when := noon.Add(time.Minute)
	revoked, err := f.RevokeGrantOfSession(f.ctx, s.ID, when)
	f.ok(err)
	f.same("revoked", revoked, true)
	a, err := f.Access(f.ctx, token.ID)
	f.ok(err)
	f.same("time of revocation", a.Grant.RevokedAt, at(micro(when)))
	f.same("claims", a.Grant.SealedClaims, []byte(nil))
	f.same("live", a.Live(when), false)

	again, err := f.RevokeGrantOfSession(f.ctx, s.ID, when.Add(time.Minute))
	f.ok(err)
	f.same("revoked again", again, false)
	a, err = f.Access(f.ctx, token.ID)
	f.ok(err)
	f.same("time of revocation", a.Grant.RevokedAt, at(micro(when)))
}

func revokeOne(f *fixture) {
	f.addClient("kiosk")
	s, other := f.addVerified("kiosk"), f.addVerified("kiosk")
	_, token, err := f.redeem(f.addCode(other), noon)
	f.ok(err)
	revoked, err := f.RevokeGrantOfSession(f.ctx, s.ID, noon)
	f.ok(err)
	f.same("revoked without a grant", revoked, false)
	a, err := f.Access(f.ctx, token.ID)
	f.ok(err)
	f.same("live", a.Live(noon), true)
	f.same("claims", a.Grant.SealedClaims, []byte("sealed claims"))
}

func disabledAccess(f *fixture) {
	c := f.addClient("kiosk")
	_, token, err := f.redeem(f.addCode(f.addVerified("kiosk")), noon)
	f.ok(err)
	c.DisabledAt = at(micro(noon))
	f.ok(f.UpdateClient(f.ctx, c, "client.disabled"))
	a, err := f.Access(f.ctx, token.ID)
	f.ok(err)
	f.same("disabled", a.ClientDisabledAt, c.DisabledAt)
	f.same("live", a.Live(noon), false)
	f.same("kind", a.Token.Kind, kyc.SecretAccessToken)
}
