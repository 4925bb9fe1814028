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
	handle, err := kyc.ParseHandle(request.Code)
	if err != nil {
		return nil, oauth.CodeRefused()
	}
	return s.exchange(ctx, client, request, handle)
}

// exchange redeems a code, or refuses it, with all that follows from it, in one
// transaction.
func (s *Server) exchange(ctx context.Context, client kyc.Client, request oauth.TokenRequest, handle kyc.Handle) (api.TokenResponseObject, error) {
	var (
		response api.TokenResponseObject
		refusal  error
	)
	err := s.Store.Together(ctx, func(st *store.Store) error {
		code, err := st.Code(ctx, handle.ID)
		if err != nil && !isNotFound(err) {
			return err
		}
		if err != nil || !handle.Matches(kyc.SecretCode, code.Hash) {
			refusal = oauth.CodeRefused()
			return nil
		}
		if refusal, err = s.refuse(ctx, st, client, request, code); refusal != nil || err != nil {
			return err
		}
		response, err = s.redeem(ctx, st, client, code)
		return err
	})
	switch {
	case errors.Is(err, store.ErrConflict): // another caller was first, or the session moved on
		return nil, oauth.CodeRefused().Because(err)
	case err != nil:
		return nil, err
	case refusal != nil:
		return nil, refusal
	}
	return response, nil
}

// refuse returns why a client may not redeem a code, if so. A code that its own
// client presents with wrong particulars is spent; one that was redeemed before
// takes its grant with it (RFC 6749, section 4.1.2).
func (s *Server) refuse(ctx context.Context, st *store.Store, client kyc.Client, request oauth.TokenRequest, code kyc.Code) (refusal, err error) {
	refusal = request.Check(client.ID, oauth.CodeBinding{
		ClientID: code.ClientID, RedirectURI: code.RedirectURI, State: code.State, Challenge: code.Challenge,
	})
	switch {
	case errors.Is(refusal, oauth.ErrOtherClient):
		return refusal, nil
	case refusal != nil && code.UsedAt == nil:
		return refusal, st.VoidCode(ctx, code.SessionID, s.Now())
	case refusal != nil:
		return refusal, nil
	case code.UsedAt != nil:
		return oauth.CodeRefused(), s.replayed(ctx, st, code)
	case !code.Live(s.Now()), !protocolClient(client).MayHave(code.Scope, kyc.KnownScope):
		return oauth.CodeRefused(), nil
	}
	return nil, nil
}

func (s *Server) replayed(ctx context.Context, st *store.Store, code kyc.Code) error {
	revoked, err := st.RevokeGrantOfSession(ctx, code.SessionID, s.Now())
	if revoked {
		s.Log.Warn("code was presented twice, its grant is revoked", "session_id", code.SessionID, "client_id", code.ClientID)
	}
	return err
}

func (s *Server) redeem(ctx context.Context, st *store.Store, client kyc.Client, code kyc.Code) (api.TokenResponseObject, error) {
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
	if err := st.Redeem(ctx, code, grant, token, now); err != nil {
		return nil, err
	}
	return api.Token200JSONResponse{
		Body: api.TokenResponse{
			AccessToken: access.String(), TokenType: "Bearer",
			ExpiresIn: int64(client.TokenLifetime.Seconds()), Scope: code.Scope,
		},
		Headers: api.Token200ResponseHeaders{CacheControl: noStore, Pragma: "no-cache"},
	}, nil
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
