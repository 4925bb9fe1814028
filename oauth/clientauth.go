package oauth

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// Credentials are how a client says who it is. They print without the secret.
type Credentials struct {
	ClientID string

	// Secrets are the texts that may be the secret the client means; one match is
	// enough. There are two when Basic can be read in two ways, none for a client
	// that only named itself.
	Secrets []string

	// Method is how the client authenticates itself, one of the Auth constants:
	// AuthNone when it only named itself in the form.
	Method string

	// Assertion is the signed JWT of AuthPrivateKeyJWT, as sent. Until its signature
	// is verified, ClientID is what the client claims to be.
	Assertion string

	// ViaHeader says that the Authorization header was used.
	ViaHeader bool
}

// Refused is the answer to credentials that do not hold. It is the same for an
// unknown client and a wrong secret.
func (c Credentials) Refused() *Error { return InvalidClient(c.ViaHeader) }

// String leaves the secrets out.
func (c Credentials) String() string {
	return fmt.Sprintf("oauth.Credentials(%q, secret not shown)", c.ClientID)
}

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// LogValue is String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// ParseClientCredentials reads the Authorization headers and the form of a request
// to the token endpoint, or one that takes the same clients: HTTP Basic, client_id
// and client_secret in the form (RFC 6749, section 2.3.1), or client_assertion
// (RFC 7521, section 4.2), and only one of them. client_id may be left out beside an
// assertion, which names the client too. Errors are *Error: invalid_request for two
// ways at once, two headers, repeated parameters or two different clients,
// invalid_client for credentials that are missing or cannot be read.
func ParseClientCredentials(authorization []string, form Params) (Credentials, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	kind, assertion := form.Get("client_assertion_type"), form.Get("client_assertion")
	for _, name := range []string{"client_id", "client_secret", "client_assertion_type", "client_assertion"} {
		if form.Repeated(name) {
			return Credentials{}, InvalidRequest("client credentials are repeated")
		}
	}
	asserted := kind != "" || assertion != ""
	switch {
	case len(authorization) > 1:
		return Credentials{}, InvalidRequest("more than one Authorization header")
	case len(authorization) == 1 && secret != "":
		return Credentials{}, InvalidRequest("client credentials in both the Authorization header and the form")
	case asserted && (len(authorization) == 1 || secret != ""):
		return Credentials{}, InvalidRequest("both a client assertion and other client credentials")
	case asserted:
		return assertionCredentials(kind, assertion, id)
	case len(authorization) == 1:
		return headerCredentials(authorization[0], id)
	case !isClientID(id):
		return Credentials{}, InvalidClient(false)
	case secret == "":
		return Credentials{ClientID: id, Method: AuthNone}, nil
	}
	return Credentials{ClientID: id, Secrets: []string{secret}, Method: AuthPost}, nil
}

func assertionCredentials(kind, assertion, formID string) (Credentials, error) {
	switch {
	case kind == "":
		return Credentials{}, InvalidRequest("client_assertion_type is missing")
	case kind != AssertionTypeJWT:
		return Credentials{}, badAssertion("its type is not known")
	case assertion == "":
		return Credentials{}, InvalidRequest("client_assertion is missing")
	}
	c := Credentials{ClientID: formID, Method: AuthPrivateKeyJWT, Assertion: assertion}
	if formID == "" {
		var err error
		if c.ClientID, err = assertedClient(assertion); err != nil {
			return Credentials{}, err
		}
	}
	if !isClientID(c.ClientID) {
		return Credentials{}, InvalidClient(false)
	}
	return c, nil
}

func headerCredentials(header, formID string) (Credentials, error) {
	c, ok := parseBasic(header)
	switch {
	case !ok:
		return Credentials{}, InvalidClient(true)
	case formID != "" && formID != c.ClientID:
		return Credentials{}, InvalidRequest("the Authorization header and client_id name different clients")
	}
	return c, nil
}

// parseBasic reads the id and secret of HTTP Basic. RFC 6749 has both
// form-encoded before they are put into the header, but many clients leave that
// out. Where the two readings differ, both are candidates.
func parseBasic(header string) (Credentials, bool) {
	scheme, rest := splitScheme(header)
	if !strings.EqualFold(scheme, schemeBasic) {
		return Credentials{}, false
	}
	userpass, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return Credentials{}, false
	}
	id, secret, ok := strings.Cut(string(userpass), ":")
	if decoded, err := url.QueryUnescape(id); err == nil {
		id = decoded
	}
	if !ok || !isClientID(id) {
		return Credentials{}, false
	}
	c := Credentials{ClientID: id, Method: AuthBasic, ViaHeader: true}
	if secret == "" {
		return c, true
	}
	if decoded, err := url.QueryUnescape(secret); err == nil && decoded != secret {
		c.Secrets = append(c.Secrets, decoded)
	}
	c.Secrets = append(c.Secrets, secret)
	return c, true
}

// isClientID keeps texts that no client can have away from the store (RFC 6749,
// appendix A.1).
func isClientID(s string) bool {
	return s != "" && every(s, func(c byte) bool { return 0x20 <= c && c <= 0x7E })
}
