package oauth

import (
	"errors"
	"net/http"
	"strings"
)

// Code is an error word as clients read it in "error".
type Code string

// The error words, by the document that defines them.
const (
	// RFC 6749, sections 4.1.2.1 and 5.2.
	CodeInvalidRequest          Code = "invalid_request"
	CodeInvalidClient           Code = "invalid_client"
	CodeInvalidGrant            Code = "invalid_grant"
	CodeUnauthorizedClient      Code = "unauthorized_client"
	CodeUnsupportedGrantType    Code = "unsupported_grant_type"
	CodeUnsupportedResponseType Code = "unsupported_response_type"
	CodeInvalidScope            Code = "invalid_scope"
	CodeAccessDenied            Code = "access_denied"
	CodeServerError             Code = "server_error"
	CodeTemporarilyUnavailable  Code = "temporarily_unavailable"

	// RFC 6750, section 3.1.
	CodeInvalidToken      Code = "invalid_token"
	CodeInsufficientScope Code = "insufficient_scope"

	// RFC 7009, section 2.2.1.
	CodeUnsupportedTokenType Code = "unsupported_token_type"

	// OpenID Connect Core 1.0, section 3.1.2.6.
	CodeLoginRequired          Code = "login_required"
	CodeConsentRequired        Code = "consent_required"
	CodeInteractionRequired    Code = "interaction_required"
	CodeInvalidRequestURI      Code = "invalid_request_uri"
	CodeRequestNotSupported    Code = "request_not_supported"
	CodeRequestURINotSupported Code = "request_uri_not_supported"
)

// Error is a refusal that is answered as JSON, with the standard words in every
// [ErrorProfile].
type Error struct {
	Code        Code
	Description string // never empty, only the characters that Clean leaves
	Status      int    // of the HTTP answer
	Scheme      string // of the WWW-Authenticate header: "Basic", "Bearer" or empty for none
	Scope       string // what insufficient_scope asks for (RFC 6750, section 3)

	cause error
}

func newError(status int, code Code, description string) *Error {
	if description = Clean(description); description == "" {
		description = string(code)
	}
	return &Error{Code: code, Description: description, Status: status}
}

// Error returns what the client is told. The cause is not part of it.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Description }

// Unwrap returns the cause, which is for the log and never for the client.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e that carries a cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Challenge returns the value of the WWW-Authenticate header, or "" when the
// answer has none. The realm must be free of quotes and backslashes.
//
// Basic gets it only when the client used the Authorization header (RFC 6749,
// section 5.2). Bearer names the error unless the request had no credentials at
// all (RFC 6750, section 3.1).
func (e *Error) Challenge(realm string) string {
	if e.Scheme == "" {
		return ""
	}
	header := e.Scheme + ` realm="` + realm + `"`
	if e.Scheme != schemeBearer || errors.Is(e, ErrNoCredentials) {
		return header
	}
	header += `, error="` + string(e.Code) + `", error_description="` + e.Description + `"`
	if e.Scope != "" {
		header += `, scope="` + e.Scope + `"`
	}
	return header
}

// The schemes of RFC 7617 and RFC 6750.
const (
	schemeBasic  = "Basic"
	schemeBearer = "Bearer"
)

// AsError returns the *Error in err, and for any other error a server_error with
// err as its cause. It is the one gate between errors and JSON answers: nothing
// that was not meant for clients gets through. For nil it returns nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return ServerError(err)
}

// InvalidRequest is a 400 for a request that is malformed.
func InvalidRequest(description string) *Error {
	return newError(http.StatusBadRequest, CodeInvalidRequest, description)
}

// InvalidClient is a 401 for a client that is not who it says. Its text is always
// the same, so that it does not tell which clients exist. With viaHeader, the
// client used the Authorization header and gets a Basic challenge.
func InvalidClient(viaHeader bool) *Error {
	e := newError(http.StatusUnauthorized, CodeInvalidClient, "client authentication failed")
	if viaHeader {
		e.Scheme = schemeBasic
	}
	return e
}

// InvalidGrant is a 400 for a code that cannot be redeemed.
func InvalidGrant(description string) *Error {
	return newError(http.StatusBadRequest, CodeInvalidGrant, description)
}

// UnauthorizedClient is a 400 for a grant type that the client may not use.
func UnauthorizedClient(description string) *Error {
	return newError(http.StatusBadRequest, CodeUnauthorizedClient, description)
}

// UnsupportedGrantType is a 400 for a grant type that nobody may use.
func UnsupportedGrantType(description string) *Error {
	return newError(http.StatusBadRequest, CodeUnsupportedGrantType, description)
}

// UnsupportedTokenType is a 400 for a token of a kind that cannot be revoked (RFC
// 7009, section 2.2.1).
func UnsupportedTokenType(description string) *Error {
	return newError(http.StatusBadRequest, CodeUnsupportedTokenType, description)
}

// InvalidScope is a 400 for a scope that is malformed or goes too far.
func InvalidScope(description string) *Error {
	return newError(http.StatusBadRequest, CodeInvalidScope, description)
}

// InvalidToken is a 401 for an access token that is malformed, unknown, expired
// or revoked, with a Bearer challenge (RFC 6750, section 3.1).
func InvalidToken(description string) *Error {
	e := newError(http.StatusUnauthorized, CodeInvalidToken, description)
	e.Scheme = schemeBearer
	return e
}

// InsufficientScope is a 403 that says which scope the token lacks. A scope that
// is not well-formed is left out.
func InsufficientScope(scope string) *Error {
	e := newError(http.StatusForbidden, CodeInsufficientScope, "the access token does not cover this")
	e.Scheme = schemeBearer
	if _, err := ParseScope(scope); err == nil {
		e.Scope = scope
	}
	return e
}

// ServerError is a 500 whose cause is kept for the log.
func ServerError(cause error) *Error {
	return newError(http.StatusInternalServerError, CodeServerError, "something went wrong on our side").Because(cause)
}

// TemporarilyUnavailable is a 503 whose cause is kept for the log.
func TemporarilyUnavailable(cause error) *Error {
	return newError(http.StatusServiceUnavailable, CodeTemporarilyUnavailable, "not available now, try again later").Because(cause)
}

// maxDescription bounds what a client can make us repeat, in bytes.
const maxDescription = 256

// Clean returns s with only the characters that an error_description may have,
// %x20-21 / %x23-5B / %x5D-7E (RFC 6749, sections 4.1.2.1 and 5.2), and at most
// 256 of them. Double quotes become single ones, control characters spaces, all
// else question marks.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < 0x20 || r == 0x7F:
			return ' '
		case r == '\\' || r > 0x7E:
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), maxDescription)]
}
