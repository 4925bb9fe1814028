package oauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The scope names that stand for no data (OpenID Connect Core, sections 3.1.2.1 and
// 11). Every client may ask for them.
const (
	ScopeOpenID        = "openid"
	ScopeOfflineAccess = "offline_access"
)

// maxScopes is the number of names that a scope may have.
const maxScopes = 100

// ErrBadScope says that a scope is malformed, asks for what the client may not
// have, or for nothing. The text says which and is fit for an error_description.
var ErrBadScope = errors.New("bad scope")

// ParseScope returns the names in a scope, in their order. Names are parted by
// spaces, of which there may be more than one, and consist of %x21 / %x23-5B /
// %x5D-7E (RFC 6749, section 3.3). Other characters, a name that comes twice and
// more than 100 names give ErrBadScope.
func ParseScope(scope string) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	for name := range strings.SplitSeq(scope, " ") {
		switch {
		case name == "":
			continue
		case !isScopeName(name):
			return nil, fmt.Errorf("%w: a name holds characters that it may not hold", ErrBadScope)
		case seen[name]:
			return nil, fmt.Errorf("%w: %s comes twice", ErrBadScope, name)
		case len(names) == maxScopes:
			return nil, fmt.Errorf("%w: more than %d names", ErrBadScope, maxScopes)
		}
		seen[name] = true
		names = append(names, name)
	}
	return names, nil
}

func isScopeName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7E || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// GrantScope returns the scope that is granted for a requested one, in the order
// of the request, because some client libraries compare the two texts. Without a
// request it is all that the client may have, in the registered order (RFC 6749,
// section 3.3, lets the server choose a default). Names that are not known are
// ignored (OpenID Connect Core, section 3.1.2.1). A known name that the client
// may not ask for, and a scope of which nothing is left, give ErrBadScope.
func GrantScope(requested string, allowed []string, known func(name string) bool) (string, error) {
	names, err := ParseScope(requested)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		names = allowed
	}
	var granted []string
	for _, name := range names {
		if slices.Contains(allowed, name) {
			granted = append(granted, name)
		} else if known(name) {
			return "", fmt.Errorf("%w: %s is not allowed for this client", ErrBadScope, name)
		}
	}
	if len(granted) == 0 {
		return "", fmt.Errorf("%w: it asks for nothing that there is", ErrBadScope)
	}
	return strings.Join(granted, " "), nil
}

// ScopeRefreshes says whether refresh tokens go with a granted scope: in OpenID Connect
// they have to be asked for (OpenID Connect Core, section 11), in plain OAuth not.
func ScopeRefreshes(scope string) bool {
	names := strings.Fields(scope)
	return !slices.Contains(names, ScopeOpenID) || slices.Contains(names, ScopeOfflineAccess)
}

// NarrowScope returns the scope of an access token that a refresh token is swapped
// for (RFC 6749, section 6): what is requested, in the order of the request, or
// all that was granted when nothing is. A name that was not granted, and a scope
// that is malformed, give an invalid_scope *Error.
func NarrowScope(granted, requested string) (string, error) {
	names, err := ParseScope(requested)
	if err != nil {
		return "", InvalidScope(err.Error())
	}
	if len(names) == 0 {
		return granted, nil
	}
	had := strings.Fields(granted)
	for _, name := range names {
		if !slices.Contains(had, name) {
			return "", InvalidScope(name + " was not granted")
		}
	}
	return strings.Join(names, " "), nil
}
