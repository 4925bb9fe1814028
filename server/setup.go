package server

import (
	"context"
	"errors"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
)

// Setup implements api.StrictServerInterface.
func (s *Server) Setup(ctx context.Context, r api.SetupRequestObject) (api.SetupResponseObject, error) {
	secret, err := oauth.ParseBearerSecret(visitOf(ctx).authorization)
	if err != nil {
		return nil, err
	}
	client, err := s.authenticate(ctx, r.ClientID, []string{secret})
	if errors.Is(err, errWrongSecret) {
		return nil, oauth.InvalidBearerSecret()
	}
	if err != nil {
		return nil, err
	}
	if !s.budget.take(ctx, s, client.ID) {
		return nil, limited{"60"}
	}
	now := s.Now()
	nonce, err := s.newHandle(now)
	if err != nil {
		return nil, err
	}
	session := kyc.NewSession(nonce, client.ID, kyc.MethodOpen, now, kyc.SetupLifetime)
	if len(client.Methods) < 2 { // else the scope of the first visit decides
		session.Method = client.Choices("", nil)[0]
	}
	if client.ProvesAddresses() {
		hint, err := s.readHint(client, visitOf(ctx).body)
		if err == nil {
			err = s.give(&session, hint)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.Store.CreateSession(ctx, session); err != nil {
		return nil, err
	}
	return api.Setup200JSONResponse{
		Body:    api.SetupResponse{Nonce: nonce.String()},
		Headers: api.Setup200ResponseHeaders{CacheControl: noStore},
	}, nil
}
