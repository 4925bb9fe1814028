package server

import (
	"context"
	"errors"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/keyed"
	"vouchgate/store"
)

// Token implements api.StrictServerInterface. The form is that of the guard, which
// has read it more strictly than the generated code.
func (s *Server) Token(ctx context.Context, _ api.TokenRequestObject) (api.TokenResponseObject, error) {
	client, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	request, err := oauth.ParseTokenRequest(visitOf(ctx).form)
	if err == nil {
		err = request.Allowed(protocolClient(client))
	}
	if err != nil {
		return nil, err
	}
	// What is spent below has to be answered, so the keys are there before.
	if err := s.Keys.Prepare(ctx, idTokenAlgorithm(client)); err != nil {
		return nil, err
	}
	if request.GrantType == oauth.GrantRefreshToken {
		return s.refresh(ctx, client, request)
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
		given   issued
		refusal error
	)
	mac, err := s.subjects.MAC(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Together(ctx, func(st *store.Store) error {
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
		given, err = s.redeem(ctx, st, client, code, mac)
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
	return s.tokens(ctx, client, given)
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
		return refusal, st.VoidCode(ctx, code, s.Now())
	case refusal != nil:
		return refusal, nil
	case code.UsedAt != nil:
		return oauth.CodeRefused(), s.replayed(ctx, st, client, code)
	case !code.Live(s.Now()), !protocolClient(client).MayHave(code.Scope, kyc.KnownScope):
		return oauth.CodeRefused(), nil
	}
	return nil, nil
}

func (s *Server) replayed(ctx context.Context, st *store.Store, client kyc.Client, code kyc.Code) error {
	grant, err := st.GrantOfSession(ctx, code.SessionID)
	if isNotFound(err) {
		return nil
	}
	if err == nil {
		err = s.revoke(ctx, st, client, grant, kyc.RevokedByReuse)
	}
	return err
}

// redeem turns a code into a grant with tokens.
func (s *Server) redeem(ctx context.Context, st *store.Store, client kyc.Client, code kyc.Code, mac keyed.MAC) (issued, error) {
	now := s.Now()
	session, err := st.Session(ctx, code.SessionID)
	if err == nil && session.Status != kyc.StatusVerified {
		err = store.ErrConflict // it has moved on, and its claims are gone
	}
	if err != nil {
		return issued{}, err
	}
	proof, err := s.proofOf(session.ID, client.ID, session.SealedClaims)
	if err != nil {
		return issued{}, err
	}
	refreshable := mayRefresh(client, code.Scope)
	life, once := client.ReadableFor(refreshable)
	grant := kyc.Grant{
		SessionID: session.ID, ClientID: client.ID, Subject: subject(client, session, proof, mac), Scope: code.Scope, Claims: session.Claims,
		SealedRequest: session.SealedRequest, Once: once, CreatedAt: now, ExpiresAt: now.Add(life),
	}
	if refreshable {
		_, all := client.RefreshLives()
		end := earlier(now.Add(all), grant.ExpiresAt)
		grant.RefreshUntil = &end
	}
	if grant.ID, err = kyc.NewID(now, s.Rand); err != nil {
		return issued{}, err
	}
	given, err := s.issue(client, grant, now)
	if err != nil {
		return issued{}, err
	}
	given.proof, given.first = proof, true
	return given, st.Redeem(ctx, code, grant, given.rows(), now)
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

func isStale(err error) bool { return errors.Is(err, store.ErrStale) }
