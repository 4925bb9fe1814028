package oauth

import (
	"errors"
	"fmt"
	"log/slog"
)

// ResponseModeFormPost has the answer posted to the redirect URI by a form (OAuth
// 2.0 Form Post Response Mode), and not put into its query.
const ResponseModeFormPost = "form_post"

// AuthorizeRequest is an authorization request that has passed every check. It
// prints only whose it is, because the rest may say something about the person.
type AuthorizeRequest struct {
	ClientID     string
	RedirectURI  string // as sent, which differs from the registered one by a loopback port at most
	ResponseMode string // ResponseModeFormPost, or empty for the query
	State        string // as sent; empty without
	Scope        string // granted, in the order of the request
	ByDefault    bool   // the request named no scope, so the client got all of its own
	Challenge    string // PKCE, always S256; empty without

	// The rest is OpenID Connect Core, section 3.1.2.1.
	Nonce      string        // as sent; empty without
	Prompt     []string      // of the Prompt constants; PromptNone is alone
	MaxAge     *int64        // seconds since the last sign-in, at most 68 years; nil without
	LoginHint  string        // what the person may be called; nothing to rely on
	ACRValues  []string      // wished for, the best first
	UILocales  []string      // languages of the pages, the best first
	Claims     ClaimsRequest // the parameter "claims"
	ClaimNames []string      // Claims.Names()
	RawClaims  string        // what ParseClaims made Claims of; empty without
}

// String says whose request it is.
func (r AuthorizeRequest) String() string {
	return fmt.Sprintf("oauth.AuthorizeRequest(%q)", r.ClientID)
}

// GoString is String.
func (r AuthorizeRequest) GoString() string { return r.String() }

// LogValue is String.
func (r AuthorizeRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// ParseAuthorize reads an authorization request (RFC 6749, section 4.1.1) from a
// raw query, or form body for a POST. look finds a client, or gives ErrNoClient;
// known says which scope names exist, without ScopeOpenID and ScopeOfflineAccess.
// A query for which RequestURI is ok is none for this function.
//
// Client and redirect URI are checked first, and whatever is wrong with them gives
// a *ShownError. Only then anything else is looked at, and gives a *RedirectError.
// Another error is that of look. Unknown parameters are ignored. Whether the person
// is signed in is not known here, so that prompt=none is left to the caller.
func ParseAuthorize(raw string, look func(clientID string) (Client, error), known func(scope string) bool) (AuthorizeRequest, error) {
	p, err := ParseParams(raw)
	if err != nil {
		return AuthorizeRequest{}, shown(ReasonBadRequest)
	}
	client, err := findClient(p, look)
	if err != nil {
		return AuthorizeRequest{}, err
	}
	uri := p.Get("redirect_uri")
	switch {
	case uri == "" || p.Repeated("redirect_uri"):
		return AuthorizeRequest{}, shown(ReasonNoRedirectURI)
	case !MatchRedirectURI(client.RedirectURIs, client.Native, uri):
		return AuthorizeRequest{}, shown(ReasonUnknownRedirectURI)
	}
	r, fault := readRequest(p, client, known)
	if fault == nil && client.RequirePAR {
		fault = &requestFault{CodeInvalidRequest, "pushed authorization request required"}
	}
	if fault != nil {
		away := NewRedirectError(uri, r.State, fault.code, fault.text)
		away.ResponseMode = r.ResponseMode
		return AuthorizeRequest{}, away
	}
	return r, nil
}

// findClient answers all faults alike, so that the page does not tell which
// clients exist.
func findClient(p Params, look func(string) (Client, error)) (Client, error) {
	id := p.Get("client_id")
	if id == "" || p.Repeated("client_id") {
		return Client{}, shown(ReasonUnknownClient)
	}
	client, err := look(id)
	switch {
	case errors.Is(err, ErrNoClient):
		return Client{}, shown(ReasonUnknownClient)
	case err != nil:
		return Client{}, fmt.Errorf("looking up client: %w", err)
	case client.Disabled:
		return Client{}, shown(ReasonUnknownClient)
	}
	return client, nil
}
