package server

import (
	"context"
	"net/http"
	"strings"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/store"
)

// revoke ends a grant, erases its data and tells the client why, unless it is the
// client's own doing.
func (s *Server) revoke(ctx context.Context, st *store.Store, client kyc.Client, grant kyc.Grant, why kyc.RevokeReason) error {
	now := s.Now()
	var tell *kyc.Webhook
	if why != kyc.RevokedByClient {
		id, err := kyc.NewID(now, s.Rand)
		if err != nil {
			return err
		}
		if tell, err = grant.Revoked(why, now).Queue(id, client, s.Ring.Seal); err != nil {
			return err
		}
	}
	revoked, err := st.RevokeGrant(ctx, grant, why, tell, now)
	if err != nil || !revoked {
		return err
	}
	if why == kyc.RevokedByReuse {
		s.Log.Warn("code or refresh token was presented twice, its grant is revoked", "session_id", grant.SessionID, "client_id", grant.ClientID)
	} else {
		s.Log.Info("grant revoked", "session_id", grant.SessionID, "client_id", grant.ClientID, "reason", why)
	}
	s.Background.Wake()
	return nil
}

// ownToken returns a token of a client with its grant, of whichever kind; found is
// false for what is unknown or another client's.
func (s *Server) ownToken(ctx context.Context, client kyc.Client, text string) (a store.Access, found bool, err error) {
	handle, err := kyc.ParseHandle(text)
	if err != nil {
		return a, false, nil
	}
	a, err = s.Store.Access(ctx, handle.ID)
	if err != nil && !isNotFound(err) {
		return a, false, err
	}
	found = err == nil && handle.Matches(a.Token.Kind, a.Token.Hash) && a.Grant.ClientID == client.ID
	return a, found, nil
}

// Revoke implements api.StrictServerInterface.
func (s *Server) Revoke(ctx context.Context, _ api.RevokeRequestObject) (api.RevokeResponseObject, error) {
	client, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	text, err := oauth.ParseRevocation(visitOf(ctx).form)
	if err != nil {
		return nil, err
	}
	if strings.Count(text, ".") == 2 { // a signed JWT, such as an ID token, is good until it ends
		return nil, oauth.UnsupportedTokenType("tokens of this kind cannot be revoked")
	}
	a, found, err := s.ownToken(ctx, client, text)
	if err == nil && found {
		err = s.giveUp(ctx, client, a)
	}
	if err != nil {
		return nil, err
	}
	// The body means nothing (RFC 7009, section 2.2), but some clients want its type.
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {noStore}}}, nil
}

// giveUp ends what a client wants no more. With its last way to the data, the data
// goes too.
func (s *Server) giveUp(ctx context.Context, client kyc.Client, a store.Access) error {
	if a.Token.Kind == kyc.SecretRefreshToken {
		return s.revoke(ctx, s.Store, client, a.Grant, kyc.RevokedByClient)
	}
	if err := s.Store.RevokeToken(ctx, a, s.Now()); err != nil {
		return err
	}
	refreshable, err := s.Store.Refreshable(ctx, a.Grant.ID, s.Now())
	if err != nil || refreshable {
		return err
	}
	return s.revoke(ctx, s.Store, client, a.Grant, kyc.RevokedByClient)
}

// Introspect implements api.StrictServerInterface.
func (s *Server) Introspect(ctx context.Context, _ api.IntrospectRequestObject) (api.IntrospectResponseObject, error) {
	client, err := s.caller(ctx)
	if err == nil && protocolClient(client).Public() {
		err = oauth.InvalidClient(false) // it has only named itself, and so can everybody (RFC 7662, section 2.1)
	}
	if err != nil {
		return nil, err
	}
	text, err := oauth.ParseIntrospection(visitOf(ctx).form)
	if err != nil {
		return nil, err
	}
	a, found, err := s.ownToken(ctx, client, text)
	if err != nil {
		return nil, err
	}
	if !found || !a.Live(s.Now()) || a.Token.RotatedAt != nil {
		return jsonAnswer(http.StatusOK, map[string]bool{"active": false}), nil
	}
	kind := "Bearer"
	if a.Token.Kind == kyc.SecretRefreshToken {
		kind = "refresh_token"
	}
	return jsonAnswer(http.StatusOK, map[string]any{
		"active": true, "scope": a.Scope(), "client_id": client.ID, "sub": a.Grant.Subject, "token_type": kind,
		"exp": a.Token.ExpiresAt.Unix(), "iat": a.Token.CreatedAt.Unix(), "iss": s.issuer(),
	}), nil
}
