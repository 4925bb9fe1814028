package kyc_test

import (
	"slices"
	"testing"

	"vouchgate/kyc"
)

func TestStandardNamesLeadBackToTheirClaims(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, scope := range kyc.KnownScopes() {
		for _, claim := range kyc.ClaimsOf(scope) {
			standard := kyc.StandardName(claim)
			if other, twice := seen[standard]; twice && other != claim {
				t.Errorf("%s and %s are both called %s", claim, other, standard)
			}
			seen[standard] = claim
			same(t, "claims behind "+standard, kyc.ClaimsBehind(standard), []string{claim})
			same(t, "claims behind "+claim, kyc.ClaimsBehind(claim), []string{claim})
		}
	}
	for standard, want := range map[string][]string{
		"birthdate": {"birth_date"}, "place_of_birth": {"birth_place"}, "nationalities": {"nationality"},
		"name": {"given_name", "family_name"}, "email": {"email"}, "email_verified": {"email"},
		"phone_number_verified": {"phone_number"}, "address": {"address"}, "phone": nil, "": nil, "Name": nil, "profile": nil,
	} {
		same(t, "claims behind "+standard, kyc.ClaimsBehind(standard), want)
	}
}

func TestClaimsInTheirStandardShapes(t *testing.T) {
	t.Parallel()
	claims := kyc.Claims{
		"given_name": "Zoë", "family_name": "Muster", "birth_date": "1990-01-02", "birth_place": "Bern",
		"nationality": "CH", "age_over_18": false, "sex": "2",
	}
	for _, row := range []struct {
		name  string
		names []string
		want  map[string]any
	}{
		{"all", []string{"given_name", "family_name", "birth_date", "birth_place", "nationality", "age_over_18"}, map[string]any{
			"given_name": "Zoë", "family_name": "Muster", "name": "Zoë Muster", "birthdate": "1990-01-02",
			"place_of_birth": map[string]any{"locality": "Bern"}, "nationalities": []any{"CH"}, "age_over_18": false,
		}},
		{"half a name", []string{"given_name"}, map[string]any{"given_name": "Zoë"}},
		{"what nobody proved", []string{"portrait", "email"}, map[string]any{}},
		{"nothing", nil, map[string]any{}},
	} {
		names := slices.Clone(row.names)
		same(t, row.name, claims.Standard(row.names), row.want)
		same(t, "names afterwards", row.names, names)
	}
	same(t, "claims of nobody", kyc.Claims(nil).Standard([]string{"given_name", "family_name"}), map[string]any{})
	same(t, "a name without its second part", kyc.Claims{"given_name": "Zoë"}.Standard([]string{"given_name", "family_name"}),
		map[string]any{"given_name": "Zoë"})
}
