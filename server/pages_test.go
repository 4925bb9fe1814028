package server_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server"
)

func TestEveryPageIsGuarded(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.contract.expectFailures()
	w, proved := g.opened("shop"), g.proved("shop")
	g.verifier.breakDown(errVerifierDown)
	fresh := g.setUp("shop")
	for name, r := range map[string]reply{
		"session": w.get(w.at("")), "verified": proved.get(proved.at("")), "unknown": w.get("/session/x"), "bad request": w.get("/authorize/x"),
		"other browser": g.browser().get(w.path()), "verifier down": fresh.get(fresh.path()), "not found": w.get("/nothing"),
		"method": w.post("/docs"), "docs": w.get("/docs"), "forbidden": w.with("Origin", "https://evil.example").post(w.at("/cancel")),
	} {
		t.Run(name, func(t *testing.T) {
			policy := r.header.Get("Content-Security-Policy")
			for _, directive := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy, directive) {
					t.Errorf("policy lacks %s: %s", directive, policy)
				}
			}
			for header, value := range map[string]string{
				"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
				"Content-Type": "text/html; charset=utf-8", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if got := r.header.Get(header); got != value {
					t.Errorf("%s is %q, want %q", header, got, value)
				}
			}
			r.lacks("<script>", "style=", "onclick", "http://gate", "//cdn")
		})
	}
	policy := w.get(w.at("")).header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "form-action 'self' https:") {
		t.Errorf("the policy stops the way home: %s", policy)
	}
}

func TestPagesSpeakTheLanguageOfThePerson(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for _, row := range []struct{ name, locales, accept, lang string }{
		{"nothing said", "", "", "en"}, {"German", "", "de-CH,de;q=0.9", "de"}, {"French first", "", "fr, de;q=0.5", "fr"},
		{"Italian by the client", "it", "de", "it"}, {"the client's second wish", "pt it", "de", "it"}, {"Romansh", "", "rm", "de"},
		{"Portuguese alone", "", "pt", "en"}, {"rubbish", "../../etc <script>", ";;;", "en"}, {"the client's rubbish", "<script>", "fr", "fr"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := g.setUp("shop")
			if row.locales != "" {
				w.params.Set("ui_locales", row.locales)
			}
			b := w.with("Accept-Language", row.accept)
			location := b.get(w.path()).wants(http.StatusSeeOther).header.Get("Location")
			r := b.get(location).shows(http.StatusOK, `<html lang="`+row.lang+`">`)
			if r.header.Get("Content-Language") != row.lang || r.header.Get("Vary") != "Accept-Language" {
				t.Errorf("headers are %v", r.header)
			}
			b.get("/session/x").shows(http.StatusNotFound)
		})
	}
	w := g.opened("shop")
	w.get(w.at("?ui_locales=fr")).shows(http.StatusOK, `<html lang="fr">`)
	w.get(w.at("?ui_locales=" + strings.Repeat("x", 300))).shows(http.StatusBadRequest)
	w.get(w.at("?ui_locales=fr&ui_locales=de")).shows(http.StatusBadRequest)
	w.with("Accept-Language", "de").get("/nothing").shows(http.StatusNotFound, `<html lang="de">`)
}

func TestCookieOverPlainHTTP(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	cookie := w.get(w.path()).header.Get("Set-Cookie")
	name, rest, _ := strings.Cut(cookie, "=")
	value, attributes, _ := strings.Cut(rest, "; ")
	if name != "vouchgate" || len(value) != 43 || attributes != "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax" {
		t.Errorf("cookie is %s", cookie)
	}
	other := g.opened("shop")
	if strings.Contains(g.session(w.id).State+string(g.session(w.id).BrowserHash), value) {
		t.Error("the cookie's value is kept")
	}
	if slices.Equal(g.session(other.id).BrowserHash, g.session(w.id).BrowserHash) {
		t.Error("two browsers have one cookie")
	}
}

func TestCookieOverHTTPS(t *testing.T) {
	t.Parallel()
	public, err := url.Parse("https://gate.example")
	must(t, err)
	g := newGate(t, func(c *server.Config) { c.PublicURL = public })
	g.addClient("shop")
	w := g.setUp("shop")
	cookie := w.get(w.path()).header.Get("Set-Cookie")
	name, rest, _ := strings.Cut(cookie, "=")
	value, attributes, _ := strings.Cut(rest, "; ")
	if name != "__Host-vouchgate" || attributes != "Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("cookie is %s", cookie)
	}
	b := g.browser()
	b.with("Cookie", "vouchgate="+value).get(w.at("")).shows(http.StatusNotFound) // a cookie that others can set
	b = b.with("Cookie", "__Host-vouchgate="+value)
	b.get(w.at("")).shows(http.StatusOK)
	g.prove(w.id)
	if home := b.get(w.at("/finish")).leads("https://shop.example/cb?"); home.Get("iss") != "https://gate.example" {
		t.Errorf("answer is %v", home)
	}
}

func TestOneBrowserWalksSeveralSessions(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	a, b := g.setUp("shop"), g.setUp("shop")
	b.browser = a.browser
	b.params.Set("state", "second")
	a.open()
	b.open()
	g.prove(b.id)
	g.prove(a.id)
	for _, w := range []*walk{b, a} {
		home := w.get(w.at("/finish")).leads("https://shop.example/cb?")
		if home.Get("state") != w.params.Get("state") {
			t.Errorf("answer is %v", home)
		}
	}
}

func TestNamesOfClientsAreText(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.Name = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>` })
	g.addClient("nameless", func(c *kyc.Client) { c.Name = "" })
	w := g.opened("shop")
	w.get(w.at("")).shows(http.StatusOK, "&lt;script&gt;").lacks("<script>alert", "<img src=x")
	g.browser().get(w.path()).shows(http.StatusConflict).lacks("<script>alert", "<img src=x")
	n := g.opened("nameless")
	n.get(n.at("")).shows(http.StatusOK, "nameless")
}

func TestAccept(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.CodeDelivery = kyc.DeliverByWebhook })
	for accept, wantsJSON := range map[string]bool{
		"": false, "*/*": false, "text/html": false, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/json": true, "APPLICATION/JSON": true, "application/json;q=0.9": true, "application/json, */*": true,
		"application/json;q=0.5, text/html": false, "application/json, text/html;q=0.5": true, "application/json;q=0": false,
		"text/html;q=0.1, application/json;q=0.2": true, "application/json, text/html": false, "application/json;q=x": false,
		"application/json;q=1.0": true, "application/json;q=0.1234": false, "application/problem+json": false,
	} {
		w := g.setUp("shop")
		r := g.browser().with("Accept", accept).get(w.path())
		if isJSON := r.status == http.StatusOK; isJSON != wantsJSON {
			t.Errorf("Accept %q: status is %d", accept, r.status)
		}
	}
}

func TestJSONForAClientThatTakesItsCodeByRedirect(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	app := w.with("Accept", "application/json")
	first := app.get(w.path()).wants(http.StatusOK)
	if first.header.Get("Set-Cookie") == "" || first.text("status") != "authorized" || first.json()["expires_in"] != 900.0 {
		t.Errorf("answer is %v %s", first.header, first.body)
	}
	if again := app.get(w.path()).wants(http.StatusOK); again.body != first.body {
		t.Errorf("answer became %s", again.body)
	}
	g.program().get(w.path()).refuses(http.StatusConflict, "invalid_request") // another app
	g.prove(w.id)
	if status := app.get(w.path()).wants(http.StatusOK).text("status"); status != "verified" {
		t.Errorf("status is %s", status)
	}
	w.finish()
	w.redeem().wants(http.StatusOK)
}

func TestAboutTheServer(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	b := g.browser()
	config := b.get("/config").wants(http.StatusOK)
	if config.text("name") != "vouchgate" || config.text("implementation") != "urn:vouchgate:1.2.3" || config.text("version") == "" {
		t.Errorf("config is %s", config.body)
	}
	if body := b.get("/openapi.yaml").wants(http.StatusOK).body; !bytes.Equal([]byte(body), api.Contract) {
		t.Error("the contract is not the one that was embedded")
	}
	b.get("/").leads("/docs")
	docs := b.get("/docs").shows(http.StatusOK, "/authorize/{nonce}")
	for _, kind := range []string{"style", "mark"} {
		_, rest, _ := strings.Cut(docs.body, `href="/assets/`+kind)
		file, _, _ := strings.Cut(rest, `"`)
		r := b.get("/assets/" + kind + file).wants(http.StatusOK)
		if !strings.Contains(r.header.Get("Cache-Control"), "immutable") || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers are %v", r.header)
		}
	}
	for _, file := range []string{"style.css", "..%2Fassets.go", "%2e%2e%2fassets.go", "x", strings.Repeat("x", 200)} {
		if r := b.get("/assets/" + file); r.status != http.StatusNotFound && r.status != http.StatusBadRequest {
			t.Errorf("/assets/%s: status is %d", clip(file), r.status)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/debug/pprof/", "/.git/config", "/admin", "/index.php", "/setup"} {
		b.get(path).shows(http.StatusNotFound)
	}
}

func TestConfigurationThatCannotWork(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"", "/relative", "http://", "https://gate.example/path"} {
		u, err := url.Parse(public)
		must(t, err)
		if _, err := server.New(server.Config{PublicURL: u}); err == nil {
			t.Errorf("public URL %q is accepted", public)
		}
	}
	if _, err := server.New(server.Config{}); err == nil {
		t.Error("no public URL is accepted")
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} })
	for _, remote := range []string{"", "pipe", "@", "[::1]:5", "[fe80::1%eth0]:80", "192.0.2.1:80", "192.0.2.1"} {
		r := httptest.NewRequest(http.MethodGet, "/config", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", ",, ,192.0.2.9,")
		w := httptest.NewRecorder()
		g.handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%q: status is %d", remote, w.Code)
		}
	}
}
