package oauth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestParseAuthorizeReadsOpenIDParameters(t *testing.T) {
	t.Parallel()
	const claims = `{"userinfo":{"name":null},"id_token":{"birth":{"essential":true},"name":null}}`
	got, err := parse(query("nonce", "n-0S6", "prompt", "login  consent", "max_age", "3600", "login_hint", "<script>",
		"acr_values", "high low", "claims", claims, "display", "junk"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Nonce != "n-0S6" || got.LoginHint != "<script>" || got.MaxAge == nil || *got.MaxAge != 3600 {
		t.Errorf("nonce %q, hint %q, age %v", got.Nonce, got.LoginHint, got.MaxAge)
	}
	for name, lists := range map[string][2][]string{
		"prompt":      {got.Prompt, {"login", "consent"}},
		"acr_values":  {got.ACRValues, {"high", "low"}},
		"claim names": {got.ClaimNames, {"name", "birth"}},
		"userinfo":    {got.Claims.UserInfo.Names, {"name"}},
		"id_token":    {got.Claims.IDToken.Names, {"birth", "name"}},
	} {
		if !slices.Equal(lists[0], lists[1]) {
			t.Errorf("%s: %q, want %q", name, lists[0], lists[1])
		}
	}
	if got.RawClaims != claims {
		t.Errorf("claims are kept as %s", got.RawClaims)
	}
}

func TestParseAuthorizeReadsNoneOfThem(t *testing.T) {
	t.Parallel()
	got, err := parse(query() + "&nonce=&prompt=&max_age=&login_hint=&acr_values=&claims=")
	if err != nil {
		t.Fatal(err)
	}
	if got.Nonce != "" || got.MaxAge != nil || got.LoginHint != "" || got.RawClaims != "" {
		t.Errorf("nonce %q, age %v, hint %q, claims %q", got.Nonce, got.MaxAge, got.LoginHint, got.RawClaims)
	}
	if len(got.Prompt)+len(got.ACRValues)+len(got.ClaimNames) > 0 {
		t.Errorf("prompt %q, acr_values %q, claim names %q", got.Prompt, got.ACRValues, got.ClaimNames)
	}
}

func TestBoundsOfOpenIDParameters(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		parameter, value string
		fine             bool
	}{
		"a nonce of 384 bytes":             {"nonce", strings.Repeat("n", 384), true},
		"a nonce of 512 bytes":             {"nonce", strings.Repeat("n", 512), true},
		"a nonce of 513 bytes":             {"nonce", strings.Repeat("n", 513), false},
		"prompt none":                      {"prompt", "none", true},
		"prompt none twice":                {"prompt", "none none", false},
		"prompt none with another":         {"prompt", "none login", false},
		"prompt select_account":            {"prompt", "select_account", true},
		"all prompts but none":             {"prompt", "login consent select_account", true},
		"prompt create, which is unknown":  {"prompt", "create", false},
		"prompt in upper case":             {"prompt", "LOGIN", false},
		"max_age 0":                        {"max_age", "0", true},
		"max_age below 0":                  {"max_age", "-1", false},
		"max_age with a fraction":          {"max_age", "1.5", false},
		"max_age with a sign":              {"max_age", "+1", false},
		"max_age that is no number":        {"max_age", "soon", false},
		"claims that are an empty object":  {"claims", "{}", true},
		"claims that are no JSON":          {"claims", "{", false},
		"claims that are an array":         {"claims", "[]", false},
		"claims with broken verified ones": {"claims", `{"userinfo":{"verified_claims":null}}`, false},
		"junk languages":                   {"ui_locales", "<script> \" x", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(query(row.parameter, row.value))
			var redirect *oauth.RedirectError
			switch {
			case row.fine && err != nil:
				t.Error(err)
			case !row.fine && (!errors.As(err, &redirect) || redirect.Code != oauth.CodeInvalidRequest):
				t.Errorf("got %v, want invalid_request", err)
			case !row.fine && (redirect.State != "st" || strings.Contains(redirect.Description, row.value)):
				t.Errorf("got %+v", redirect)
			}
		})
	}
}

func TestValuesThatAreCut(t *testing.T) {
	t.Parallel()
	for _, age := range []string{"2147483648", strings.Repeat("9", 40)} {
		got, err := parse(query("max_age", age))
		if err != nil || got.MaxAge == nil || *got.MaxAge != 1<<31-1 {
			t.Errorf("max_age %s gives %v, %v", age, got.MaxAge, err)
		}
	}
	for length, kept := range map[int]bool{512: true, 513: false} {
		got, err := parse(query("login_hint", strings.Repeat("h", length)))
		if err != nil || (got.LoginHint != "") != kept {
			t.Errorf("a hint of %d bytes is kept: %v, %v", length, got.LoginHint != "", err)
		}
	}
}

func TestAuthorizeRequestPrintsNothingOfThePerson(t *testing.T) {
	t.Parallel()
	r := oauth.AuthorizeRequest{ClientID: "shop", LoginHint: "canary", Nonce: "canary", State: "canary", RawClaims: "canary"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, r); strings.Contains(got, "canary") || !strings.Contains(got, "shop") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if got := r.LogValue().String(); strings.Contains(got, "canary") {
		t.Errorf("the log shows %s", got)
	}
}
