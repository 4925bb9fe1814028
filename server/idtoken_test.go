package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// idToken returns what an ID token says, after its signature was verified with the
// published keys.
func (g *gate) idToken(tokens reply, alg gojose.SignatureAlgorithm) map[string]any {
	g.t.Helper()
	signed, err := gojose.ParseSignedCompact(tokens.text("id_token"), []gojose.SignatureAlgorithm{alg})
	must(g.t, err)
	var keys gojose.JSONWebKeySet
	published := g.browser().get("/jwks").wants(http.StatusOK)
	must(g.t, json.Unmarshal([]byte(published.body), &keys))
	found := keys.Key(signed.Signatures[0].Header.KeyID)
	if len(found) != 1 || found[0].Use != "sig" || found[0].Algorithm != string(alg) || !found[0].IsPublic() {
		g.t.Fatalf("%d keys with the id %q", len(found), signed.Signatures[0].Header.KeyID)
	}
	payload, err := signed.Verify(found[0])
	must(g.t, err)
	var claims map[string]any
	must(g.t, json.Unmarshal(payload, &claims))
	return claims
}

func authTime(g *gate, tokens reply) time.Time {
	g.t.Helper()
	seconds, _ := g.idToken(tokens, gojose.ES256)["auth_time"].(float64)
	return time.Unix(int64(seconds), 0).UTC()
}

func TestIDTokenHoldsWhatIsNeededAndNoPersonalData(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		g.addClient("shop", func(c *kyc.Client) { c.PKCERequired, c.IDTokenAlg = true, "RS256" })
		for client, want := range map[string]struct {
			alg gojose.SignatureAlgorithm
			acr string
			amr []any
		}{
			"app":  {gojose.ES256, "urn:vouchgate:acr:password", []any{"pwd"}},
			"shop": {gojose.RS256, "urn:vouchgate:acr:wallet", []any{"pop"}},
		} {
			w := g.visitor(client, "scope", "openid given_name age_over_18", "nonce", "n-0S6_WzA2Mj")
			w.start()
			proved := g.clock.Now()
			if client == "app" {
				w.signIn("mira", goodPassword, false)
			} else {
				g.prove(w.id)
			}
			g.clock.advance(30 * time.Second)
			if client == "app" {
				w.decide("allow")
			}
			w.home(w.get(w.at("/finish")), "")
			tokens := w.swap()
			got := g.idToken(tokens, want.alg)
			half := sha256.Sum256([]byte(w.token))
			now := float64(g.clock.Now().Unix())
			if diff := cmp.Diff(map[string]any{
				"iss": issuer, "sub": g.userinfo(w.token).text("sub"), "aud": client, "iat": now, "exp": now + 3600,
				"auth_time": float64(proved.Unix()), "nonce": "n-0S6_WzA2Mj", "at_hash": base64.RawURLEncoding.EncodeToString(half[:16]),
				"acr": want.acr, "amr": want.amr,
			}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", client, diff)
			}
		}
	})
}

func TestIDTokenOfARequestWithoutOpenIDIsNone(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	_, tokens := g.member("scope", "profile", "nonce", "n")
	if tokens.json()["id_token"] != nil {
		t.Errorf("token answer is %s", tokens.body)
	}
}

func TestIDTokenHoldsWhatTheClaimsParameterAsksForThere(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	const asked = `{"id_token":{"given_name":null,"birthdate":{"essential":true},"family_name":{"value":"Somebody Else"},"email":null,"document_number":null},
		"userinfo":{"age_over_18":null}}`
	w, tokens := g.member("scope", "openid", "claims", asked)
	got := g.idToken(tokens, gojose.ES256)
	if got["given_name"] != "Kanarietta" || got["birthdate"] != "1990-02-28" {
		t.Errorf("ID token is %v", got)
	}
	for _, name := range []string{"family_name", "name", "email", "document_number", "age_over_18", "nonce"} {
		if got[name] != nil {
			t.Errorf("ID token holds %s", name)
		}
	}
	if info := g.userinfo(w.token).wants(http.StatusOK).json(); info["age_over_18"] != true || info["given_name"] != nil {
		t.Errorf("userinfo is %v", info)
	}
}

func TestIDTokenEndsWithItsAccessTokenOrAfterAnHour(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]float64{time.Minute: 60, 24 * time.Hour: 3600} {
		g := newGate(t).withApp(func(c *kyc.Client) { c.TokenLifetime = life })
		_, tokens := g.member("scope", "openid")
		got := g.idToken(tokens, gojose.ES256)
		if d := got["exp"].(float64) - got["iat"].(float64); d != want {
			t.Errorf("access token of %s: ID token lasts %v s, want %v", life, d, want)
		}
	}
}

func TestIDTokenBesideARefreshedAccessToken(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	_, tokens := g.member("scope", "openid offline_access")
	first := g.idToken(tokens, gojose.ES256)
	g.clock.advance(10 * time.Second)
	later := g.refresh("app", tokens.text("refresh_token")).wants(http.StatusOK)
	second := g.idToken(later, gojose.ES256)
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "acr"} {
		if first[name] != second[name] {
			t.Errorf("%s went from %v to %v", name, first[name], second[name])
		}
	}
	if second["nonce"] != nil || second["iat"] == first["iat"] || second["at_hash"] == first["at_hash"] {
		t.Errorf("the second ID token is %v", second)
	}
}

func TestPushedRequestSignsWithRSAToo(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.IDTokenAlg = "RS256" })
	w := g.visitor("shop", "scope", "openid given_name")
	w.found(w.get(w.push()))
	g.prove(w.id)
	w.home(w.get(w.at("/finish")), "")
	g.idToken(w.swap(), gojose.RS256)
}

func TestPublishedKeysArePublic(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	r := g.browser().get("/jwks").wants(http.StatusOK)
	var set struct{ Keys []map[string]any }
	must(t, json.Unmarshal([]byte(r.body), &set))
	var algs []string
	for _, key := range set.Keys {
		alg, _ := key["alg"].(string)
		algs = append(algs, alg)
		for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if key[secret] != nil {
				t.Errorf("a published key has %s", secret)
			}
		}
	}
	if slices.Sort(algs); !slices.Equal(algs, []string{"ES256", "RS256"}) || !strings.Contains(r.header.Get("Cache-Control"), "max-age") {
		t.Errorf("keys for %v, kept %s", algs, r.header.Get("Cache-Control"))
	}
	if again := g.browser().get("/jwks"); again.body != r.body {
		t.Error("the keys change from one look to the next")
	}
}
