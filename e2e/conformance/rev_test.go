package conformance

import (
	"net/http"
	"net/url"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"REV-01", "a client gives up tokens of both kinds, which then are of no use (RFC 7009, section 2.1)", rev01},
	Row{"REV-02", "unknown, ended and revoked tokens are revoked successfully (RFC 7009, section 2.2)", rev02},
	Row{"REV-03", "revoking needs the client's authentication", rev03},
	Row{"REV-04", "nobody revokes another client's token", rev04},
	Row{"REV-05", "access tokens end with the refresh token of their grant (RFC 7009, section 2.1)", rev05},
	Row{"REV-06", "a token is found whatever the hint says (RFC 7009, section 2.1)", rev06},
	Row{"REV-07", "a missing token, a GET and a kind of token that cannot be revoked are refused by the right word (RFC 7009, section 2.2.1)", rev07},
	Row{"REV-08", "scripts of a registered origin may revoke, those of others may not (RFC 7009, section 2.3)", rev08},
)

// gone fails the case unless an answer says that a token is of no use any more.
func (t *T) gone(a Answer) {
	t.Helper()
	t.OK(a)
	t.NoStore(a)
	if len(a.Body) != 0 {
		t.Errorf("the answer has a body: %s", a.Body)
	}
}

func rev01(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public(), t.Wallet()} {
		g := t.Grant(c)
		t.gone(t.Revoke(c, g.Access))
		t.BadToken(t.Info(g.Access))
		next := t.Took(c, t.Refresh(c, g.Refresh)) // which was not given up
		t.OK(t.Info(next.Access))
		t.gone(t.Revoke(c, next.Refresh))
		t.Dead(next)
	}
	c := t.App()
	g := t.Grant(c)
	t.gone(t.PostForm("/revoke", url.Values{"token": {g.Refresh}}, "Authorization", Basic(c.ID, c.Secret)))
	t.Dead(g)
	// Without a refresh token there is no other way to the data: it is erased.
	last := t.Grant(t.Client(byAccount, noQuestion))
	t.gone(t.Revoke(last.Client, last.Access))
	t.Dead(last)
}

func rev02(t *T) {
	c := t.Client(byAccount, noQuestion, refreshing, "--token-lifetime=1s")
	g := t.Grant(c)
	ended := g.Access
	t.Until("a token to end", func() (bool, error) { return t.Info(ended).Status != http.StatusOK, nil })
	old := g.Refresh
	next := t.Took(c, t.Refresh(c, g.Refresh))
	for _, token := range append(mangled(next.Access), ended, ended) {
		if strings.Count(token, ".") != 2 {
			t.gone(t.Revoke(c, token))
		}
	}
	third := t.Took(c, t.Refresh(c, next.Refresh)) // which nothing of that has touched
	for range 2 {
		t.gone(t.Revoke(c, third.Refresh))
		t.gone(t.Revoke(c, third.Access))
		t.gone(t.Revoke(c, old))
	}
	t.Dead(third)
}

func rev03(t *T) {
	c := t.NewClient(byAccount, noQuestion, refreshing)
	g := t.Grant(c)
	for _, token := range []string{g.Access, g.Refresh, "unknown"} {
		for _, set := range [][]string{{"client_secret", "wrong"}, {"client_secret", Without}, {"client_id", Without, "client_secret", Without}} {
			t.JSON(t.Revoke(c, token, set...), http.StatusUnauthorized, "invalid_client")
		}
	}
	bearer := t.PostForm("/revoke", url.Values{"token": {g.Access}}, "Authorization", "Bearer "+g.Access)
	t.JSON(bearer, http.StatusUnauthorized, "invalid_client")
	t.OK(t.Info(g.Access))
	t.OK(t.Refresh(c, g.Refresh))
}

func rev04(t *T) {
	for _, owner := range []e2e.Client{t.App(), t.Public()} {
		g := t.Grant(owner)
		for _, other := range []e2e.Client{t.Client(byAccount, noQuestion), t.Wallet(), t.Client(byAccount, noQuestion, publicly)} {
			for _, token := range []string{g.Access, g.Refresh} {
				t.Status(t.Revoke(other, token), http.StatusOK, http.StatusBadRequest)
			}
		}
		t.OK(t.Info(g.Access))
		t.OK(t.Refresh(owner, g.Refresh))
	}
}

func rev05(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		g := t.Grant(c)
		second := t.Took(c, t.Refresh(c, g.Refresh))
		third := t.Took(c, t.Refresh(c, second.Refresh))
		t.gone(t.Revoke(c, third.Refresh))
		for _, token := range []string{g.Access, second.Access, third.Access} {
			t.BadToken(t.Info(token))
		}
		// An old one, that was used before, belongs to the same grant.
		g = t.Grant(c)
		second = t.Took(c, t.Refresh(c, g.Refresh))
		t.gone(t.Revoke(c, g.Refresh))
		t.Dead(second)
	}
}

func rev06(t *T) {
	c := t.App()
	for _, hint := range []string{"refresh_token", "access_token", "nonsense", "", "id_token", "\x01"} {
		g := t.Grant(c)
		t.gone(t.Revoke(c, g.Access, "token_type_hint", hint))
		t.BadToken(t.Info(g.Access))
		t.gone(t.Revoke(c, g.Refresh, "token_type_hint", hint))
		t.Dead(g)
	}
}

func rev07(t *T) {
	c := t.App()
	g := t.Grant(c, "scope", "openid offline_access")
	for _, none := range []string{Without, ""} {
		t.JSON(t.Revoke(c, none), http.StatusBadRequest, "invalid_request")
	}
	form := t.Form(c, "token", g.Access)
	t.JSON(t.Post("/revoke", form.Encode()+"&token="+g.Access), http.StatusBadRequest, "invalid_request")
	t.JSON(t.Post("/revoke?"+form.Encode(), ""), http.StatusBadRequest, "invalid_request")
	t.JSON(t.Send(http.MethodPost, "/revoke", `{"token":"`+g.Access+`"}`, "Content-Type", "application/json"), http.StatusBadRequest, "invalid_request")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		a := t.Send(method, "/revoke?"+form.Encode(), "")
		t.Status(a, http.StatusMethodNotAllowed)
		if got := a.Header.Get("Allow"); got != http.MethodPost {
			t.Errorf("%s: Allow is %q", method, got)
		}
	}
	t.JSON(t.Revoke(c, g.IDToken), http.StatusBadRequest, "unsupported_token_type")
	t.OK(t.Info(g.Access))
	t.OK(t.Refresh(c, g.Refresh))
}

func rev08(t *T) {
	const origin = "https://leaver.example"
	c := t.Client(byAccount, noQuestion, refreshing, publicly, "--origin="+origin)
	t.Scripts("/revoke", origin, func(header ...string) Answer { return t.PostForm("/revoke", t.Form(c, "token", "unknown"), header...) })
	g := t.Grant(c)
	a := t.PostForm("/revoke", t.Form(c, "token", g.Refresh), "Origin", origin)
	t.gone(a)
	t.shares(a, origin)
	t.Dead(g)
}
