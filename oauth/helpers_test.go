package oauth_test

import (
	"errors"
	"testing"

	"vouchgate/oauth"
)

// wantError fails unless err is a JSON refusal with the given status and word.
func wantError(t *testing.T, err error, status int, code oauth.Code) *oauth.Error {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a JSON refusal with %s", err, err, code)
	}
	if e.Status != status || e.Code != code {
		t.Fatalf("got %d %s (%s), want %d %s", e.Status, e.Code, e.Description, status, code)
	}
	return e
}
