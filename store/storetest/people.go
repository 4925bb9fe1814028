package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

// newAccount returns an account that fills every field, not kept yet.
func (f *fixture) newAccount(userName string) kyc.Account {
	return kyc.Account{
		ID: f.newID(), UserName: userName, PasswordHash: "hash of " + userName, SealedClaims: []byte{0, 1, 255},
		CreatedAt: micro(noon), UpdatedAt: micro(noon.Add(time.Second)),
	}
}

// addAccount keeps an account.
func (f *fixture) addAccount(userName string) kyc.Account {
	f.t.Helper()
	a := f.newAccount(userName)
	f.ok(f.CreateAccount(f.ctx, a))
	return a
}

// addSignIn keeps a sign-in of an account for an hour from noon.
func (f *fixture) addSignIn(account kyc.ID) kyc.SignIn {
	f.t.Helper()
	h := f.newHandle()
	in := kyc.SignIn{
		ID: h.ID, AccountID: account, Hash: h.Hash(kyc.SecretSignIn),
		AuthenticatedAt: micro(noon), ExpiresAt: micro(noon.Add(time.Hour)),
	}
	f.ok(f.AddSignIn(f.ctx, in))
	return in
}

// visit is what the browser of somebody with an account asks for.
var visit = kyc.Binding{
	RedirectURI: "https://kiosk.example/cb", State: "ü&=", Scope: "openid profile age_over_18", Challenge: "challenge",
	BrowserHash: []byte("browser"), Claims: kyc.Strings{"sex", "nationality"}, ResponseMode: "form_post",
	SealedRequest: []byte("sealed request"),
}

// addVisit keeps a session of the client kiosk in which somebody is about to sign
// in.
func (f *fixture) addVisit() kyc.Session {
	f.t.Helper()
	s := kyc.NewVisit(f.newHandle(), "kiosk", kyc.MethodAccount, visit, noon, kyc.VisitLifetime)
	s.Consent = kyc.ConsentAsked
	f.ok(f.CreateSession(f.ctx, s))
	return f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Open(visit, kyc.Verification{}, noon, s.ExpiresAt)
	})
}

// addAdmitted keeps a session that somebody with an account has signed in to and
// agreed in.
func (f *fixture) addAdmitted(account kyc.ID, c kyc.Choice) kyc.Session {
	f.t.Helper()
	return f.move(f.addVisit().ID, func(s *kyc.Session) (kyc.Effects, error) {
		if err := s.SignIn(&account, noon); err != nil {
			return kyc.Effects{}, err
		}
		return s.Admit([]byte("sealed claims"), c, noon)
	})
}

func newRefresh(id kyc.ID, end time.Time) kyc.Token {
	return kyc.Token{ID: id, Kind: kyc.SecretRefreshToken, Hash: id[:], ExpiresAt: end}
}

// addRefresh redeems a code of the client kiosk for an access token that lasts an
// hour and a refresh token that lasts a day, which it returns.
func (f *fixture) addRefresh() store.Access {
	f.t.Helper()
	grant, access := f.newGrant(noon)
	grant.ExpiresAt = noon.Add(30 * day)
	refresh := newRefresh(f.newID(), noon.Add(day))
	refresh.IssuedWith = &access.ID
	f.ok(f.Redeem(f.ctx, f.addCode(f.addVerified("kiosk")), grant, []kyc.Token{access, refresh}, noon))
	return f.access(refresh.ID)
}

// successors returns the tokens that replace a refresh token, not kept yet.
func (f *fixture) successors(at time.Time) (refresh, access kyc.Token) {
	refresh, access = newRefresh(f.newID(), at.Add(day)), kyc.Token{ID: f.newID(), Kind: kyc.SecretAccessToken, ExpiresAt: at.Add(time.Hour)}
	access.Hash = access.ID[:]
	refresh.IssuedWith = &access.ID
	return refresh, access
}

func (f *fixture) access(token kyc.ID) store.Access {
	f.t.Helper()
	a, err := f.Access(f.ctx, token)
	f.ok(err)
	return a
}
