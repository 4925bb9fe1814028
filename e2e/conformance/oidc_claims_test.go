package conformance

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"OIDC-05", "/userinfo has the sub of the ID token, also by POST and after a refresh (OpenID Connect Core, section 5.3.2)", oidc05},
	Row{"OIDC-06", "scopes give the standard claims in their standard forms, of e-mail, phone and address too, once a TAN has come back (OpenID Connect Core, section 5.4)", oidc06},
	Row{"OIDC-07", "a claim that has no value is left out and is neither null nor empty (OpenID Connect Core, section 5.3.2)", oidc07},
	Row{"OIDC-08", "the claims parameter: unknown and unmet claims are left out, others come where they were asked for, nonsense is invalid_request", oidc08},
	Row{"OIDC-11", "offline_access gives a refresh token after the person has read so, and drops out where the client may not refresh", oidc11},
	Row{"OIDC-12", "hints that are wrong, old or of another person break nothing and tell nothing (OpenID Connect Core, section 3.1.2.1)", oidc12},
)

func oidc05(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		g := t.Grant(c, "scope", "openid offline_access given_name")
		sub := t.Sub(g)
		post := t.Send(http.MethodPost, "/userinfo", "", "Authorization", "Bearer "+g.Access)
		next := t.OK(t.Refresh(c, g.Refresh))
		for name, told := range map[string]map[string]any{
			"GET": t.Told(g), "POST": t.OK(post).JSON, "refreshed": t.OK(t.Userinfo(next.Text("access_token"))).JSON,
			"/info": t.OK(t.Info(g.Access)).JSON, "introspection": t.OK(t.Introspect(c, g.Access)).JSON,
		} {
			if told["sub"] != sub {
				t.Errorf("%s: sub is %v, not %s", name, told["sub"], sub)
			}
		}
	}
}

// names lists the members of an object in order.
func names(object map[string]any) []string { return slices.Sorted(maps.Keys(object)) }

func oidc06(t *T) {
	person := t.Person().Claims
	g := t.Grant(t.App(), "scope", "openid profile org:everything")
	if got := g.Answer.Text("scope"); got != "openid profile" {
		t.Errorf("the scope is %q", got)
	}
	told := t.Told(g)
	delete(told, "sub")
	t.Same("profile of an account", told, `{"given_name":"`+person["given_name"]+`","family_name":"`+person["family_name"]+
		`","birthdate":"`+person["birth_date"]+`","name":"`+person["given_name"]+" "+person["family_name"]+`"}`)

	told = t.Told(t.Grant(t.Everything(), "scope", "openid profile age_over_18 age_over_65 nationality birth_place"))
	delete(told, "sub")
	t.Same("claims of a credential", told, `{"given_name":"Mira Jolanda","family_name":"Beispiel-Müsterli","name":"Mira Jolanda Beispiel-Müsterli",
		"birthdate":"1990-03-14","age_over_18":true,"age_over_65":false,"nationalities":["CH"],"place_of_birth":{"locality":"Mustersburg"}}`)

	m := t.Metadata()
	for scope, method := range map[string]string{"email": "email", "phone": "phone", "address": "postal-ch"} {
		where := t.Place(method)
		g := t.GrantAt(where, t.Ask(t.Everything(), "scope", "openid "+scope))
		if got := g.Answer.Text("scope"); got != "openid "+scope || !Lists(m, "scopes_supported", scope) {
			t.Errorf("of %s is granted %q; the metadata lists it: %t", scope, got, Lists(m, "scopes_supported", scope))
		}
		proved := t.Told(g)
		delete(proved, "sub")
		t.Same("claims of "+method, proved, where.claims())
		maps.Copy(told, proved)
	}
	for name := range told {
		if !Lists(m, "claims_supported", name) {
			t.Errorf("the metadata does not list %s", name)
		}
	}
}

func oidc07(t *T) {
	b, person := e2e.NewBrowser(), t.NewPerson("given_name", "Solo")
	t.SignIn(b, person)
	ask := t.Ask(t.Client(byAccount, noQuestion, "--scope=profile nationality age_over_18"), "scope", "openid profile nationality age_over_18",
		"claims", `{"userinfo":{"birthdate":{"essential":true},"name":null},"id_token":{"family_name":{"essential":true},"given_name":null}}`)
	g := t.Swap(ask, t.Home(b, ask).Code())
	if got := names(t.Told(g)); !slices.Equal(got, []string{"given_name", "sub"}) {
		t.Errorf("/userinfo has %v", got)
	}
	claims := t.Claims(g)
	if _, there := claims["family_name"]; there || claims["given_name"] != "Solo" {
		t.Errorf("the ID token has %v", names(claims))
	}
	for _, told := range []map[string]any{t.Told(g), claims, t.OK(t.Info(g.Access)).JSON} {
		for name, value := range told {
			if value == nil || value == "" {
				t.Errorf("%s has no value", name)
			}
		}
	}
}

func oidc08(t *T) {
	for _, row := range []struct{ claims, userinfo, idToken string }{
		{`{}`, "", ""},
		{`{"userinfo":null,"id_token":null}`, "", ""},
		{`{"userinfo":{"given_name":null}}`, "given_name", ""},
		{`{"userinfo":{"given_name":{"essential":true}},"id_token":{"birthdate":{}}}`, "given_name", "birthdate"},
		{`{"userinfo":{"shoe_size":{"essential":true},"a b":null,"https://c.example/#x":null,"given_name":null}}`, "given_name", ""},
		{`{"userinfo":{"given_name":{"value":"Nobody"},"family_name":{"values":["Testfrau","Other"]}}}`, "family_name", ""},
		{`{"userinfo":{"given_name":{"essential":true,"value":"Nobody"}},"more":{"x":1}}`, "", ""},
		{`{"userinfo":{"sex":null,"portrait":{"essential":true}}}`, "", ""}, // the client is not registered for them
		{`{"userinfo":{"given_name":{"value":"Nobody"},"family_name":null}}`, "family_name", ""},
		{`{"userinfo":{"name":null}}`, "name", ""},
		{`{"userinfo":{"birthdate":null},"id_token":{"name":{"essential":true}}}`, "birthdate", "name"},
	} {
		g := t.Grant(t.App(), "scope", "openid", "claims", row.claims)
		for _, name := range names(t.Told(g)) {
			if name != "sub" && !slices.Contains(strings.Fields(row.userinfo), name) {
				t.Errorf("%s: /userinfo has %s", row.claims, name)
			}
		}
		claims := t.Claims(g)
		for _, name := range names(claims) {
			if !slices.Contains(technical, name) && name != row.idToken {
				t.Errorf("%s: the ID token has %s", row.claims, name)
			}
		}
		if first, _, _ := strings.Cut(row.userinfo, " "); first != "" && t.Told(g)[first] == nil || row.idToken != "" && claims[row.idToken] == nil {
			t.Errorf("%s: what was asked for is missing", row.claims)
		}
	}
	for _, nonsense := range []string{
		`{`, `x`, `null`, `[]`, `"userinfo"`, `1`, `{"userinfo":[]}`, `{"userinfo":"given_name"}`, `{"id_token":1}`, `{} {}`,
		`{"userinfo":{"given_name":"Mira"}}`, `{"userinfo":{"given_name":{"values":"x"}}}`, `{"userinfo":{"given_name":{"essential":"yes"}}}`,
		`{"userinfo":{},"userinfo":{"given_name":null}}`, strings.Repeat(`{"userinfo":`, 100),
	} {
		ask := t.Ask(t.App(), "scope", "openid", "claims", nonsense)
		t.Redir(ask, t.Visit(ask), "invalid_request")
	}
}

func oidc11(t *T) {
	c, scope := t.NewClient(byAccount, question, refreshing), "openid offline_access given_name"
	b, ask := t.SignedIn(), t.Ask(c, "scope", "openid given_name")
	without := t.Open(b, ask.Path())
	if g := t.Swap(ask, t.GoOn(b, without).Code()); g.Refresh != "" {
		t.Error("a refresh token comes without offline_access")
	}
	// Who has agreed to less is asked again, and the page says what is new.
	ask = t.Ask(c, "scope", scope)
	page := t.Open(b, ask.Path())
	if !Has(page, "/consent") || words(page.Body) == words(without.Body) {
		t.Fatalf("offline_access is not asked for: %s", page)
	}
	t.Redir(ask, t.Press(b, page, "/consent", "decision", "deny"), "access_denied")
	ask = t.Ask(c, "scope", scope)
	g := t.Swap(ask, t.GoOn(b, t.Open(b, ask.Path())).Code())
	if g.Refresh == "" || g.Answer.Text("scope") != scope {
		t.Errorf("scope %q, a refresh token: %t", g.Answer.Text("scope"), g.Refresh != "")
	}
	t.OK(t.Refresh(c, g.Refresh))

	g = t.Grant(t.Client(byAccount, question), "scope", scope, "prompt", "consent")
	if g.Refresh != "" || g.Answer.Text("scope") != "openid given_name" {
		t.Errorf("a client that may not refresh gets scope %q, a refresh token: %t", g.Answer.Text("scope"), g.Refresh != "")
	}
}

func oidc12(t *T) {
	other, b := t.NewPerson("given_name", "Otto"), e2e.NewBrowser()
	t.SignIn(b, other)
	ask := t.Ask(t.App(), "scope", "openid given_name", "claims", `{"id_token":{"given_name":null}}`)
	theirs := t.Swap(ask, t.Home(b, ask).Code())
	mine := t.Sub(t.Grant(t.App(), "scope", "openid given_name"))
	header, _, _ := strings.Cut(theirs.IDToken, ".")
	for name, set := range map[string][]string{
		"no JWT":              {"id_token_hint", "x.y.z"},
		"a broken one":        {"id_token_hint", theirs.IDToken[:len(theirs.IDToken)-8]},
		"an unsigned one":     {"id_token_hint", header + ".e30."},
		"a long one":          {"id_token_hint", strings.Repeat("a", 6000)},
		"a wrong name":        {"login_hint", "nobody@example.com"},
		"script in the name":  {"login_hint", `"><script>alert(1)</script>`},
		"a long name":         {"login_hint", strings.Repeat("x", 3000)},
		"both, and of others": {"login_hint", other.UserName, "id_token_hint", "x"},
	} {
		g := t.Grant(t.App(), append([]string{"scope", "openid given_name"}, set...)...)
		if told := t.Told(g); told["sub"] != mine || told["given_name"] != t.Person().Claims["given_name"] {
			t.Errorf("%s: it is about somebody else", name)
		}
		page := t.Open(e2e.NewBrowser(), t.Ask(t.App(), set...).Path())
		if text := string(page.Body); page.Status != http.StatusOK || strings.Contains(text, "<script>alert") || strings.Contains(text, "Otto") {
			t.Errorf("%s: the page is %s, or repeats what it should not", name, page)
		}
	}
	// A hint names a person, and gives nobody that person's data.
	page := t.Open(e2e.NewBrowser(), t.Ask(t.App(), "id_token_hint", theirs.IDToken).Path())
	if !Has(page, "/login") || strings.Contains(string(page.Body), "Otto") || strings.Contains(string(page.Body), other.UserName) {
		t.Errorf("a hint tells of a person: %s", page)
	}
	silent := t.Ask(t.App(), "prompt", "none", "id_token_hint", theirs.IDToken)
	t.Redir(silent, t.Visit(silent), "login_required")
}
