package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// ShowSignIn implements api.StrictServerInterface.
func (s *Server) ShowSignIn(ctx context.Context, _ api.ShowSignInRequestObject) (api.ShowSignInResponseObject, error) {
	return s.showLogin(ctx, loginForMe(), http.StatusOK)
}

func loginForMe() loginPlace {
	return loginPlace{form: formsOfAccount, page: pages.LoginPage{ActionPath: "/login", Languages: languagesOf("/login")}}
}

// SignIn implements api.StrictServerInterface.
func (s *Server) SignIn(ctx context.Context, _ api.SignInRequestObject) (api.SignInResponseObject, error) {
	if err := s.checkForm(ctx, formsOfAccount); err != nil {
		return nil, err
	}
	_, cookie, err := s.signIn(ctx)
	if refused := (*loginRefused)(nil); errors.As(err, &refused) {
		return s.showLogin(ctx, refused.on(loginForMe(), visitOf(ctx)), refused.status())
	}
	if err != nil {
		return nil, err
	}
	return redirectAnswer("/me"+langQuery(visitOf(ctx)), cookie), nil
}

// SignOut implements api.StrictServerInterface.
func (s *Server) SignOut(ctx context.Context, _ api.SignOutRequestObject) (api.SignOutResponseObject, error) {
	if err := s.checkMyForm(ctx); err != nil {
		return nil, err
	}
	if err := s.signOut(ctx); err != nil {
		return nil, err
	}
	return s.farewell(ctx, s.pages.SignedOut)
}

// farewell is the last page of somebody who was signed in.
func (s *Server) farewell(ctx context.Context, draw func(pages.FarewellPage) ([]byte, error)) (answer, error) {
	lang := visitOf(ctx).lang
	body, err := draw(pages.FarewellPage{Lang: lang, LoginPath: "/login" + langQuery(visitOf(ctx))})
	if err != nil {
		return answer{}, err
	}
	a := pageAnswer(http.StatusOK, lang, body)
	a.header.Add("Set-Cookie", s.signInCookie("", -time.Second).String())
	return a, nil
}

// me returns who is signed in, or the way to the sign-in page.
func (s *Server) me(ctx context.Context) (kyc.Account, *answer, error) {
	in, err := s.signedIn(ctx, nil)
	if err == nil {
		var account kyc.Account
		if account, _, err = s.account(ctx, in.AccountID); err == nil {
			return account, nil, nil
		}
	}
	if isNotFound(err) {
		login := redirectAnswer("/login" + langQuery(visitOf(ctx)))
		return kyc.Account{}, &login, nil
	}
	return kyc.Account{}, nil, err
}

// ShowMe implements api.StrictServerInterface.
func (s *Server) ShowMe(ctx context.Context, _ api.ShowMeRequestObject) (api.ShowMeResponseObject, error) {
	account, elsewhere, err := s.me(ctx)
	if err != nil {
		return nil, err
	}
	if elsewhere != nil {
		return *elsewhere, nil
	}
	return s.showMe(ctx, account, "")
}

func (s *Server) showMe(ctx context.Context, account kyc.Account, notice pages.MeNotice) (answer, error) {
	v := visitOf(ctx)
	browser, err := s.browserOf(v)
	if err != nil {
		return answer{}, err
	}
	of, err := s.formsOfMe(ctx)
	if err != nil {
		return answer{}, err
	}
	p := pages.MePage{
		Lang: v.lang, UserName: account.UserName, WithdrawPath: "/me/withdraw" + langQuery(v), ErasePath: "/me/erase" + langQuery(v), LogoutPath: "/logout" + langQuery(v),
		Notice: notice, CSRF: s.csrf(of, browser), Languages: languagesOf("/me"),
	}
	grants, err := s.Store.GrantsOfAccount(ctx, account.ID, s.Now())
	if err != nil {
		return answer{}, err
	}
	for _, g := range grants {
		client, err := s.Store.Client(ctx, g.ClientID)
		if err != nil {
			return answer{}, err
		}
		p.Grants = append(p.Grants, pages.MeGrant{
			ID: g.ID.String(), ClientName: nameOf(client), Operator: client.Operator, Claims: kyc.Asked(g.Scope, g.Claims),
			Since: g.CreatedAt, Until: endShown(g), Refresh: g.RefreshUntil != nil,
		})
	}
	body, err := s.pages.Me(p)
	if err != nil {
		return answer{}, err
	}
	a := pageAnswer(http.StatusOK, v.lang, body)
	if v.browser == "" {
		a.header.Add("Set-Cookie", s.cookie(browser).String())
	}
	return a, nil
}

// postedByMe returns who posted a form of the page about oneself.
func (s *Server) postedByMe(ctx context.Context) (kyc.Account, *answer, error) {
	if err := s.checkMyForm(ctx); err != nil {
		return kyc.Account{}, nil, err
	}
	return s.me(ctx)
}

// WithdrawGrant implements api.StrictServerInterface.
func (s *Server) WithdrawGrant(ctx context.Context, _ api.WithdrawGrantRequestObject) (api.WithdrawGrantResponseObject, error) {
	account, elsewhere, err := s.postedByMe(ctx)
	if err != nil {
		return nil, err
	}
	if elsewhere != nil {
		return *elsewhere, nil
	}
	id, err := kyc.ParseID(visitOf(ctx).fields.Get("grant"))
	if err != nil {
		return nil, shownAs(pages.ReasonBadRequest, http.StatusBadRequest)
	}
	grant, err := s.Store.Grant(ctx, id)
	if isNotFound(err) || err == nil && (grant.AccountID == nil || *grant.AccountID != account.ID) {
		return nil, shownAs(pages.ReasonNotFound, http.StatusNotFound)
	}
	if err == nil {
		err = s.withdraw(ctx, grant, kyc.RevokedByPerson)
	}
	if err != nil {
		return nil, err
	}
	return s.showMe(ctx, account, pages.MeWithdrawn)
}

func (s *Server) withdraw(ctx context.Context, grant kyc.Grant, why kyc.RevokeReason) error {
	client, err := s.Store.Client(ctx, grant.ClientID)
	if err != nil {
		return err
	}
	return s.revoke(ctx, s.Store, client, grant, why)
}

// EraseMe implements api.StrictServerInterface.
func (s *Server) EraseMe(ctx context.Context, _ api.EraseMeRequestObject) (api.EraseMeResponseObject, error) {
	account, elsewhere, err := s.postedByMe(ctx)
	if err != nil {
		return nil, err
	}
	if elsewhere != nil {
		return *elsewhere, nil
	}
	if err := s.Store.CloseAccount(ctx, account.ID, s.Now()); err != nil {
		return nil, err
	}
	for { // in rounds, because a list is bounded
		grants, err := s.Store.GrantsOfAccount(ctx, account.ID, s.Now())
		if err != nil {
			return nil, err
		}
		if len(grants) == 0 {
			break
		}
		for _, g := range grants {
			if err := s.withdraw(ctx, g, kyc.RevokedByErasure); err != nil {
				return nil, err
			}
		}
	}
	if err := s.Store.RemoveAccount(ctx, account.ID, s.Now()); err != nil && !isNotFound(err) {
		return nil, err
	}
	return s.farewell(ctx, s.pages.Erased)
}

// WithdrawSession implements api.StrictServerInterface.
func (s *Server) WithdrawSession(ctx context.Context, r api.WithdrawSessionRequestObject) (api.WithdrawSessionResponseObject, error) {
	session, client, err := s.posted(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	grant, err := s.Store.GrantOfSession(ctx, session.ID)
	if err == nil {
		err = s.revoke(ctx, s.Store, client, grant, kyc.RevokedByPerson)
	}
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	return redirectAnswer(sessionPath(session.ID, "")), nil
}
