package oauth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func manyScopes(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("s%d", i))
	}
	return strings.Join(names, " ")
}

func TestParseScope(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		scope string
		want  []string // nil: refused, unless the scope is empty
	}{
		"names keep their order":             {"b a c", []string{"b", "a", "c"}},
		"spaces around and between are fine": {" a  b ", []string{"a", "b"}},
		"all printable characters may be in": {"https://x.example/read!#[]^~ a", []string{"https://x.example/read!#[]^~", "a"}},
		"a double quote may not":             {`"a"b`, nil},
		"a backslash may not":                {`a\b`, nil},
		"a line break may not":               {"a\nb", nil},
		"a tab is no separator":              {"a\tb", nil},
		"DEL may not":                        {"a\x7f", nil},
		"letters beyond ASCII may not":       {"nämä", nil},
		"a name may not come twice":          {"a b a", nil},
		"a hundred names are fine":           {manyScopes(100), strings.Fields(manyScopes(100))},
		"more than a hundred are not":        {manyScopes(101), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.ParseScope(row.scope)
			if row.want == nil {
				if !errors.Is(err, oauth.ErrBadScope) {
					t.Fatalf("got %q, %v, want ErrBadScope", got, err)
				}
				return
			}
			if err != nil || !slices.Equal(got, row.want) {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

func TestGrantScope(t *testing.T) {
	t.Parallel()
	allowed := []string{"name", "birth", "street"}
	known := func(s string) bool { return slices.Contains([]string{"name", "birth", "street", "portrait"}, s) }
	for name, row := range map[string]struct {
		requested string
		allowed   []string
		want      string // "": refused
	}{
		"what is asked for is granted in the order asked":     {"street name", allowed, "street name"},
		"nothing asked for is everything in registered order": {"", allowed, "name birth street"},
		"spaces alone ask for nothing":                        {"  ", allowed, "name birth street"},
		"unknown names are ignored":                           {"openid name whatever", allowed, "name"},
		"only unknown names leave nothing":                    {"openid", allowed, ""},
		"a known name that is not allowed is refused":         {"name portrait", allowed, ""},
		"a client without scopes gets nothing":                {"", nil, ""},
		"malformed scope is refused":                          {`na"me`, allowed, ""},
		"names are compared with their case":                  {"Name birth", allowed, "birth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.GrantScope(row.requested, row.allowed, known)
			if got != row.want || (row.want == "") != errors.Is(err, oauth.ErrBadScope) {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

// FuzzGrantScope: whatever is granted was allowed, comes once, and in the order of
// the request.
func FuzzGrantScope(f *testing.F) {
	for _, seed := range []string{"", "a", "b a", "a a", "x", "c", "a  b", "\"", "ü"} {
		f.Add(seed)
	}
	allowed := []string{"a", "b"}
	f.Fuzz(func(t *testing.T, requested string) {
		granted, err := oauth.GrantScope(requested, allowed, func(s string) bool { return s == "c" })
		if err != nil {
			return
		}
		from := requested
		if strings.Trim(requested, " ") == "" {
			from = "a b"
		}
		for _, name := range strings.Split(granted, " ") {
			_, rest, found := strings.Cut(from, name)
			if !slices.Contains(allowed, name) || !found {
				t.Fatalf("granted %q for %q", granted, requested)
			}
			from = rest
		}
	})
}

func TestNarrowScope(t *testing.T) {
	t.Parallel()
	const granted = "openid name birth"
	for name, row := range map[string]struct {
		requested, want string // want is empty for a refusal
	}{
		"nothing asked gives all":           {"", granted},
		"spaces ask for nothing":            {"  ", granted},
		"all gives all":                     {granted, granted},
		"a part gives the part":             {"name", "name"},
		"the order is that of the request":  {"birth openid", "birth openid"},
		"spaces are made single":            {"birth  name ", "birth name"},
		"a wider scope is refused":          {"name portrait", ""},
		"another scope alone is refused":    {"portrait", ""},
		"a name in upper case is another":   {"NAME", ""},
		"a name twice is refused":           {"name name", ""},
		"a malformed scope is refused":      {`name "x"`, ""},
		"a part of a name is another name":  {"nam", ""},
		"names of unknown scopes are wider": {"name email", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.NarrowScope(granted, row.requested)
			if row.want == "" {
				wantError(t, err, 400, oauth.CodeInvalidScope)
				return
			}
			if err != nil || got != row.want {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

func TestRefreshTokensGoWithAScope(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]bool{
		"": true, "profile": true, "openid": false, "profile openid": false, "openid offline_access": true,
		"offline_access openid profile": true, "openid2 profile": true,
	} {
		if got := oauth.ScopeRefreshes(scope); got != want {
			t.Errorf("%q: %v", scope, got)
		}
	}
}
