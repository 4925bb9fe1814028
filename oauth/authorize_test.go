package oauth_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vouchgate/oauth"
)

const callback = "https://shop.example/cb"

var errStoreDown = errors.New("store is down")

// clients are what the tests look up: one as registered by default, and others
// that differ from it by what their names say.
func clients(id string) (oauth.Client, error) {
	c := oauth.Client{RedirectURIs: []string{callback, "http://127.0.0.1/cb"}, Scopes: []string{"name", "birth"}, PKCERequired: true}
	c.ID = id
	switch id {
	case "shop":
	case "exchange": // of GNU Taler, which knows no PKCE
		c.PKCERequired = false
	case "app":
		c.AuthMethod, c.Native, c.PKCERequired = oauth.AuthNone, true, false
	case "nightly":
		c.GrantTypes = []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	case "bank":
		c.RequirePAR = true
	case "robot":
		c.GrantTypes = []string{oauth.GrantRefreshToken}
	case "closed":
		c.Disabled = true
	case "broken":
		return oauth.Client{}, errStoreDown
	default:
		return oauth.Client{}, oauth.ErrNoClient
	}
	return c, nil
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
		"unknown scope names":              {query("scope", "email name"), oauth.AuthorizeRequest{Scope: "name"}},
		"unknown parameters":               {query("foo", "bar", "id_token_hint", "junk", "claims_locales", "de"), oauth.AuthorizeRequest{Scope: "name birth"}},
		"repeated resources":               {query() + "&resource=a&resource=b", oauth.AuthorizeRequest{Scope: "name birth"}},
		"response mode query":              {query("response_mode", "query"), oauth.AuthorizeRequest{Scope: "name birth"}},
		"languages":                        {query("ui_locales", "de-CH junk fr"), oauth.AuthorizeRequest{Scope: "name birth", UILocales: []string{"de-CH", "junk", "fr"}}},
		"no state":                         {query("state", ""), oauth.AuthorizeRequest{Scope: "name birth", State: "-"}},
		"a state of one character":         {query("state", "x"), oauth.AuthorizeRequest{Scope: "name birth", State: "x"}},
		"a state of 2 KiB":                 {query("state", strings.Repeat("é", 1024)), oauth.AuthorizeRequest{Scope: "name birth", State: strings.Repeat("é", 1024)}},
		"a state with odd characters":      {query("state", "%2B+%20&=\r\n\"🎉"), oauth.AuthorizeRequest{Scope: "name birth", State: "%2B+%20&=\r\n\"🎉"}},
		"a loopback port of an app":        {query("client_id", "app", "redirect_uri", "http://127.0.0.1:5000/cb"), oauth.AuthorizeRequest{ClientID: "app", Scope: "name birth", RedirectURI: "http://127.0.0.1:5000/cb"}},
		"the answer by form":               {query("response_mode", "form_post"), oauth.AuthorizeRequest{Scope: "name birth", ResponseMode: "form_post"}},
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
			want := row.want
			want.ClientID, want.RedirectURI = or(want.ClientID, "shop"), or(want.RedirectURI, callback)
			want.State, want.Challenge = or(want.State, "st"), or(want.Challenge, rfcChallenge)
			want.ByDefault = !strings.Contains(row.raw, "scope=") || strings.HasSuffix(row.raw, "scope=")
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
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
		"a loopback port of a web client":           {query("redirect_uri", "http://127.0.0.1:5000/cb"), oauth.ReasonUnknownRedirectURI},
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
		"a missing response type":              {raw: query("response_type", ""), want: oauth.CodeInvalidRequest},
		"a repeated response type":             {raw: query() + "&response_type=code", want: oauth.CodeInvalidRequest},
		"response type token":                  {raw: query("response_type", "token"), want: oauth.CodeUnsupportedResponseType},
		"response type code id_token":          {raw: query("response_type", "code id_token"), want: oauth.CodeUnsupportedResponseType},
		"response type none":                   {raw: query("response_type", "none"), want: oauth.CodeUnsupportedResponseType},
		"response type in upper case":          {raw: query("response_type", "CODE"), want: oauth.CodeUnsupportedResponseType},
		"a request object":                     {raw: query("request", "ey"), want: oauth.CodeRequestNotSupported},
		"a request URI":                        {raw: query("request_uri", "http://127.0.0.1:1/x"), want: oauth.CodeRequestURINotSupported},
		"response mode fragment":               {raw: query("response_mode", "fragment"), want: oauth.CodeInvalidRequest},
		"response mode web_message":            {raw: query("response_mode", "web_message"), want: oauth.CodeInvalidRequest},
		"a repeated state":                     {raw: query() + "&state=2", want: oauth.CodeInvalidRequest, noState: true},
		"a state repeated with no value":       {raw: query() + "&state=", want: oauth.CodeInvalidRequest, noState: true},
		"a state of more than 2 KiB":           {raw: query("state", strings.Repeat("s", 2049)), want: oauth.CodeInvalidRequest, noState: true},
		"a repeated scope":                     {raw: query("scope", "name") + "&scope=birth", want: oauth.CodeInvalidRequest},
		"a repeated challenge":                 {raw: query() + "&code_challenge=x", want: oauth.CodeInvalidRequest},
		"a repeated unknown parameter":         {raw: query() + "&foo=1&foo=2", want: oauth.CodeInvalidRequest},
		"a scope with quotes":                  {raw: query("scope", `"name"`), want: oauth.CodeInvalidScope},
		"a scope that is not allowed":          {raw: query("scope", "name portrait"), want: oauth.CodeInvalidScope},
		"a scope of unknown names only":        {raw: query("scope", "email"), want: oauth.CodeInvalidScope},
		"a scope of too many names":            {raw: query("scope", manyScopes(1000)), want: oauth.CodeInvalidScope},
		"no challenge":                         {raw: query("code_challenge", "", "code_challenge_method", ""), want: oauth.CodeInvalidRequest},
		"a method without challenge":           {raw: query("client_id", "exchange", "code_challenge", ""), want: oauth.CodeInvalidRequest},
		"a challenge without method":           {raw: query("code_challenge_method", ""), want: oauth.CodeInvalidRequest},
		"method plain":                         {raw: query("code_challenge_method", "plain"), want: oauth.CodeInvalidRequest},
		"method in lower case":                 {raw: query("code_challenge_method", "s256"), want: oauth.CodeInvalidRequest},
		"method plain where PKCE is optional":  {raw: query("client_id", "exchange", "code_challenge_method", "plain"), want: oauth.CodeInvalidRequest},
		"a challenge of 42 characters":         {raw: query("code_challenge", rfcChallenge[:42]), want: oauth.CodeInvalidRequest},
		"a challenge of 44 characters":         {raw: query("code_challenge", rfcChallenge+"a"), want: oauth.CodeInvalidRequest},
		"a challenge with padding":             {raw: query("code_challenge", rfcChallenge[:42]+"="), want: oauth.CodeInvalidRequest},
		"a challenge in plain base64":          {raw: query("code_challenge", rfcChallenge[:42]+"+"), want: oauth.CodeInvalidRequest},
		"no challenge from a public client":    {raw: query("client_id", "app", "code_challenge", "", "code_challenge_method", ""), want: oauth.CodeInvalidRequest},
		"a client that may not use codes":      {raw: query("client_id", "robot"), want: oauth.CodeUnauthorizedClient},
		"a direct request that must be pushed": {raw: query("client_id", "bank"), want: oauth.CodeInvalidRequest},
		"a pushed request among parameters":    {raw: query("request_uri", oauth.RequestURIPrefix+"x"), want: oauth.CodeRequestURINotSupported},
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

// A refusal goes back the way that the client asked for, if that way is known.
func TestRefusalsKeepTheResponseMode(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ raw, want string }{
		"none":                               {query("scope", "portrait"), ""},
		"query":                              {query("scope", "portrait", "response_mode", "query"), ""},
		"form_post":                          {query("scope", "portrait", "response_mode", "form_post"), "form_post"},
		"form_post with a bad response type": {query("response_type", "token", "response_mode", "form_post"), "form_post"},
		"form_post with a repeated state":    {query("response_mode", "form_post") + "&state=2", "form_post"},
		"form_post that must be pushed":      {query("client_id", "bank", "response_mode", "form_post"), "form_post"},
		"form_post twice":                    {query("response_mode", "form_post") + "&response_mode=form_post", ""},
		"one that is not known":              {query("response_mode", "fragment"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(row.raw)
			var redirect *oauth.RedirectError
			if !errors.As(err, &redirect) || redirect.ResponseMode != row.want {
				t.Errorf("got %#v, want mode %q", err, row.want)
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
