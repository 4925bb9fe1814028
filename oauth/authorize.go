package oauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxState is the length of the longest state that is kept, in bytes.
const maxState = 2048

// ErrNoClient says that no client has the id that was asked for.
var ErrNoClient = errors.New("no such client")

// Client is what an authorization request is checked against.
type Client struct {
	ID           string
	RedirectURIs []string // as registered
	Scopes       []string // what it may ask for, and gets when it asks for nothing
	Narrower     []string // what it may ask for as well, because Scopes cover it
	PKCERequired bool
	Disabled     bool
}

// grantScope is GrantScope for what the client may ask for. One that asks for
// nothing gets what it is registered for, not the parts of that as well.
func (c Client) grantScope(asked string, known func(string) bool) (string, error) {
	if asked == "" {
		return GrantScope("", c.Scopes, known)
	}
	return GrantScope(asked, slices.Concat(c.Scopes, c.Narrower), known)
}

// MayHave says whether the client may still have a scope that it was granted
// before: its registration may have been narrowed since.
func (c Client) MayHave(scope string, known func(scope string) bool) bool {
	_, err := c.grantScope(scope, known)
	return err == nil
}

// AuthorizeRequest is an authorization request that has passed every check.
type AuthorizeRequest struct {
	ClientID    string
	RedirectURI string   // as sent, which differs from the registered one by a loopback port at most
	State       string   // as sent; empty without
	Scope       string   // granted, in the order of the request
	ByDefault   bool     // the request named no scope, so the client got all of its own
	Challenge   string   // PKCE, always S256; empty without
	UILocales   []string // languages of the pages, the best first (OpenID Connect Core, section 3.1.2.1)
}

// ParseAuthorize reads an authorization request (RFC 6749, section 4.1.1) from a
// raw query, or form body for a POST. look finds a client, or gives ErrNoClient;
// known says which scope names exist.
//
// Client and redirect URI are checked first, and whatever is wrong with them gives
// a *ShownError. Only then anything else is looked at, and gives a *RedirectError.
// Another error is that of look. Unknown parameters are ignored.
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
	case !MatchRedirectURI(client.RedirectURIs, uri):
		return AuthorizeRequest{}, shown(ReasonUnknownRedirectURI)
	}
	state, fault := readState(p)
	if fault == nil {
		fault = checkRequest(p, client.PKCERequired)
	}
	if fault != nil {
		return AuthorizeRequest{}, NewRedirectError(uri, state, fault.code, fault.text)
	}
	asked := p.Get("scope")
	scope, err := client.grantScope(asked, known)
	if err != nil {
		return AuthorizeRequest{}, NewRedirectError(uri, state, CodeInvalidScope, err.Error())
	}
	return AuthorizeRequest{
		ClientID: client.ID, RedirectURI: uri, State: state, Scope: scope,
		ByDefault: asked == "", Challenge: p.Get("code_challenge"), UILocales: strings.Fields(p.Get("ui_locales")),
	}, nil
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

// requestFault is what a *RedirectError will tell.
type requestFault struct {
	code Code
	text string
}

// readState returns the state that every answer carries, even that to a faulty
// request. There is none when the state itself is at fault.
func readState(p Params) (string, *requestFault) {
	state := p.Get("state")
	switch {
	case p.Repeated("state"):
		return "", &requestFault{CodeInvalidRequest, "state is repeated"}
	case len(state) > maxState:
		return "", &requestFault{CodeInvalidRequest, fmt.Sprintf("state is longer than %d bytes", maxState)}
	}
	return state, nil
}

// checkRequest looks at everything but client, redirect URI, state and scope.
// request and request_uri are refused and not ignored (OpenID Connect Core,
// section 6): what they would have asked for is not what we would do.
func checkRequest(p Params, pkceRequired bool) *requestFault {
	if name := p.AnyRepeated(); name != "" {
		return &requestFault{CodeInvalidRequest, name + " is repeated"}
	}
	if p.Get("request") != "" {
		return &requestFault{CodeRequestNotSupported, "request objects are not supported"}
	}
	if p.Get("request_uri") != "" {
		return &requestFault{CodeRequestURINotSupported, "request_uri is not supported"}
	}
	if fault := checkResponse(p.Get("response_type"), p.Get("response_mode")); fault != nil {
		return fault
	}
	if text := challengeFault(p.Get("code_challenge"), p.Get("code_challenge_method"), pkceRequired); text != "" {
		return &requestFault{CodeInvalidRequest, text}
	}
	return checkPrompt(strings.Fields(p.Get("prompt")))
}

func checkResponse(responseType, mode string) *requestFault {
	switch {
	case responseType == "":
		return &requestFault{CodeInvalidRequest, "response_type is missing"}
	case responseType != "code":
		return &requestFault{CodeUnsupportedResponseType, "response_type must be code"}
	case mode != "" && mode != "query":
		return &requestFault{CodeInvalidRequest, "response_mode must be query"}
	}
	return nil
}

// checkPrompt answers prompt=none (OpenID Connect Core, section 3.1.2.1): a proof
// always needs the person, so it can never be had without a page.
func checkPrompt(prompts []string) *requestFault {
	switch {
	case !slices.Contains(prompts, "none"):
		return nil
	case len(prompts) > 1:
		return &requestFault{CodeInvalidRequest, "prompt=none goes with no other value"}
	default:
		return &requestFault{CodeLoginRequired, "this needs the person"}
	}
}
