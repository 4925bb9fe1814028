package oauth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestParseTokenRequest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		form string
		want oauth.TokenRequest
	}{
		"code only": {"grant_type=authorization_code&code=c", oauth.TokenRequest{Code: "c"}},
		"everything": {
			"code_verifier=v&grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Fa%2Fcb&foo=1",
			oauth.TokenRequest{Code: "c", RedirectURI: "https://a/cb", Verifier: "v"},
		},
		"a refresh":                             {"grant_type=refresh_token&refresh_token=r&scope=name+birth", oauth.TokenRequest{RefreshToken: "r", Scope: "name birth"}},
		"a refresh without scope":               {"grant_type=refresh_token&refresh_token=r&scope=", oauth.TokenRequest{RefreshToken: "r"}},
		"a refresh with what belongs to a code": {"grant_type=refresh_token&refresh_token=r&code=c&code_verifier=v", oauth.TokenRequest{RefreshToken: "r"}},
		"a code with what belongs to a refresh": {"grant_type=authorization_code&code=c&scope=name&refresh_token=r", oauth.TokenRequest{Code: "c"}},
		"empty values as absent":                {"grant_type=authorization_code&code=c&redirect_uri=&scope=", oauth.TokenRequest{Code: "c"}},
		"what a Taler exchange sends": {
			"client_id=exchange&redirect_uri=https%3A%2F%2Fa%2Fkyc-proof%2Fx&state=0123ABCD&client_secret=secret-token%3Apw&code=c&grant_type=authorization_code",
			oauth.TokenRequest{Code: "c", RedirectURI: "https://a/kyc-proof/x", State: "0123ABCD"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.want.GrantType = oauth.GrantAuthorizationCode
			if row.want.RefreshToken != "" {
				row.want.GrantType = oauth.GrantRefreshToken
			}
			got, err := oauth.ParseTokenRequest(mustParse(t, row.form))
			if err != nil || got != row.want {
				t.Errorf("got code %q URI %q state %q refresh token %q scope %q, %v",
					got.Code, got.RedirectURI, got.State, got.RefreshToken, got.Scope, err)
			}
		})
	}
}

func TestParseTokenRequestRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		form string
		want oauth.Code
	}{
		"an empty form":                         {"", oauth.CodeInvalidRequest},
		"a missing grant type":                  {"code=c", oauth.CodeInvalidRequest},
		"an empty grant type":                   {"grant_type=&code=c", oauth.CodeInvalidRequest},
		"a missing code":                        {"grant_type=authorization_code", oauth.CodeInvalidRequest},
		"an empty code":                         {"grant_type=authorization_code&code=", oauth.CodeInvalidRequest},
		"grant type password":                   {"grant_type=password&username=u&password=p", oauth.CodeUnsupportedGrantType},
		"grant type implicit":                   {"grant_type=implicit", oauth.CodeUnsupportedGrantType},
		"grant type client_credentials":         {"grant_type=client_credentials", oauth.CodeUnsupportedGrantType},
		"a missing refresh token":               {"grant_type=refresh_token&scope=name", oauth.CodeInvalidRequest},
		"an empty refresh token":                {"grant_type=refresh_token&refresh_token=", oauth.CodeInvalidRequest},
		"two refresh tokens":                    {"grant_type=refresh_token&refresh_token=r&refresh_token=s", oauth.CodeInvalidRequest},
		"grant type in upper case":              {"grant_type=AUTHORIZATION_CODE&code=c", oauth.CodeUnsupportedGrantType},
		"two codes":                             {"grant_type=authorization_code&code=c&code=d", oauth.CodeInvalidRequest},
		"the same code twice":                   {"grant_type=authorization_code&code=c&code=c", oauth.CodeInvalidRequest},
		"two grant types":                       {"grant_type=authorization_code&grant_type=password&code=c", oauth.CodeInvalidRequest},
		"two verifiers, one empty":              {"grant_type=authorization_code&code=c&code_verifier=&code_verifier=v", oauth.CodeInvalidRequest},
		"an unknown parameter that is repeated": {"grant_type=authorization_code&code=c&x=1&x=2", oauth.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := oauth.ParseTokenRequest(mustParse(t, row.form))
			wantError(t, err, 400, row.want)
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	plain := oauth.CodeBinding{ClientID: "shop", RedirectURI: callback, State: "st"}
	pkce := plain
	pkce.Challenge = rfcChallenge
	for name, row := range map[string]struct {
		request oauth.TokenRequest
		client  string
		binding oauth.CodeBinding
		want    oauth.Code // "": accepted
	}{
		"all as bound":                           {oauth.TokenRequest{RedirectURI: callback, State: "st", Verifier: rfcVerifier}, "shop", pkce, ""},
		"no state sent":                          {oauth.TokenRequest{RedirectURI: callback, Verifier: rfcVerifier}, "shop", pkce, ""},
		"no redirect URI, but PKCE":              {oauth.TokenRequest{Verifier: rfcVerifier}, "shop", pkce, ""},
		"no PKCE at all":                         {oauth.TokenRequest{RedirectURI: callback}, "shop", plain, ""},
		"neither redirect URI nor PKCE":          {oauth.TokenRequest{}, "shop", plain, oauth.CodeInvalidGrant},
		"another redirect URI, in spite of PKCE": {oauth.TokenRequest{RedirectURI: callback + "/", Verifier: rfcVerifier}, "shop", pkce, oauth.CodeInvalidGrant},
		"a redirect URI encoded otherwise":       {oauth.TokenRequest{RedirectURI: "https://shop.example/%63b"}, "shop", plain, oauth.CodeInvalidGrant},
		"another state":                          {oauth.TokenRequest{RedirectURI: callback, State: "xx"}, "shop", plain, oauth.CodeInvalidGrant},
		"a state where there was none":           {oauth.TokenRequest{RedirectURI: callback, State: "st"}, "shop", oauth.CodeBinding{ClientID: "shop", RedirectURI: callback}, oauth.CodeInvalidGrant},
		"no verifier":                            {oauth.TokenRequest{RedirectURI: callback}, "shop", pkce, oauth.CodeInvalidGrant},
		"a verifier where there was none":        {oauth.TokenRequest{RedirectURI: callback, Verifier: rfcVerifier}, "shop", plain, oauth.CodeInvalidRequest},
		"another client":                         {oauth.TokenRequest{RedirectURI: callback, Verifier: rfcVerifier}, "exchange", pkce, oauth.CodeInvalidGrant},
		"no client":                              {oauth.TokenRequest{RedirectURI: callback}, "", plain, oauth.CodeInvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := row.request.Check(row.client, row.binding)
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantError(t, err, 400, row.want)
			if errors.Is(err, oauth.ErrOtherClient) != (row.client != "shop") {
				t.Errorf("another client's code: %v", errors.Is(err, oauth.ErrOtherClient))
			}
		})
	}
}

// Of all that can be sent for a code, only what it was issued for redeems it.
func TestCheckPassesOneOfAllCombinations(t *testing.T) {
	t.Parallel()
	verifiers := []string{rfcVerifier, strings.Repeat("v", 43)}
	binding := oauth.CodeBinding{ClientID: "shop", RedirectURI: callback, State: "one", Challenge: rfcChallenge}
	var passed []string
	for _, client := range []string{"shop", "exchange"} {
		for _, uri := range []string{callback, "https://shop.example/other"} {
			for _, state := range []string{"one", "two"} {
				for i, verifier := range verifiers {
					r := oauth.TokenRequest{RedirectURI: uri, State: state, Verifier: verifier}
					if err := r.Check(client, binding); err == nil {
						passed = append(passed, fmt.Sprint(client, uri, state, i))
					}
				}
			}
		}
	}
	if want := "shop" + callback + "one0"; len(passed) != 1 || strings.ReplaceAll(passed[0], " ", "") != want {
		t.Errorf("passed: %q, want only %q", passed, want)
	}
}

func TestAnotherClientsCodeIsToldLikeAnUnknownOne(t *testing.T) {
	t.Parallel()
	other := oauth.AsError(oauth.TokenRequest{}.Check("exchange", oauth.CodeBinding{ClientID: "shop"}))
	if unknown := oauth.CodeRefused(); other.Error() != unknown.Error() || other.Status != unknown.Status {
		t.Errorf("another client's code is told %v, an unknown one %v", other, unknown)
	}
}

func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	wantError(t, oauth.RefreshRefused(), 400, oauth.CodeInvalidGrant)
}

func TestTokenRequestPrintsNoSecret(t *testing.T) {
	t.Parallel()
	r := oauth.TokenRequest{GrantType: oauth.GrantAuthorizationCode, Code: "canary", Verifier: "canary", RefreshToken: "canary"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, r); strings.Contains(got, "canary") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if got := r.LogValue().String(); strings.Contains(got, "canary") {
		t.Errorf("the log shows %s", got)
	}
}

// FuzzTokenForm: any form is either refused with a 400 word of the RFC or is a
// complete request.
func FuzzTokenForm(f *testing.F) {
	for _, seed := range []string{
		"grant_type=authorization_code&code=c", "grant_type=&code=c", "grant_type=a&grant_type=b", "%", "a;b",
		"grant_type=authorization_code&code=c&state=s&redirect_uri=u&code_verifier=v", "grant_type=refresh_token&refresh_token=r&scope=s",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		form, err := oauth.ParseParams(raw)
		var r oauth.TokenRequest
		if err == nil {
			r, err = oauth.ParseTokenRequest(form)
		}
		if err != nil {
			e := oauth.AsError(err)
			if e.Status != 400 || e.Code != oauth.CodeInvalidRequest && e.Code != oauth.CodeUnsupportedGrantType {
				t.Fatalf("%q is refused with %d %s", raw, e.Status, e.Code)
			}
			if e.Description == "" || e.Description != oauth.Clean(e.Description) {
				t.Fatalf("%q is refused with description %q", raw, e.Description)
			}
			return
		}
		code, refresh := r.GrantType == oauth.GrantAuthorizationCode, r.GrantType == oauth.GrantRefreshToken
		if code == refresh || code != (r.Code != "") || refresh != (r.RefreshToken != "") {
			t.Fatalf("%q is taken", raw)
		}
	})
}
