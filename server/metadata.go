package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/oauth/ida"
	"vouchgate/server/pages"
)

// GetServerMetadata implements api.StrictServerInterface.
func (s *Server) GetServerMetadata(context.Context, api.GetServerMetadataRequestObject) (api.GetServerMetadataResponseObject, error) {
	return s.metadataAnswer(), nil
}

// GetOpenIDConfiguration implements api.StrictServerInterface.
func (s *Server) GetOpenIDConfiguration(context.Context, api.GetOpenIDConfigurationRequestObject) (api.GetOpenIDConfigurationResponseObject, error) {
	return s.metadataAnswer(), nil
}

func (s *Server) metadataAnswer() answer {
	a := jsonAnswer(http.StatusOK, s.metadata())
	a.header.Set("Cache-Control", shortCache)
	return a
}

// metadata says what this server can do, and nothing else: every member here has
// tests (RFC 8414, section 2; OpenID Connect Discovery, section 3).
func (s *Server) metadata() map[string]any {
	issuer := s.issuer()
	authentication := []string{oauth.AuthBasic, oauth.AuthPost, oauth.AuthPrivateKeyJWT}
	signing := []string{"ES256", "RS256", "PS256"}
	m := map[string]any{
		"issuer":                 issuer,
		"authorization_endpoint": issuer + "/authorize",
		"token_endpoint":         issuer + "/token",
		"userinfo_endpoint":      issuer + "/userinfo",
		"revocation_endpoint":    issuer + "/revoke",
		"introspection_endpoint": issuer + "/introspect",
		"jwks_uri":               issuer + "/jwks",
		"service_documentation":  issuer + "/docs",

		"pushed_authorization_request_endpoint":          issuer + "/par",
		"authorization_response_iss_parameter_supported": true,
		"claims_parameter_supported":                     true,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,

		"response_types_supported":         []string{"code"},
		"response_modes_supported":         []string{"query", oauth.ResponseModeFormPost},
		"grant_types_supported":            []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		"code_challenge_methods_supported": []string{"S256"},
		"prompt_values_supported":          []string{oauth.PromptNone, oauth.PromptLogin, oauth.PromptConsent, oauth.PromptSelectAccount},
		"scopes_supported":                 append([]string{oauth.ScopeOpenID, oauth.ScopeOfflineAccess}, kyc.KnownScopes()...),
		"claims_supported":                 claimsSupported(),
		"ui_locales_supported":             pages.Languages,

		"subject_types_supported":               []string{"pairwise", "ephemeral"},
		"id_token_signing_alg_values_supported": idTokenAlgorithms,
		"acr_values_supported":                  []string{authContexts[kyc.MethodAccount], tanContext, authContexts[kyc.MethodSwiyu]},
	}
	for endpoint, methods := range map[string][]string{
		"token": append(authentication, oauth.AuthNone), "revocation": append(authentication, oauth.AuthNone), "introspection": authentication,
	} {
		m[endpoint+"_endpoint_auth_methods_supported"] = methods
		m[endpoint+"_endpoint_auth_signing_alg_values_supported"] = signing
	}
	s.addAssurance(m)
	return m
}

// addAssurance adds what OpenID Connect for Identity Assurance has in metadata.
func (s *Server) addAssurance(m map[string]any) {
	m["verified_claims_supported"] = true // of older drafts, by which clients still look
	m["trust_frameworks_supported"] = s.frameworks()
	m["claims_in_verified_claims_supported"] = claimsSupported()
	m["evidence_supported"] = []string{ida.EvidenceDocument, ida.EvidenceElectronicRecord}
	m["electronic_records_supported"] = s.records()
	m["documents_supported"] = []string{s.document()}
	m["documents_check_methods_supported"] = []string{ida.CheckVCrypt}
}

// claimsSupported lists the standard names of everything that can be proved.
func claimsSupported() []string {
	names := []string{"name"}
	for _, scope := range kyc.KnownScopes() {
		for _, claim := range kyc.ClaimsOf(scope) {
			for _, name := range kyc.StandardNames(claim) {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// GetJWKS implements api.StrictServerInterface.
func (s *Server) GetJWKS(ctx context.Context, _ api.GetJWKSRequestObject) (api.GetJWKSResponseObject, error) {
	keys, err := s.Keys.JWKS(ctx)
	if err != nil {
		return nil, err
	}
	a := jsonAnswer(http.StatusOK, json.RawMessage(keys))
	a.header.Set("Cache-Control", shortCache)
	return a, nil
}
