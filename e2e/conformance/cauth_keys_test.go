package conformance

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"CAUTH-12", "a client that is registered with one way to authenticate cannot use another (RFC 7591, section 2)", cauth12},
	Row{"CAUTH-13", "a client swaps, refreshes, pushes, asks and revokes with a signed assertion (RFC 7523, section 2.2)", cauth13},
	Row{"CAUTH-14", "assertions with a wrong key, a missing or wrong claim, out of time or used before are refused (RFC 7523, section 3)", cauth14},
	Row{"CAUTH-15", "the audience of an assertion is the issuer, as one text, and nothing else", cauth15},
	Row{"CAUTH-16", "a new key that a client publishes works within the cache time, and one that it took away does not", cauth16},
)

func cauth12(t *T) {
	basic, post := t.NewClient("--auth-method=client_secret_basic"), t.NewClient("--auth-method=client_secret_post")
	byHeader := func(c e2e.Client) Answer {
		return t.PostForm("/token", unredeemable(), "Authorization", Basic(c.ID, c.Secret))
	}
	byForm := func(c e2e.Client) Answer {
		return t.PostForm("/token", unredeemable("client_id", c.ID, "client_secret", c.Secret))
	}
	t.let(byHeader(basic))
	t.let(byForm(post))
	s := t.ClientKey()
	keyed := t.Keyed(s)
	keyed.Secret = "a secret that it does not have"
	for _, a := range []Answer{
		byForm(basic), byHeader(post), byForm(keyed), byHeader(keyed), t.PostForm("/token", unredeemable("client_id", keyed.ID)),
		t.Present("/token", t.sign(s, t.claims(basic, nil))), t.Present("/token", t.sign(s, t.claims(t.Public(), nil))),
	} {
		t.JSON(a, http.StatusUnauthorized, "invalid_client")
	}
	t.let(t.Present("/token", t.sign(s, t.claims(keyed, nil))))
}

func cauth13(t *T) {
	s := t.ClientKey()
	c := t.Keyed(s, refreshing)
	sign := func() string { return t.sign(s, t.claims(c, nil)) }
	ask, code := t.codeOf(c)
	a := t.OK(t.PostForm("/token", asserted(t.CodeForm(ask, code), sign())))
	t.Secret("access_token", a.Text("access_token"))
	t.Secret("refresh_token", a.Text("refresh_token"))
	t.OK(t.Info(a.Text("access_token")))
	named := asserted(t.Form(c, "grant_type", "refresh_token", "refresh_token", a.Text("refresh_token")), sign())
	named.Set("client_id", c.ID) // which may be named beside it
	a = t.OK(t.PostForm("/token", named))
	t.Secret("access_token", a.Text("access_token"))
	t.Secret("refresh_token", a.Text("refresh_token"))
	token := t.Form(c, "token", a.Text("access_token"))
	if seen := t.OK(t.PostForm("/introspect", asserted(token, sign()))); seen.JSON["active"] != true {
		t.Errorf("introspection says %s", seen)
	}
	request := t.Form(c)
	for name, values := range t.Ask(c).Values {
		request[name] = values
	}
	pushed := asserted(request, sign())
	pushed.Set("client_id", c.ID)
	t.Status(t.PostForm("/par", pushed), http.StatusCreated)
	t.OK(t.PostForm("/revoke", asserted(token, sign())))
	t.BadToken(t.Info(a.Text("access_token")))
	if !Lists(t.Metadata(), "token_endpoint_auth_methods_supported", "private_key_jwt") {
		t.Error("the metadata does not list it")
	}
}

// badClaims are what makes a good assertion a bad one. Times are seconds from now.
var badClaims = map[string]map[string]any{
	"it ended five minutes ago": {"exp": -300}, "it has just ended": {"exp": -1}, "it does not end": {"exp": nil},
	"it ends in an hour": {"exp": 3600}, "the end is no number": {"exp": "soon"},
	"no subject": {"sub": nil}, "another subject": {"sub": "client-0"}, "another issuer": {"iss": "https://evil.example"}, "no issuer": {"iss": nil},
	"another audience": {"aud": "https://evil.example"}, "no audience": {"aud": nil}, "no id": {"jti": nil}, "an empty id": {"jti": ""},
	"made in two minutes": {"iat": 120}, "good in two minutes": {"nbf": 120},
}

// at turns seconds from now into times.
func at(claims map[string]any) map[string]any {
	moved := map[string]any{}
	for name, value := range claims {
		if seconds, ok := value.(int); ok {
			value = time.Now().Unix() + int64(seconds)
		}
		moved[name] = value
	}
	return moved
}

func cauth14(t *T) {
	s := t.ClientKey()
	var clients []e2e.Client
	refused := 0
	client := func() e2e.Client { // another one before guessing is slowed down
		if refused%6 == 0 {
			clients = append(clients, t.Keyed(s))
		}
		refused++
		return clients[len(clients)-1]
	}
	refuse := func(what, assertion string) {
		t.Helper()
		if a := t.Present("/token", assertion); a.Status != http.StatusUnauthorized {
			t.Errorf("%s: %s", what, a)
		} else {
			t.JSON(a, http.StatusUnauthorized, "invalid_client")
		}
	}
	for what, bad := range badClaims {
		refuse(what, t.sign(s, t.claims(client(), at(bad))))
	}
	for what, assertion := range t.forgeries(s, client) {
		refuse(what, assertion)
	}
	once := t.sign(s, t.claims(client(), nil))
	t.let(t.Present("/token", once))
	refuse("it was used before", once)
	t.JSON(t.Present("/introspect", once), http.StatusUnauthorized, "invalid_client")
	for _, c := range clients {
		for _, early := range []map[string]any{{"iat": 10}, {"nbf": 10}, {"nbf": 8, "iat": 8}, {"exp": 290}} {
			t.let(t.Present("/token", t.sign(s, t.claims(c, at(early)))))
		}
	}
}

// forgeries are assertions whose signature is not one of the client.
func (t *T) forgeries(s clientKey, client func() e2e.Client) map[string]string {
	stranger := t.ClientKey()
	named := clientKey{s.id, stranger.key}
	none := unsigned(map[string]any{"alg": "none"}, t.claims(client(), nil))
	mac := hmac.New(sha256.New, keySet(s))
	symmetric := unsigned(map[string]any{"alg": "HS256", "kid": s.id}, t.claims(client(), nil))
	mac.Write([]byte(symmetric))
	c := client()
	parts := strings.Split(t.sign(s, t.claims(c, nil)), ".")
	other := strings.Split(t.sign(s, t.claims(c, nil)), ".")
	return map[string]string{
		"a key that nobody knows":           t.sign(stranger, t.claims(client(), nil)),
		"another key of the same name":      t.sign(named, t.claims(client(), nil)),
		"no signature":                      none + ".",
		"a signature for none":              none + "." + parts[2],
		"a signature with the public key":   symmetric + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
		"the signature of another":          parts[0] + "." + parts[1] + "." + other[2],
		"a signature that was cut":          parts[0] + "." + parts[1] + "." + parts[2][:40],
		"claims that are none":              parts[0] + ".AAAA." + parts[2],
		"no JWT":                            "assertion",
		"a JWT of five parts":               strings.Join(parts, ".") + ".x.y",
		"claims that were changed, by case": strings.ToUpper(parts[0]) + "." + parts[1] + "." + parts[2],
	}
}

func cauth15(t *T) {
	s := t.ClientKey()
	c := t.Keyed(s)
	for _, path := range []string{"/token", "/introspect", "/revoke"} {
		a := t.Present(path, t.sign(s, t.claims(c, nil)))
		if a.Status == http.StatusUnauthorized {
			t.Errorf("%s with the issuer: %s", path, a)
		}
	}
	for i, audience := range []any{
		t.Issuer() + "/token", t.Issuer() + "/par", t.Issuer() + "/", strings.ToUpper(t.Issuer()),
		[]string{t.Issuer()}, []string{t.Issuer(), "https://evil.example"}, []string{}, 7, map[string]string{t.Issuer(): ""},
	} {
		if i == 5 {
			c = t.Keyed(s)
		}
		for _, path := range []string{"/token", "/par"} {
			a := t.Present(path, t.sign(s, t.claims(c, map[string]any{"aud": audience})))
			t.JSON(a, http.StatusUnauthorized, "invalid_client")
		}
	}
}

func cauth16(t *T) {
	first, second := t.ClientKey(), t.ClientKey()
	var published atomic.Value
	published.Store(keySet(first))
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(published.Load().([]byte))
	}))
	t.Cleanup(host.Close)
	c := t.NewClient(byAccount, noQuestion, "--auth-method=private_key_jwt", "--jwks-uri="+host.URL+"/keys")
	t.let(t.Present("/token", t.sign(first, t.claims(c, nil))))
	published.Store(keySet(second))
	// Keys are read again for an unknown one, but not more often than every ten seconds.
	t.Pass(10 * time.Second)
	t.let(t.Present("/token", t.sign(second, t.claims(c, nil))))
	t.JSON(t.Present("/token", t.sign(first, t.claims(c, nil))), http.StatusUnauthorized, "invalid_client")
	t.let(t.Present("/token", t.sign(second, t.claims(c, nil))))
}
