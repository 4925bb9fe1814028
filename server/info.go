package server

import (
	"context"
	"maps"
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
	if p.Address != nil && len(p.Claims.Only(g.Asked(a.Scope()))) > 0 {
		addAddress(info, g.Subject, p)
	}
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

// addAddress adds a proved address as GNU Taler Challenger has it (get-info of its
// API): the id as a number, the address by its fields, until when it counts. A
// postal address keeps its members of OpenID Connect beside them.
func addAddress(info map[string]any, subject string, p kyc.Proof) {
	address := map[string]any{}
	if parts, ok := info["address"].(map[string]any); ok {
		maps.Copy(address, parts)
	}
	for field, value := range p.Address.Fields() {
		address[field] = value
	}
	info["id"], info["address"], info["address_type"] = kyc.Number(subject), address, p.Method
	info["expires"] = map[string]any{"t_s": p.ExpiresAt.Unix()}
}
