package conformance

import (
	"slices"
	"strings"
)

var _ = rows(
	Row{"META-07", "the key set has public members alone, and each key a kid of its own, use and alg (RFC 7517)", meta07},
	Row{"META-08", "keys rotate without an outage: both are listed, and tokens of the old one still verify", meta08},
)

// keys reads the key set, and fails the case where it is not as it should be. It
// returns the kids.
func (t *T) keys() (kids []string) {
	t.Helper()
	a := t.OK(t.Get("/jwks"))
	if kind := a.Header.Get("Content-Type"); kind != "application/json" && kind != "application/jwk-set+json" {
		t.Errorf("Content-Type is %q", kind)
	}
	list, _ := a.JSON["keys"].([]any)
	public := map[string][]string{
		"EC":  {"alg", "crv", "kid", "kty", "use", "x", "y"},
		"RSA": {"alg", "e", "kid", "kty", "n", "use"},
	}
	for _, k := range list {
		key, _ := k.(map[string]any)
		var members []string
		for name := range key {
			members = append(members, name)
		}
		slices.Sort(members)
		kind, _ := key["kty"].(string)
		if !slices.Equal(members, public[kind]) {
			t.Errorf("a key of type %q has the members %v", kind, members)
		}
		kid, _ := key["kid"].(string)
		if kid == "" || slices.Contains(kids, kid) || key["use"] != "sig" || key["alg"] == "" {
			t.Errorf("a key has kid %q, use %v, alg %v", kid, key["use"], key["alg"])
		}
		kids = append(kids, kid)
	}
	return kids
}

func meta07(t *T) {
	ec := t.Grant(t.App(), "scope", "openid")
	rsa := t.Grant(t.Client(byAccount, noQuestion, "--id-token-alg=RS256"), "scope", "openid")
	kids := t.keys()
	if len(kids) < 2 {
		t.Errorf("there are keys for %d algorithms only", len(kids))
	}
	for alg, jwt := range map[string]string{"ES256": ec.IDToken, "RS256": rsa.IDToken} {
		header := t.Part(jwt, 0)
		kid, _ := header["kid"].(string)
		if header["alg"] != alg || !slices.Contains(kids, kid) {
			t.Errorf("an ID token is signed by %v with key %q, of %v", header["alg"], kid, kids)
		}
		t.Verify(jwt)
	}
}

func meta08(t *T) {
	alone := t.Alone()
	app := alone.App()
	signed := func() (jwt, kid string) {
		g := alone.Grant(app, "scope", "openid")
		kid, _ = alone.Part(g.IDToken, 0)["kid"].(string)
		return g.IDToken, kid
	}
	oldToken, oldKey := signed()
	before := alone.keys()

	// A new key is there to be read before anything is signed by it.
	alone.rotateKeys()
	announced := alone.keys()
	if _, kid := signed(); kid != oldKey || len(announced) <= len(before) {
		t.Errorf("after %v there are %v, and %s signs", before, announced, kid)
	}
	alone.rotateKeys("--now")
	newToken, newKey := signed()
	after := alone.keys()
	if newKey == oldKey || !slices.Contains(after, oldKey) || !slices.Contains(after, newKey) {
		t.Errorf("%s signed, now %s does; there are %v", oldKey, newKey, after)
	}
	alone.Verify(oldToken)
	alone.Verify(newToken)
	if dump := alone.Dump(); strings.Contains(dump, `"d":`) || !strings.Contains(dump, oldKey) {
		t.Error("a private key is in the database as it is, or no key at all")
	}
}

// rotateKeys makes new keys and starts the gateway again, which would notice them
// within a minute otherwise.
func (t *T) rotateKeys(flags ...string) {
	t.Helper()
	t.Do(append([]string{"key", "rotate"}, flags...)...)
	t.Gateway.Stop()
	t.Check(t.Gateway.Restart())
}
