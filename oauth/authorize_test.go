package oauth_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchgate/oauth"
)

const callback = "https://shop.example/cb"

var errStoreDown = errors.New("store is down")

// clients are what the tests look up: one as registered by default, one that may
// leave PKCE out, one that is disabled, and one whose lookup breaks.
func clients(id string) (oauth.Client, error) {
	c := oauth.Client{ID: id, RedirectURIs: []string{callback, "http://127.0.0.1/cb"}, Scopes: []string{"name", "birth"}, PKCERequired: true}
	switch id {
	case "shop":
		return c, nil
	case "exchange":
		c.PKCERequired = false
		return c, nil
	case "closed":
		c.Disabled = true
		return c, nil
	case "broken":
		return oauth.Client{}, errStoreDown
	}
	return oauth.Client{}, oauth.ErrNoClient
}

func knownScopes(s string) bool { return slices.Contains([]string{"name", "birth", "portrait"}, s) }

// query returns the query of a request that is fine, with the given parameters
// changed, or left out where the value is empty.
func query(changes ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {"shop"}, "redirect_uri": {callback}, "state": {"st"},
		"code_challenge": {rfcChallenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q.Encode()
}

func parse(raw string) (oauth.AuthorizeRequest, error) {
	return oauth.ParseAuthorize(raw, clients, knownScopes)
}

func TestParseAuthorizeAccepts(t *testing.T) {
	t.Parallel()
	exchange := []string{"client_id", "exchange", "code_challenge", "", "code_challenge_method", ""}
	for name, row := range map[string]struct {
		raw  string
		want oauth.AuthorizeRequest
	}{
		"a request with the default scope": {query(), oauth.AuthorizeRequest{Scope: "name birth"}},
		"a scope in the order asked for":   {query("scope", "birth name"), oauth.AuthorizeRequest{Scope: "birth name"}},
		"an empty scope as none":           {query() + "&scope=", oauth.AuthorizeRequest{Scope: "name birth"}},
		"unknown scope names":              {query("scope", "openid name"), oauth.AuthorizeRequest{Scope: "name"}},
		"unknown parameters":               {query("foo", "bar", "nonce", strings.Repeat("n", 384)), oauth.AuthorizeRequest{Scope: "name birth"}},
		"parameters of OpenID Connect":     {query("display", "page", "max_age", "1", "login_hint", "<script>", "prompt", "login consent", "acr_values", "x"), oauth.AuthorizeRequest{Scope: "name birth"}},
		"repeated resources":               {query() + "&resource=a&resource=b", oauth.AuthorizeRequest{Scope: "name birth"}},
		"response mode query":              {query("response_mode", "query"), oauth.AuthorizeRequest{Scope: "name birth"}},
		"languages":                        {query("ui_locales", "de-CH junk fr"), oauth.AuthorizeRequest{Scope: "name birth", UILocales: []string{"de-CH", "junk", "fr"}}},
		"no state":                         {query("state", ""), oauth.AuthorizeRequest{Scope: "name birth", State: "-"}},
		"a state of one character":         {query("state", "x"), oauth.AuthorizeRequest{Scope: "name birth", State: "x"}},
		"a state of 2 KiB":                 {query("state", strings.Repeat("é", 1024)), oauth.AuthorizeRequest{Scope: "name birth", State: strings.Repeat("é", 1024)}},
		"a state with odd characters":      {query("state", "%2B+%20&=\r\n\"🎉"), oauth.AuthorizeRequest{Scope: "name birth", State: "%2B+%20&=\r\n\"🎉"}},
		"a loopback port":                  {query("redirect_uri", "http://127.0.0.1:5000/cb"), oauth.AuthorizeRequest{Scope: "name birth", RedirectURI: "http://127.0.0.1:5000/cb"}},
		"no PKCE where it is optional":     {query(exchange...), oauth.AuthorizeRequest{ClientID: "exchange", Scope: "name birth", Challenge: "-"}},
		"PKCE where it is optional":        {query("client_id", "exchange"), oauth.AuthorizeRequest{ClientID: "exchange", Scope: "name birth"}},
		"what a Taler exchange sends": {
			"response_type=code&client_id=exchange&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&state=0123ABCD",
			oauth.AuthorizeRequest{ClientID: "exchange", Scope: "name birth", State: "0123ABCD", Challenge: "-"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(row.raw)
			if err != nil {
				t.Fatal(err)
			}
			want := oauth.AuthorizeRequest{
				ClientID: or(row.want.ClientID, "shop"), RedirectURI: or(row.want.RedirectURI, callback),
				State: or(row.want.State, "st"), Scope: row.want.Scope, Challenge: or(row.want.Challenge, rfcChallenge),
			}
			if locales := got.UILocales; !slices.Equal(locales, row.want.UILocales) {
				t.Errorf("languages %q, want %q", locales, row.want.UILocales)
			}
			if got.ClientID != want.ClientID || got.RedirectURI != want.RedirectURI || got.State != want.State ||
				got.Scope != want.Scope || got.Challenge != want.Challenge {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// or returns s, the default for "", and "" for "-".
func or(s, otherwise string) string {
	switch s {
	case "":
		return otherwise
	case "-":
		return ""
	}
	return s
}

func TestParseAuthorizeShowsAPage(t *testing.T) {
	t.Parallel()
	evil := "https://evil.example/cb"
	for name, row := range map[string]struct {
		raw  string
		want oauth.Reason
	}{
		"nothing at all":                            {"", oauth.ReasonUnknownClient},
		"a query that cannot be read":               {query() + "&a=%zz", oauth.ReasonBadRequest},
		"a state with NUL":                          {query("state", "a\x00b"), oauth.ReasonBadRequest},
		"a thousand parameters":                     {query() + strings.Repeat("&a=1", 1000), oauth.ReasonBadRequest},
		"a missing client":                          {query("client_id", ""), oauth.ReasonUnknownClient},
		"an empty client":                           {query("client_id", "") + "&client_id=", oauth.ReasonUnknownClient},
		"an unknown client":                         {query("client_id", "nobody"), oauth.ReasonUnknownClient},
		"a disabled client":                         {query("client_id", "closed"), oauth.ReasonUnknownClient},
		"a repeated client":                         {query() + "&client_id=shop", oauth.ReasonUnknownClient},
		"a missing redirect URI":                    {query("redirect_uri", ""), oauth.ReasonNoRedirectURI},
		"an empty redirect URI":                     {query("redirect_uri", "") + "&redirect_uri=", oauth.ReasonNoRedirectURI},
		"a repeated redirect URI":                   {query() + "&redirect_uri=" + url.QueryEscape(callback), oauth.ReasonNoRedirectURI},
		"an unregistered redirect URI":              {query("redirect_uri", evil), oauth.ReasonUnknownRedirectURI},
		"an unregistered one and a bad scope":       {query("redirect_uri", evil, "scope", `"`), oauth.ReasonUnknownRedirectURI},
		"an unregistered one and no response type":  {query("redirect_uri", evil, "response_type", ""), oauth.ReasonUnknownRedirectURI},
		"an unregistered one and a repeated state":  {query("redirect_uri", evil) + "&state=2", oauth.ReasonUnknownRedirectURI},
		"an unregistered one and a request object":  {query("redirect_uri", evil, "request", "x"), oauth.ReasonUnknownRedirectURI},
		"an unknown client and an unregistered one": {query("client_id", "nobody", "redirect_uri", evil), oauth.ReasonUnknownClient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(row.raw)
			var page *oauth.ShownError
			if !errors.As(err, &page) || page.Reason != row.want || page.Status != 400 {
				t.Fatalf("got %v (%T), want a page for %s", err, err, row.want)
			}
			if redirect := (*oauth.RedirectError)(nil); errors.As(err, &redirect) {
				t.Error("the page is a redirect as well")
			}
		})
	}
}

func TestParseAuthorizeRedirects(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		raw     string
		want    oauth.Code
		noState bool
	}{
		"a missing response type":             {raw: query("response_type", ""), want: oauth.CodeInvalidRequest},
		"a repeated response type":            {raw: query() + "&response_type=code", want: oauth.CodeInvalidRequest},
		"response type token":                 {raw: query("response_type", "token"), want: oauth.CodeUnsupportedResponseType},
		"response type code id_token":         {raw: query("response_type", "code id_token"), want: oauth.CodeUnsupportedResponseType},
		"response type none":                  {raw: query("response_type", "none"), want: oauth.CodeUnsupportedResponseType},
		"response type in upper case":         {raw: query("response_type", "CODE"), want: oauth.CodeUnsupportedResponseType},
		"a request object":                    {raw: query("request", "ey"), want: oauth.CodeRequestNotSupported},
		"a request URI":                       {raw: query("request_uri", "http://127.0.0.1:1/x"), want: oauth.CodeRequestURINotSupported},
		"response mode fragment":              {raw: query("response_mode", "fragment"), want: oauth.CodeInvalidRequest},
		"response mode web_message":           {raw: query("response_mode", "web_message"), want: oauth.CodeInvalidRequest},
		"a repeated state":                    {raw: query() + "&state=2", want: oauth.CodeInvalidRequest, noState: true},
		"a state repeated with no value":      {raw: query() + "&state=", want: oauth.CodeInvalidRequest, noState: true},
		"a state of more than 2 KiB":          {raw: query("state", strings.Repeat("s", 2049)), want: oauth.CodeInvalidRequest, noState: true},
		"a repeated scope":                    {raw: query("scope", "name") + "&scope=birth", want: oauth.CodeInvalidRequest},
		"a repeated challenge":                {raw: query() + "&code_challenge=x", want: oauth.CodeInvalidRequest},
		"a repeated unknown parameter":        {raw: query() + "&foo=1&foo=2", want: oauth.CodeInvalidRequest},
		"a scope with quotes":                 {raw: query("scope", `"name"`), want: oauth.CodeInvalidScope},
		"a scope that is not allowed":         {raw: query("scope", "name portrait"), want: oauth.CodeInvalidScope},
		"a scope of unknown names only":       {raw: query("scope", "openid"), want: oauth.CodeInvalidScope},
		"a scope of too many names":           {raw: query("scope", manyScopes(1000)), want: oauth.CodeInvalidScope},
		"no challenge":                        {raw: query("code_challenge", "", "code_challenge_method", ""), want: oauth.CodeInvalidRequest},
		"a method without challenge":          {raw: query("client_id", "exchange", "code_challenge", ""), want: oauth.CodeInvalidRequest},
		"a challenge without method":          {raw: query("code_challenge_method", ""), want: oauth.CodeInvalidRequest},
		"method plain":                        {raw: query("code_challenge_method", "plain"), want: oauth.CodeInvalidRequest},
		"method in lower case":                {raw: query("code_challenge_method", "s256"), want: oauth.CodeInvalidRequest},
		"method plain where PKCE is optional": {raw: query("client_id", "exchange", "code_challenge_method", "plain"), want: oauth.CodeInvalidRequest},
		"a challenge of 42 characters":        {raw: query("code_challenge", rfcChallenge[:42]), want: oauth.CodeInvalidRequest},
		"a challenge of 44 characters":        {raw: query("code_challenge", rfcChallenge+"a"), want: oauth.CodeInvalidRequest},
		"a challenge with padding":            {raw: query("code_challenge", rfcChallenge[:42]+"="), want: oauth.CodeInvalidRequest},
		"a challenge in plain base64":         {raw: query("code_challenge", rfcChallenge[:42]+"+"), want: oauth.CodeInvalidRequest},
		"prompt none":                         {raw: query("prompt", "none"), want: oauth.CodeLoginRequired},
		"prompt none with another":            {raw: query("prompt", "none login"), want: oauth.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(row.raw)
			var redirect *oauth.RedirectError
			if !errors.As(err, &redirect) {
				t.Fatalf("got %v (%T), want a redirect with %s", err, err, row.want)
			}
			state := "st"
			if row.noState {
				state = ""
			}
			if redirect.Code != row.want || redirect.RedirectURI != callback || redirect.State != state {
				t.Errorf("got %+v, want %s and state %q", redirect, row.want, state)
			}
			if redirect.Description == "" || redirect.Description != oauth.Clean(redirect.Description) {
				t.Errorf("description %q", redirect.Description)
			}
		})
	}
}

func TestParseAuthorizePassesOnBrokenLookups(t *testing.T) {
	t.Parallel()
	_, err := parse(query("client_id", "broken"))
	if !errors.Is(err, errStoreDown) {
		t.Fatalf("got %v, want the error of the lookup", err)
	}
}

// FuzzParseAuthorize: a redirect goes to a registered URI only, carries the state
// only as it was sent, and nothing is accepted that was not checked.
func FuzzParseAuthorize(f *testing.F) {
	for _, seed := range []string{
		query(), query("scope", "name"), query("redirect_uri", "http://127.0.0.1:5/cb"), query("state", ""),
		query("response_type", "token"), query() + "&state=2", query("client_id", "exchange", "code_challenge", ""),
		"client_id=shop&redirect_uri=https%3A%2F%2Fevil.example", "client_id=closed", "%", query("request_uri", "http://x"),
	} {
		f.Add(seed)
	}
	registered := []string{callback, "http://127.0.0.1/cb"}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := parse(raw)
		sent, _ := url.ParseQuery(raw)
		var page *oauth.ShownError
		var redirect *oauth.RedirectError
		switch {
		case errors.As(err, &page) || errors.Is(err, errStoreDown):
		case errors.As(err, &redirect):
			if !oauth.MatchRedirectURI(registered, redirect.RedirectURI) || redirect.State != "" && redirect.State != sent.Get("state") {
				t.Fatalf("%q is redirected with %+v", raw, redirect)
			}
			if u, err := url.Parse(redirect.URL(oauth.ProfileOAuth, "")); err != nil || u.Query().Get("error") == "" {
				t.Fatalf("%q is redirected to %v, %v", raw, u, err)
			}
		case err != nil:
			t.Fatalf("%q gives %v (%T)", raw, err, err)
		default:
			bad := !oauth.MatchRedirectURI(registered, got.RedirectURI) || got.State != sent.Get("state") || got.Scope == "" ||
				got.Challenge == "" && got.ClientID != "exchange" || got.Challenge != "" && len(got.Challenge) != 43
			if bad {
				t.Fatalf("%q is accepted as %+v", raw, got)
			}
		}
	})
}
