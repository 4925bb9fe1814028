package kyc_test

import (
	"strings"
	"testing"

	"vouchgate/kyc"
)

// contact are claims of all three kinds of address.
var contact = kyc.Claims{
	"email": "zoe@example.org", "email_verified": true, "phone_number": "+41791234567", "phone_number_verified": false,
	"address": map[string]any{"formatted": "Weg 1\n8000 Zürich", "country": "CH"}, "given_name": "Zoë",
}

func TestWhetherAClaimWasVerifiedComesWithIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		names []string
		want  kyc.Claims
	}{
		"an e-mail address":         {[]string{"email"}, kyc.Claims{"email": "zoe@example.org", "email_verified": true}},
		"a phone number, unproved":  {[]string{"phone_number"}, kyc.Claims{"phone_number": "+41791234567", "phone_number_verified": false}},
		"a claim that has no other": {[]string{"given_name", "address"}, kyc.Claims{"given_name": "Zoë", "address": contact["address"]}},
		"a claim that is not there": {[]string{"sex", "name"}, kyc.Claims{}},
		"nothing":                   {nil, kyc.Claims{}},
	} {
		same(t, name, contact.Only(row.names), row.want)
		same(t, name+", by standard names", contact.Standard(row.names), map[string]any(row.want))
	}
	same(t, "without its claim", kyc.Claims{"email_verified": true}.Standard([]string{"email"}), map[string]any{})
	for _, scope := range []string{"email_verified", "phone_number_verified"} {
		same(t, scope+" as a scope", kyc.KnownScope(scope), false)
		same(t, scope+" as a claim", kyc.Asked("", kyc.Strings{scope}), []string(nil))
	}
}

func TestAClaimAsAPersonReadsIt(t *testing.T) {
	t.Parallel()
	claims := kyc.Claims{
		"email": "zoe@example.org", "age_over_18": false, "none": nil,
		"whole":  map[string]any{"formatted": "Weg 1\n8000 Zürich", "postal_code": "9999"},
		"parts":  map[string]any{"street_address": "c/o A\nWeg 1", "postal_code": "8000", "locality": "Zürich", "region": "ZH", "country": "CH"},
		"town":   map[string]any{"locality": "Zürich"},
		"number": map[string]any{"formatted": 1},
		"empty":  map[string]any{},
	}
	for name, want := range map[string]string{
		"email": "zoe@example.org", "age_over_18": "false", "none": "", "what is not there": "",
		"whole": "Weg 1\n8000 Zürich", "parts": "c/o A\nWeg 1\n8000 Zürich\nZH\nCH", "town": "Zürich", "number": "", "empty": "",
	} {
		same(t, name, claims.Text(name), want)
	}
}

func TestNormalizeContact(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1025)
	for name, row := range map[string]struct {
		claim string
		value any
		want  any // nil: refused
	}{
		"an address in one text":        {"address", " Weg 1, 8000 Zürich ", map[string]any{"formatted": "Weg 1, 8000 Zürich"}},
		"an address in its parts":       {"address", map[string]any{"locality": "Zürich", "country": "CH"}, map[string]any{"locality": "Zürich", "country": "CH"}},
		"an address in lines":           {"address", map[string]any{"formatted": "a\nb"}, map[string]any{"formatted": "a\nb"}},
		"an address of nothing":         {"address", map[string]any{}, nil},
		"a part that does not exist":    {"address", map[string]any{"planet": "Earth"}, nil},
		"a part that is empty":          {"address", map[string]any{"country": ""}, nil},
		"a part that is a number":       {"address", map[string]any{"postal_code": 8000.0}, nil},
		"a part that is too long":       {"address", map[string]any{"region": long}, nil},
		"a part that turns text":        {"address", map[string]any{"region": "a\u202eb"}, nil},
		"a part with a carriage return": {"address", map[string]any{"formatted": "a\r\nb"}, nil},
		"a list":                        {"address", []any{"Weg 1"}, nil},
		"parts of another claim":        {"email", map[string]any{"formatted": "a"}, nil},
		"whether it was verified":       {"email_verified", "true", true},
		"whether a number was":          {"phone_number_verified", false, false},
		"another word for it":           {"email_verified", "perhaps", nil},
		"an e-mail address":             {"email", "zoe@example.org", "zoe@example.org"},
		"a number":                      {"phone_number", "+41791234567", "+41791234567"},
	} {
		got, err := kyc.NormalizeClaim(row.claim, row.value)
		if row.want == nil {
			is(t, err, kyc.ErrBadClaim)
		} else {
			is(t, err, nil)
		}
		same(t, name, got, row.want)
	}
}
