package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestRequestURI(t *testing.T) {
	t.Parallel()
	const uri = "request_uri=urn:ietf:params:oauth:request_uri:"
	for name, row := range map[string]struct {
		raw            string
		client, handle string
		ok             bool
		shown          oauth.Reason // "": no error
	}{
		"a reference and its client":    {raw: uri + "h&client_id=bank", client: "bank", handle: "h", ok: true},
		"other parameters are ignored":  {raw: "scope=x&scope=y&" + uri + "h&client_id=bank&redirect_uri=https://evil.example", client: "bank", handle: "h", ok: true},
		"a handle of odd characters":    {raw: uri + "%0a'--&client_id=bank", client: "bank", handle: "\n'--", ok: true},
		"an empty handle":               {raw: uri + "&client_id=bank", client: "bank", ok: true},
		"no request_uri":                {raw: query()},
		"another request_uri":           {raw: "request_uri=https://evil.example/x&client_id=bank"},
		"the prefix in upper case":      {raw: strings.ToUpper(uri) + "h&client_id=bank"},
		"two references":                {raw: uri + "h&" + uri + "i&client_id=bank"},
		"a reference and an empty one":  {raw: uri + "h&request_uri=&client_id=bank"},
		"a reference without client":    {raw: uri + "h", shown: oauth.ReasonUnknownClient},
		"a reference of two clients":    {raw: uri + "h&client_id=bank&client_id=shop", shown: oauth.ReasonUnknownClient},
		"a query that cannot be read":   {raw: uri + "%zz", shown: oauth.ReasonBadRequest},
		"nothing at all":                {raw: ""},
		"the prefix within another URI": {raw: "request_uri=https://x/urn:ietf:params:oauth:request_uri:h&client_id=bank"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, handle, ok, err := oauth.RequestURI(row.raw)
			if client != row.client || handle != row.handle || ok != row.ok {
				t.Errorf("got %q, %q, %v", client, handle, ok)
			}
			var page *oauth.ShownError
			if errors.As(err, &page) != (row.shown != "") || page != nil && page.Reason != row.shown {
				t.Errorf("got %v, want a page for %q", err, row.shown)
			}
		})
	}
}

func TestParsePushedAccepts(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ client, raw string }{
		"a request of its own client":           {"shop", query()},
		"one that leaves the client out":        {"shop", query("client_id", "")},
		"one with the credentials in it":        {"shop", query("client_secret", "pw", "client_assertion", "x")},
		"one of a client that has to push":      {"bank", query("client_id", "bank")},
		"one of an app with a port of its own":  {"app", query("client_id", "app", "redirect_uri", "http://127.0.0.1:5000/cb")},
		"one of an exchange, which has no PKCE": {"exchange", query("client_id", "exchange", "code_challenge", "", "code_challenge_method", "")},
		"one with prompt none":                  {"shop", query("prompt", "none", "response_mode", "form_post")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := clients(row.client)
			if err != nil {
				t.Fatal(err)
			}
			got, err := oauth.ParsePushed(mustParse(t, row.raw), client, knownScopes)
			if err != nil {
				t.Fatal(err)
			}
			if got.ClientID != row.client || got.State != "st" || got.Scope != "name birth" || got.RedirectURI == "" {
				t.Errorf("got client %q, state %q, scope %q, URI %q", got.ClientID, got.State, got.Scope, got.RedirectURI)
			}
		})
	}
}

func TestParsePushedRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		raw  string
		want oauth.Code
	}{
		"another client":                {query("client_id", "bank"), oauth.CodeInvalidRequest},
		"a client that nobody knows":    {query("client_id", "nobody"), oauth.CodeInvalidRequest},
		"a missing redirect URI":        {query("redirect_uri", ""), oauth.CodeInvalidRequest},
		"an unregistered redirect URI":  {query("redirect_uri", "https://evil.example/cb"), oauth.CodeInvalidRequest},
		"a loopback port":               {query("redirect_uri", "http://127.0.0.1:5000/cb"), oauth.CodeInvalidRequest},
		"a reference":                   {query("request_uri", oauth.RequestURIPrefix+"h"), oauth.CodeInvalidRequest},
		"another request_uri":           {query("request_uri", "https://x.example"), oauth.CodeInvalidRequest},
		"a request object":              {query("request", "ey"), oauth.CodeRequestNotSupported},
		"a repeated parameter":          {query() + "&scope=a&scope=b", oauth.CodeInvalidRequest},
		"a missing response type":       {query("response_type", ""), oauth.CodeInvalidRequest},
		"response type token":           {query("response_type", "token"), oauth.CodeUnsupportedResponseType},
		"response mode fragment":        {query("response_mode", "fragment"), oauth.CodeInvalidRequest},
		"no challenge":                  {query("code_challenge", "", "code_challenge_method", ""), oauth.CodeInvalidRequest},
		"method plain":                  {query("code_challenge_method", "plain"), oauth.CodeInvalidRequest},
		"a scope that is not allowed":   {query("scope", "portrait"), oauth.CodeInvalidScope},
		"a malformed scope":             {query("scope", `"`), oauth.CodeInvalidScope},
		"a state of more than 2 KiB":    {query("state", strings.Repeat("s", 2049)), oauth.CodeInvalidRequest},
		"an unknown prompt":             {query("prompt", "create"), oauth.CodeInvalidRequest},
		"claims that cannot be read":    {query("claims", "x"), oauth.CodeInvalidRequest},
		"a max_age that is no number":   {query("max_age", "x"), oauth.CodeInvalidRequest},
		"a nonce of more than 512 byte": {query("nonce", strings.Repeat("n", 513)), oauth.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := clients("shop")
			_, err := oauth.ParsePushed(mustParse(t, row.raw), client, knownScopes)
			e := wantError(t, err, 400, row.want)
			if redirect := (*oauth.RedirectError)(nil); errors.As(err, &redirect) || e.Challenge("x") != "" {
				t.Errorf("got %v, which is not an answer to a client alone", err)
			}
		})
	}
}

func TestParseRevocationAndIntrospection(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		form, want string // want is empty for a refusal
	}{
		"a token":                       {"token=t", "t"},
		"a token and its kind":          {"token=t&token_type_hint=refresh_token", "t"},
		"a token and a kind unheard of": {"token=t&token_type_hint=carrier_pigeon&foo=1", "t"},
		"no token":                      {"token_type_hint=access_token", ""},
		"an empty token":                {"token=", ""},
		"two tokens":                    {"token=t&token=u", ""},
		"two hints":                     {"token=t&token_type_hint=a&token_type_hint=b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, parse := range []func(oauth.Params) (string, error){oauth.ParseRevocation, oauth.ParseIntrospection} {
				got, err := parse(mustParse(t, row.form))
				if row.want == "" {
					wantError(t, err, 400, oauth.CodeInvalidRequest)
				} else if err != nil || got != row.want {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
}
