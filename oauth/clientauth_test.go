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
			method := oauth.AuthBasic
			switch {
			case !row.viaHeader && row.secrets == nil:
				method = oauth.AuthNone
			case !row.viaHeader:
				method = oauth.AuthPost
			}
			if got.Method != method || got.Assertion != "" {
				t.Errorf("method %q, want %q", got.Method, method)
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

// assertionForm is a form with an assertion whose claims are the given JSON. Its
// signature is not looked at here.
func assertionForm(claims string, changes ...string) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(claims))
	form := url.Values{"client_assertion_type": {oauth.AssertionTypeJWT}, "client_assertion": {"e30." + payload + ".c2ln"}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form.Encode()
}

func TestParseClientCredentialsTakesAssertions(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]string{
		"by the subject alone":         assertionForm(`{"sub":"shop"}`),
		"by client_id":                 assertionForm(`{"sub":"shop"}`, "client_id", "shop"),
		"by client_id of another one":  assertionForm(`{"sub":"other"}`, "client_id", "shop"), // for Assertion.Check to refuse
		"by client_id of one unread":   assertionForm(``, "client_id", "shop", "client_assertion", "junk"),
		"beside an empty secret":       assertionForm(`{"sub":"shop"}`) + "&client_secret=",
		"with claims of other servers": assertionForm(`{"sub":"shop","x":{"y":[1]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.ParseClientCredentials(nil, mustParse(t, form))
			if err != nil {
				t.Fatal(err)
			}
			if got.ClientID != "shop" || got.Method != oauth.AuthPrivateKeyJWT || got.Assertion == "" || got.Secrets != nil || got.ViaHeader {
				t.Errorf("client %q, method %q, assertion %q", got.ClientID, got.Method, got.Assertion)
			}
			if strings.Contains(fmt.Sprintf("%+v %#v", got, got), got.Assertion) {
				t.Error("the assertion is printed")
			}
		})
	}
}

func TestParseClientCredentialsRefusesAssertions(t *testing.T) {
	t.Parallel()
	good := assertionForm(`{"sub":"shop"}`)
	for name, row := range map[string]struct {
		headers []string
		form    string
		status  int
		code    oauth.Code
	}{
		"beside a secret":         {form: good + "&client_secret=pw", status: 400, code: oauth.CodeInvalidRequest},
		"beside Basic":            {headers: []string{basic("shop:pw")}, form: good, status: 400, code: oauth.CodeInvalidRequest},
		"beside another header":   {headers: []string{"Bearer x"}, form: good, status: 400, code: oauth.CodeInvalidRequest},
		"twice":                   {form: good + "&client_assertion=x", status: 400, code: oauth.CodeInvalidRequest},
		"two types":               {form: good + "&client_assertion_type=", status: 400, code: oauth.CodeInvalidRequest},
		"no type":                 {form: "client_id=shop&client_assertion=a.b.c", status: 400, code: oauth.CodeInvalidRequest},
		"a type and no assertion": {form: assertionForm("", "client_assertion", ""), status: 400, code: oauth.CodeInvalidRequest},
		"a type that is not known": {
			form:   assertionForm(`{"sub":"shop"}`, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
			status: 401, code: oauth.CodeInvalidClient,
		},
		"two parts":                   {form: assertionForm("", "client_assertion", "a.b"), status: 401, code: oauth.CodeInvalidClient},
		"five parts":                  {form: assertionForm("", "client_assertion", "a.b.c.d.e"), status: 401, code: oauth.CodeInvalidClient},
		"claims that are no base64":   {form: assertionForm("", "client_assertion", "a.%.c"), status: 401, code: oauth.CodeInvalidClient},
		"claims that are no JSON":     {form: assertionForm("{"), status: 401, code: oauth.CodeInvalidClient},
		"no subject":                  {form: assertionForm(`{"iss":"shop"}`), status: 401, code: oauth.CodeInvalidClient},
		"a subject nobody can have":   {form: assertionForm(`{"sub":"a\u0000b"}`), status: 401, code: oauth.CodeInvalidClient},
		"a client_id nobody can have": {form: assertionForm(`{"sub":"shop"}`, "client_id", "a\nb"), status: 401, code: oauth.CodeInvalidClient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := oauth.ParseClientCredentials(row.headers, mustParse(t, row.form))
			if e := wantError(t, err, row.status, row.code); e.Challenge("x") != "" {
				t.Errorf("challenged with %s", e.Challenge("x"))
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
