package server

import (
	"context"
	"errors"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
)

// PushRequest implements api.StrictServerInterface.
func (s *Server) PushRequest(ctx context.Context, _ api.PushRequestRequestObject) (api.PushRequestResponseObject, error) {
	client, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	request, err := oauth.ParsePushed(visitOf(ctx).form, protocolClient(client), kyc.KnownScope)
	if err != nil {
		return nil, err
	}
	if !s.budget.take(ctx, s, client.ID) {
		return nil, limited{"60"}
	}
	session, handle, err := s.newVisit(client, request, kyc.PushedLifetime)
	if errors.Is(err, errNoChoice) {
		return nil, oauth.InvalidScope(err.Error())
	}
	if err != nil {
		return nil, err
	}
	if err := s.Store.CreateSession(ctx, session); err != nil {
		return nil, err
	}
	return api.PushRequest201JSONResponse{
		Body:    api.PushedRequest{RequestURI: oauth.RequestURIPrefix + handle.String(), ExpiresIn: int64(kyc.PushedLifetime / time.Second)},
		Headers: api.PushRequest201ResponseHeaders{CacheControl: noStore},
	}, nil
}
