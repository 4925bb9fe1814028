package oauth_test

import (
	"testing"

	"vouchgate/oauth"
)

func TestWord(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ code, taler oauth.Code }{
		{oauth.CodeAccessDenied, oauth.CodeUnauthorizedClient},
		{oauth.CodeUnauthorizedClient, oauth.CodeUnauthorizedClient},
		{oauth.CodeServerError, oauth.CodeServerError},
		{oauth.CodeTemporarilyUnavailable, oauth.CodeServerError},
		{oauth.CodeInvalidRequest, oauth.CodeServerError},
		{oauth.CodeInvalidScope, oauth.CodeServerError},
		{oauth.CodeUnsupportedResponseType, oauth.CodeServerError},
		{oauth.CodeLoginRequired, oauth.CodeServerError},
		{oauth.CodeRequestNotSupported, oauth.CodeServerError},
		{oauth.CodeRequestURINotSupported, oauth.CodeServerError},
	} {
		for _, standard := range []oauth.ErrorProfile{"", oauth.ProfileOAuth} {
			if got := standard.Word(row.code); got != row.code {
				t.Errorf("profile %q turns %s into %s", standard, row.code, got)
			}
		}
		if got := oauth.ProfileTaler.Word(row.code); got != row.taler {
			t.Errorf("a Taler exchange is told %s for %s, want %s", got, row.code, row.taler)
		}
	}
}

func TestParseErrorProfile(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]oauth.ErrorProfile{"": oauth.ProfileOAuth, "oauth": oauth.ProfileOAuth, "taler": oauth.ProfileTaler} {
		if got, err := oauth.ParseErrorProfile(in); got != want || err != nil {
			t.Errorf("ParseErrorProfile(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"Taler", "oauth2", " "} {
		if _, err := oauth.ParseErrorProfile(in); err == nil {
			t.Errorf("ParseErrorProfile(%q) gives no error", in)
		}
	}
}
