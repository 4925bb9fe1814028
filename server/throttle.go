package server

import (
	"context"
	"net/http"
	"time"

	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// Tries to sign in are counted by what they have in common, in the store, so that
// neither a restart nor another replica forgets them. The count of a name from one
// address is small; those of a name, and of an address, only stop an attack from
// many addresses, or on many names.
const (
	tryWindow    = 15 * time.Minute
	triesOfName  = 20 // times SignInTries
	triesOfPlace = 20 // times SignInTries
)

// loginRefused says that a try to sign in led nowhere.
type loginRefused struct {
	fault pages.LoginFault
	wait  time.Duration
}

// Error implements error.
func (e *loginRefused) Error() string { return "sign-in refused: " + string(e.fault) }

func (e *loginRefused) status() int {
	if e.fault == pages.LoginThrottled {
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// on shows the fault on a sign-in page.
func (e *loginRefused) on(p loginPlace, v *visit) loginPlace {
	p.page.Fault, p.page.WaitSeconds = e.fault, int((e.wait+time.Second-1)/time.Second)
	p.page.UserName, p.page.Remember = v.fields.Get("user_name"), v.fields.Get("remember") != ""
	return p
}

// signIn checks the user name and password of a posted form and signs the person
// in. Every refusal is a *loginRefused that does not tell whether the name exists,
// and takes as long whether it does or not.
func (s *Server) signIn(ctx context.Context) (kyc.SignIn, *http.Cookie, error) {
	v := visitOf(ctx)
	name, err := kyc.NormalizeUserName(v.fields.Get("user_name"))
	if err != nil {
		name = ""
	}
	keys := s.tryKeys(name, v.address)
	if err := s.countTry(ctx, keys); err != nil {
		return kyc.SignIn{}, nil, err
	}
	account, err := s.Store.AccountByName(ctx, name)
	if err != nil && !isNotFound(err) {
		return kyc.SignIn{}, nil, err
	}
	hash, known := account.PasswordHash, err == nil && account.Enabled()
	if !known {
		hash = s.Passwords.Dummy()
	}
	good, stale, err := s.Passwords.Verify(ctx, hash, v.fields.Get("password"))
	if err != nil {
		return kyc.SignIn{}, nil, err
	}
	if !good || !known {
		return kyc.SignIn{}, nil, &loginRefused{fault: pages.LoginWrong}
	}
	for _, k := range keys[:1] {
		if err := s.Store.ForgetCount(ctx, k.key); err != nil {
			return kyc.SignIn{}, nil, err
		}
	}
	if stale {
		s.rehash(ctx, account, v.fields.Get("password"))
	}
	return s.keepSignIn(ctx, account, v.fields.Get("remember") != "")
}

// tryKey is what tries have in common, and how many there may be.
type tryKey struct {
	key   []byte
	limit int64
}

// tryKeys are the counts of a try, that of the name from this address first.
func (s *Server) tryKeys(name, address string) []tryKey {
	key := func(kind string, parts ...string) []byte {
		b := [][]byte{[]byte(kind)}
		for _, p := range parts {
			b = append(b, []byte{0}, []byte(p))
		}
		return s.Ring.MAC("sign-in", b...)
	}
	return []tryKey{
		{key("both", name, address), s.SignInTries},
		{key("name", name), s.SignInTries * triesOfName},
		{key("address", address), s.SignInTries * triesOfPlace},
	}
}

// countTry counts a try before its password is looked at.
func (s *Server) countTry(ctx context.Context, keys []tryKey) error {
	now := s.Now()
	for _, k := range keys {
		tries, since, err := s.Store.Count(ctx, k.key, now, tryWindow)
		if err != nil {
			return err
		}
		if tries > k.limit {
			return &loginRefused{fault: pages.LoginThrottled, wait: since.Add(tryWindow).Sub(now)}
		}
	}
	return nil
}

// rehash keeps a password by today's rules. That it fails is no reason not to let
// the person in.
func (s *Server) rehash(ctx context.Context, account kyc.Account, password string) {
	hash, err := s.Passwords.Hash(ctx, password)
	if err == nil {
		err = s.Store.SetPasswordHash(ctx, account.ID, account.PasswordHash, hash)
	}
	if err != nil {
		s.Log.Warn("password not hashed anew", "account_id", account.ID, "error", err)
	}
}

// keepSignIn signs a person in, under a new handle each time, so that nobody can
// have planted it before (OWASP Session Management Cheat Sheet, session fixation).
func (s *Server) keepSignIn(ctx context.Context, account kyc.Account, remember bool) (kyc.SignIn, *http.Cookie, error) {
	now, life, cookieLife := s.Now(), signInLife, time.Duration(0)
	if remember {
		life, cookieLife = rememberedLife, rememberedLife
	}
	handle, err := s.newHandle(now)
	if err != nil {
		return kyc.SignIn{}, nil, err
	}
	in := kyc.SignIn{
		ID: handle.ID, AccountID: account.ID, Hash: handle.Hash(kyc.SecretSignIn),
		AuthenticatedAt: now, ExpiresAt: now.Add(life),
	}
	if err := s.signOut(ctx); err != nil { // whoever was signed in before
		return in, nil, err
	}
	if err := s.Store.AddSignIn(ctx, in); err != nil {
		return in, nil, err
	}
	return in, s.signInCookie(handle.String(), cookieLife), nil
}
