package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/server"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestStandardStartByQueryAndByForm(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
		for name, begin := range map[string]func(*walk) reply{
			"GET":  func(w *walk) reply { return w.get("/authorize?" + w.params.Encode()) },
			"POST": func(w *walk) reply { return w.postForm("/authorize", w.params) },
			"POST of another site, with a query that is not looked at": func(w *walk) reply {
				return w.with("Origin", "https://shop.example").with("Sec-Fetch-Site", "cross-site").
					postForm("/authorize?state=evil&scope=portrait", w.params)
			},
		} {
			t.Run(name, func(t *testing.T) {
				w := g.visitor("shop", "scope", "age_over_18 given_name")
				w.found(begin(w))
				w.get(w.at("")).shows(http.StatusOK, `data-status="authorized"`, "swiyu-verify://")
				if s := g.session(w.id); s.Attempts != 1 || s.RequestID == "" || s.ExpiresAt.Sub(noon) != kyc.VisitLifetime {
					t.Errorf("session has %d attempts, request %q and lasts until %v", s.Attempts, s.RequestID, s.ExpiresAt)
				}
				if scope := g.verifier.scope(); scope != "age_over_18 given_name" {
					t.Errorf("the verifier is asked for %q", scope)
				}
				g.browser().get(w.at("")).shows(http.StatusNotFound)
				g.prove(w.id)
				w.home(w.get(w.at("/finish")), "")
				w.swap()
				if info := g.info(w.token).wants(http.StatusOK); info.text("given_name") != "Kanarietta" {
					t.Errorf("info is %s", info.body)
				}
			})
		}
	})
}

// Browsers leave cookies out of what another site posts.
func TestAPostOfAnotherSiteTakesNoCookieFromOtherTabs(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	tab := g.visitor("shop", "state", "first tab")
	tab.start()
	other := tab.again("state", "second tab")
	posted := g.browser().postForm("/authorize", other.params)
	posted.leads("/authorize?")
	if cookies := posted.header.Values("Set-Cookie"); len(cookies) > 0 {
		t.Fatalf("the browser gets %q in place of what it has", cookies)
	}
	other.found(other.get(posted.header.Get("Location")))
	for name, w := range map[string]*walk{"second tab": other, "first tab": tab} {
		w.get(w.at("")).shows(http.StatusOK, `data-status="authorized"`)
		g.prove(w.id)
		w.home(w.get(w.at("/finish")), "")
		w.swap()
		if w.params.Get("state") != name {
			t.Errorf("%s has the state %q", name, w.params.Get("state"))
		}
	}
}

func TestEveryStandardStartIsASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	a := g.visitor("shop", "state", "first tab")
	a.start()
	b := a.again("state", "second tab")
	b.start()
	if a.id == b.id {
		t.Fatal("two requests share a session")
	}
	g.prove(b.id)
	g.prove(a.id)
	for _, w := range []*walk{a, b} {
		w.home(w.get(w.at("/finish")), "")
		w.swap()
	}
}

func TestStandardStartSendsFaultsHome(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	g.addClient("pushy", func(c *kyc.Client) { c.RequirePAR = true })
	for _, row := range []struct {
		name, client, param, value, word string
	}{
		{"response type token", "shop", "response_type", "token", "unsupported_response_type"},
		{"no response type", "shop", "response_type", "", "invalid_request"},
		{"a scope that is not allowed", "shop", "scope", "portrait", "invalid_scope"},
		{"no challenge", "shop", "code_challenge", "", "invalid_request"},
		{"a challenge in the clear", "shop", "code_challenge_method", "plain", "invalid_request"},
		{"a request object", "shop", "request", "eyJ.e30.", "request_not_supported"},
		{"a request URI of its own", "shop", "request_uri", "https://shop.example/request", "request_uri_not_supported"},
		{"response mode fragment", "shop", "response_mode", "fragment", "invalid_request"},
		{"an unknown prompt", "shop", "prompt", "create", "invalid_request"},
		{"prompt none with another", "shop", "prompt", "none login", "invalid_request"},
		{"a max_age that is no number", "shop", "max_age", "-1", "invalid_request"},
		{"claims that are no object", "shop", "claims", "[]", "invalid_request"},
		{"a client that has to push", "pushy", "scope", "given_name", "invalid_request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := g.everything()
			w := g.visitor(row.client, row.param, row.value)
			w.home(w.get("/authorize?"+w.params.Encode()), row.word)
			w.home(w.postForm("/authorize", w.params), row.word)
			w.with("Accept", "application/json").postForm("/authorize", w.params).refuses(http.StatusBadRequest, row.word)
			if after := g.everything(); after != before {
				t.Errorf("the store changed from\n%s to\n%s", before, after)
			}
		})
	}
}

func TestStandardStartShowsWhatItCannotSendHome(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for _, row := range []struct{ name, param, value string }{
		{"no client", "client_id", ""},
		{"an unknown client", "client_id", "nobody"},
		{"no redirect URI", "redirect_uri", ""},
		{"an unregistered redirect URI", "redirect_uri", "https://evil.example/cb"},
		{"an unregistered one and form_post", "redirect_uri", "https://evil.example/cb?response_mode=form_post"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := g.visitor("shop", "response_mode", "form_post", row.param, row.value)
			w.get("/authorize?" + w.params.Encode()).shows(http.StatusBadRequest).lacks("evil.example")
			w.postForm("/authorize", w.params).shows(http.StatusBadRequest).lacks("evil.example")
		})
	}
	b := g.browser()
	b.send(http.MethodPost, "/authorize", "application/json", `{}`).shows(http.StatusBadRequest)
	b.send(http.MethodPost, "/authorize", "application/x-www-form-urlencoded", strings.Repeat("a", 17<<10)).shows(http.StatusRequestEntityTooLarge)
}

func TestStandardStartWhileTheVerifierIsDown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		g.contract.expectFailures()
		g.verifier.breakDown(errVerifierDown)
		w := g.visitor("shop")
		w.start()
		if s := g.session(w.id); s.Status != kyc.StatusPending || !s.Taken() || s.Attempts != 0 {
			t.Fatalf("session is %s after %d attempts, taken %v", s.Status, s.Attempts, s.Taken())
		}
		w.get(w.at("")).shows(http.StatusOK, `http-equiv="refresh"`, "Try again").lacks("connection refused")
		g.browser().get(w.at("")).shows(http.StatusNotFound)
		if g.verifier.count() != 0 || g.session(w.id).Status != kyc.StatusPending {
			t.Error("the session has moved")
		}
		g.verifier.breakDown(nil)
		w.get(w.at("")).shows(http.StatusOK, `data-status="authorized"`, "swiyu-verify://")
		w.get(w.at("")).shows(http.StatusOK, "swiyu-verify://")
		if g.verifier.count() != 1 {
			t.Errorf("%d verifications, want 1", g.verifier.count())
		}
		g.prove(w.id)
		w.home(w.get(w.at("/finish")), "")
		w.swap()

		// A program is told at once, and no session is kept for it.
		g.verifier.breakDown(errVerifierDown)
		before := g.everything()
		w.with("Accept", "application/json").get("/authorize?"+w.params.Encode()).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
		if g.everything() != before {
			t.Error("a session was kept")
		}
	})
}

func TestSessionThatWasNeverOpenedRunsOut(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.contract.expectFailures()
	g.verifier.breakDown(errVerifierDown)
	w := g.visitor("shop")
	w.start()
	g.verifier.breakDown(nil)
	g.clock.advance(kyc.VisitLifetime)
	w.get(w.at("")).shows(http.StatusOK, w.at("/cancel")).lacks("http-equiv", w.at("/retry"))
	if g.verifier.count() != 0 {
		t.Error("a verification was made for a session that is over")
	}
	w.home(w.post(w.at("/cancel")), "access_denied")
}

func TestTooManyOpenSessionsAreRefusedToTheClient(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.MaxOpenSessions = 2 })
	g.addClient("shop")
	for range 2 {
		g.visitor("shop").start()
	}
	w := g.visitor("shop")
	w.home(w.get("/authorize?"+w.params.Encode()), "temporarily_unavailable")
	g.ask("/par", mergeForms(g.credentials("shop"), w.params)).refuses(http.StatusTooManyRequests, "temporarily_unavailable")
}

func mergeForms(forms ...url.Values) url.Values {
	all := url.Values{}
	for _, f := range forms {
		for name, values := range f {
			all[name] = values
		}
	}
	return all
}

func TestAnswerByForm(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	const uri = "https://shop.example/cb?tenant=7"
	w := g.visitor("shop", "response_mode", "form_post", "redirect_uri", uri, "state", `"><script>alert(1)</script>`)
	w.start()
	g.prove(w.id)
	page := w.get(w.at("/finish")).shows(http.StatusOK, `type="submit"`).lacks("<script>alert")
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action") || !strings.Contains(policy, "https:") {
		t.Errorf("the policy stops the form: %s", policy)
	}
	fields := page.form(uri)
	w.answered(fields, "")
	if len(fields) != 3 {
		t.Errorf("the form holds %v, want code, state and iss", fields)
	}
	w.swap()

	for name, refuse := range map[string]func(*walk) reply{
		"a faulty request": func(w *walk) reply { return w.asking("scope", "portrait").get("/authorize?" + w.params.Encode()) },
		"cancelled":        func(w *walk) reply { w.start(); return w.post(w.at("/cancel")) },
		"nobody signed in": func(w *walk) reply { return w.asking("prompt", "none").get("/authorize?" + w.params.Encode()) },
	} {
		t.Run(name, func(t *testing.T) {
			lost := g.visitor("shop", "response_mode", "form_post")
			fields := refuse(lost).shows(http.StatusOK).form(lost.params.Get("redirect_uri"))
			word := map[string]string{"a faulty request": "invalid_scope", "cancelled": "access_denied", "nobody signed in": "login_required"}[name]
			lost.answered(fields, word)
		})
	}
}

func TestClientThatCannotCopeWithIss(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.OmitIssuer = true })
	w := g.visitor("shop")
	w.start()
	g.prove(w.id)
	if home := w.get(w.at("/finish")).leads("https://shop.example/cb?"); home.Has("iss") || !home.Has("code") {
		t.Errorf("the client is told %v", home)
	}
	lost := g.visitor("shop")
	lost.start()
	if home := lost.post(lost.at("/cancel")).leads("https://shop.example/cb?"); home.Has("iss") || home.Get("error") != "access_denied" {
		t.Errorf("the client is told %v", home)
	}
	lost.get(lost.at("")).shows(http.StatusOK, "error=access_denied").lacks("iss=")
	form := g.visitor("shop", "response_mode", "form_post", "scope", "portrait")
	if fields := form.get("/authorize?" + form.params.Encode()).form("https://shop.example/cb"); fields.Has("iss") {
		t.Errorf("the client is told %v", fields)
	}
}

func TestAppsMayUseAnyLoopbackPort(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("app", func(c *kyc.Client) { c.Native, c.RedirectURIs = true, kyc.Strings{"http://127.0.0.1/cb"} })
	g.addClient("web", func(c *kyc.Client) { c.RedirectURIs = kyc.Strings{"http://127.0.0.1/cb"} })
	const uri = "http://127.0.0.1:49152/cb"
	w := g.visitor("web", "redirect_uri", uri)
	w.get("/authorize?" + w.params.Encode()).shows(http.StatusBadRequest)
	g.contract.register(kyc.Client{RedirectURIs: kyc.Strings{uri}})
	w = g.visitor("app", "redirect_uri", uri)
	w.start()
	w.get(w.at("")).shows(http.StatusOK)
	g.prove(w.id)
	w.home(w.get(w.at("/finish")), "")
	w.swap()
}

func TestLanguageStaysOnTheWay(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	for name, begin := range map[string]func(*walk) reply{
		"query": func(w *walk) reply { return w.get("/authorize?" + w.params.Encode()) },
		"form":  func(w *walk) reply { return w.postForm("/authorize", w.params) },
	} {
		t.Run(name, func(t *testing.T) {
			w := g.visitor("app", "ui_locales", "pt fr")
			w.browser = w.with("Accept-Language", "de")
			r := w.found(begin(w))
			login := w.get(r.header.Get("Location")).shows(http.StatusOK, `<html lang="fr">`)
			fields := login.form(w.at("/login?ui_locales=fr"))
			fields.Set("user_name", "mira")
			fields.Set("password", goodPassword)
			w.postForm(w.at("/login?ui_locales=fr"), withField(fields, "password", "wrong")).shows(http.StatusUnprocessableEntity, `<html lang="fr">`)
			consent := w.follow(w.postForm(w.at("/login?ui_locales=fr"), fields)).shows(http.StatusOK, `<html lang="fr">`)
			fields = consent.form(w.at("/consent?ui_locales=fr"))
			fields.Set("decision", "allow")
			w.home(w.follow(w.postForm(w.at("/consent?ui_locales=fr"), fields)), "")
		})
	}
}

func withField(form url.Values, name, value string) url.Values {
	c := clone(form)
	c.Set(name, value)
	return c
}

func TestVisitAsJSON(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.visitor("shop")
	r := w.with("Accept", "application/json").get("/authorize?" + w.params.Encode()).wants(http.StatusOK)
	if r.text("status") != "authorized" || !strings.HasPrefix(r.text("verification_deeplink"), "swiyu-verify://") || r.json()["expires_in"] != (15*time.Minute).Seconds() {
		t.Errorf("answer is %s", r.body)
	}
}
