package kyc_test

import (
	"slices"
	"testing"

	"vouchgate/kyc"
)

func TestScopesCoverTheirParts(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ scopes, want []string }{
		"a profile covers its claims and their short names": {
			[]string{"profile"},
			[]string{"birth_date", "date_of_birth", "family_name", "first_name", "given_name", "last_name", "profile"},
		},
		"all claims of a group cover the group": {
			[]string{"birth_date", "family_name", "given_name"},
			[]string{"birth_date", "date_of_birth", "family_name", "first_name", "given_name", "last_name", "profile"},
		},
		"a claim covers itself alone": {[]string{"age_over_18"}, []string{"age_over_18"}},
		"nothing covers nothing":      {nil, []string{}},
	} {
		if got := kyc.CoveredScopes(row.scopes); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
