package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"vouchgate/kyc"
	"vouchgate/server"
	"vouchgate/server/jose"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// signer is a client's own key.
type signer struct {
	t   testing.TB
	key *ecdsa.PrivateKey
	id  string
}

func newSigner(t testing.TB, id string) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return signer{t, key, id}
}

// published is the key set of a client with this key.
func (s signer) published() json.RawMessage {
	s.t.Helper()
	set, err := json.Marshal(gojose.JSONWebKeySet{Keys: []gojose.JSONWebKey{{Key: s.key.Public(), KeyID: s.id, Algorithm: "ES256", Use: "sig"}}})
	must(s.t, err)
	return set
}

func (s signer) sign(claims map[string]any) string {
	s.t.Helper()
	by, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.ES256, Key: gojose.JSONWebKey{Key: s.key, KeyID: s.id}}, nil)
	must(s.t, err)
	payload, err := json.Marshal(claims)
	must(s.t, err)
	signed, err := by.Sign(payload)
	must(s.t, err)
	text, err := signed.CompactSerialize()
	must(s.t, err)
	return text
}

// assertion are the claims of a good assertion.
func (g *gate) assertion(clientID, jti string) map[string]any {
	return map[string]any{
		"iss": clientID, "sub": clientID, "aud": issuer, "jti": jti,
		"iat": g.clock.Now().Unix(), "exp": g.clock.Now().Add(time.Minute).Unix(),
	}
}

// signedForm is the token request of a walk with an assertion in place of a secret.
func (w *walk) signedForm(assertion string) url.Values {
	f := w.form()
	f.Del("client_secret")
	f.Set("client_assertion_type", assertionType)
	f.Set("client_assertion", assertion)
	return f
}

func TestClientThatSignsAssertions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		key := newSigner(t, "k")
		g.addClient("bank", func(c *kyc.Client) {
			c.AuthMethod, c.JWKS = "private_key_jwt", key.published()
			c.GrantTypes = []string{"authorization_code", "refresh_token"}
		})
		assertions := 0
		credentials := func(fields ...string) url.Values {
			assertions++
			f := url.Values{"client_assertion_type": {assertionType}, "client_assertion": {key.sign(g.assertion("bank", "jti"+time.Duration(assertions).String()))}}
			for i := 0; i < len(fields); i += 2 {
				f.Set(fields[i], fields[i+1])
			}
			return f
		}
		w := g.visitor("bank")
		pushed := g.ask("/par", mergeForms(w.params, credentials())).wants(http.StatusCreated).text("request_uri")
		w.found(w.get("/authorize?client_id=bank&request_uri=" + url.QueryEscape(pushed)))
		g.prove(w.id)
		w.home(w.get(w.at("/finish")), "")
		code := w.form()
		code.Del("client_secret")
		code.Del("client_id") // the assertion names the client
		tokens := g.redeem(mergeForms(code, credentials())).wants(http.StatusOK)
		g.info(tokens.text("access_token")).wants(http.StatusOK)
		next := g.redeem(credentials("grant_type", "refresh_token", "refresh_token", tokens.text("refresh_token"))).wants(http.StatusOK)
		if r := g.ask("/introspect", credentials("token", next.text("access_token"))).wants(http.StatusOK); r.json()["active"] != true {
			t.Errorf("introspection is %s", r.body)
		}
		g.ask("/revoke", credentials("token", next.text("refresh_token"))).wants(http.StatusOK)
		g.info(next.text("access_token")).refuses(http.StatusUnauthorized, "invalid_token")
	})
}

// badAssertions are all unlike what the client bank signs with its key.
func badAssertions(g *gate, key, stranger signer) map[string]string {
	edit := func(change func(map[string]any)) string {
		a := g.assertion("bank", "bad")
		change(a)
		return key.sign(a)
	}
	long := g.clock.Now().Add(24 * time.Hour).Unix()
	return map[string]string{
		"signed by somebody else":     stranger.sign(g.assertion("bank", "x")),
		"of another client":           key.sign(g.assertion("twin", "x")),
		"issued by another":           edit(func(a map[string]any) { a["iss"] = "twin" }),
		"about another":               edit(func(a map[string]any) { a["sub"] = "twin" }),
		"meant for another server":    edit(func(a map[string]any) { a["aud"] = "https://evil.example" }),
		"meant for nobody":            edit(func(a map[string]any) { delete(a, "aud") }),
		"that has ended":              edit(func(a map[string]any) { a["exp"] = g.clock.Now().Add(-time.Hour).Unix() }),
		"without an end":              edit(func(a map[string]any) { delete(a, "exp") }),
		"that lasts a day":            edit(func(a map[string]any) { a["exp"] = long }),
		"without a jti":               edit(func(a map[string]any) { delete(a, "jti") }),
		"that is not yet":             edit(func(a map[string]any) { a["nbf"] = long }),
		"without a signature":         "eyJhbGciOiJub25lIn0.e30.",
		"signed with a shared secret": "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
		"of rubbish":                  "a.b.c",
	}
}

// addSigners registers clients that authenticate with a key.
func (g *gate) addSigners(key signer, ids ...string) {
	g.t.Helper()
	for _, id := range ids {
		g.addClient(id, func(c *kyc.Client) { c.AuthMethod, c.JWKS = "private_key_jwt", key.published() })
	}
}

func TestBadAssertionsLeaveTheCodeGood(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	key, stranger := newSigner(t, "k"), newSigner(t, "k")
	g.addSigners(key, "bank", "twin")
	w := g.finished("bank")
	before := g.everything()
	for name, assertion := range badAssertions(g, key, stranger) {
		t.Run(name, func(t *testing.T) {
			g.redeem(w.signedForm(assertion)).refuses(http.StatusUnauthorized, "invalid_client")
			g.clock.advance(2 * time.Second)
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	g.redeem(w.signedForm(key.sign(g.assertion("bank", "good")))).wants(http.StatusOK)
}

func TestAssertionBesideOrInPlaceOfSomethingElse(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	key := newSigner(t, "k")
	g.addSigners(key, "bank")
	g.addClient("shop")
	w := g.finished("bank")
	before := g.everything()
	good := w.signedForm(key.sign(g.assertion("bank", "1")))
	g.redeem(withField(good, "client_secret", secretOf("bank"))).refuses(http.StatusBadRequest, "invalid_request")
	g.browser().with("Authorization", basic("bank", secretOf("bank"))).postForm("/token", good).refuses(http.StatusBadRequest, "invalid_request")
	g.redeem(withField(good, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")).
		refuses(http.StatusUnauthorized, "invalid_client")
	w.redeem().refuses(http.StatusUnauthorized, "invalid_client") // a secret is not how this client does it
	shop := w.signedForm(key.sign(g.assertion("shop", "2")))
	g.redeem(withField(shop, "client_id", "shop")).refuses(http.StatusUnauthorized, "invalid_client")
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	g.redeem(good).wants(http.StatusOK)
}

func TestAssertionWorksOnceOnAllReplicas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		key := newSigner(t, "k")
		g.addSigners(key, "bank", "twin")
		replica := newGateOn(t, st)
		ask := func(g *gate, id, jti string) reply {
			return g.ask("/introspect", url.Values{
				"token": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {key.sign(g.assertion(id, jti))},
			})
		}
		ask(g, "bank", "1").wants(http.StatusOK)
		ask(g, "bank", "1").refuses(http.StatusUnauthorized, "invalid_client")
		ask(replica, "bank", "1").refuses(http.StatusUnauthorized, "invalid_client")
		ask(replica, "twin", "1").wants(http.StatusOK) // each client counts for itself
		won := 0
		for r := range side(8, func() reply { return ask(g, "bank", "2") }) {
			if r.status == http.StatusOK {
				won++
			}
		}
		if won != 1 {
			t.Errorf("one assertion was taken %d times", won)
		}
	})
}

func TestClientThatPublishesItsKeys(t *testing.T) {
	t.Parallel()
	var set atomic.Value
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(set.Load().(json.RawMessage))
	}))
	t.Cleanup(keys.Close)
	first, second := newSigner(t, "first"), newSigner(t, "second")
	set.Store(first.published())
	g := newGate(t, func(c *server.Config) {
		c.Fetcher = jose.NewFetcher(jose.FetcherConfig{Now: c.Now, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	})
	g.addClient("bank", func(c *kyc.Client) { c.AuthMethod, c.JWKSURI = "private_key_jwt", keys.URL })
	ask := func(s signer, jti string) reply {
		return g.ask("/introspect", url.Values{
			"token": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {s.sign(g.assertion("bank", jti))},
		})
	}
	ask(first, "1").wants(http.StatusOK)
	ask(second, "2").refuses(http.StatusUnauthorized, "invalid_client")
	set.Store(second.published())
	g.clock.advance(10 * time.Second)
	ask(second, "3").wants(http.StatusOK)
	keys.Close()
	g.clock.advance(time.Hour)
	ask(second, "4").refuses(http.StatusUnauthorized, "invalid_client").lacks("127.0.0.1")
}

func TestPublicClient(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("spa", func(c *kyc.Client) {
		c.AuthMethod, c.GrantTypes = "none", []string{"authorization_code", "refresh_token"}
	})
	g.addClient("shop")
	lost := g.visitor("spa", "code_challenge", "", "code_challenge_method", "")
	lost.home(lost.get("/authorize?"+lost.params.Encode()), "invalid_request") // PKCE whatever its registration says
	w := g.visitor("spa")
	w.start()
	g.prove(w.id)
	w.home(w.get(w.at("/finish")), "")
	form := w.form()
	for _, edit := range []func(url.Values){
		none, // the secret that it was never meant to have
		func(f url.Values) { f.Set("client_secret", "x") },
		func(f url.Values) { f.Del("client_secret"); f.Set("client_id", "shop") },
		func(f url.Values) { f.Del("client_secret"); f.Set("client_id", "nobody") },
		func(f url.Values) { f.Del("client_secret"); f.Del("client_id") },
	} {
		f := clone(form)
		edit(f)
		g.redeem(f).refuses(http.StatusUnauthorized, "invalid_client")
	}
	form.Del("client_secret")
	wrong := maps.Clone(form)
	tokens := g.redeem(form).wants(http.StatusOK)
	g.info(tokens.text("access_token")).wants(http.StatusOK)
	next := g.redeem(url.Values{"grant_type": {"refresh_token"}, "client_id": {"spa"}, "refresh_token": {tokens.text("refresh_token")}}).wants(http.StatusOK)
	g.ask("/introspect", url.Values{"client_id": {"spa"}, "token": {next.text("access_token")}}).refuses(http.StatusUnauthorized, "invalid_client")
	g.ask("/revoke", url.Values{"client_id": {"spa"}, "token": {next.text("refresh_token")}}).wants(http.StatusOK)
	g.info(next.text("access_token")).refuses(http.StatusUnauthorized, "invalid_token")
	g.redeem(wrong).refuses(http.StatusBadRequest, "invalid_grant")
}

func TestClientThatIsHeldToOneMethod(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("head", func(c *kyc.Client) { c.AuthMethod = "client_secret_basic" })
	g.addClient("form", func(c *kyc.Client) { c.AuthMethod = "client_secret_post" })
	for id, good := range map[string]bool{"head": true, "form": false} {
		byHeader := g.browser().with("Authorization", basic(id, secretOf(id))).postForm("/introspect", url.Values{"token": {"x"}})
		byForm := g.introspect(id, "x")
		for _, row := range []struct {
			reply
			good bool
		}{{byHeader, good}, {byForm, !good}} {
			if row.good {
				row.wants(http.StatusOK)
			} else {
				row.refuses(http.StatusUnauthorized, "invalid_client")
			}
		}
	}
}

func TestGuessesSideBySideAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	key, stranger := newSigner(t, "k"), newSigner(t, "k")
	g.addClient("shop")
	g.addClient("bank", func(c *kyc.Client) { c.AuthMethod, c.JWKS = "private_key_jwt", key.published() })
	secret := g.credentials("shop", "token", "x", "client_secret", "wrong")
	assertion := url.Values{
		"token": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {stranger.sign(g.assertion("bank", "1"))},
	}
	for name, form := range map[string]url.Values{"secrets": secret, "assertions": assertion} {
		statuses := map[int]int{}
		for r := range side(30, func() reply { return g.ask("/introspect", form) }) {
			statuses[r.status]++
		}
		if statuses[http.StatusUnauthorized] != 10 || statuses[http.StatusTooManyRequests] != 20 {
			t.Errorf("%s: answers are %v", name, statuses)
		}
	}
	g.introspect("shop", "x").refuses(http.StatusTooManyRequests, "temporarily_unavailable")
	g.clock.advance(2 * time.Second)
	g.introspect("shop", "x").wants(http.StatusOK)
}
