package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/kyc"
	"vouchgate/server"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestOtherMethodsOfTheAddressRoutesAreRefused(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	w.browser = w.with("Accept", "text/html")
	w.mail(mailTyped)
	before := g.everything()
	for path, allowed := range map[string][]string{
		w.at("/choose"): {"GET", "POST"}, w.at("/address"): {"GET", "HEAD", "POST"}, w.at("/pin"): {"GET", "POST"}, w.at("/resend"): {"POST"},
		"/letter/7K3F-9QWX-2MTD-8HJP": {"GET"}, "/challenge/" + w.nonce: {"POST"}, "/solve/" + w.nonce: {"POST"},
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
	for _, path := range []string{"/letter/", "/letter/x/y", "/challenge/", "/solve/", w.at("/pin/"), w.at("/pin/x"), "/session/x/pin"} {
		w.get(path).wants(http.StatusNotFound)
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestAddressPagesAreUnavailableWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newPostOn(t, st)
		w := g.webApp("any", "")
		page := *w
		page.browser = w.with("Accept", "text/html")
		page.choose(kyc.MethodEmail)
		page.mail(mailTyped)
		right := page.tan()
		g.contract.expectFailures()
		must(t, st.Close())
		for name, r := range map[string]reply{
			"choice": page.get(w.at("/choose")), "choosing": page.choose(kyc.MethodPhone), "address page": page.get(w.at("/address")), "address": page.mail("x@b.example"),
			"pin page": page.get(w.at("/pin")), "pin": page.enter(right), "resend": page.resend(), "letter": page.get("/letter/7K3F-9QWX-2MTD-8HJP"),
		} {
			if r.status != http.StatusServiceUnavailable {
				t.Errorf("%s: status is %d", name, r.status)
			}
		}
		w.askFor(kyc.FieldEmail, mailTyped).numbered(http.StatusServiceUnavailable, "temporarily_unavailable", 53)
		w.solve(right).numbered(http.StatusServiceUnavailable, "temporarily_unavailable", 53)
		if strings.Contains(g.logs.String(), right) {
			t.Error("the TAN is in the log")
		}
	})
}

func TestWhatTheStoreLosesOfATANCanBeRepeated(t *testing.T) {
	t.Parallel()
	g, faulty := newHookedGate(t, withAddresses)
	g.addProver("email", []kyc.Method{kyc.MethodEmail})
	w := g.prover("email")
	g.contract.expectFailures()
	faulty.failTx(errVerifierDown)
	w.mail(mailTyped).shows(http.StatusServiceUnavailable)
	if _, err := g.store.Challenge(ctx, w.id); err == nil {
		t.Error("half a message")
	}
	faulty.failTx(nil)
	w.mail(mailTyped).leads(w.at("/pin"))
	right := w.tan()
	for range 5 {
		faulty.failTx(errVerifierDown)
		w.enter(right).shows(http.StatusServiceUnavailable)
		faulty.failTx(nil)
	}
	if c, s := g.challenge(w.id), g.session(w.id); c.Tries != 0 || s.Status != kyc.StatusAuthorized {
		t.Errorf("%d tries, the session is %s", c.Tries, s.Status)
	}
	w.enter(right).leads(w.at("/finish"))
}

func TestTheBackgroundIsWokenForEachMessage(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.prover("email")
	_, before := g.background.heard()
	w.mail(mailTyped)
	_, sent := g.background.heard()
	w.enter(w.tan())
	if _, proved := g.background.heard(); sent != before+1 || proved != sent+1 {
		t.Errorf("woken %d, %d and %d times", before, sent, proved)
	}
}

func TestWhoProvedAnAddressReadsItAgainWithARefreshToken(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.change("email", func(c *kyc.Client) { c.GrantTypes = []string{"authorization_code", "refresh_token"} })
	w := g.prover("email", "scope", "openid email offline_access")
	w.proveAddress(kyc.FieldEmail, mailTyped)
	tokens := w.swap()
	if tokens.text("scope") != "openid email offline_access" {
		t.Fatalf("token answer is %s", tokens.body)
	}
	first := g.info(w.token).wants(http.StatusOK).json()
	g.clock.advance(24 * time.Hour)
	next := g.refresh("email", tokens.text("refresh_token")).wants(http.StatusOK)
	again := g.info(next.text("access_token")).wants(http.StatusOK).json()
	for _, name := range []string{"id", "sub", "email", "address_type"} {
		if again[name] != first[name] {
			t.Errorf("%s went from %v to %v", name, first[name], again[name])
		}
	}
	narrow := g.refresh("email", next.text("refresh_token"), "scope", "openid").wants(http.StatusOK)
	if info := g.info(narrow.text("access_token")).wants(http.StatusOK).json(); info["email"] != nil || info["address"] != nil || info["id"] != first["sub"] {
		t.Errorf("a token of less reads %v", info)
	}
}

func TestALetterOverHTTPSNeedsACookieOfThisHost(t *testing.T) {
	t.Parallel()
	public, err := url.Parse("https://gate.example")
	must(t, err)
	g := newPost(t, overHTTPS, func(c *server.Config) { c.PublicURL = public })
	w := g.visitor("postal", "scope", "address")
	r := w.start()
	w.browser = w.with("Cookie", "__Host-vouchgate="+cookieOf(r, "__Host-vouchgate"))
	fields := w.get(w.at("/address")).shows(http.StatusOK).form(w.at("/address"))
	for i, f := range addressFields[kyc.MethodPostal] {
		if i%2 == 0 {
			fields.Set(f, addressFields[kyc.MethodPostal][i+1])
		}
	}
	w.postForm(w.at("/address"), fields).leads(w.at("/pin"))
	link := strings.TrimPrefix(g.message(w.id).Link, "https://gate.example")
	page := g.browser().get(link).shows(http.StatusOK)
	if cookie := page.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-vouchgate-letter=") || !strings.HasSuffix(cookie, "; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("cookie is %s", cookie)
	}
	code := cookieOf(page, "__Host-vouchgate-letter")
	for name, adopts := range map[string]bool{"vouchgate-letter": false, "__Host-vouchgate-letter": true} {
		next := g.visitor("postal", "scope", "address")
		r := next.start()
		next.browser = next.with("Cookie", "__Host-vouchgate="+cookieOf(r, "__Host-vouchgate")+"; "+name+"="+code)
		to := map[bool]string{true: "/pin", false: "/address"}[adopts]
		next.get(next.at("/pin")).leads(next.at(to))
	}
}

func TestLimitsOfTANsAreMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	g := newPost(t, func(c *server.Config) { c.Registry = registry })
	g.change("email", func(c *kyc.Client) { c.DailyMessages = 1 })
	g.mailed("email", mailTyped)
	g.prover("email").mail("other@b.example").stays(http.StatusTooManyRequests)
	families, err := registry.Gather()
	must(t, err)
	var found bool
	for _, f := range families {
		text := f.String()
		found = found || strings.Contains(text, `value:"messages"`)
		if strings.Contains(text, "b.example") || strings.Contains(text, "federli") {
			t.Errorf("metric %s holds an address", f.GetName())
		}
	}
	if !found {
		t.Error("no metric tells that a limit was reached")
	}
}
