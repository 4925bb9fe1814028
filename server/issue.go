package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
)

// issued are tokens on their way to a client.
type issued struct {
	grant           kyc.Grant
	scope           string // of the access token
	accessHandle    kyc.Handle
	refreshHandle   kyc.Handle
	access, refresh kyc.Token // refresh without ID: there is none
	proof           kyc.Proof
	first           bool // they are for a code, and not for a refresh token
}

// rows are the tokens to keep.
func (i issued) rows() []kyc.Token {
	if i.refresh.ID == (kyc.ID{}) {
		return []kyc.Token{i.access}
	}
	return []kyc.Token{i.refresh, i.access}
}

// mayRefresh says whether a client gets refresh tokens for a scope.
func mayRefresh(client kyc.Client, scope string) bool {
	return client.MayRefresh() && oauth.ScopeRefreshes(scope)
}

// issue makes the first tokens of a grant.
func (s *Server) issue(client kyc.Client, grant kyc.Grant, now time.Time) (issued, error) {
	i := issued{grant: grant, scope: grant.Scope}
	var err error
	if i.accessHandle, err = s.newHandle(now); err != nil {
		return i, err
	}
	i.access = accessToken(client, grant, i.accessHandle, now)
	if grant.RefreshUntil == nil {
		return i, nil
	}
	if i.refreshHandle, err = s.newHandle(now); err != nil {
		return i, err
	}
	i.refresh = refreshToken(client, grant, i.refreshHandle, i.access.ID, now)
	return i, nil
}

func accessToken(client kyc.Client, grant kyc.Grant, h kyc.Handle, now time.Time) kyc.Token {
	return kyc.Token{
		ID: h.ID, GrantID: grant.ID, Kind: kyc.SecretAccessToken, Hash: h.Hash(kyc.SecretAccessToken),
		CreatedAt: now, ExpiresAt: earlier(now.Add(client.TokenLifetime), grant.ExpiresAt),
	}
}

// refreshToken lasts as long as it may lie unused, and not beyond the end of all.
func refreshToken(client kyc.Client, grant kyc.Grant, h kyc.Handle, beside kyc.ID, now time.Time) kyc.Token {
	idle, _ := client.RefreshLives()
	return kyc.Token{
		ID: h.ID, GrantID: grant.ID, Kind: kyc.SecretRefreshToken, Hash: h.Hash(kyc.SecretRefreshToken),
		CreatedAt: now, ExpiresAt: earlier(now.Add(idle), *grant.RefreshUntil), IssuedWith: &beside,
	}
}

// tokens is the answer of the token endpoint (RFC 6749, section 5.1; OpenID Connect
// Core, section 3.1.3.3).
func (s *Server) tokens(ctx context.Context, client kyc.Client, i issued) (api.TokenResponseObject, error) {
	body := api.TokenResponse{
		AccessToken: i.accessHandle.String(), TokenType: "Bearer", Scope: i.scope,
		ExpiresIn: max(int64(i.access.ExpiresAt.Sub(s.Now()).Round(time.Second)/time.Second), 0),
	}
	if i.refresh.ID != (kyc.ID{}) {
		body.RefreshToken = pointer(i.refreshHandle.String())
	}
	if slices.Contains(strings.Fields(i.scope), oauth.ScopeOpenID) {
		token, err := s.idToken(ctx, client, i)
		if err != nil {
			return nil, err
		}
		body.IDToken = &token
	}
	return api.Token200JSONResponse{
		Body: body, Headers: api.Token200ResponseHeaders{CacheControl: noStore, Pragma: "no-cache"},
	}, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
