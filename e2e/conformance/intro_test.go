package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"INTRO-01", "a client is told what its tokens are good for, whose they are and until when (RFC 7662, section 2.2)", intro01},
	Row{"INTRO-02", "of tokens that are of no use it says that they are not active, and nothing else", intro02},
	Row{"INTRO-03", "callers that do not authenticate are refused, public clients too (RFC 7662, section 2.1)", intro03},
	Row{"INTRO-04", "a client learns nothing of another one's token (RFC 7662, section 4)", intro04},
	Row{"INTRO-05", "nothing that was proved is in the answer (RFC 7662, section 5)", intro05},
)

func intro01(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		g := t.Grant(c, "scope", "openid given_name offline_access")
		sub := t.Info(g.Access).Text("sub")
		life, _ := g.Answer.JSON["expires_in"].(float64)
		for token, kind := range map[string]string{g.Access: "Bearer", g.Refresh: "refresh_token"} {
			a := t.OK(t.Introspect(c, token))
			t.IsJSON(a)
			t.NoStore(a)
			if a.JSON["active"] != true {
				t.Fatalf("%s", a)
			}
			for name, want := range map[string]string{
				"scope": g.Answer.Text("scope"), "client_id": c.ID, "sub": sub, "token_type": kind, "iss": t.Issuer(),
			} {
				if a.Text(name) != want || want == "" {
					t.Errorf("%s is %q, not %q", name, a.Text(name), want)
				}
			}
			issued, isNumber := a.JSON["iat"].(float64)
			ends, too := a.JSON["exp"].(float64)
			if !isNumber || !too || ends <= issued || kind == "Bearer" && (ends-issued < life-1 || ends-issued > life+1) {
				t.Errorf("it is of %v and ends at %v, after %v s", a.JSON["iat"], a.JSON["exp"], life)
			}
			byHeader := t.PostForm("/introspect", url.Values{"token": {token}}, "Authorization", Basic(c.ID, c.Secret))
			t.same(a, byHeader)
			for _, hint := range []string{"refresh_token", "access_token", "nonsense"} {
				t.same(a, t.Introspect(c, token, "token_type_hint", hint))
			}
		}
		narrow := t.Took(c, t.Refresh(c, g.Refresh, "scope", "given_name"))
		if got := t.OK(t.Introspect(c, narrow.Access)).Text("scope"); got != "given_name" {
			t.Errorf("of a narrower token the scope is %q", got)
		}
	}
}

// inactive fails the case unless an answer says that a token is not active, and
// nothing else.
func (t *T) inactive(what string, a Answer) {
	t.Helper()
	t.OK(a)
	t.IsJSON(a)
	t.NoStore(a)
	var body map[string]any
	t.Check(json.Unmarshal(a.Body, &body))
	if len(body) != 1 || body["active"] != false {
		t.Errorf("%s: %s", what, a.Body)
	}
}

func intro02(t *T) {
	c := t.NewClient(byAccount, noQuestion, refreshing, "--token-lifetime=1s")
	g := t.Grant(c, "scope", "openid given_name offline_access")
	_, code := t.codeOf(c)
	t.Until("a token to end", func() (bool, error) { return t.Info(g.Access).Status != http.StatusOK, nil })
	next := t.Took(c, t.Refresh(c, g.Refresh))
	dead := map[string]string{
		"an ended one": g.Access, "a used one": g.Refresh, "a code": code, "an ID token": g.IDToken, "the secret": c.Secret, "a used code": g.Code,
	}
	for i, token := range mangled(next.Refresh) {
		dead[fmt.Sprint("mangled ", i)] = token
	}
	for what, token := range dead {
		t.inactive(what, t.Introspect(c, token))
	}
	if t.OK(t.Introspect(c, next.Refresh)).JSON["active"] != true {
		t.Error("the one that is good is not active")
	}
	t.OK(t.Revoke(c, next.Refresh))
	t.inactive("a revoked refresh token", t.Introspect(c, next.Refresh))
	t.inactive("an access token of it", t.Introspect(c, next.Access))
}

func intro03(t *T) {
	c := t.NewClient(byAccount, noQuestion)
	g := t.Grant(c)
	for _, token := range []string{g.Access, "unknown"} {
		for _, set := range [][]string{{"client_secret", "wrong"}, {"client_secret", Without}, {"client_id", Without, "client_secret", Without}} {
			t.JSON(t.Introspect(c, token, set...), http.StatusUnauthorized, "invalid_client")
		}
		bearer := t.PostForm("/introspect", url.Values{"token": {token}}, "Authorization", "Bearer "+g.Access)
		t.JSON(bearer, http.StatusUnauthorized, "invalid_client")
	}
	public := t.Grant(t.Public())
	t.JSON(t.Introspect(public.Client, public.Access), http.StatusUnauthorized, "invalid_client")
	if slices.Contains(Texts(t.Metadata(), "introspection_endpoint_auth_methods_supported"), "none") {
		t.Error("the metadata says that public clients may ask")
	}
	t.Status(t.Get("/introspect?token="+g.Access, "Authorization", Basic(c.ID, c.Secret)), http.StatusMethodNotAllowed)
	for _, none := range []string{Without, ""} {
		t.JSON(t.Introspect(c, none), http.StatusBadRequest, "invalid_request")
	}
	t.OK(t.Introspect(c, g.Access))
}

func intro04(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name offline_access")
	want := t.Introspect(t.Wallet(), "unknown")
	for _, other := range []e2e.Client{t.Wallet(), t.Client(byAccount, noQuestion)} {
		for _, token := range []string{g.Access, g.Refresh} {
			a := t.Introspect(other, token)
			t.inactive("another client's", a)
			t.same(want, a)
		}
	}
	if t.OK(t.Introspect(g.Client, g.Access)).JSON["active"] != true {
		t.Error("its own client is not told that it is active")
	}
}

func intro05(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name family_name birth_date offline_access", "claims", `{"userinfo":{"birthdate":null}}`)
	for _, token := range []string{g.Access, g.Refresh} {
		a := t.OK(t.Introspect(g.Client, token))
		for name := range a.JSON {
			if !slices.Contains([]string{"active", "scope", "client_id", "sub", "token_type", "exp", "iat", "iss"}, name) {
				t.Errorf("there is a member %s", name)
			}
		}
		for name, value := range t.Person().Claims {
			if strings.Contains(string(a.Body), value) {
				t.Errorf("there is the person's %s", name)
			}
		}
		for _, name := range []string{"username", "user_name", t.Person().UserName} {
			if strings.Contains(string(a.Body), `"`+name+`"`) {
				t.Errorf("there is %s", name)
			}
		}
	}
}
