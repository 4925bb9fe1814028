package oauth_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func basic(userpass string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(userpass))
}

func TestParseClientCredentials(t *testing.T) {
	t.Parallel()
	odd := "a+b%/: ü"
	encoded := url.QueryEscape(odd)
	for name, row := range map[string]struct {
		headers   []string
		form      string
		secrets   []string
		viaHeader bool
	}{
		"basic":                                  {headers: []string{basic("shop:pw")}, secrets: []string{"pw"}, viaHeader: true},
		"basic in lower case":                    {headers: []string{strings.Replace(basic("shop:pw"), "Basic", "basic", 1)}, secrets: []string{"pw"}, viaHeader: true},
		"basic with the same client in the form": {headers: []string{basic("shop:pw")}, form: "client_id=shop", secrets: []string{"pw"}, viaHeader: true},
		"basic with an empty secret in the form": {headers: []string{basic("shop:pw")}, form: "client_secret=", secrets: []string{"pw"}, viaHeader: true},
		"basic with a form-encoded secret":       {headers: []string{basic("shop:" + encoded)}, secrets: []string{odd, encoded}, viaHeader: true},
		"basic with a raw secret":                {headers: []string{basic("shop:" + odd)}, secrets: []string{odd}, viaHeader: true},
		"basic with a raw secret that decodes":   {headers: []string{basic("shop:a+b")}, secrets: []string{"a b", "a+b"}, viaHeader: true},
		"basic with a colon in the secret":       {headers: []string{basic("shop:secret-token:pw")}, secrets: []string{"secret-token:pw"}, viaHeader: true},
		"basic with a form-encoded id":           {headers: []string{basic("%73hop:pw")}, secrets: []string{"pw"}, viaHeader: true},
		"basic without secret":                   {headers: []string{basic("shop:")}, viaHeader: true},
		"form":                                   {form: "client_id=shop&client_secret=pw", secrets: []string{"pw"}},
		"form with an encoded secret":            {form: "client_id=shop&client_secret=" + encoded, secrets: []string{odd}},
		"form with a secret that is not trimmed": {form: "client_id=shop&client_secret=%20pw%0a", secrets: []string{" pw\n"}},
		"form without secret":                    {form: "client_id=shop"},
		"form with an empty secret":              {form: "client_id=shop&client_secret="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.ParseClientCredentials(row.headers, mustParse(t, row.form))
			if err != nil {
				t.Fatal(err)
			}
			if got.ClientID != "shop" || !slices.Equal(got.Secrets, row.secrets) || got.ViaHeader != row.viaHeader {
				t.Errorf("got %q %q %v, want secrets %q, %v", got.ClientID, got.Secrets, got.ViaHeader, row.secrets, row.viaHeader)
			}
			if challenge := got.Refused().Challenge("x"); (challenge == `Basic realm="x"`) != row.viaHeader {
				t.Errorf("a wrong secret is challenged with %q", challenge)
			}
		})
	}
}

func TestParseClientCredentialsRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		headers   []string
		form      string
		status    int
		code      oauth.Code
		challenge bool
	}{
		"nothing":                           {status: 401, code: oauth.CodeInvalidClient},
		"a secret without client":           {form: "client_secret=pw", status: 401, code: oauth.CodeInvalidClient},
		"a client with a control character": {form: "client_id=a%0ab&client_secret=pw", status: 401, code: oauth.CodeInvalidClient},
		"header and form":                   {headers: []string{basic("shop:pw")}, form: "client_id=shop&client_secret=pw", status: 400, code: oauth.CodeInvalidRequest},
		"two clients":                       {headers: []string{basic("shop:pw")}, form: "client_id=other", status: 400, code: oauth.CodeInvalidRequest},
		"two headers":                       {headers: []string{basic("shop:pw"), basic("shop:pw")}, status: 400, code: oauth.CodeInvalidRequest},
		"a repeated client":                 {form: "client_id=shop&client_id=shop", status: 400, code: oauth.CodeInvalidRequest},
		"a repeated secret":                 {form: "client_id=shop&client_secret=a&client_secret=b", status: 400, code: oauth.CodeInvalidRequest},
		"broken base64":                     {headers: []string{"Basic %%%"}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"base64 without padding":            {headers: []string{"Basic c2hvcDpwdw"}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"no colon":                          {headers: []string{basic("shop")}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"no client before the colon":        {headers: []string{basic(":pw")}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"NUL in the client":                 {headers: []string{basic("a\x00b:pw")}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"encoded NUL in the client":         {headers: []string{basic("a%00b:pw")}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"letters beyond ASCII in it":        {headers: []string{basic("\xff:pw")}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"a scheme alone":                    {headers: []string{"Basic"}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"another scheme":                    {headers: []string{"Bearer abc"}, form: "client_id=shop", status: 401, code: oauth.CodeInvalidClient, challenge: true},
		"an empty header":                   {headers: []string{""}, status: 401, code: oauth.CodeInvalidClient, challenge: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := oauth.ParseClientCredentials(row.headers, mustParse(t, row.form))
			e := wantError(t, err, row.status, row.code)
			if got := e.Challenge("x") != ""; got != row.challenge {
				t.Errorf("challenged: %v, want %v", got, row.challenge)
			}
		})
	}
}

func TestCredentialsPrintNoSecret(t *testing.T) {
	t.Parallel()
	c := oauth.Credentials{ClientID: "shop", Secrets: []string{"canary"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(verb, c); strings.Contains(got, "canary") || !strings.Contains(got, "shop") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if got := c.LogValue().String(); strings.Contains(got, "canary") {
		t.Errorf("the log shows %s", got)
	}
}

// FuzzParseClientCredentials: a client that says who it is correctly is understood
// however odd its secret, whether or not it encodes it, and any other header is
// answered, not crashed on.
func FuzzParseClientCredentials(f *testing.F) {
	f.Add("Basic c2hvcDpwdw==", "pw")
	f.Add("Basic", "a+b%/: ü")
	f.Add("Bearer x", "%zz")
	f.Add("basic Og==", ":")
	f.Fuzz(func(t *testing.T, header, secret string) {
		empty := mustParse(t, "")
		if c, err := oauth.ParseClientCredentials([]string{header}, empty); err != nil {
			wantError(t, err, 401, oauth.CodeInvalidClient)
		} else if c.ClientID == "" || !c.ViaHeader {
			t.Errorf("%q gives %v", header, c)
		}
		if secret == "" {
			return
		}
		for _, sent := range []string{secret, url.QueryEscape(secret)} {
			c, err := oauth.ParseClientCredentials([]string{basic("shop:" + sent)}, empty)
			if err != nil || c.ClientID != "shop" || !slices.Contains(c.Secrets, secret) {
				t.Errorf("secret %q sent as %q is read as %q, %v", secret, sent, c.Secrets, err)
			}
		}
	})
}
