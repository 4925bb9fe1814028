package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/server"
)

// openID is a walk of a wallet whose client has its token.
func (g *gate) openID(clientID string, params ...string) *walk {
	g.t.Helper()
	w := g.visitor(clientID, params...)
	w.start()
	g.prove(w.id)
	w.home(w.get(w.at("/finish")), "")
	w.swap()
	return w
}

func (g *gate) addWallet(id string, scopes ...string) {
	g.t.Helper()
	g.addClient(id, func(c *kyc.Client) { c.PKCERequired, c.Scopes = true, scopes })
}

func TestUserinfoHoldsStandardClaims(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addWallet("shop", "profile", "age_over_18")
	for name, w := range map[string]*walk{
		"wallet":  g.openID("shop", "scope", profileScope),
		"account": g.admitted("app", "mira", "scope", profileScope),
	} {
		if name == "account" {
			w.swap()
		}
		r := g.userinfo(w.token).wants(http.StatusOK)
		if diff := cmp.Diff(map[string]any{
			"sub": g.info(w.token).text("sub"), "given_name": "Kanarietta", "family_name": "Zwitscher-Muster",
			"name": "Kanarietta Zwitscher-Muster", "birthdate": "1990-02-28",
		}, r.json()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers are %v", r.header)
		}
	}
	alone := g.openID("shop", "scope", "openid given_name")
	if diff := cmp.Diff(map[string]any{"sub": alone.id.String(), "given_name": "Kanarietta"}, g.userinfo(alone.token).json()); diff != "" {
		t.Errorf("one name (-want +got):\n%s", diff)
	}
}

func TestUserinfoHoldsSingleClaims(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addWallet("shop", "profile")
	w := g.openID("shop", "scope", "openid", "claims",
		`{"userinfo":{"name":null,"birth_date":null,"age_over_18":null,"email":{"essential":true},"family_name":{"value":"x"}}}`)
	if scope := g.verifier.scope(); scope != "given_name family_name birth_date" {
		t.Errorf("the verifier is asked for %q", scope)
	}
	if diff := cmp.Diff(map[string]any{
		"sub": w.id.String(), "name": "Kanarietta Zwitscher-Muster", "birthdate": "1990-02-28",
	}, g.userinfo(w.token).json()); diff != "" {
		t.Errorf("userinfo (-want +got):\n%s", diff)
	}
}

const verifiedName = `{"userinfo":{"verified_claims":{"verification":{"trust_framework":null,"time":null},"claims":{"given_name":null}}}}`

func TestVerifiedClaims(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addWallet("shop", "profile")
	w := g.openID("shop", "scope", "openid", "claims", verifiedName)
	if diff := cmp.Diff(map[string]any{
		"sub": w.id.String(),
		"verified_claims": map[string]any{
			"verification": map[string]any{"trust_framework": issuer + "/ida/swiyu", "time": "2026-03-14T12:00:00Z"},
			"claims":       map[string]any{"given_name": "Kanarietta"},
		},
	}, g.userinfo(w.token).wants(http.StatusOK).json()); diff != "" {
		t.Errorf("userinfo (-want +got):\n%s", diff)
	}
	evidence := g.openID("shop", "scope", "openid", "claims",
		`{"userinfo":{"verified_claims":{"verification":{"trust_framework":null,"evidence":[{"type":{"value":"document"},"document_details":{"type":null}}]},"claims":{"birthdate":null}}}}`)
	if body := g.userinfo(evidence.token).body; !strings.Contains(body, `"type":"`+issuer+`/ida/swiyu/`) || !strings.Contains(body, "1990-02-28") || strings.Contains(body, "Kanarietta") {
		t.Errorf("userinfo is %s", body)
	}
	other := g.openID("shop", "scope", "openid", "claims",
		`{"userinfo":{"verified_claims":{"verification":{"trust_framework":{"value":"eidas"}},"claims":{"given_name":null}}}}`)
	if body := g.userinfo(other.token).json(); body["verified_claims"] != nil {
		t.Errorf("another framework is vouched for: %v", body)
	}
	account := g.admitted("app", "mira", "scope", "openid", "claims", verifiedName)
	account.swap()
	if body := g.userinfo(account.token).json(); body["verified_claims"] != nil {
		t.Errorf("what an operator typed is called verified: %v", body)
	}
}

func TestUserinfoRefusals(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addWallet("shop", "profile")
	w, plain := g.openID("shop", "scope", "openid given_name"), g.openID("shop", "scope", "given_name")
	r := g.userinfo(plain.token).refuses(http.StatusForbidden, "insufficient_scope")
	if challenge := r.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="openid"`) {
		t.Errorf("WWW-Authenticate is %q", challenge)
	}
	b := g.browser()
	b.get("/userinfo").refuses(http.StatusUnauthorized, "invalid_token")
	b.get("/userinfo?access_token="+w.token).refuses(http.StatusUnauthorized, "invalid_token")
	b.postForm("/userinfo?access_token="+w.token, nil).refuses(http.StatusUnauthorized, "invalid_token")
	b.with("Authorization", basic("shop", secretOf("shop"))).get("/userinfo").refuses(http.StatusUnauthorized, "invalid_token")
	both := b.with("Authorization", "Bearer "+w.token)
	both.postForm("/userinfo", url.Values{"access_token": {w.token}}).refuses(http.StatusBadRequest, "invalid_request")
	b.postForm("/userinfo", url.Values{"access_token": {w.token, w.token}}).refuses(http.StatusBadRequest, "invalid_request")
	b.send(http.MethodPost, "/userinfo", "application/x-www-form-urlencoded", "access_token=%zz").refuses(http.StatusBadRequest, "invalid_request")
	b.send(http.MethodPost, "/userinfo", "application/json", `{"access_token":"`+w.token+`"}`).refuses(http.StatusUnauthorized, "invalid_token")
	b.send(http.MethodPost, "/userinfo", "application/x-www-form-urlencoded", strings.Repeat("a", 17<<10)).
		refuses(http.StatusRequestEntityTooLarge, "invalid_request")
}

func TestUserinfoByPost(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addWallet("shop", "profile")
	w := g.openID("shop", "scope", "openid given_name")
	want := g.userinfo(w.token).wants(http.StatusOK).body
	b := g.browser()
	for name, r := range map[string]reply{
		"in the form":   b.postForm("/userinfo", url.Values{"access_token": {w.token}}),
		"in the header": b.with("Authorization", "Bearer "+w.token).postForm("/userinfo", nil),
		"without form":  b.with("Authorization", "Bearer "+w.token).send(http.MethodPost, "/userinfo", "", ""),
	} {
		if r.wants(http.StatusOK); r.body != want {
			t.Errorf("%s: %s", name, r.body)
		}
	}
	if strings.Contains(g.logs.String(), w.token) {
		t.Error("the log holds a token")
	}
}

func TestSubjectsOfAccounts(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addAccount("noor")
	g.addApp("other")
	g.addApp("brief", func(c *kyc.Client) { c.Ephemeral = true })
	mira := accountOn(g, "app", "mira")
	for name, row := range map[string]struct {
		sub  string
		same bool
	}{
		"the same person again":               {accountOn(g, "app", "mira"), true},
		"the same person on another replica":  {accountOn(newGateOn(t, g.store), "app", "mira"), true},
		"another person":                      {accountOn(g, "app", "noor"), false},
		"the same person at another client":   {accountOn(g, "other", "mira"), false},
		"the same person at an ephemeral one": {accountOn(g, "brief", "mira"), false},
	} {
		if (row.sub == mira) != row.same {
			t.Errorf("%s: %s, the first time %s", name, row.sub, mira)
		}
	}
	if a, b := accountOn(g, "brief", "mira"), accountOn(g, "brief", "mira"); a == b {
		t.Error("an ephemeral subject comes twice")
	}
}

func TestSubjectsOfWallets(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addWallet("bank", "given_name", personNumber)
	g.addWallet("shop", "given_name", personNumber)
	wallet := func(client, scope string) string {
		return g.userinfo(g.openID(client, "scope", "openid "+scope).token).text("sub")
	}
	if a, b := wallet("bank", personNumber), wallet("bank", personNumber); a != b || strings.Contains(a, "756.") {
		t.Errorf("a credential that names its person gives %s and %s", a, b)
	}
	if wallet("bank", personNumber) == wallet("shop", personNumber) {
		t.Error("two clients can find out that they know the same person")
	}
	if a, b := wallet("bank", "given_name"), wallet("bank", "given_name"); a == b {
		t.Error("a credential that does not name its person gives the same subject twice")
	}
}

// accountOn is the subject by which a client knows a person.
func accountOn(g *gate, client, name string) string {
	g.t.Helper()
	c, err := g.store.Client(ctx, client)
	must(g.t, err)
	g.contract.register(c)
	w := g.admitted(client, name, "scope", "openid given_name", "prompt", "consent")
	w.swap()
	sub := g.userinfo(w.token).text("sub")
	if sub == "" || strings.Contains(sub, name) {
		g.t.Errorf("subject is %q", sub)
	}
	return sub
}

func TestRequestsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.RequestRate = 20 })
	g.addSPA()
	b := g.browser()
	for range 200 {
		b.get("/config").wants(http.StatusOK)
	}
	r := b.with("Origin", spaOrigin).postForm("/token", nil).refuses(http.StatusTooManyRequests, "temporarily_unavailable")
	if r.header.Get("Retry-After") != "1" || r.header.Get("Access-Control-Allow-Origin") != spaOrigin {
		t.Errorf("headers are %v", r.header)
	}
	b.get("/docs").shows(http.StatusTooManyRequests)
	b.send(http.MethodPost, "/notification", "application/json", notice(unknownVerification)).wants(http.StatusOK)
	g.clock.advance(50 * time.Millisecond)
	b.get("/config").wants(http.StatusOK)
	b.get("/config").refuses(http.StatusTooManyRequests, "temporarily_unavailable")
}

func TestReadingsAreLimitedByToken(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) {
		c.RequestRate, c.TrustedProxies = 5, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	g.addWallet("shop", "profile")
	w, other := g.openID("shop"), g.openID("shop")
	addresses := 0
	read := func(token string) reply { // each time from elsewhere
		addresses++
		return g.browser().with("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", addresses)).with("Authorization", "Bearer "+token).get("/info")
	}
	for range 50 {
		read(w.token).wants(http.StatusOK)
	}
	read(w.token).refuses(http.StatusTooManyRequests, "temporarily_unavailable")
	read(other.token).wants(http.StatusOK)
	g.clock.advance(200 * time.Millisecond)
	read(w.token).wants(http.StatusOK)
}
