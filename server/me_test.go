package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// atHome is a browser in which somebody has signed in to the page about oneself.
func (g *gate) atHome(name string) *browser {
	g.t.Helper()
	b := g.browser()
	b.get("/me").leads("/login")
	b.signInAt("/login", name, goodPassword, false).leads("/me")
	return b
}

func TestPageAboutOneself(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		g.addApp("other", func(c *kyc.Client) { c.Name, c.Operator = `<script>alert(1)</script>`, "" })
		g.addAccount("noor")
		g.atHome("mira").get("/me").shows(http.StatusOK, "mira").lacks("Corner app", "/me/withdraw")
		w, _ := g.member("scope", "profile")
		g.admitted("other", "mira", "scope", "age_over_18").swap()
		g.admitted("app", "noor", "scope", "age_over_18").swap()
		page := g.atHome("mira").get("/me").shows(http.StatusOK, "mira", "Corner app", "Example Operators", "&lt;script&gt;")
		page.lacks("<script>alert", "noor", "Kanarietta")
		if n := strings.Count(page.body, `action="/me/withdraw"`); n != 2 {
			t.Errorf("%d grants are listed, want 2", n)
		}
		g.revoke("app", w.token).wants(http.StatusOK)
		g.atHome("mira").get("/me").shows(http.StatusOK, "Corner app") // it can still be refreshed
		g.disable("app")
		g.atHome("mira").get("/me").shows(http.StatusOK, "Corner app")
	})
}

func TestWithdrawing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		g.addAccount("noor")
		w, tokens := g.member("scope", "profile")
		foreign := g.admitted("app", "noor", "scope", "profile")
		foreign.swap()
		theirs, err := st.GrantOfSession(ctx, foreign.id)
		must(t, err)
		b := g.atHome("mira")
		fields := b.get("/me").form("/me/withdraw")
		for name, grant := range map[string]string{"another person's": theirs.ID.String(), "nobody's": g.newID().String()} {
			t.Run(name, func(t *testing.T) {
				b.postForm("/me/withdraw", withField(fields, "grant", grant)).shows(http.StatusNotFound)
			})
		}
		for _, grant := range []string{"", "x", fields.Get("grant") + "0"} {
			b.postForm("/me/withdraw", withField(fields, "grant", grant)).shows(http.StatusBadRequest)
		}
		g.info(foreign.token).wants(http.StatusOK)
		g.info(w.token).wants(http.StatusOK)

		for range 2 { // the second click finds the first
			b.postForm("/me/withdraw", fields).shows(http.StatusOK, `role="status"`).lacks("Corner app")
		}
		g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
		g.refresh("app", tokens.text("refresh_token")).refuses(http.StatusBadRequest, "invalid_grant")
		told := g.revoked()
		if len(told) != 1 || !strings.Contains(told[0], `"error":"withdrawn"`) || !strings.Contains(told[0], w.id.String()) {
			t.Errorf("the client is told %v", told)
		}
		grant, err := st.GrantOfSession(ctx, w.id)
		must(t, err)
		if len(grant.SealedClaims) != 0 {
			t.Error("the data are still there")
		}
		g.info(foreign.token).wants(http.StatusOK)
	})
}

func TestErasing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		g.addApp("other")
		w, tokens := g.member("scope", "profile")
		second := g.admitted("other", "mira", "scope", "profile")
		second.swap()
		elsewhere := g.atHome("mira")
		b := g.atHome("mira")
		r := b.postForm("/me/erase", b.get("/me").form("/me/erase")).shows(http.StatusOK)
		if b.cookie(signInCookie) != "" || strings.Contains(r.body, "mira") {
			t.Error("somebody is still signed in")
		}
		for _, token := range []string{w.token, second.token} {
			g.info(token).refuses(http.StatusUnauthorized, "invalid_token")
		}
		g.refresh("app", tokens.text("refresh_token")).refuses(http.StatusBadRequest, "invalid_grant")
		if told := g.revoked(); len(told) != 2 || !strings.Contains(told[0], `"error":"erased"`) || !strings.Contains(told[1], `"error":"erased"`) {
			t.Errorf("the clients are told %v", told)
		}
		elsewhere.get("/me").leads("/login")
		elsewhere.post("/me/erase").shows(http.StatusForbidden) // its form was for whoever was signed in
		b.signInAt("/login", "mira", goodPassword, false).shows(http.StatusUnprocessableEntity)
		if _, err := st.AccountByName(ctx, "mira"); err == nil {
			t.Error("the account is still there")
		}
		for _, id := range []kyc.ID{w.id, second.id} {
			if grant, err := st.GrantOfSession(ctx, id); err == nil && len(grant.SealedClaims) != 0 {
				t.Error("data are still there")
			}
		}
	})
}

func TestSigningOut(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	b := g.atHome("mira")
	kept := b.cookie(signInCookie)
	b.postForm("/logout", b.get("/me").form("/logout")).shows(http.StatusOK, "/login").lacks("mira")
	if b.cookie(signInCookie) != "" {
		t.Error("the cookie is still there")
	}
	b.get("/me").leads("/login")
	g.browser().with("Cookie", signInCookie+"="+kept).get("/me").leads("/login")
	b.post("/logout").shows(http.StatusOK) // once more
	b.get("/login?ui_locales=it").shows(http.StatusOK, `<html lang="it">`).form("/login?ui_locales=it")
	b.get("/me?ui_locales=it").leads("/login?ui_locales=it")
}

func TestWithdrawingTheProofOfAWallet(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addWallet("shop", "profile")
		w := g.openID("shop")
		stranger := g.browser()
		stranger.postForm(w.at("/withdraw"), url.Values{"csrf": {w.csrf(w.id.String())}}).shows(http.StatusNotFound)
		page := w.get(w.at("")).shows(http.StatusOK)
		form := page.form(w.at("/withdraw"))
		g.info(w.token).wants(http.StatusOK)
		for range 2 {
			w.postForm(w.at("/withdraw"), form).leads(w.at(""))
		}
		w.get(w.at("")).shows(http.StatusOK).lacks(w.at("/withdraw"))
		g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
		if told := g.revoked(); len(told) != 1 || !strings.Contains(told[0], `"error":"withdrawn"`) || !strings.Contains(told[0], `"method":"swiyu"`) {
			t.Errorf("the client is told %v", told)
		}

		early := g.visitor("shop")
		early.start()
		early.post(early.at("/withdraw")).leads(early.at("")) // there is nothing yet
		g.prove(early.id)
		early.post(early.at("/withdraw")).leads(early.at(""))
		early.home(early.get(early.at("/finish")), "")
		early.swap()
		g.clock.advance(early.client.TokenLifetime)
		early.get(early.at("")).shows(http.StatusOK).lacks(early.at("/withdraw"))
	})
}

func TestAPageOfOnePersonDoesNothingToTheNext(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addAccount("mira")
	g.addAccount("nils")
	b := g.atHome("mira")
	stale := b.get("/me").form("/me/erase")
	b.signInAt("/login", "nils", goodPassword, false).leads("/me")
	b.postForm("/me/erase", stale).shows(http.StatusForbidden)
	b.postForm("/logout", stale).shows(http.StatusForbidden)
	for _, name := range []string{"mira", "nils"} {
		if _, err := g.store.AccountByName(ctx, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.get("/me").shows(http.StatusOK, "nils")
}
