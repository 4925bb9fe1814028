package oauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoClient says that no client has the id that was asked for.
var ErrNoClient = errors.New("no such client")

// The ways in which a client says who it is (RFC 8414, section 2,
// token_endpoint_auth_methods_supported).
const (
	AuthBasic         = "client_secret_basic"
	AuthPost          = "client_secret_post"
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthNone          = "none" // a public client, which has no secret that it could keep
)

// Client is what requests are checked against.
type Client struct {
	ID           string
	RedirectURIs []string // as registered
	Scopes       []string // what it may ask for, and gets when it asks for nothing
	Narrower     []string // what it may ask for as well, because Scopes cover it
	GrantTypes   []string // empty is GrantAuthorizationCode alone (RFC 7591, section 2)
	AuthMethod   string   // one of the Auth constants; empty is AuthBasic or AuthPost
	PKCERequired bool     // public clients need PKCE whatever this says
	Native       bool     // an app on the person's own machine (RFC 8252)
	RequirePAR   bool     // it may only use requests that it pushed (RFC 9126, section 6)
	Disabled     bool
}

// MayUse says whether the client may use a grant type.
func (c Client) MayUse(grantType string) bool {
	if len(c.GrantTypes) == 0 {
		return grantType == GrantAuthorizationCode
	}
	return slices.Contains(c.GrantTypes, grantType)
}

// Public says whether the client has nothing to authenticate itself with.
func (c Client) Public() bool { return c.AuthMethod == AuthNone }

// Accepts says whether the client may authenticate itself by a method, as
// Credentials name it.
func (c Client) Accepts(method string) bool {
	if c.AuthMethod == "" {
		return method == AuthBasic || method == AuthPost
	}
	return method == c.AuthMethod
}

// grantScope is GrantScope for what the client may ask for. One that asks for
// nothing gets what it is registered for, not the parts of that as well.
//
// ScopeOpenID and ScopeOfflineAccess are open to every client. The latter is
// dropped without a word where it would have no effect (OpenID Connect Core,
// section 11), and is nothing to ask for alone.
func (c Client) grantScope(asked string, known func(string) bool) (string, error) {
	allowed := c.Scopes
	if strings.Trim(asked, " ") != "" {
		allowed = slices.Concat(c.Scopes, c.Narrower, []string{ScopeOpenID, ScopeOfflineAccess})
	}
	granted, err := GrantScope(asked, allowed, known)
	if err != nil {
		return "", err
	}
	names := strings.Fields(granted)
	if !c.MayUse(GrantRefreshToken) {
		names = slices.DeleteFunc(names, func(name string) bool { return name == ScopeOfflineAccess })
	}
	if len(names) == 0 || len(names) == 1 && names[0] == ScopeOfflineAccess {
		return "", fmt.Errorf("%w: it asks for no data", ErrBadScope)
	}
	return strings.Join(names, " "), nil
}

// MayHave says whether the client may still have a scope that it was granted
// before: its registration may have been narrowed since.
func (c Client) MayHave(scope string, known func(scope string) bool) bool {
	_, err := c.grantScope(scope, known)
	return err == nil
}
