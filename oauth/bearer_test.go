package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestParseBearer(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		headers []string
		token   string // "": refused
		status  int
		code    oauth.Code
		none    bool // counts as a request without credentials
	}{
		"a token":                        {headers: []string{"Bearer abc-_.~+/="}, token: "abc-_.~+/="},
		"a scheme in lower case":         {headers: []string{"bearer abc"}, token: "abc"},
		"a scheme in upper case":         {headers: []string{"BEARER abc"}, token: "abc"},
		"more spaces after the scheme":   {headers: []string{"Bearer   abc"}, token: "abc"},
		"a colon, as in secret-token:":   {headers: []string{"Bearer secret-token:abc"}, token: "secret-token:abc"},
		"no header":                      {status: 401, code: oauth.CodeInvalidToken, none: true},
		"an empty header":                {headers: []string{""}, status: 401, code: oauth.CodeInvalidToken, none: true},
		"another scheme":                 {headers: []string{"Basic abc"}, status: 401, code: oauth.CodeInvalidToken, none: true},
		"a scheme that only starts so":   {headers: []string{"BearerX abc"}, status: 401, code: oauth.CodeInvalidToken, none: true},
		"a token without scheme":         {headers: []string{"abc"}, status: 401, code: oauth.CodeInvalidToken, none: true},
		"a scheme without token":         {headers: []string{"Bearer"}, status: 401, code: oauth.CodeInvalidToken},
		"a scheme and spaces":            {headers: []string{"Bearer  "}, status: 401, code: oauth.CodeInvalidToken},
		"two tokens":                     {headers: []string{"Bearer a b"}, status: 401, code: oauth.CodeInvalidToken},
		"a space at the end":             {headers: []string{"Bearer a "}, status: 401, code: oauth.CodeInvalidToken},
		"a line break at the end":        {headers: []string{"Bearer a\n"}, status: 401, code: oauth.CodeInvalidToken},
		"a NUL at the end":               {headers: []string{"Bearer a\x00"}, status: 401, code: oauth.CodeInvalidToken},
		"a tab for the space":            {headers: []string{"Bearer\ta"}, status: 401, code: oauth.CodeInvalidToken, none: true},
		"letters beyond ASCII":           {headers: []string{"Bearer ä"}, status: 401, code: oauth.CodeInvalidToken},
		"two headers":                    {headers: []string{"Bearer a", "Bearer b"}, status: 400, code: oauth.CodeInvalidRequest},
		"two headers of the same token":  {headers: []string{"Bearer a", "Bearer a"}, status: 400, code: oauth.CodeInvalidRequest},
		"two headers of another schemes": {headers: []string{"Basic a", "Bearer a"}, status: 400, code: oauth.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := oauth.ParseBearer(row.headers)
			if token != row.token {
				t.Errorf("token %q, want %q", token, row.token)
			}
			secret, secretErr := oauth.ParseBearerSecret(row.headers)
			if secret != row.token {
				t.Errorf("secret %q, want %q", secret, row.token)
			}
			if row.token != "" {
				if err != nil || secretErr != nil {
					t.Fatalf("refused: %v, %v", err, secretErr)
				}
				return
			}
			e := wantError(t, err, row.status, row.code)
			if errors.Is(err, oauth.ErrNoCredentials) != row.none || !strings.HasPrefix(e.Challenge("x"), "Bearer ") {
				t.Errorf("challenge %s", e.Challenge("x"))
			}
			if row.code == oauth.CodeInvalidToken {
				row.code = oauth.CodeInvalidClient
			}
			if e = wantError(t, secretErr, row.status, row.code); e.Scheme != "Bearer" {
				t.Errorf("a wrong secret gets a challenge for %q", e.Scheme)
			}
		})
	}
}

func TestWrongBearerSecretsAreToldAlike(t *testing.T) {
	t.Parallel()
	wrong := oauth.InvalidBearerSecret()
	_, err := oauth.ParseBearerSecret(nil)
	missing := oauth.AsError(err)
	if missing.Code != wrong.Code || missing.Description != wrong.Description || missing.Status != wrong.Status {
		t.Errorf("a missing secret is told %v, a wrong one %v", missing, wrong)
	}
}

// FuzzParseBearer: a token is the end of its header, untrimmed, without spaces and
// control characters.
func FuzzParseBearer(f *testing.F) {
	for _, seed := range []string{"Bearer a", "bearer  x", "Bearer", "Basic Og==", "Bearer a b", "Bearer \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := oauth.ParseBearer([]string{header})
		if err != nil {
			wantError(t, err, 401, oauth.CodeInvalidToken)
			return
		}
		if token == "" || !strings.HasSuffix(header, " "+token) || strings.ContainsAny(token, " \t\r\n\x00") {
			t.Errorf("%q gives token %q", header, token)
		}
	})
}
