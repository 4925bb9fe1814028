package oauth

import (
	"errors"
	"strings"
)

// ErrNoCredentials is the cause of the *Error for a request without credentials
// of the scheme that the endpoint takes. Such a request is challenged without an
// error word (RFC 6750, section 3.1).
var ErrNoCredentials = errors.New("no credentials")

// ParseBearer returns the access token in the Authorization headers of a request
// (RFC 6750, section 2.1). Errors are *Error with a Bearer challenge: none or
// another scheme gives a 401 for ErrNoCredentials, a malformed token a 401
// invalid_token, two headers a 400 invalid_request. Tokens in queries and forms
// are not looked at, because they end up in logs.
func ParseBearer(headers []string) (string, error) {
	token, err := bearer(headers)
	switch {
	case errors.Is(err, errTwoHeaders):
		return "", twoBearers()
	case errors.Is(err, ErrNoCredentials):
		return "", InvalidToken("access token missing").Because(err)
	case err != nil:
		return "", InvalidToken("access token malformed")
	}
	return token, nil
}

// ParseBearerSecret returns the client secret that a client sent as a bearer
// token, as GNU Taler's Challenger has it at its setup endpoint. It differs from
// ParseBearer in the word for what is missing or malformed: invalid_client.
func ParseBearerSecret(headers []string) (string, error) {
	secret, err := bearer(headers)
	switch {
	case errors.Is(err, errTwoHeaders):
		return "", twoBearers()
	case err != nil:
		return "", InvalidBearerSecret().Because(err)
	}
	return secret, nil
}

// InvalidBearerSecret is InvalidClient with a Bearer challenge, for a wrong secret
// that ParseBearerSecret returned.
func InvalidBearerSecret() *Error {
	e := InvalidClient(false)
	e.Scheme = schemeBearer
	return e
}

func twoBearers() *Error { return BadBearerRequest("more than one Authorization header") }

// BadBearerRequest is InvalidRequest with a Bearer challenge, for a malformed
// request to something that takes access tokens (RFC 6750, section 3.1).
func BadBearerRequest(description string) *Error {
	e := InvalidRequest(description)
	e.Scheme = schemeBearer
	return e
}

var (
	errTwoHeaders = errors.New("two headers")
	errMalformed  = errors.New("malformed")
)

// bearer takes more characters than the b64token of RFC 6750: secrets such as
// those of RFC 8959 hold a colon. Nothing is trimmed.
func bearer(headers []string) (string, error) {
	switch len(headers) {
	case 0:
		return "", ErrNoCredentials
	case 1:
	default:
		return "", errTwoHeaders
	}
	scheme, rest := splitScheme(headers[0])
	if !strings.EqualFold(scheme, schemeBearer) {
		return "", ErrNoCredentials
	}
	if rest == "" || !every(rest, isVisible) {
		return "", errMalformed
	}
	return rest, nil
}

// splitScheme parts "scheme 1*SP credentials" (RFC 9110, section 11.4).
func splitScheme(header string) (scheme, rest string) {
	scheme, rest, _ = strings.Cut(header, " ")
	return scheme, strings.TrimLeft(rest, " ")
}

func isVisible(c byte) bool { return 0x21 <= c && c <= 0x7E }
