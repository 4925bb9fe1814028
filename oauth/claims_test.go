package oauth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestParseClaims(t *testing.T) {
	t.Parallel()
	const verified = `"verified_claims":{"verification":{"trust_framework":null},"claims":{"birthdate":null,"name":null}}`
	for name, row := range map[string]struct {
		raw                string
		userinfo, idToken  []string
		all                []string
		verifiedInUserInfo int
	}{
		"nothing":                  {raw: `{}`},
		"both empty":               {raw: `{"userinfo":{},"id_token":{}}`},
		"both null":                {raw: `{"userinfo":null,"id_token":null}`},
		"unknown members":          {raw: `{"saml":7,"userinfo":{"name":null}}`, userinfo: []string{"name"}, all: []string{"name"}},
		"the order of the request": {raw: `{"userinfo":{"z":null,"a":null,"m":{}}}`, userinfo: []string{"z", "a", "m"}, all: []string{"z", "a", "m"}},
		"a claim in both": {
			raw: `{"id_token":{"b":null,"a":null},"userinfo":{"a":{"essential":true}}}`, userinfo: []string{"a"}, idToken: []string{"b", "a"}, all: []string{"a", "b"},
		},
		"odd names":              {raw: `{"userinfo":{"name#de":null,"":null,"a b\"":null}}`, userinfo: []string{"name#de", "", `a b"`}, all: []string{"name#de", "", `a b"`}},
		"members nobody knows":   {raw: `{"userinfo":{"name":{"purpose":"x","foo":{"bar":[]}}}}`, userinfo: []string{"name"}, all: []string{"name"}},
		"verified claims beside": {raw: `{"userinfo":{"name":null,` + verified + `}}`, userinfo: []string{"name"}, all: []string{"name", "birthdate"}, verifiedInUserInfo: 1},
		"verified claims alone":  {raw: `{"userinfo":{` + verified + `}}`, all: []string{"birthdate", "name"}, verifiedInUserInfo: 1},
		"no verified claims":     {raw: `{"userinfo":{"verified_claims":[]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.ParseClaims(row.raw)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.UserInfo.Names, row.userinfo) || !slices.Equal(got.IDToken.Names, row.idToken) || !slices.Equal(got.Names(), row.all) {
				t.Errorf("userinfo %q, id_token %q, all %q", got.UserInfo.Names, got.IDToken.Names, got.Names())
			}
			if n := len(got.UserInfo.Verified); n != row.verifiedInUserInfo {
				t.Errorf("%d requests for verified claims", n)
			}
			if empty := row.userinfo == nil && row.verifiedInUserInfo == 0; got.UserInfo.Empty() != empty {
				t.Errorf("userinfo is empty: %v", got.UserInfo.Empty())
			}
		})
	}
}

func TestParseClaimsKeepsTheFormOfVerifiedClaims(t *testing.T) {
	t.Parallel()
	const one = `{"verification":{"trust_framework":null},"claims":{"name":null}}`
	got, err := oauth.ParseClaims(`{"userinfo":{"verified_claims":[` + one + `]},"id_token":{"verified_claims":` + one + `}}`)
	if err != nil {
		t.Fatal(err)
	}
	if !got.UserInfo.VerifiedIsArray || got.IDToken.VerifiedIsArray || len(got.IDToken.Verified) != 1 {
		t.Errorf("arrays: %v, %v", got.UserInfo.VerifiedIsArray, got.IDToken.VerifiedIsArray)
	}
}

func TestParseClaimsRefuses(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"nothing":                         ``,
		"no JSON":                         `{`,
		"a text":                          `"userinfo"`,
		"null":                            `null`,
		"an array":                        `[]`,
		"two objects":                     `{}{}`,
		"something after":                 `{} x`,
		"a comma too many":                `{"userinfo":{"name":null,}}`,
		"a comment":                       `{/**/}`,
		"a member twice":                  `{"userinfo":{},"userinfo":{}}`,
		"a claim twice":                   `{"userinfo":{"name":null,"name":null}}`,
		"userinfo that is an array":       `{"userinfo":["name"]}`,
		"id_token that is a text":         `{"id_token":"name"}`,
		"a claim that is a text":          `{"userinfo":{"name":"x"}}`,
		"a claim that is true":            `{"userinfo":{"name":true}}`,
		"a claim that is an array":        `{"userinfo":{"name":[]}}`,
		"essential that is a text":        `{"userinfo":{"name":{"essential":"true"}}}`,
		"essential that is null":          `{"userinfo":{"name":{"essential":null}}}`,
		"values that are a text":          `{"userinfo":{"name":{"values":"x"}}}`,
		"values that are empty":           `{"userinfo":{"name":{"values":[]}}}`,
		"verified claims that are null":   `{"id_token":{"verified_claims":null}}`,
		"verified claims without claims":  `{"id_token":{"verified_claims":{"verification":{"trust_framework":null}}}}`,
		"more than 16 KiB":                `{"userinfo":{"` + strings.Repeat("x", 16<<10) + `":null}}`,
		"17 objects in one another":       `{"userinfo":{"a":` + strings.Repeat(`{"a":`, 15) + `1` + strings.Repeat(`}`, 15) + `}}`,
		"a thousand arrays in each other": `{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.ParseClaims(raw)
			if !errors.Is(err, oauth.ErrBadClaims) {
				t.Fatalf("got %v, want ErrBadClaims", err)
			}
			if len(got.Names()) > 0 {
				t.Errorf("asks for %q in spite of it", got.Names())
			}
		})
	}
}

func TestParseClaimsTakesWhatIsJustWithinItsBounds(t *testing.T) {
	t.Parallel()
	deep := `{"userinfo":{"a":` + strings.Repeat(`{"a":`, 14) + `1` + strings.Repeat(`}`, 14) + `}}`
	long := `{"userinfo":{"` + strings.Repeat("x", 16<<10-len(`{"userinfo":{"":null}}`)) + `":null}}`
	for _, raw := range []string{deep, long} {
		if _, err := oauth.ParseClaims(raw); err != nil {
			t.Errorf("%.40s... (%d bytes): %v", raw, len(raw), err)
		}
	}
}

func TestErrorsOfParseClaimsRepeatNothing(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{"canary":{"canary":1,"canary":2}}`, `canary`, `{"userinfo":{"canary":"canary"}}`,
		`{"userinfo":{"verified_claims":{"canary":1}}}`, `{"userinfo":"canary"}`,
	} {
		if _, err := oauth.ParseClaims(raw); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestTargetAllows(t *testing.T) {
	t.Parallel()
	r, err := oauth.ParseClaims(`{"userinfo":{"name":null,"sex":{"value":"f"},"country":{"values":["CH","LI"]},"of_age":{"value":true}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		claim string
		value any
		want  bool
	}{
		"any value where none is named": {"name", "x", true},
		"the value":                     {"sex", "f", true},
		"another value":                 {"sex", "m", false},
		"one of the values":             {"country", "LI", true},
		"none of the values":            {"country", "AT", false},
		"a flag":                        {"of_age", true, true},
		"the other flag":                {"of_age", false, false},
		"a text for a flag":             {"of_age", "true", false},
		"a claim that is not asked for": {"birthdate", "x", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := r.UserInfo.Allows(row.claim, row.value); got != row.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if r.IDToken.Allows("name", "x") {
		t.Error("what is asked for in userinfo is allowed in the ID token")
	}
}
