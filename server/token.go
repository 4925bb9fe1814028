package server

import (
	"context"
	"errors"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/store"
)

// Token implements api.StrictServerInterface. The form is that of the guard, which
// has read it more strictly than the generated code.
func (s *Server) Token(ctx context.Context, _ api.TokenRequestObject) (api.TokenResponseObject, error) {
	v := visitOf(ctx)
	credentials, err := oauth.ParseClientCredentials(v.authorization, v.form)
	if err != nil {
		return nil, err
	}
	client, err := s.authenticate(ctx, credentials.ClientID, credentials.Secrets)
	if errors.Is(err, errWrongSecret) {
		return nil, credentials.Refused()
	}
	if err != nil {
		return nil, err
	}
	request, err := oauth.ParseTokenRequest(v.form)
	if err != nil {
		return nil, err
	}
	code, err := s.presented(ctx, client, request)
	if err != nil {
		return nil, err
	}
	return s.redeem(ctx, client, code)
}

// presented returns the code of a request if its client may redeem it. A code
// that its own client presents with wrong particulars is spent; one that was
// redeemed before takes its grant with it (RFC 6749, section 4.1.2).
func (s *Server) presented(ctx context.Context, client kyc.Client, request oauth.TokenRequest) (kyc.Code, error) {
	handle, err := kyc.ParseHandle(request.Code)
	if err != nil {
		return kyc.Code{}, oauth.CodeRefused()
	}
	code, err := s.Store.Code(ctx, handle.ID)
	if err != nil && !isNotFound(err) {
		return code, err
	}
	if err != nil || !handle.Matches(kyc.SecretCode, code.Hash) {
		return code, oauth.CodeRefused()
	}
	refusal := request.Check(client.ID, oauth.CodeBinding{
		ClientID: code.ClientID, RedirectURI: code.RedirectURI, State: code.State, Challenge: code.Challenge,
	})
	switch {
	case errors.Is(refusal, oauth.ErrOtherClient):
		return code, refusal
	case refusal != nil:
		return code, s.voided(ctx, code, refusal)
	case code.UsedAt != nil:
		return code, s.replayed(ctx, code)
	case !code.Live(s.Now()):
		return code, oauth.CodeRefused()
	}
	return code, nil
}

func (s *Server) voided(ctx context.Context, code kyc.Code, refusal error) error {
	if code.UsedAt == nil {
		if err := s.Store.VoidCode(ctx, code.SessionID, s.Now()); err != nil {
			return err
		}
	}
	return refusal
}

func (s *Server) replayed(ctx context.Context, code kyc.Code) error {
	revoked, err := s.Store.RevokeGrantOfSession(ctx, code.SessionID, s.Now())
	if err != nil {
		return err
	}
	if revoked {
		s.Log.Warn("code was presented twice, its grant is revoked", "session", code.SessionID, "client", code.ClientID)
	}
	return oauth.CodeRefused()
}

func (s *Server) redeem(ctx context.Context, client kyc.Client, code kyc.Code) (api.TokenResponseObject, error) {
	now := s.Now()
	grantID, err := kyc.NewID(now, s.Rand)
	if err != nil {
		return nil, err
	}
	tokenID, err := kyc.NewID(now, s.Rand)
	if err != nil {
		return nil, err
	}
	access, err := kyc.NewHandle(tokenID, s.Rand)
	if err != nil {
		return nil, err
	}
	end := now.Add(client.TokenLifetime)
	grant := kyc.Grant{ID: grantID, SessionID: code.SessionID, Subject: code.SessionID.String(), ExpiresAt: end}
	token := kyc.Token{ID: tokenID, GrantID: grantID, Kind: kyc.SecretAccessToken, Hash: access.Hash(kyc.SecretAccessToken), ExpiresAt: end}
	err = s.Store.Redeem(ctx, code, grant, token, now)
	if errors.Is(err, store.ErrConflict) { // another caller was first, or the session moved on
		return nil, oauth.CodeRefused().Because(err)
	}
	if err != nil {
		return nil, err
	}
	s.Changed(code.SessionID)
	return api.Token200JSONResponse{
		Body: api.TokenResponse{
			AccessToken: access.String(), TokenType: "Bearer",
			ExpiresIn: int64(client.TokenLifetime.Seconds()), Scope: code.Scope,
		},
		Headers: api.Token200ResponseHeaders{CacheControl: noStore, Pragma: "no-cache"},
	}, nil
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
