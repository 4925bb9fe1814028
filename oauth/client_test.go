package oauth_test

import (
	"testing"

	"vouchgate/oauth"
)

func TestMayUse(t *testing.T) {
	t.Parallel()
	both := []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	for name, row := range map[string]struct {
		registered []string
		grantType  string
		want       bool
	}{
		"codes, when nothing is registered":   {nil, oauth.GrantAuthorizationCode, true},
		"refresh, when nothing is registered": {nil, oauth.GrantRefreshToken, false},
		"codes, when both are registered":     {both, oauth.GrantAuthorizationCode, true},
		"refresh, when both are registered":   {both, oauth.GrantRefreshToken, true},
		"codes, when refresh is registered":   {both[1:], oauth.GrantAuthorizationCode, false},
		"one that is not known":               {both, "password", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := oauth.Client{GrantTypes: row.registered}
			if got := c.MayUse(row.grantType); got != row.want {
				t.Errorf("got %v", got)
			}
			err := oauth.TokenRequest{GrantType: row.grantType}.Allowed(c)
			if row.want && err != nil {
				t.Error(err)
			} else if !row.want {
				wantError(t, err, 400, oauth.CodeUnauthorizedClient)
			}
		})
	}
}

// Rows are registrations, columns are what a client does.
func TestAccepts(t *testing.T) {
	t.Parallel()
	methods := []string{oauth.AuthBasic, oauth.AuthPost, oauth.AuthPrivateKeyJWT, oauth.AuthNone, ""}
	for registered, want := range map[string][]bool{
		"":                      {true, true, false, false, false},
		oauth.AuthBasic:         {true, false, false, false, false},
		oauth.AuthPost:          {false, true, false, false, false},
		oauth.AuthPrivateKeyJWT: {false, false, true, false, false},
		oauth.AuthNone:          {false, false, false, true, false},
	} {
		c := oauth.Client{AuthMethod: registered}
		for i, method := range methods {
			if got := c.Accepts(method); got != want[i] {
				t.Errorf("registered %q, used %q: %v", registered, method, got)
			}
		}
		if c.Public() != (registered == oauth.AuthNone) {
			t.Errorf("%q is public: %v", registered, c.Public())
		}
	}
}

func TestScopesOfOpenID(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		client, scope, want string // want is empty for a refusal
	}{
		"openid may be asked for by everyone":              {"shop", "openid name", "openid name"},
		"openid alone is fine":                             {"shop", "openid", "openid"},
		"offline access is kept where there is refreshing": {"nightly", "openid name offline_access", "openid name offline_access"},
		"offline access keeps its place":                   {"nightly", "offline_access openid", "offline_access openid"},
		"offline access is dropped where there is none":    {"shop", "offline_access openid name", "openid name"},
		"offline access needs no openid":                   {"nightly", "name offline_access", "name offline_access"},
		"offline access alone is refused":                  {"nightly", "offline_access", ""},
		"offline access alone is refused without refresh":  {"shop", "offline_access", ""},
		"offline access beside an unknown name is refused": {"nightly", "offline_access email", ""},
		"no scope is what is registered, without openid":   {"nightly", "", "name birth"},
		"openid in upper case is another name":             {"shop", "OPENID", ""},
		"openid does not let others in":                    {"shop", "openid portrait", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(query("client_id", row.client, "scope", row.scope))
			if row.want == "" {
				if err == nil {
					t.Errorf("granted %q", got.Scope)
				}
				return
			}
			if err != nil || got.Scope != row.want || got.ByDefault != (row.scope == "") {
				t.Errorf("got %q (by default: %v), %v, want %q", got.Scope, got.ByDefault, err, row.want)
			}
		})
	}
}

func TestRegisteredOpenIDScopes(t *testing.T) {
	t.Parallel()
	c := oauth.Client{ID: "shop", RedirectURIs: []string{callback}, Scopes: []string{"openid", "name", "offline_access"}}
	form := mustParse(t, "response_type=code&redirect_uri="+callback)
	got, err := oauth.ParsePushed(form, c, knownScopes)
	if err != nil || got.Scope != "openid name" {
		t.Errorf("without refreshing: %q, %v", got.Scope, err)
	}
	c.GrantTypes = []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	got, err = oauth.ParsePushed(form, c, knownScopes)
	if err != nil || got.Scope != "openid name offline_access" {
		t.Errorf("with refreshing: %q, %v", got.Scope, err)
	}
}

func TestMayHave(t *testing.T) {
	t.Parallel()
	shop, _ := clients("shop")
	shop.Narrower = []string{"given_name"}
	for scope, want := range map[string]bool{
		"name": true, "given_name birth": true, "openid name": true, "openid name offline_access": true,
		"name portrait": false, "portrait": false,
	} {
		if got := shop.MayHave(scope, knownScopes); got != want {
			t.Errorf("may have %q: %v", scope, got)
		}
	}
}
