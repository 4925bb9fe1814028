package server

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/oauth/ida"
)

// The words of OpenID Connect for Identity Assurance that stand for a wallet's
// proof. Those that no register lists are URLs of this server (section "Predefined
// values" there).
const (
	frameworkPath = "/ida/swiyu"
	documentPath  = "/ida/swiyu/credential"
)

// framework names the rules by which a wallet's proof was made.
func (s *Server) framework() string { return s.issuer() + frameworkPath }

// document names the kind of document that a wallet's credential is.
func (s *Server) document() string { return s.issuer() + documentPath }

// facts are what this server vouches for as verified: credentials from the wallet.
// What an operator typed into an account was verified by nobody that we know of.
func (s *Server) facts(p kyc.Proof, allowed kyc.Claims) []ida.Fact {
	if p.Method != kyc.MethodSwiyu {
		return nil
	}
	names := make([]string, 0, len(allowed))
	for name := range allowed {
		names = append(names, name)
	}
	details := map[string]any{"type": s.document()}
	if p.Issuer != "" {
		details["issuer"] = map[string]any{"name": p.Issuer}
	}
	at := p.VerifiedAt.UTC().Format(time.RFC3339)
	return []ida.Fact{{
		TrustFramework: s.framework(), Time: p.VerifiedAt, Claims: allowed.Standard(names),
		Evidence: []map[string]any{{
			"type":             ida.EvidenceDocument,
			"check_details":    []any{map[string]any{"check_method": ida.CheckVCrypt, "time": at}},
			"document_details": details,
		}},
	}}
}
