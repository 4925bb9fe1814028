package server_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestPromptNone(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addClient("wallet")
	member := g.admitted("app", "mira", "scope", "profile")
	member.swap()
	authorize := func(w *walk) reply { return w.get("/authorize?" + w.params.Encode()) }

	t.Run("of a wallet, which shows a page in any case", func(t *testing.T) {
		w := g.visitor("wallet", "prompt", "none")
		w.home(authorize(w), "login_required")
	})
	t.Run("of somebody who is not signed in", func(t *testing.T) {
		w := g.visitor("app", "prompt", "none")
		w.home(authorize(w), "login_required")
	})
	t.Run("of what was allowed before", func(t *testing.T) {
		w := member.again("prompt", "none", "scope", "profile")
		w.start().leads(w.at("/finish")) // and no page in between
		w.home(w.get(w.at("/finish")), "")
		w.swap()
	})
	t.Run("of a part of it", func(t *testing.T) {
		w := member.again("prompt", "none", "scope", "birth_date")
		w.home(w.follow(w.start()), "")
	})
	for name, params := range map[string][]string{
		"of more than that":           {"scope", "profile age_over_18"},
		"of OpenID Connect beside it": {"scope", "openid profile"},
		"of single claims beside it":  {"scope", "profile", "claims", `{"userinfo":{"age_over_18":null}}`},
	} {
		t.Run(name, func(t *testing.T) {
			before := g.everything()
			w := member.again(append(params, "prompt", "none")...)
			w.home(authorize(w), "consent_required")
			if g.everything() != before {
				t.Error("a session was made")
			}
		})
	}
}

func TestPromptNoneOfATrustedClientAndOfAnOldSignIn(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addApp("trusted", func(c *kyc.Client) { c.AskConsent = false })
	member, _ := g.member("scope", "profile")
	t.Run("of a client that need not ask", func(t *testing.T) {
		w := g.visitor("trusted", "prompt", "none", "scope", "profile age_over_18")
		w.browser = member.browser
		w.home(w.follow(w.start()), "")
	})
	t.Run("of a sign-in that is too old", func(t *testing.T) {
		g.clock.advance(time.Minute)
		w := member.again("prompt", "none", "scope", "profile", "max_age", "59")
		w.home(w.get("/authorize?"+w.params.Encode()), "login_required")
		w = member.again("prompt", "none", "scope", "profile", "max_age", "60")
		w.home(w.follow(w.start()), "")
	})
}

func TestPromptLoginAndMaxAgeAskForThePassword(t *testing.T) {
	t.Parallel()
	for name, params := range map[string][]string{
		"prompt login":             {"prompt", "login"},
		"prompt select_account":    {"prompt", "select_account"},
		"prompt login and consent": {"prompt", "login consent"},
		"max_age 0":                {"max_age", "0"},
		"max_age that has gone by": {"max_age", "59"},
		"prompt login and max_age": {"prompt", "login", "max_age", "100000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t).withApp()
			first, tokens := g.member("scope", profileScope)
			g.clock.advance(time.Minute)
			w := first.again(append(params, "scope", profileScope)...)
			w.start().leads(w.at("/login"))
			w.get(w.at("/consent")).leads(w.at("/login"))
			w.get(w.at("/finish")).leads(w.at(""))
			w.get("/authorize?" + w.params.Encode()).leads("/session/")
			w.signIn("mira", "wrong", false).shows(http.StatusUnprocessableEntity)
			after := w.signIn("mira", goodPassword, false)
			if slices.Contains(params, "login consent") {
				after.leads(w.at("/consent"))
				w.allow()
			} else {
				w.home(w.follow(after), "")
			}
			before, now := authTime(g, tokens), authTime(g, w.swap())
			if now.Sub(before) != time.Minute {
				t.Errorf("auth_time went from %v to %v", before, now)
			}
		})
	}
}

func TestPromptConsentAsksAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addApp("trusted", func(c *kyc.Client) { c.AskConsent = false })
	w := g.admitted("app", "mira", "scope", "profile")
	w.swap()
	again := w.again("scope", "profile", "prompt", "consent")
	again.start().leads(again.at("/consent"))
	again.allow("birth_date")
	again.swap()
	if info := g.info(again.token).wants(http.StatusOK); info.json()["birth_date"] != nil || info.text("given_name") == "" {
		t.Errorf("info is %s", info.body)
	}
	trusted := g.visitor("trusted", "prompt", "consent")
	trusted.browser = w.browser
	trusted.start().leads(trusted.at("/consent"))
	trusted.home(trusted.decide("deny"), "access_denied")
	trusted = g.visitor("trusted")
	trusted.browser = w.browser
	trusted.start().leads(trusted.at("/finish"))
}

func TestPromptConsentOfAWallet(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		g.addClient("hook", func(c *kyc.Client) { c.CodeDelivery = kyc.DeliverByWebhook })
		w := g.visitor("shop", "prompt", "consent")
		w.start()
		g.prove(w.id)
		w.get(w.at("")).leads(w.at("/consent"))
		if len(g.webhooks()) != 0 {
			t.Error("the client is told before the person agrees")
		}
		w.get(w.at("/finish")).leads(w.at("/consent"))
		w.allow("family_name")
		w.swap()
		if info := g.info(w.token); info.json()["family_name"] != nil || info.text("given_name") != "Kanarietta" {
			t.Errorf("info is %s", info.body)
		}
		// There is no browser to ask in where the code goes by webhook.
		h := g.visitor("hook", "prompt", "consent")
		h.start()
		g.prove(h.id)
		if s := g.session(h.id); s.NeedsConsent() {
			t.Error("nobody will ever be asked")
		}
	})
}
