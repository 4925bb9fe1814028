package swiyu

import (
	"errors"
	"net/http"
	"net/url"
)

// Errors of the calls to the verifier. Their text never holds what a wallet or
// the verifier wrote.
var (
	// ErrUnavailable says that no usable answer came: no connection, too slow, a
	// 3xx, 5xx or 429, or something that is no answer of a verifier. Asking again
	// later may help.
	ErrUnavailable = errors.New("verifier is not available")
	// ErrRejected says that the verifier does not take our request, or that there
	// is no sensible request to send: address, token or profile are configured
	// wrongly. Asking again does not help; the operator has to act.
	ErrRejected = errors.New("verifier rejects our request")
)

// statusError turns a status that is not a success into an error: what a client
// does wrong is ErrRejected, everything that may pass by itself ErrUnavailable.
func statusError(status int) error {
	switch {
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return ErrUnavailable
	case status >= 400 && status < 500:
		return ErrRejected
	default:
		return ErrUnavailable
	}
}

// withoutURL takes the address off an error of net/http: it names the
// verification, and the log line has it already where it is wanted.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
