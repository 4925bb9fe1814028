package oauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ in, want string }{
		"allowed characters stay":             {"the code is wrong, try [again] ~!#", "the code is wrong, try [again] ~!#"},
		"double quotes become single ones":    {`scope "a"`, "scope 'a'"},
		"backslashes become question marks":   {`a\b`, "a?b"},
		"control characters become spaces":    {"a\r\nb\tc\x00d\x7f", "a  b c d "},
		"other letters become question marks": {"Zürich 🎉", "Z?rich ?"},
		"broken UTF-8 becomes question marks": {"a\xffb", "a?b"},
		"long texts are cut":                  {strings.Repeat("x", 300), strings.Repeat("x", 256)},
		"nothing stays nothing":               {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := oauth.Clean(row.in); got != row.want {
				t.Errorf("Clean(%q) = %q, want %q", row.in, got, row.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\"\\\n\xffü")
	f.Fuzz(func(t *testing.T, s string) {
		got := oauth.Clean(s)
		if i := strings.IndexFunc(got, func(r rune) bool { return r < 0x20 || r > 0x7E || r == '"' || r == '\\' }); i >= 0 {
			t.Errorf("Clean(%q) = %q holds a forbidden character at %d", s, got, i)
		}
		if again := oauth.Clean(got); again != got {
			t.Errorf("cleaning %q again gives %q", got, again)
		}
	})
}

func TestErrorsHaveTheStatusOfTheirWord(t *testing.T) {
	t.Parallel()
	for code, row := range map[oauth.Code]struct {
		err    *oauth.Error
		status int
	}{
		oauth.CodeInvalidRequest:         {oauth.InvalidRequest("x"), http.StatusBadRequest},
		oauth.CodeInvalidClient:          {oauth.InvalidClient(false), http.StatusUnauthorized},
		oauth.CodeInvalidGrant:           {oauth.InvalidGrant("x"), http.StatusBadRequest},
		oauth.CodeUnauthorizedClient:     {oauth.UnauthorizedClient("x"), http.StatusBadRequest},
		oauth.CodeUnsupportedGrantType:   {oauth.UnsupportedGrantType("x"), http.StatusBadRequest},
		oauth.CodeInvalidScope:           {oauth.InvalidScope("x"), http.StatusBadRequest},
		oauth.CodeInvalidToken:           {oauth.InvalidToken("x"), http.StatusUnauthorized},
		oauth.CodeInsufficientScope:      {oauth.InsufficientScope("a"), http.StatusForbidden},
		oauth.CodeServerError:            {oauth.ServerError(nil), http.StatusInternalServerError},
		oauth.CodeTemporarilyUnavailable: {oauth.TemporarilyUnavailable(nil), http.StatusServiceUnavailable},
	} {
		if row.err.Code != code || row.err.Status != row.status {
			t.Errorf("got %s with %d, want %s with %d", row.err.Code, row.err.Status, code, row.status)
		}
		if row.err.Description == "" {
			t.Errorf("%s has no description", code)
		}
	}
}

func TestErrorWithoutDescriptionIsDescribedByItsWord(t *testing.T) {
	t.Parallel()
	if got := oauth.InvalidRequest("").Description; got != "invalid_request" {
		t.Errorf("description %q, want the word", got)
	}
}

func TestCauseIsForTheLogOnly(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire at 10.0.0.7")
	err := oauth.ServerError(cause)
	if !errors.Is(err, cause) {
		t.Error("the cause is not in the chain")
	}
	if told := err.Error() + err.Description; strings.Contains(told, "disk") {
		t.Errorf("the client is told the cause: %s", told)
	}
}

func TestAsError(t *testing.T) {
	t.Parallel()
	if got := oauth.AsError(nil); got != nil {
		t.Errorf("AsError(nil) = %v", got)
	}
	refused := oauth.InvalidGrant("no")
	if got := oauth.AsError(fmt.Errorf("redeeming: %w", refused)); got != refused {
		t.Errorf("a wrapped refusal became %v", got)
	}
	inner := errors.New("connection lost")
	if got := oauth.AsError(inner); got.Code != oauth.CodeServerError || !errors.Is(got, inner) {
		t.Errorf("an inner error became %v", got)
	}
	// A page must not leak into JSON with words of its own.
	if got := oauth.AsError(&oauth.ShownError{Reason: oauth.ReasonUnknownClient}); got.Code != oauth.CodeServerError {
		t.Errorf("an error page became %v", got)
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	_, none := oauth.ParseBearer(nil)
	for name, row := range map[string]struct {
		err  *oauth.Error
		want string
	}{
		"no challenge for form credentials":     {oauth.InvalidClient(false), ""},
		"basic for the header":                  {oauth.InvalidClient(true), `Basic realm="vouchgate"`},
		"bearer without word for no token":      {oauth.AsError(none), `Bearer realm="vouchgate"`},
		"bearer with word for a bad token":      {oauth.InvalidToken("it is over"), `Bearer realm="vouchgate", error="invalid_token", error_description="it is over"`},
		"bearer with the scope that is missing": {oauth.InsufficientScope("a b"), `Bearer realm="vouchgate", error="insufficient_scope", error_description="the access token does not cover this", scope="a b"`},
		"a scope with a quote is left out":      {oauth.InsufficientScope(`a"b`), `Bearer realm="vouchgate", error="insufficient_scope", error_description="the access token does not cover this"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.err.Challenge("vouchgate"); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}
