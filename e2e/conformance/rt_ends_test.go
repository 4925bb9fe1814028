package conformance

import (
	"net/http"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"RT-04", "a refresh token is of no use to another client, and stays good for its own (RFC 6749, section 10.4)", rt04},
	Row{"RT-05", "refreshing needs the client's authentication, and a failed one costs nothing", rt05},
	Row{"RT-08", "a missing refresh token, garbage and other kinds of tokens get nothing", rt08},
	Row{"RT-09", "refresh tokens end when they lie unused, and all of them after their whole time, however much used", rt09},
	Row{"RT-10", "refreshing ends with a withdrawal, an erasure, a disabled client, a scope or grant type taken away", rt10},
	Row{"RT-12", "when a revocation meets a refresh, nothing usable is left", rt12},
	Row{"RT-15", "refresh tokens have visible characters only (RFC 6749, appendix A.17)", rt15},
)

func rt04(t *T) {
	thief, public := t.Client(byAccount, noQuestion, refreshing, "--name=Another"), t.Public()
	for _, owner := range []e2e.Client{t.App(), t.Wallet()} {
		g := t.Grant(owner)
		for range 2 {
			t.JSON(t.Refresh(thief, g.Refresh), http.StatusBadRequest, "invalid_grant")
			t.JSON(t.Refresh(public, g.Refresh), http.StatusBadRequest, "invalid_grant")
			t.OK(t.Info(g.Access))
			g = t.Took(owner, t.Refresh(owner, g.Refresh))
		}
	}
}

func rt05(t *T) {
	c := t.NewClient(byAccount, noQuestion, refreshing)
	g := t.Grant(c)
	t.JSON(t.Refresh(c, g.Refresh, "client_id", Without, "client_secret", Without), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Refresh(c, g.Refresh, "client_secret", Without), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Refresh(c, g.Refresh, "client_secret", "wrong"), http.StatusUnauthorized, "invalid_client")
	bearer := t.PostForm("/token", t.Form(c, "client_id", Without, "client_secret", Without, "grant_type", "refresh_token", "refresh_token", g.Refresh),
		"Authorization", "Bearer "+g.Access)
	t.JSON(bearer, http.StatusUnauthorized, "invalid_client")
	t.OK(t.Info(g.Access))
	t.OK(t.Refresh(c, g.Refresh))
}

func rt08(t *T) {
	c := t.App()
	for _, none := range []string{Without, ""} {
		t.JSON(t.Refresh(c, none), http.StatusBadRequest, "invalid_request")
	}
	g := t.Grant(c, "scope", "openid offline_access")
	ask, code := t.codeOf(c)
	for _, bad := range []string{
		g.Access, code, g.IDToken, c.Secret, "x", strings.Repeat("A", len(g.Refresh)), g.Refresh[:len(g.Refresh)-1], g.Refresh + "A",
		g.Refresh[:len(g.Refresh)-4] + "AAAA", g.Refresh + " ", "Bearer " + g.Refresh, "'; DROP TABLE tokens; --", strings.Repeat("é", 100),
	} {
		t.JSON(t.Refresh(c, bad), http.StatusBadRequest, "invalid_grant")
	}
	t.JSON(t.Refresh(c, g.Refresh+"\x00"), http.StatusBadRequest, "invalid_grant", "invalid_request")
	t.Swap(ask, code)
	t.OK(t.Info(g.Access))
	t.OK(t.Refresh(c, g.Refresh))
}

func rt09(t *T) {
	idle := t.Client(byAccount, noQuestion, refreshing, "--refresh-idle=2s")
	unused := t.Grant(idle)
	t.Pass(2100 * time.Millisecond)
	t.JSON(t.Refresh(idle, unused.Refresh), http.StatusBadRequest, "invalid_grant")

	const life = 4 * time.Second
	ask := t.Ask(t.Client(byAccount, noQuestion, refreshing, "--refresh-idle=4s", "--refresh-lifetime=4s"))
	code := t.Code(ask)
	before := time.Now()
	g := t.Swap(ask, code)
	after, used := time.Now(), 0
	t.Until("the refresh tokens to end", func() (bool, error) {
		asked := time.Now()
		a := t.Refresh(g.Client, g.Refresh)
		if a.Status == http.StatusOK {
			g, used = t.Took(g.Client, a), used+1
			if asked.After(after.Add(life)) {
				t.Fatalf("it is refreshed %s after it was issued", asked.Sub(after))
			}
			return false, nil
		}
		t.JSON(a, http.StatusBadRequest, "invalid_grant")
		if early := time.Until(before.Add(life)); early > 0 {
			t.Fatalf("it has ended %s early", early)
		}
		return true, nil
	})
	if used == 0 {
		t.Error("it was never refreshed")
	}
}

func rt10(t *T) {
	for name, end := range map[string]func(*e2e.Browser, Grant){
		"withdrawn": func(b *e2e.Browser, _ Grant) { t.Submit(b, t.Open(b, "/me"), "/me/withdraw") },
		"erased":    func(b *e2e.Browser, _ Grant) { t.Submit(b, t.Open(b, "/me"), "/me/erase") },
		"revoked":   func(_ *e2e.Browser, g Grant) { t.Do("session", "revoke", t.sessionOfGrant(g.Client)) },
	} {
		b, ask := e2e.NewBrowser(), t.Ask(t.NewClient(byAccount, noQuestion, refreshing))
		t.SignIn(b, t.NewPerson())
		g := t.Swap(ask, t.Home(b, ask).Code())
		g = t.Took(g.Client, t.Refresh(g.Client, g.Refresh))
		end(b, g)
		if a := t.Refresh(g.Client, g.Refresh); a.Text("error") != "invalid_grant" {
			t.Errorf("%s: %s", name, a)
		}
		t.Dead(g)
	}

	c := t.NewClient(byAccount, noQuestion, refreshing)
	g := t.Grant(c, "scope", "given_name birth_date")
	t.Do("client", "update", c.ID, "--scope", "given_name")
	t.Until("the scope to be gone", func() (bool, error) {
		return strings.Contains(t.Visit(g.Ask).Header.Get("Location"), "error=invalid_scope"), nil
	})
	t.JSON(t.Refresh(c, g.Refresh), http.StatusBadRequest, "invalid_grant")
	t.Do("client", "disable", c.ID)
	t.shut(c)
	t.JSON(t.Refresh(c, g.Refresh), http.StatusUnauthorized, "invalid_client")

	c = t.NewClient(byAccount, noQuestion, refreshing)
	g = t.Grant(c)
	t.Do("client", "update", c.ID, "--grant-type", "authorization_code")
	t.Until("the grant type to be gone", func() (bool, error) {
		return t.Refresh(c, "none").Text("error") == "unauthorized_client", nil
	})
	t.JSON(t.Refresh(c, g.Refresh), http.StatusBadRequest, "unauthorized_client")
}

func rt12(t *T) {
	const rounds, sideBySide = 100, 4
	c := t.App()
	atOnce(sideBySide, func(int) Answer {
		for range rounds / sideBySide {
			g := t.Grant(c)
			calls := atOnce(2, func(i int) Answer {
				if i == 0 {
					return t.Revoke(c, g.Refresh)
				}
				return t.Refresh(c, g.Refresh)
			})
			t.OK(calls[0])
			t.Dead(g)
			if calls[1].Status == http.StatusOK {
				t.Dead(t.Took(c, calls[1]))
			} else {
				t.JSON(calls[1], http.StatusBadRequest, "invalid_grant")
			}
		}
		return Answer{}
	})
}

func rt15(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public(), t.Wallet()} {
		g := t.Grant(c)
		for range 5 {
			for _, token := range []string{g.Refresh, g.Access} {
				if token == "" || strings.Trim(token, tokenCharacters) != "" {
					t.Errorf("a token is %q", token)
				}
			}
			g = t.Took(c, t.Refresh(c, g.Refresh))
		}
	}
}
