package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server/pages"
	"vouchgate/store"
)

// How long a sign-in lasts: until the browser is closed, but not longer than a
// day's work, or for as long as somebody who wants to be remembered stays away.
const (
	signInLife     = 12 * time.Hour
	rememberedLife = 30 * 24 * time.Hour
)

// signedIn returns who is signed in in the browser, if that was after a time (nil:
// ever), or store.ErrNotFound.
func (s *Server) signedIn(ctx context.Context, since *time.Time) (kyc.SignIn, error) {
	handle, err := kyc.ParseHandle(visitOf(ctx).signIn)
	if err != nil {
		return kyc.SignIn{}, store.ErrNotFound
	}
	in, err := s.Store.SignIn(ctx, handle.ID)
	if err != nil {
		return in, err
	}
	if !handle.Matches(kyc.SecretSignIn, in.Hash) || !in.Live(s.Now()) || since != nil && in.AuthenticatedAt.Before(*since) {
		return in, store.ErrNotFound
	}
	return in, nil
}

// signInCookie is the cookie of a sign-in; life 0 lasts until the browser is
// closed, a negative one takes the cookie away.
func (s *Server) signInCookie(value string, life time.Duration) *http.Cookie {
	c := s.cookie(value)
	c.Name += signInSuffix
	c.MaxAge = int(life / time.Second)
	return c
}

// recognize signs the person in to a session for an account if the browser
// remembers who it is, and lets the client in if nobody has to be asked.
func (s *Server) recognize(ctx context.Context, session kyc.Session, client kyc.Client) (kyc.Session, error) {
	if session.Method != kyc.MethodAccount || session.Status != kyc.StatusAuthorized || session.AccountID != nil {
		return session, nil
	}
	in, err := s.signedIn(ctx, session.LoginAfter)
	if isNotFound(err) {
		return session, nil
	}
	if err != nil {
		return session, err
	}
	session, err = s.signInTo(ctx, session, client, in)
	if errors.Is(err, kyc.ErrIllegalMove) {
		err = nil // another request was first, and the session stands where that left it
	}
	return session, err
}

// stillIn returns the sign-in of the person of a session, or store.ErrNotFound if
// nobody or somebody else is signed in by now.
func (s *Server) stillIn(ctx context.Context, session kyc.Session) (kyc.SignIn, error) {
	in, err := s.signedIn(ctx, session.LoginAfter)
	if err == nil && in.AccountID != *session.AccountID {
		err = store.ErrNotFound
	}
	return in, err
}

// forgetWho has a session ask again who is there.
func (s *Server) forgetWho(ctx context.Context, session kyc.Session, client kyc.Client) (kyc.Session, error) {
	session, err := s.move(ctx, session.ID, client, func(session *kyc.Session) (kyc.Effects, error) {
		return kyc.Effects{}, session.SignIn(nil, s.Now())
	})
	if errors.Is(err, kyc.ErrIllegalMove) {
		err = nil // it is past that
	}
	return session, err
}

// signInTo records who is signed in to a session. Where nobody has to be asked, the
// session is verified at once.
func (s *Server) signInTo(ctx context.Context, session kyc.Session, client kyc.Client, in kyc.SignIn) (kyc.Session, error) {
	asked := session.NeedsConsent()
	if session.Consent == kyc.ConsentAsked {
		covered, err := s.covered(ctx, client, in.AccountID, session.Scope, session.Claims)
		if err != nil {
			return session, err
		}
		asked = !covered
	}
	if !asked {
		return s.admit(ctx, session, client, in, kyc.Choice{Scope: session.Scope, Claims: session.Claims})
	}
	return s.move(ctx, session.ID, client, func(session *kyc.Session) (kyc.Effects, error) {
		return kyc.Effects{}, session.SignIn(&in.AccountID, s.Now())
	})
}

// admit hands the claims of an account over to a session.
func (s *Server) admit(ctx context.Context, session kyc.Session, client kyc.Client, in kyc.SignIn, c kyc.Choice) (kyc.Session, error) {
	account, claims, err := s.account(ctx, in.AccountID)
	if err != nil {
		return session, err
	}
	proof := kyc.Proof{
		Method: kyc.MethodAccount, VerifiedAt: in.AuthenticatedAt, Claims: claims.Only(kyc.Asked(c.Scope, c.Claims)),
	}
	plain, err := proof.Encode()
	if err != nil {
		return session, err
	}
	sealed, err := s.Ring.Seal(kyc.PurposeClaims, kyc.ClaimsContext(session.ID, client.ID), plain)
	if err != nil {
		return session, err
	}
	return s.move(ctx, session.ID, client, func(session *kyc.Session) (kyc.Effects, error) {
		now := s.Now()
		if err := session.SignIn(&account.ID, now); err != nil {
			return kyc.Effects{}, err
		}
		return session.Admit(sealed, c, now)
	})
}

// account returns an account that may be used, with its claims.
func (s *Server) account(ctx context.Context, id kyc.ID) (kyc.Account, kyc.Claims, error) {
	account, err := s.Store.Account(ctx, id)
	if err != nil {
		return account, nil, err
	}
	if !account.Enabled() {
		return account, nil, store.ErrNotFound
	}
	plain, err := s.Ring.Open(kyc.PurposeAccount, account.ID[:], account.SealedClaims)
	if err != nil {
		return account, nil, err
	}
	claims, err := kyc.DecodeClaims(plain)
	return account, claims, err
}

// loginPlace is where somebody signs in: for a session, or for the page about
// oneself.
type loginPlace struct {
	form       string // what its form is for
	page       pages.LoginPage
	redirectTo []string // what its forms may lead to
}

// showLogin draws the sign-in page, with the cookie that its form is tied to.
func (s *Server) showLogin(ctx context.Context, p loginPlace, status int) (answer, error) {
	v := visitOf(ctx)
	browser, err := s.browserOf(v)
	if err != nil {
		return answer{}, err
	}
	p.page.Lang, p.page.CSRF = v.lang, s.csrf(p.form, browser)
	p.page.ActionPath += langQuery(v)
	if p.page.CancelPath != "" {
		p.page.CancelPath += langQuery(v)
	}
	body, err := s.pages.Login(p.page)
	if err != nil {
		return answer{}, err
	}
	a := pageAnswer(status, v.lang, body, p.redirectTo...)
	if status == http.StatusTooManyRequests {
		a.header.Set("Retry-After", strconv.Itoa(p.page.WaitSeconds))
	}
	if v.browser == "" {
		a.header.Add("Set-Cookie", s.cookie(browser).String())
	}
	return a, nil
}

// ShowLogin implements api.StrictServerInterface.
func (s *Server) ShowLogin(ctx context.Context, r api.ShowLoginRequestObject) (api.ShowLoginResponseObject, error) {
	session, client, err := s.owned(ctx, s.Store, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	if next := nextPath(session); next != sessionPath(session.ID, "/login") {
		return redirectAnswer(next + langQuery(visitOf(ctx))), nil
	}
	p := s.loginFor(session, client)
	request, err := s.openRequest(session.ID, session.ClientID, session.SealedRequest)
	if err != nil {
		return nil, err
	}
	p.page.UserName = request.LoginHint
	if p.page.OtherPath, err = s.otherPath(ctx, session, client); err != nil {
		return nil, err
	}
	return s.showLogin(ctx, p, http.StatusOK)
}

func (s *Server) loginFor(session kyc.Session, client kyc.Client) loginPlace {
	return loginPlace{form: session.ID.String(), redirectTo: []string{session.RedirectURI}, page: pages.LoginPage{
		ClientName: nameOf(client), ActionPath: sessionPath(session.ID, "/login"),
		CancelPath: sessionPath(session.ID, "/cancel"), Reauth: session.LoginAfter != nil,
		Languages: languagesOf(sessionPath(session.ID, "/login")),
	}}
}

// Login implements api.StrictServerInterface.
func (s *Server) Login(ctx context.Context, r api.LoginRequestObject) (api.LoginResponseObject, error) {
	session, client, err := s.posted(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	if next := nextPath(session); next != sessionPath(session.ID, "/login") {
		return redirectAnswer(next + langQuery(visitOf(ctx))), nil
	}
	in, cookie, err := s.signIn(ctx)
	if refused := (*loginRefused)(nil); errors.As(err, &refused) {
		return s.showLogin(ctx, refused.on(s.loginFor(session, client), visitOf(ctx)), refused.status())
	}
	if err != nil {
		return nil, err
	}
	session, err = s.signInTo(ctx, session, client, in)
	if err != nil && !errors.Is(err, kyc.ErrIllegalMove) {
		return nil, err
	}
	return redirectAnswer(nextStep(session, client)+langQuery(visitOf(ctx)), cookie), nil
}

// SwitchAccount implements api.StrictServerInterface.
func (s *Server) SwitchAccount(ctx context.Context, r api.SwitchAccountRequestObject) (api.SwitchAccountResponseObject, error) {
	session, client, err := s.posted(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	if err := s.signOut(ctx); err != nil {
		return nil, err
	}
	if session, err = s.forgetWho(ctx, session, client); err != nil {
		return nil, err
	}
	return redirectAnswer(nextPath(session)+langQuery(visitOf(ctx)), s.signInCookie("", -time.Second)), nil
}

// signOut ends the sign-in of the browser.
func (s *Server) signOut(ctx context.Context) error {
	in, err := s.signedIn(ctx, nil)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Store.EndSignIn(ctx, in.ID)
}

// languagesOf are the links of a page to itself in other languages.
func languagesOf(path string) map[pages.Lang]string {
	links := map[pages.Lang]string{}
	for _, lang := range pages.Languages {
		links[lang] = path + "?ui_locales=" + string(lang)
	}
	return links
}
