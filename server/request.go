package server

import (
	"slices"
	"time"

	"vouchgate/kyc"
	"vouchgate/oauth"
)

// bindingOf is what a request fixes of a session, but for the browser.
func bindingOf(r oauth.AuthorizeRequest, client kyc.Client, sealed []byte) kyc.Binding {
	return kyc.Binding{
		RedirectURI: r.RedirectURI, State: r.State, Scope: r.Scope, Challenge: r.Challenge,
		Claims: single(r, client), ResponseMode: r.ResponseMode, SealedRequest: sealed,
	}
}

// single lists the claims that a request asks for one by one, as far as the client
// is registered for them.
func single(r oauth.AuthorizeRequest, client kyc.Client) kyc.Strings {
	if len(r.ClaimNames) == 0 {
		return nil
	}
	covered := kyc.CoveredScopes(client.Scopes)
	var names kyc.Strings
	for _, standard := range r.ClaimNames {
		for _, name := range kyc.ClaimsBehind(standard) {
			if slices.Contains(covered, name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// sealRequest keeps what a request asks beside what its session is bound to.
func (s *Server) sealRequest(r oauth.AuthorizeRequest, session kyc.ID, clientID string) ([]byte, error) {
	plain, err := kyc.Request{
		Nonce: r.Nonce, Claims: r.RawClaims, LoginHint: r.LoginHint, Silent: slices.Contains(r.Prompt, oauth.PromptNone),
	}.Encode()
	if err != nil || plain == nil {
		return nil, err
	}
	return s.Ring.Seal(kyc.PurposeRequest, kyc.ClaimsContext(session, clientID), plain)
}

// consentFor says whether the person has to be asked.
func consentFor(client kyc.Client, r oauth.AuthorizeRequest) kyc.Consent {
	switch {
	case slices.Contains(r.Prompt, oauth.PromptConsent) && client.CodeDelivery == kyc.DeliverByRedirect:
		return kyc.ConsentRequired
	case client.AskConsent:
		return kyc.ConsentAsked
	}
	return kyc.ConsentNone
}

// loginAfter says since when a sign-in counts; nil if any does.
func loginAfter(r oauth.AuthorizeRequest, now time.Time) *time.Time {
	after := now
	switch {
	case slices.Contains(r.Prompt, oauth.PromptLogin), slices.Contains(r.Prompt, oauth.PromptSelectAccount):
	case r.MaxAge != nil:
		after = now.Add(-time.Duration(*r.MaxAge) * time.Second)
	default:
		return nil
	}
	return &after
}
