package oauth

import (
	"errors"
	"log/slog"
)

// The grant types, of RFC 6749, sections 4.1.3 and 6.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
)

// TokenRequest is a token request that is complete and well-formed. It prints
// without its secrets.
type TokenRequest struct {
	GrantType string // one of the Grant constants

	// For GrantAuthorizationCode.
	Code        string
	RedirectURI string // empty when left out
	State       string // empty when left out; not part of RFC 6749, but some clients send it
	Verifier    string // PKCE; empty when left out

	// For GrantRefreshToken.
	RefreshToken string
	Scope        string // for NarrowScope; empty when left out
}

// ParseTokenRequest reads the form of a token request (RFC 6749, sections 4.1.3 and
// 6). Parameters that do not belong to the grant type are ignored. Errors are
// *Error: invalid_request for repeated or missing parameters,
// unsupported_grant_type for every other grant type.
func ParseTokenRequest(form Params) (TokenRequest, error) {
	if name := form.AnyRepeated(); name != "" {
		return TokenRequest{}, InvalidRequest(name + " is repeated")
	}
	r := TokenRequest{GrantType: form.Get("grant_type")}
	missing := ""
	switch r.GrantType {
	case "":
		missing = "grant_type"
	case GrantAuthorizationCode:
		r.Code, r.RedirectURI = form.Get("code"), form.Get("redirect_uri")
		r.State, r.Verifier = form.Get("state"), form.Get("code_verifier")
		if r.Code == "" {
			missing = "code"
		}
	case GrantRefreshToken:
		r.RefreshToken, r.Scope = form.Get("refresh_token"), form.Get("scope")
		if r.RefreshToken == "" {
			missing = "refresh_token"
		}
	default:
		return TokenRequest{}, UnsupportedGrantType("grant_type must be authorization_code or refresh_token")
	}
	if missing != "" {
		return TokenRequest{}, InvalidRequest(missing + " is missing")
	}
	return r, nil
}

// Allowed says whether a client may use the grant type of the request; if not, the
// error is the *Error unauthorized_client.
func (r TokenRequest) Allowed(c Client) error {
	if !c.MayUse(r.GrantType) {
		return UnauthorizedClient("the client may not use the grant type " + r.GrantType)
	}
	return nil
}

// String leaves code, verifier and refresh token out.
func (r TokenRequest) String() string {
	return "oauth.TokenRequest(" + r.GrantType + ", secrets not shown)"
}

// GoString is String.
func (r TokenRequest) GoString() string { return r.String() }

// LogValue is String.
func (r TokenRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// CodeBinding is what a code was issued for.
type CodeBinding struct {
	ClientID    string
	RedirectURI string
	State       string // empty without
	Challenge   string // PKCE; empty without
}

// ErrOtherClient is the cause of the *Error for a code that was issued to another
// client. The code stays good for its owner; after every other refusal by Check it
// should be spent, because whoever has it does not have what belongs to it.
var ErrOtherClient = errors.New("code belongs to another client")

// Check says whether a client that has authenticated itself may redeem a code with
// this binding. Refusals are *Error, invalid_grant but for one case of VerifyPKCE.
//
// The redirect URI must be that of the authorization request; it may be left out
// only where PKCE was used, which binds the code better. A state that is sent must
// be the same too.
func (r TokenRequest) Check(clientID string, b CodeBinding) error {
	switch {
	case clientID != b.ClientID:
		return InvalidGrant(codeRefused).Because(ErrOtherClient)
	case r.RedirectURI == "" && b.Challenge == "":
		return InvalidGrant("redirect_uri is missing")
	case r.RedirectURI != "" && r.RedirectURI != b.RedirectURI:
		return InvalidGrant("redirect_uri is not that of the authorization request")
	case r.State != "" && r.State != b.State:
		return InvalidGrant("state is not that of the authorization request")
	}
	return VerifyPKCE(b.Challenge, r.Verifier)
}

const codeRefused = "the code is unknown, expired or already used"

// CodeRefused is the one answer to a code that is unknown, expired, already used or
// another client's: which of them it is, is not told.
func CodeRefused() *Error { return InvalidGrant(codeRefused) }

// RefreshRefused is the one answer to a refresh token that is unknown, expired,
// revoked, already used or another client's.
func RefreshRefused() *Error {
	return InvalidGrant("the refresh token is unknown, expired, revoked or already used")
}
