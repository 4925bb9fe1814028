package conformance

import (
	"net/http"
	"net/url"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"RES-01", "a good token reads JSON that no cache keeps (RFC 6750, section 5.3)", res01},
	Row{"RES-02", "without a token there is a challenge with a realm and no error word (RFC 6750, section 3.1)", res02},
	Row{"RES-03", "unknown, mangled, ended and revoked tokens are invalid_token, and which of these is not told", res03},
	Row{"RES-04", "a token that lacks a scope is told which one, with 403 (RFC 6750, section 3.1)", res04},
	Row{"RES-05", "tokens in the URL are not looked at, and the log does not have them (RFC 9700, section 4.3.2)", res05},
	Row{"RES-06", "a token that comes in two ways is refused (RFC 6750, section 2)", res06},
	Row{"RES-07", "the name of the scheme is in any case (RFC 9110, section 11.1)", res07},
	Row{"RES-08", "malformed Authorization headers are refused and break nothing", res08},
	Row{"RES-09", "refresh tokens, codes, ID tokens and secrets read nothing", res09},
	Row{"RES-14", "/userinfo takes POST with the token in the header or in the form (OpenID Connect Core, section 5.3.1)", res14},
	Row{"RES-15", "scripts of a registered origin may read, and see the challenge; those of others may not", res15},
)

// readers are the paths where data is read.
var readers = []string{"/info", "/userinfo"}

// reads returns the body of an answer with data in it, after a look at its headers.
func (t *T) reads(a Answer) string {
	t.Helper()
	t.OK(a)
	t.IsJSON(a)
	t.NoStore(a)
	if got := a.Header.Get("WWW-Authenticate"); got != "" {
		t.Errorf("there is a challenge: %s", got)
	}
	return string(a.Body)
}

func res01(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public(), t.Wallet()} {
		g := t.Grant(c, "scope", "openid given_name family_name birth_date")
		for path, names := range map[string][]string{
			"/info": {"id", "sub", "method", "verified_at", "given_name", "family_name", "birth_date"}, "/userinfo": {"sub", "given_name", "family_name", "birthdate"},
		} {
			a := t.Get(path, "Authorization", "Bearer "+g.Access)
			t.reads(a)
			for _, name := range names {
				if a.Text(name) == "" {
					t.Errorf("%s has no %s: %s", path, name, a.Body)
				}
			}
		}
		if c.ID != t.Wallet().ID {
			if name := t.Info(g.Access).Text("given_name"); name != t.Person().Claims["given_name"] {
				t.Errorf("the first name is %q", name)
			}
		}
	}
}

func res02(t *T) {
	for _, path := range readers {
		for _, header := range [][]string{nil, {"Authorization", Basic(t.App().ID, "x")}, {"Cookie", "access_token=x"}, {"X-Access-Token", "x"}} {
			a := t.Get(path, header...)
			t.Status(a, http.StatusUnauthorized)
			t.asked(a, "Bearer")
			if challenge := a.Header.Get("WWW-Authenticate"); strings.Contains(challenge, "error") || strings.Contains(challenge, "scope") {
				t.Errorf("%s: the challenge is %s", path, challenge)
			}
			t.IsJSON(a)
			t.NoStore(a)
		}
	}
}

// mangled are texts that are nearly a token.
func mangled(token string) []string {
	last := "A"
	if strings.HasSuffix(token, last) {
		last = "B"
	}
	return []string{
		token[:len(token)-1] + last, token[:len(token)-1], token + "A", token + "=", strings.ToUpper(token), strings.ToLower(token), token[1:],
		token[:len(token)/2] + strings.Repeat("A", len(token)/2), token + "." + token, "x", "'; DROP TABLE tokens; --", strings.Repeat("A", 4000),
	}
}

func res03(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name")
	ended := t.Grant(t.Client(byAccount, noQuestion, "--token-lifetime=1s"), "scope", "openid given_name")
	t.Until("a token to end", func() (bool, error) { return t.Info(ended.Access).Status != http.StatusOK, nil })
	revoked := t.Grant(t.App(), "scope", "openid given_name")
	t.OK(t.Revoke(revoked.Client, revoked.Access))
	for _, path := range readers {
		want := t.Get(path, "Authorization", "Bearer "+strings.Repeat("A", len(g.Access)))
		for _, bad := range append(mangled(g.Access), ended.Access, revoked.Access) {
			a := t.Get(path, "Authorization", "Bearer "+bad)
			t.BadToken(a)
			t.asked(a, "Bearer")
			t.IsJSON(a)
			t.NoStore(a)
			if !strings.Contains(bad, " ") { // with a space in it, it is malformed
				t.same(want, a)
			}
		}
		t.reads(t.Get(path, "Authorization", "Bearer "+g.Access))
	}
}

func res04(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		g := t.Grant(c, "scope", "given_name")
		narrow := t.Grant(c, "scope", "openid offline_access given_name")
		narrow = t.Took(c, t.Refresh(c, narrow.Refresh, "scope", "given_name"))
		for _, token := range []string{g.Access, narrow.Access} {
			a := t.Userinfo(token)
			t.Status(a, http.StatusForbidden)
			t.asked(a, "Bearer")
			challenge := a.Header.Get("WWW-Authenticate")
			if !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="openid"`) {
				t.Errorf("the challenge is %s", challenge)
			}
			t.IsJSON(a)
			t.reads(t.Info(token))
		}
	}
}

func res05(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name")
	for _, path := range readers {
		for _, name := range []string{"access_token", "token", "bearer_token", "authorization"} {
			a := t.Get(path + "?" + url.Values{name: {g.Access}}.Encode())
			t.Status(a, http.StatusUnauthorized)
			if challenge := a.Header.Get("WWW-Authenticate"); strings.Contains(challenge, "error") {
				t.Errorf("%s: the challenge is %s", path, challenge)
			}
		}
		bad := t.Get(path+"?"+url.Values{"access_token": {g.Access}}.Encode(), "Authorization", "Bearer x")
		t.BadToken(bad)
	}
	if strings.Contains(t.Gateway.Log.String(), g.Access) {
		t.Error("the log has the token")
	}
	t.OK(t.Info(g.Access))
}

func res06(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name")
	form := url.Values{"access_token": {g.Access}}
	for name, a := range map[string]Answer{
		"header and form":        t.PostForm("/userinfo", form, "Authorization", "Bearer "+g.Access),
		"another one in a form":  t.PostForm("/userinfo", url.Values{"access_token": {"x"}}, "Authorization", "Bearer "+g.Access),
		"Basic and form":         t.PostForm("/userinfo", form, "Authorization", Basic(g.Client.ID, g.Client.Secret)),
		"twice in a form":        t.Post("/userinfo", form.Encode()+"&"+form.Encode()),
		"two headers":            t.Get("/userinfo", "Authorization", "Bearer "+g.Access, "Authorization", "Bearer "+g.Access),
		"two headers for /info":  t.Get("/info", "Authorization", "Bearer "+g.Access, "Authorization", "Bearer "+g.Access),
		"two different headers":  t.Get("/info", "Authorization", "Bearer "+g.Access, "Authorization", "Basic x"),
		"two headers, one empty": t.Get("/info", "Authorization", "Bearer "+g.Access, "Authorization", ""),
	} {
		if challenge := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer ") || !strings.Contains(challenge, `error="invalid_request"`) {
			t.Errorf("%s: the challenge is %q", name, challenge)
		}
		t.JSON(a, http.StatusBadRequest, "invalid_request")
	}
}

func res07(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name")
	for _, path := range readers {
		for _, scheme := range []string{"bearer ", "BEARER ", "bEaReR ", "Bearer  "} {
			t.reads(t.Get(path, "Authorization", scheme+g.Access))
		}
	}
}

func res08(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name")
	for _, path := range readers {
		for _, header := range []string{
			"Bearer", "Bearer ", "Bearer a b", "Bearer " + g.Access + " " + g.Access, "Bearer " + g.Access + ", Bearer x", "Bearer\t" + g.Access,
			"Bearer " + g.Access + "\x80", "Bearer é", "Bearer:" + g.Access, "Bearer=" + g.Access, "Bearer \"" + g.Access + "\"", g.Access,
			"Basic " + g.Access, "DPoP " + g.Access, "Token " + g.Access, "Bearer token=" + g.Access, ",", " ", "=",
		} {
			a := t.Get(path, "Authorization", header)
			t.Status(a, http.StatusUnauthorized, http.StatusBadRequest)
			t.asked(a, "Bearer")
			t.IsJSON(a)
		}
		for _, line := range []string{"Authorization: Bearer " + g.Access + "\r\nAuthorization: Bearer " + g.Access, "Authorization: Bearer\x00 x", "Authorization:"} {
			t.Status(t.RawGet(path, line), http.StatusUnauthorized, http.StatusBadRequest)
		}
		t.reads(t.Get(path, "Authorization", "Bearer "+g.Access))
	}
	t.Alive()
}

func res09(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		g := t.Grant(c, "scope", "openid offline_access given_name")
		_, code := t.codeOf(c)
		for _, path := range readers {
			for _, other := range []string{g.Refresh, g.Code, code, g.IDToken, c.Secret, c.ID, g.Ask.State(), g.Ask.Verifier} {
				if !strings.Contains(other, " ") {
					t.BadToken(t.Get(path, "Authorization", "Bearer "+other))
				}
			}
			t.reads(t.Get(path, "Authorization", "Bearer "+g.Access))
		}
	}
}

func res14(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name birth_date")
	want := t.reads(t.Userinfo(g.Access))
	header := []string{"Authorization", "Bearer " + g.Access}
	for name, a := range map[string]Answer{
		"an empty form":   t.Post("/userinfo", "", header...),
		"no body":         t.Send(http.MethodPost, "/userinfo", "", header...),
		"another form":    t.Post("/userinfo", "schema=openid", header...),
		"a JSON body":     t.Send(http.MethodPost, "/userinfo", "{}", append(header, "Content-Type", "application/json")...),
		"token in a form": t.PostForm("/userinfo", url.Values{"access_token": {g.Access}}),
	} {
		if got := t.reads(a); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
	t.BadToken(t.PostForm("/userinfo", url.Values{"access_token": {g.Refresh + "x"}}))
	none := t.Send(http.MethodPost, "/userinfo", `{"access_token":"`+g.Access+`"}`, "Content-Type", "application/json")
	t.Status(none, http.StatusUnauthorized)
	t.asked(none, "Bearer")
}

func res15(t *T) {
	const origin = "https://reader.example"
	c := t.Client(byAccount, noQuestion, publicly, "--origin="+origin)
	g := t.Grant(c, "scope", "openid given_name")
	for _, path := range readers {
		t.Scripts(path, origin, func(header ...string) Answer {
			return t.Get(path, append([]string{"Authorization", "Bearer " + g.Access}, header...)...)
		})
		bad := t.Get(path, "Origin", origin, "Authorization", "Bearer x")
		t.BadToken(bad)
		t.shares(bad, origin)
		t.names(bad, "Access-Control-Expose-Headers", "WWW-Authenticate")
	}
}
