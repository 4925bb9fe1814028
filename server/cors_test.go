package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

const spaOrigin = "https://spa.example"

// addSPA registers a client that is a script in a browser.
func (g *gate) addSPA() {
	g.t.Helper()
	g.addClient("spa", func(c *kyc.Client) { c.AuthMethod, c.Origins = "none", []string{spaOrigin} })
}

// preflight asks what a browser asks before it lets a script call.
func (g *gate) preflight(path, origin, method string) reply {
	g.t.Helper()
	return g.browser().with("Origin", origin).with("Access-Control-Request-Method", method).
		with("Access-Control-Request-Headers", "authorization,content-type").send(http.MethodOptions, path, "", "")
}

func TestPreflightsOfRegisteredOrigins(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addSPA()
	for _, path := range []string{"/token", "/revoke", "/info", "/userinfo"} {
		r := g.preflight(path, spaOrigin, http.MethodPost).wants(http.StatusNoContent)
		for header, want := range map[string]string{
			"Access-Control-Allow-Origin": spaOrigin, "Access-Control-Allow-Methods": "GET, POST",
			"Access-Control-Allow-Headers": "authorization, content-type, dpop", "Access-Control-Max-Age": "600", "Vary": "Origin",
		} {
			if got := r.header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", path, header, got, want)
			}
		}
		for _, origin := range []string{
			"https://evil.example", "null", "http://spa.example", "https://spa.example:8443", "https://spa.example.evil.example", "https://SPA.example",
			"https://spa.example/", "https://a.spa.example", "*", issuer,
		} {
			r := g.preflight(path, origin, http.MethodPost).wants(http.StatusMethodNotAllowed)
			if r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %s may call", path, origin)
			}
		}
	}
	for _, path := range []string{"/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		r := g.preflight(path, "https://anybody.example", http.MethodGet).wants(http.StatusNoContent)
		if r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("Access-Control-Allow-Methods") != "GET" {
			t.Errorf("%s: headers are %v", path, r.header)
		}
	}
	for _, path := range []string{"/authorize", "/par", "/introspect", "/setup/spa", "/me", "/login", "/notification", "/config"} {
		if r := g.preflight(path, spaOrigin, http.MethodPost); r.status == http.StatusNoContent || r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: scripts may call: %d %v", path, r.status, r.header)
		}
	}
	g.browser().with("Origin", spaOrigin).send(http.MethodOptions, "/token", "", "").wants(http.StatusMethodNotAllowed) // is no preflight
}

func TestScriptWalksFromStartToEnd(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addSPA()
	w := g.visitor("spa", "scope", "openid given_name")
	w.start()
	g.prove(w.id)
	w.home(w.get(w.at("/finish")), "")
	form := w.form()
	form.Del("client_secret")
	script := g.browser().with("Origin", spaOrigin).with("Sec-Fetch-Site", "cross-site")
	shared := func(r reply) reply {
		if r.header.Get("Access-Control-Allow-Origin") != spaOrigin || !strings.Contains(strings.Join(r.header.Values("Vary"), ","), "Origin") ||
			!strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
			t.Errorf("the script cannot read an answer of %d: %v", r.status, r.header)
		}
		return r
	}
	token := shared(script.postForm("/token", form).wants(http.StatusOK)).text("access_token")
	shared(script.postForm("/token", withField(form, "code", "x")).refuses(http.StatusBadRequest, "invalid_grant"))
	shared(script.with("Authorization", "Bearer "+token).get("/userinfo").wants(http.StatusOK))
	shared(script.with("Authorization", "Bearer "+token).get("/info").wants(http.StatusOK))
	shared(script.with("Authorization", "Bearer x").get("/info").refuses(http.StatusUnauthorized, "invalid_token"))
	shared(script.postForm("/revoke", url.Values{"client_id": {"spa"}, "token": {token}}).wants(http.StatusOK))
	r := g.browser().with("Origin", "https://evil.example").with("Authorization", "Bearer "+token).get("/userinfo").
		refuses(http.StatusUnauthorized, "invalid_token")
	if r.header.Get("Access-Control-Allow-Origin") != "" || r.header.Get("Vary") != "Origin" {
		t.Errorf("headers are %v", r.header)
	}
}

func TestOriginsOfAClientThatWasDisabled(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.preflight("/token", spaOrigin, http.MethodPost).wants(http.StatusMethodNotAllowed)
	g.addSPA()
	g.clock.advance(5 * time.Second)
	g.preflight("/token", spaOrigin, http.MethodPost).wants(http.StatusNoContent)
	g.disable("spa")
	g.clock.advance(5 * time.Second)
	g.preflight("/token", spaOrigin, http.MethodPost).wants(http.StatusMethodNotAllowed)
}
