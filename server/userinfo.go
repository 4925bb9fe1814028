package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/store"
)

// reading returns what the bearer of an access token may read, and uses it up if it
// can be read once. needs is a scope that the token must have.
func (s *Server) reading(ctx context.Context, needs string) (store.Access, kyc.Proof, error) {
	token, err := oauth.ParseBearer(visitOf(ctx).authorization)
	if err != nil {
		return store.Access{}, kyc.Proof{}, err
	}
	handle, err := kyc.ParseHandle(token)
	if err != nil {
		return store.Access{}, kyc.Proof{}, errToken()
	}
	if wait := s.pace.spend("token\x00"+handle.ID.String(), s.Now()); wait > 0 {
		return store.Access{}, kyc.Proof{}, limited{retryAfter(wait)}
	}
	access, err := s.Store.Access(ctx, handle.ID)
	if err != nil && !isNotFound(err) {
		return access, kyc.Proof{}, err
	}
	if err != nil || access.Token.Kind != kyc.SecretAccessToken || !handle.Matches(kyc.SecretAccessToken, access.Token.Hash) ||
		!access.Live(s.Now()) {
		return access, kyc.Proof{}, errToken()
	}
	if needs != "" && !slices.Contains(strings.Fields(access.Scope()), needs) {
		return access, kyc.Proof{}, oauth.InsufficientScope(needs)
	}
	proof, err := s.proofOf(access.Grant.SessionID, access.Grant.ClientID, access.Grant.SealedClaims)
	if err != nil || !access.Grant.Once || visitOf(ctx).head {
		return access, proof, err
	}
	mine, err := s.Store.UseUp(ctx, access.Grant, s.Now())
	if err == nil && !mine {
		err = errToken() // somebody else has just read it
	}
	return access, proof, err
}

// errToken is the one answer to tokens that are unknown, ended or revoked.
func errToken() error {
	return oauth.InvalidToken("the access token is unknown, has ended or was revoked")
}

// Userinfo implements api.StrictServerInterface.
func (s *Server) Userinfo(ctx context.Context, _ api.UserinfoRequestObject) (api.UserinfoResponseObject, error) {
	return s.userinfo(ctx)
}

// UserinfoByPost implements api.StrictServerInterface.
func (s *Server) UserinfoByPost(ctx context.Context, _ api.UserinfoByPostRequestObject) (api.UserinfoByPostResponseObject, error) {
	return s.userinfo(ctx)
}

// userinfo is the proved data as OpenID Connect Core, section 5.3 has it.
func (s *Server) userinfo(ctx context.Context) (answer, error) {
	access, proof, err := s.reading(ctx, oauth.ScopeOpenID)
	if err != nil {
		return answer{}, err
	}
	_, asked, err := s.requestOf(access.Grant)
	if err != nil {
		return answer{}, err
	}
	if access.Scope() != access.Grant.Scope {
		asked.UserInfo = oauth.ClaimsTarget{} // a narrower token reads what its scope says, and no more
	}
	body := s.released(access.Grant, proof, asked.UserInfo, kyc.ClaimsOf(access.Scope()))
	body["sub"] = access.Grant.Subject
	return jsonAnswer(http.StatusOK, body), nil
}
