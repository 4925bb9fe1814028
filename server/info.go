package server

import (
	"context"
	"net/http"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
)

// Info implements api.StrictServerInterface.
func (s *Server) Info(ctx context.Context, _ api.InfoRequestObject) (api.InfoResponseObject, error) {
	token, err := oauth.ParseBearer(visitOf(ctx).authorization)
	if err != nil {
		return nil, err
	}
	handle, err := kyc.ParseHandle(token)
	if err != nil {
		return nil, errToken()
	}
	access, err := s.Store.Access(ctx, handle.ID)
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	if err != nil || !handle.Matches(kyc.SecretAccessToken, access.Token.Hash) || !access.Live(s.Now()) {
		return nil, errToken()
	}
	grant := access.Grant
	plain, err := s.Ring.Open(kyc.PurposeClaims, kyc.ClaimsContext(grant.SessionID, grant.ClientID), grant.SealedClaims)
	if err != nil {
		return nil, err
	}
	proof, err := kyc.DecodeProof(plain)
	if err != nil {
		return nil, err
	}
	return jsonAnswer(http.StatusOK, infoOf(grant, proof)), nil
}

// errToken is the one answer to tokens that are unknown, ended or revoked.
func errToken() error {
	return oauth.InvalidToken("the access token is unknown, has ended or was revoked")
}

// infoOf is the answer of /info: the claims of the granted scope beside what is
// known of them.
func infoOf(g kyc.Grant, p kyc.Proof) map[string]any {
	info := map[string]any{}
	for _, name := range kyc.ClaimsOf(g.Scope) {
		if value, ok := p.Claims[name]; ok {
			info[name] = value
		}
	}
	info["id"], info["sub"], info["scope"] = g.Subject, g.Subject, g.Scope
	info["method"], info["verified_at"] = p.Method, p.VerifiedAt.UTC().Format(time.RFC3339)
	if p.Issuer != "" {
		info["issuer"] = p.Issuer
	}
	if p.Type != "" {
		info["vct"] = p.Type
	}
	return info
}
