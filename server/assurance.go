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
	frameworkPath    = "/ida/swiyu"
	documentPath     = "/ida/swiyu/credential"
	tanFrameworkPath = "/ida/tan"
)

// framework names the rules by which a wallet's proof was made.
func (s *Server) framework() string { return s.issuer() + frameworkPath }

// document names the kind of document that a wallet's credential is.
func (s *Server) document() string { return s.issuer() + documentPath }

// tanFramework names the rules by which an address is proved.
func (s *Server) tanFramework() string { return s.issuer() + tanFrameworkPath }

// frameworks lists the rules by which something is verified here.
func (s *Server) frameworks() []string { return []string{s.framework(), s.tanFramework()} }

// record names the kind of record that a proof of an address is.
func (s *Server) record(m kyc.Method) string { return s.tanFramework() + "/" + string(m) }

// records lists them.
func (s *Server) records() (all []string) {
	for _, m := range kyc.AddressMethods {
		all = append(all, s.record(m))
	}
	return all
}

// tanFact is that a TAN which was sent to an address came back.
func (s *Server) tanFact(p kyc.Proof, claims map[string]any) ida.Fact {
	at := p.VerifiedAt.UTC().Format(time.RFC3339)
	return ida.Fact{
		TrustFramework: s.tanFramework(), Time: p.VerifiedAt, Claims: claims,
		Evidence: []map[string]any{{
			"type":          ida.EvidenceElectronicRecord,
			"check_details": []any{map[string]any{"check_method": ida.CheckToken, "time": at}},
			"record": map[string]any{
				"type": s.record(p.Method), "source": map[string]any{"name": s.PublicURL.Host},
			},
		}},
	}
}

// facts are what this server vouches for as verified: credentials from the wallet,
// and addresses. What an operator typed into an account was verified by nobody that we know of.
func (s *Server) facts(p kyc.Proof, allowed kyc.Claims) []ida.Fact {
	if p.Method == kyc.MethodAccount {
		return nil
	}
	names := make([]string, 0, len(allowed))
	for name := range allowed {
		names = append(names, name)
	}
	if p.Method.Addressed() {
		return []ida.Fact{s.tanFact(p, allowed.Standard(names))}
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
