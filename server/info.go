package server

import (
	"context"
	"net/http"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/store"
)

// Info implements api.StrictServerInterface.
func (s *Server) Info(ctx context.Context, _ api.InfoRequestObject) (api.InfoResponseObject, error) {
	access, proof, err := s.reading(ctx, "")
	if err != nil {
		return nil, err
	}
	return jsonAnswer(http.StatusOK, infoOf(access, proof)), nil
}

// infoOf is the answer of /info: the claims that the token can read beside what is
// known of them.
func infoOf(a store.Access, p kyc.Proof) map[string]any {
	g := a.Grant
	info := p.Claims.Only(g.Asked(a.Scope()))
	info["id"], info["sub"], info["scope"] = g.Subject, g.Subject, a.Scope()
	info["method"], info["verified_at"] = p.Method, p.VerifiedAt.UTC().Format(time.RFC3339)
	info["expires_at"] = g.ExpiresAt.UTC().Format(time.RFC3339)
	if p.Issuer != "" {
		info["issuer"] = p.Issuer
	}
	if p.Type != "" {
		info["vct"] = p.Type
	}
	return info
}
