package server

import (
	"context"
	"errors"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/store"
)

// refresh swaps a refresh token for new tokens (RFC 6749, section 6). A token that
// was used before gets the same answer again for a moment, because answers get
// lost; after that it was stolen, from one side or the other, and everything that
// came of the grant ends (RFC 9700, section 4.14.2).
func (s *Server) refresh(ctx context.Context, client kyc.Client, request oauth.TokenRequest) (api.TokenResponseObject, error) {
	handle, err := kyc.ParseHandle(request.RefreshToken)
	if err != nil {
		return nil, oauth.RefreshRefused()
	}
	for try := 1; ; try++ {
		old, err := s.Store.Access(ctx, handle.ID)
		if err != nil && !isNotFound(err) {
			return nil, err
		}
		if err != nil || old.Token.Kind != kyc.SecretRefreshToken || !handle.Matches(kyc.SecretRefreshToken, old.Token.Hash) ||
			old.Grant.ClientID != client.ID {
			return nil, oauth.RefreshRefused()
		}
		given, err := s.follow(ctx, client, request, old)
		if errors.Is(err, store.ErrConflict) && try < 3 {
			continue // somebody else was first, and gets the same answer
		}
		if err != nil {
			return nil, err
		}
		return s.tokens(ctx, client, given)
	}
}

// follow returns the tokens that follow a refresh token: new ones, or those that
// were handed out for it a moment ago.
func (s *Server) follow(ctx context.Context, client kyc.Client, request oauth.TokenRequest, old store.Access) (issued, error) {
	now := s.Now()
	switch {
	case !old.Live(now), !protocolClient(client).MayHave(old.Grant.Scope, kyc.KnownScope):
		return issued{}, oauth.RefreshRefused()
	case old.Token.RotatedAt == nil:
		return s.rotate(ctx, client, request, old)
	case now.Sub(*old.Token.RotatedAt) < s.RefreshWindow:
		return s.repeat(ctx, old)
	}
	if err := s.revoke(ctx, s.Store, client, old.Grant, kyc.RevokedByReuse); err != nil {
		return issued{}, err
	}
	return issued{}, oauth.RefreshRefused()
}

func (s *Server) rotate(ctx context.Context, client kyc.Client, request oauth.TokenRequest, old store.Access) (issued, error) {
	scope, err := oauth.NarrowScope(old.Grant.Scope, request.Scope)
	if err != nil {
		return issued{}, err
	}
	proof, err := s.proofOf(old.Grant.SessionID, client.ID, old.Grant.SealedClaims)
	if err != nil {
		return issued{}, err
	}
	now, grant := s.Now(), old.Grant
	refreshID, err := kyc.NewID(now, s.Rand)
	if err != nil {
		return issued{}, err
	}
	accessID, err := kyc.NewID(now, s.Rand)
	if err != nil {
		return issued{}, err
	}
	i := s.derived(old, refreshID, accessID)
	i.scope, i.proof = scope, proof
	i.access = accessToken(client, grant, i.accessHandle, now)
	if scope != grant.Scope {
		i.access.Scope = scope
	}
	i.refresh = refreshToken(client, grant, i.refreshHandle, accessID, now)
	return i, s.Store.Rotate(ctx, old, i.refresh, i.access, now)
}

// derived are the handles of tokens that follow a refresh token, which can be made
// again from what is kept.
func (s *Server) derived(old store.Access, refreshID, accessID kyc.ID) issued {
	return issued{
		grant:         old.Grant,
		refreshHandle: kyc.DeriveToken(kyc.SecretRefreshToken, old.Token.ID, refreshID, s.Ring.MAC),
		accessHandle:  kyc.DeriveToken(kyc.SecretAccessToken, old.Token.ID, accessID, s.Ring.MAC),
	}
}

// repeat returns the tokens that a refresh token was swapped for. Once the next
// one was used too, its owner has them and this is refused; so it is if they cannot
// be made again, because the keys have changed since.
func (s *Server) repeat(ctx context.Context, old store.Access) (issued, error) {
	if old.Token.SuccessorID == nil {
		return issued{}, oauth.RefreshRefused()
	}
	next, err := s.Store.Access(ctx, *old.Token.SuccessorID)
	if err != nil {
		return issued{}, err
	}
	if next.Token.RotatedAt != nil || next.Token.IssuedWith == nil || !next.Live(s.Now()) {
		return issued{}, oauth.RefreshRefused()
	}
	access, err := s.Store.Access(ctx, *next.Token.IssuedWith)
	if err != nil {
		return issued{}, err
	}
	i := s.derived(old, next.Token.ID, access.Token.ID)
	if !i.refreshHandle.Matches(kyc.SecretRefreshToken, next.Token.Hash) ||
		!i.accessHandle.Matches(kyc.SecretAccessToken, access.Token.Hash) || !access.Live(s.Now()) {
		return issued{}, oauth.RefreshRefused()
	}
	i.access, i.refresh, i.scope = access.Token, next.Token, access.Scope()
	i.proof, err = s.proofOf(old.Grant.SessionID, old.Grant.ClientID, old.Grant.SealedClaims)
	return i, err
}
