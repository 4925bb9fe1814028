package oauth_test

import (
	"errors"
	"net/url"
	"slices"
	"testing"

	"vouchgate/oauth"
)

// sound says whether a request that was accepted is one that may be.
func sound(r oauth.AuthorizeRequest) bool {
	return r.Scope != "" && (r.Challenge == "" && r.ClientID == "exchange" || len(r.Challenge) == 43) &&
		(r.ResponseMode == "" || r.ResponseMode == oauth.ResponseModeFormPost) &&
		(r.MaxAge == nil || *r.MaxAge >= 0) && len(r.Nonce) <= 512 &&
		(len(r.Prompt) < 2 || !slices.Contains(r.Prompt, oauth.PromptNone)) &&
		slices.Equal(r.ClaimNames, r.Claims.Names())
}

// FuzzParseAuthorize: a redirect goes to a registered URI only, carries the state
// only as it was sent, and nothing is accepted that was not checked.
func FuzzParseAuthorize(f *testing.F) {
	for _, seed := range []string{
		query(), query("scope", "name"), query("redirect_uri", "http://127.0.0.1:5/cb"), query("state", ""),
		query("response_type", "token"), query() + "&state=2", query("client_id", "exchange", "code_challenge", ""),
		"client_id=shop&redirect_uri=https%3A%2F%2Fevil.example", "client_id=closed", "%", query("request_uri", "http://x"),
		query("client_id", "app", "response_mode", "form_post", "prompt", "login", "max_age", "5"), query("scope", "openid offline_access"),
		query("claims", `{"userinfo":{"name":null},"id_token":{"verified_claims":{"verification":{"trust_framework":null},"claims":{"name":null}}}}`),
	} {
		f.Add(seed)
	}
	registered := func(clientID, uri string) bool {
		return oauth.MatchRedirectURI([]string{callback, "http://127.0.0.1/cb"}, clientID == "app", uri)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := parse(raw)
		sent, _ := url.ParseQuery(raw)
		var page *oauth.ShownError
		var redirect *oauth.RedirectError
		switch {
		case errors.As(err, &page) || errors.Is(err, errStoreDown):
		case errors.As(err, &redirect):
			if !registered(sent.Get("client_id"), redirect.RedirectURI) || redirect.State != "" && redirect.State != sent.Get("state") {
				t.Fatalf("%q is redirected with %+v", raw, redirect)
			}
			if u, err := url.Parse(redirect.URL(oauth.ProfileOAuth, "")); err != nil || u.Query().Get("error") == "" {
				t.Fatalf("%q is redirected to %v, %v", raw, u, err)
			}
		case err != nil:
			t.Fatalf("%q gives %v (%T)", raw, err, err)
		default:
			if !registered(got.ClientID, got.RedirectURI) || got.State != sent.Get("state") || got.ClientID == "bank" || !sound(got) {
				t.Fatalf("%q is accepted with scope %q, challenge %q", raw, got.Scope, got.Challenge)
			}
		}
	})
}

// FuzzParsePushed: a form is pushed, or refused with a 400 that the authorization
// endpoint could have told as well.
func FuzzParsePushed(f *testing.F) {
	for _, seed := range []string{
		query(), query("client_id", ""), query("client_id", "app"), query("request_uri", "urn:x"), query("scope", `"`), "", "%",
		query("response_type", "token"), query("claims", "{"), query("redirect_uri", "https://evil.example/cb"), query("prompt", "none login"),
	} {
		f.Add(seed)
	}
	client, _ := clients("shop")
	f.Fuzz(func(t *testing.T, raw string) {
		form, err := oauth.ParseParams(raw)
		if err != nil {
			return
		}
		got, err := oauth.ParsePushed(form, client, knownScopes)
		if err == nil {
			if !oauth.MatchRedirectURI(client.RedirectURIs, false, got.RedirectURI) || got.ClientID != "shop" || !sound(got) {
				t.Fatalf("%q is pushed with scope %q, challenge %q", raw, got.Scope, got.Challenge)
			}
			return
		}
		e := oauth.AsError(err)
		codes := []oauth.Code{
			oauth.CodeInvalidRequest, oauth.CodeInvalidScope, oauth.CodeUnsupportedResponseType, oauth.CodeRequestNotSupported,
		}
		if e.Status != 400 || !slices.Contains(codes, e.Code) {
			t.Fatalf("%q is refused with %d %s", raw, e.Status, e.Code)
		}
	})
}

// FuzzParseClaims: what is read is asked for in no more than its own size, and
// reading it again gives the same names.
func FuzzParseClaims(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"userinfo":null}`, `{"userinfo":{"name":{"essential":true,"value":"x","values":["a",1]}}}`,
		`{"id_token":{"verified_claims":[{"verification":{"trust_framework":{"value":"x"}},"claims":{"a":null}}]}}`,
		`{"userinfo":{"a":null,"a":null}}`, `{"userinfo":[]}`, `{}{}`, "{\"userinfo\":{\"\xff\":null}}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := oauth.ParseClaims(raw)
		if err != nil {
			if !errors.Is(err, oauth.ErrBadClaims) || len(r.Names()) > 0 {
				t.Fatalf("%q gives %v and %q", raw, err, r.Names())
			}
			return
		}
		names := r.Names()
		if len(names) > len(raw) || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
			t.Fatalf("%q asks for %q", raw, names)
		}
		if again, err := oauth.ParseClaims(raw); err != nil || !slices.Equal(again.Names(), names) {
			t.Fatalf("%q asks for %q, then %q, %v", raw, names, again.Names(), err)
		}
	})
}
