package kyc_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vouchgate/kyc"
)

func TestNormalizeClaim(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		claim string
		value any
		want  any // nil: refused
	}{
		"text as it is":                  {"given_name", "Zoë", "Zoë"},
		"text without its edges":         {"given_name", " \tZoë\n", "Zoë"},
		"text of another script":         {"family_name", "אבג 漢字", "אבג 漢字"},
		"text with an apostrophe":        {"family_name", "O'Néill-<b>", "O'Néill-<b>"},
		"a true flag":                    {"age_over_18", true, true},
		"a false flag":                   {"age_over_18", false, false},
		"a flag as text":                 {"age_over_18", "true", true},
		"a flag as text, shouted":        {"age_over_18", " FALSE ", false},
		"a flag as another word":         {"age_over_18", "yes", nil},
		"a flag as a number":             {"age_over_18", 1.0, nil},
		"a flag without a value":         {"age_over_18", nil, nil},
		"a number":                       {"age_birth_year", 1990.0, "1990"},
		"a number as it was written":     {"age_birth_year", json.Number("1990"), "1990"},
		"a large number":                 {"document_number", 1e15, "1000000000000000"},
		"a fraction":                     {"document_number", 0.5, "0.5"},
		"a flag where text is asked for": {"given_name", true, nil},
		"a list":                         {"nationality", []any{"CH"}, nil},
		"an object":                      {"birth_place", map[string]any{"locality": "Bern"}, nil},
		"nothing":                        {"given_name", nil, nil},
		"empty text":                     {"given_name", "", nil},
		"text of spaces":                 {"given_name", "  ", nil},
		"text at its limit":              {"given_name", strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		"text over its limit":            {"given_name", strings.Repeat("x", 1025), nil},
		"an image beyond a text's limit": {"portrait", strings.Repeat("x", 1025), strings.Repeat("x", 1025)},
		"a line break":                   {"given_name", "a\nb", nil},
		"NUL":                            {"given_name", "a\x00b", nil},
		"an escape sequence":             {"given_name", "a\x1b[31m", nil},
		"a control character of Latin-1": {"given_name", "a\u0085b", nil},
		"a right-to-left override":       {"given_name", "a\u202eb", nil},
		"an isolate":                     {"given_name", "a\u2066b", nil},
		"a right-to-left mark":           {"given_name", "a\u200fb", nil},
		"a byte order mark":              {"given_name", "a\ufeffb", nil},
		"a replacement character":        {"given_name", "a\ufffdb", nil},
		"bytes that are not UTF-8":       {"given_name", "a\xffb", nil},
		"a claim that does not exist":    {"shoe_size", "42", nil},
		"a scope that is no claim":       {"profile", "x", nil},
		"no name":                        {"", "x", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := kyc.NormalizeClaim(row.claim, row.value)
			if row.want == nil {
				is(t, err, kyc.ErrBadClaim)
			} else {
				is(t, err, nil)
			}
			same(t, "value", got, row.want)
		})
	}
}

func TestABadClaimsErrorDoesNotQuoteIt(t *testing.T) {
	t.Parallel()
	for _, value := range []any{"canary\n", "canary\x00", strings.Repeat("canary", 1000), []any{"canary"}, map[string]any{"canary": 1}} {
		for _, claim := range []string{"given_name", "age_over_18", "portrait"} {
			if _, err := kyc.NormalizeClaim(claim, value); err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error is %q", err)
			}
		}
	}
}

func FuzzNormalizeClaim(f *testing.F) {
	f.Add("given_name", "Zoë")
	f.Add("age_over_18", "True ")
	f.Add("given_name", "a\u202eb")
	f.Add("portrait", "\xff")
	f.Add("address", "Weg 1, 8000 Zürich")
	f.Add("email_verified", "true")
	f.Fuzz(func(t *testing.T, name, text string) {
		got, err := kyc.NormalizeClaim(name, text)
		if err != nil {
			is(t, err, kyc.ErrBadClaim)
			return
		}
		if s, ok := got.(string); ok && (s == "" || !utf8.ValidString(s) || s != strings.TrimSpace(s) || strings.ContainsAny(s, "\x00\n\r\x1b\u202e")) {
			t.Errorf("%q became %q", text, s)
		}
		again, err := kyc.NormalizeClaim(name, got)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%v is not its own normal form: %v, %v", got, again, err)
		}
	})
}

func FuzzNormalizeNumber(f *testing.F) {
	for _, n := range []float64{0, -1, 1990, 0.1, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n float64) {
		got, err := kyc.NormalizeClaim("document_number", n)
		if err != nil {
			is(t, err, kyc.ErrBadClaim)
			return
		}
		if s := got.(string); !math.IsNaN(n) && !math.IsInf(n, 0) && strings.ContainsAny(s, "eE") {
			t.Errorf("%g became %s", n, s)
		}
	})
}

func TestClaimsOf(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string][]string{
		"":                                    nil,
		"profile":                             {"given_name", "family_name", "birth_date"},
		"age_over_18 profile":                 {"age_over_18", "given_name", "family_name", "birth_date"},
		"family_name profile last_name":       {"family_name", "given_name", "birth_date"},
		"first_name date_of_birth":            {"given_name", "birth_date"},
		"openid sex shoe_size sex":            {"sex"},
		"  portrait \t sex ":                  {"portrait", "sex"},
		"PROFILE":                             nil,
		"personal_administrative_number,sex ": nil,
	} {
		same(t, "claims of "+scope, kyc.ClaimsOf(scope), want)
		same(t, "image in "+scope, kyc.AsksForImage(scope), slices.Contains(want, "portrait"))
	}
}

func TestEveryKnownScopeAsksForClaims(t *testing.T) {
	t.Parallel()
	scopes := kyc.KnownScopes()
	if !slices.IsSorted(scopes) || len(scopes) < 25 {
		t.Errorf("%d scopes, in order: %v", len(scopes), slices.IsSorted(scopes))
	}
	for _, scope := range scopes {
		if !kyc.KnownScope(scope) || len(kyc.ClaimsOf(scope)) == 0 {
			t.Errorf("scope %s asks for nothing", scope)
		}
		for _, claim := range kyc.ClaimsOf(scope) {
			if !kyc.KnownScope(claim) {
				t.Errorf("claim %s cannot be asked for by its name", claim)
			}
		}
	}
	for _, scope := range []string{"", "openid", "Profile", "profile "} {
		same(t, scope, kyc.KnownScope(scope), false)
	}
}

func TestAProofComesBackAsItWasEncoded(t *testing.T) {
	t.Parallel()
	want := kyc.Proof{
		Method: kyc.MethodSwiyu, Issuer: "did:example:1", Type: "betaid", VerifiedAt: noon,
		Claims: kyc.Claims{"given_name": "Zoë <b>", "age_over_18": true}, Address: &house,
	}
	text, err := want.Encode()
	is(t, err, nil)
	got, err := kyc.DecodeProof(text)
	is(t, err, nil)
	same(t, "proof", got, want)
	for _, bad := range [][]byte{nil, []byte("x"), []byte(`{"claims":1}`), bytes.TrimSuffix(text, []byte("}"))} {
		if _, err := kyc.DecodeProof(bad); err == nil {
			t.Errorf("%q is a proof", bad)
		}
	}
}
