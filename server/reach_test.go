package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestOtherMethodsOfTheNewerRoutesAreRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.asked("app")
	before := g.everything()
	for path, allowed := range map[string][]string{
		"/authorize": {"GET", "POST"}, "/par": {"POST"}, "/revoke": {"POST"}, "/introspect": {"POST"}, "/userinfo": {"GET", "HEAD", "POST"},
		"/jwks": {"GET", "HEAD"}, "/.well-known/openid-configuration": {"GET", "HEAD"}, "/.well-known/oauth-authorization-server": {"GET", "HEAD"},
		"/login": {"GET", "HEAD", "POST"}, "/logout": {"POST"}, "/me": {"GET", "HEAD"}, "/me/withdraw": {"POST"}, "/me/erase": {"POST"},
		w.at("/login"): {"GET", "HEAD", "POST"}, w.at("/consent"): {"GET", "HEAD", "POST"}, w.at("/switch"): {"POST"}, w.at("/withdraw"): {"POST"},
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if slices.Contains(allowed, method) {
				continue
			}
			r := w.send(method, path, "", "").wants(http.StatusMethodNotAllowed)
			got := strings.Split(r.header.Get("Allow"), ", ")
			slices.Sort(got)
			if !slices.Equal(got, allowed) {
				t.Errorf("%s %s: Allow is %v, want %v", method, path, got, allowed)
			}
		}
	}
	for _, path := range []string{"/me/", "/login/", "/me/x", "/.well-known/", "/.well-known/openid-configuration/", "/authorize/", w.at("/login/")} {
		w.get(path).wants(http.StatusNotFound)
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestPagesAreUnavailableWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		g.addSPA()
		member, tokens := g.member("scope", "openid profile offline_access")
		w := g.asked("app", "prompt", "consent")
		start := g.visitor("app")
		signer := g.browser()
		login := signer.get("/login").form("/login")
		g.contract.expectFailures()
		must(t, st.Close())
		authorize := "/authorize?" + start.params.Encode()
		for name, r := range map[string]reply{
			"start": start.get(authorize), "start by form": start.postForm("/authorize", start.params),
			"pushed":     start.get("/authorize?client_id=app&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A" + strings.Repeat("A", 64)),
			"login page": w.get(w.at("/login")), "login": w.post(w.at("/login")), "consent page": w.get(w.at("/consent")), "consent": w.decideAgain("allow", "profile"),
			"deny": w.decideAgain("deny"), "switch": w.post(w.at("/switch")), "finish": w.get(w.at("/finish")), "withdraw": w.post(w.at("/withdraw")),
			"me": w.get("/me"), "sign in": signer.postForm("/login", login), "withdraw at me": w.post("/me/withdraw"), "erase": w.post("/me/erase"), "sign out": w.post("/logout"),
		} {
			if r.status != http.StatusServiceUnavailable {
				t.Errorf("%s: status is %d", name, r.status)
			}
		}
		for path, form := range map[string]url.Values{
			"/par": mergeForms(start.params, g.credentials("app")), "/revoke": g.credentials("app", "token", member.token),
			"/introspect": g.credentials("app", "token", member.token),
			"/token":      g.credentials("app", "grant_type", "refresh_token", "refresh_token", tokens.text("refresh_token")),
		} {
			g.ask(path, form).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
		}
		g.userinfo(member.token).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
		g.browser().get("/.well-known/openid-configuration").wants(http.StatusOK)
	})
}

func TestRefreshThatTheStoreLosesCanBeRepeated(t *testing.T) {
	t.Parallel()
	g, faulty := newHookedGate(t)
	g.withApp()
	_, tokens := g.member("scope", "profile")
	g.contract.expectFailures()
	faulty.failTx(errVerifierDown)
	g.refresh("app", tokens.text("refresh_token")).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
	faulty.failTx(nil)
	g.refresh("app", tokens.text("refresh_token")).wants(http.StatusOK)
}

func TestConsentThatTheStoreLosesCanBeRepeated(t *testing.T) {
	t.Parallel()
	g, faulty := newHookedGate(t)
	g.withApp()
	w := g.asked("app")
	g.contract.expectFailures()
	fields, before := w.decision("allow"), g.everything()
	faulty.failTx(errVerifierDown)
	w.postForm(w.at("/consent"), fields).shows(http.StatusServiceUnavailable)
	if g.everything() != before {
		t.Error("half a consent")
	}
	faulty.failTx(nil)
	w.postForm(w.at("/consent"), fields).leads(w.at("/finish"))
}

// Personal data of an account are on the page that asks, at /info, at /userinfo and
// nowhere else.
func TestPersonalDataOfAccountsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	var answers []reply
	note := func(r reply) reply { answers = append(answers, r); return r }
	w := g.visitor("app", "scope", "openid profile offline_access", "login_hint", "mira", "nonce", "nonce-0123456789")
	note(w.start())
	note(w.get(w.at("/login")))
	note(w.signIn("mira", "wrong-password-0123", true))
	note(w.signIn("mira", goodPassword, true))
	if page := w.get(w.at("/consent")); len(traces(page.body)) != 2 {
		t.Errorf("the page that asks shows %v", traces(page.body))
	}
	note(w.decide("allow"))
	w.home(note(w.get(w.at("/finish"))), "")
	tokens := note(w.swap())
	next := note(g.refresh("app", tokens.text("refresh_token")).wants(http.StatusOK))
	note(g.introspect("app", next.text("access_token")))
	note(w.get(w.at("")))
	note(w.get("/me"))
	note(w.redeem()) // again, which ends it
	note(w.get("/me"))
	for _, r := range answers {
		if found := traces(r.body + r.header.Get("Location")); len(found) > 0 {
			t.Errorf("an answer of %d holds %q", r.status, found)
		}
	}
	outside := strings.Join(g.webhooks(), "") + g.logs.String()
	for _, secret := range []string{
		"Kanarietta", "1990-02-28", goodPassword, "wrong-password-0123", w.cookie(signInCookie), w.cookie("vouchgate"), w.code, w.token,
		tokens.text("refresh_token"), tokens.text("id_token"), next.text("refresh_token"), "nonce-0123456789",
	} {
		if secret == "" || strings.Contains(outside, secret) {
			t.Errorf("the log or a webhook holds %q", secret)
		}
	}
	s := g.session(w.id)
	if strings.Contains(string(s.SealedRequest), "nonce-0123456789") || s.Status != kyc.StatusCompleted {
		t.Errorf("session is %s", s.Status)
	}
}

func TestPageAboutOneselfOverHTTPSNeedsACookieOfThisHost(t *testing.T) {
	t.Parallel()
	g := newGate(t, overHTTPS).withApp()
	b := g.browser()
	page := b.get("/login").shows(http.StatusOK)
	binding := cookieOf(page, "__Host-vouchgate")
	b = b.with("Cookie", "__Host-vouchgate="+binding)
	fields := b.get("/login").form("/login")
	fields.Set("user_name", "mira")
	fields.Set("password", goodPassword)
	in := b.postForm("/login", fields)
	in.leads("/me")
	handle := cookieOf(in, "__Host-vouchgate-login")
	if cookie := in.header.Get("Set-Cookie"); !strings.HasSuffix(cookie, "; Path=/; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("cookie is %s", cookie)
	}
	other := g.browser()
	other.with("Cookie", "__Host-vouchgate="+binding+"; __Host-vouchgate-login="+handle).get("/me").shows(http.StatusOK, "mira")
	other.with("Cookie", "__Host-vouchgate="+binding+"; vouchgate-login="+handle).get("/me").leads("/login") // a cookie that others can set
}

func cookieOf(r reply, name string) string {
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
