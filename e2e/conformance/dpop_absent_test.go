package conformance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Tokens are not bound to keys. RFC 9449, section 5 has a server that does not
// know of proofs take a request as if there were none, and answer token_type
// Bearer, by which the client sees it.
var _ = rows(
	Row{"DPOP-01", "a proof at /token changes nothing: the answer says Bearer, and the metadata has no algorithms for it (RFC 9449, section 5)", dpop01},
	Row{"DPOP-02", "a proof that is broken, or comes twice, changes nothing either (RFC 9449, section 5)", dpop02},
	Row{"DPOP-03", "a token that is sent with scheme DPoP is refused, and the challenge asks for Bearer alone (RFC 9449, section 7)", dpop03},
	Row{"DPOP-04", "no answer asks for a nonce of DPoP or brings one (RFC 9449, sections 8 and 9)", dpop04},
	Row{"DPOP-05", "dpop_jkt is taken as an unknown parameter: neither code nor tokens are bound to the key (RFC 9449, section 10)", dpop05},
	Row{"DPOP-06", "a public client's refresh token asks for no proof: it rotates instead (RFC 9700, section 2.2.2)", dpop06},
)

func newKey(t *T) *ecdsa.PrivateKey {
	t.Helper()
	return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// proof is a proof that somebody has a key (RFC 9449, section 4.2).
func (t *T) proof(key *ecdsa.PrivateKey, method, path string) string {
	t.Helper()
	body := must[[]byte](t)(json.Marshal(map[string]any{
		"jti": t.next("proof-"), "htm": method, "htu": t.Issuer() + path, "iat": time.Now().Unix(),
	}))
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer := must[jose.Signer](t)(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options))
	return must[string](t)(must[*jose.JSONWebSignature](t)(signer.Sign(body)).CompactSerialize())
}

// unbound fails the case unless an answer of /token has tokens without a key.
func (t *T) unbound(a Answer) {
	t.Helper()
	t.OK(a)
	if kind := a.Text("token_type"); kind != "Bearer" {
		t.Errorf("token_type is %q", kind)
	}
	if a.JSON["cnf"] != nil {
		t.Error("the tokens are bound to a key")
	}
	t.OK(t.Info(a.Text("access_token")))
	t.quiet(a)
}

// quiet fails the case if an answer speaks of DPoP.
func (t *T) quiet(a Answer) {
	t.Helper()
	if got := a.Header.Get("DPoP-Nonce"); got != "" {
		t.Errorf("DPoP-Nonce is %q", got)
	}
	if got := a.Header.Get("WWW-Authenticate"); strings.Contains(got, "DPoP") {
		t.Errorf("the challenge is %q", got)
	}
	if got := a.Text("error"); strings.Contains(got, "dpop") {
		t.Errorf("the error is %q", got)
	}
}

func dpop01(t *T) {
	ask := t.Ask(t.App())
	a := t.PostForm("/token", t.CodeForm(ask, t.Code(ask)), "DPoP", t.proof(newKey(t), http.MethodPost, "/token"))
	t.unbound(a)
	seen := t.OK(t.Introspect(ask.Client, a.Text("access_token")))
	if seen.JSON["active"] != true || seen.JSON["cnf"] != nil || seen.Text("token_type") != "Bearer" {
		t.Errorf("introspection says %s", seen)
	}
	for name := range t.Metadata() {
		if strings.Contains(name, "dpop") || strings.Contains(name, "mtls") || strings.Contains(name, "certificate_bound") {
			t.Errorf("the metadata has %s", name)
		}
	}
}

func dpop02(t *T) {
	good := t.proof(newKey(t), http.MethodPost, "/token")
	for name, header := range map[string][]string{
		"wrong method": {"DPoP", t.proof(newKey(t), http.MethodGet, "/token")},
		"wrong URL":    {"DPoP", t.proof(newKey(t), http.MethodPost, "/info")},
		"no JWT":       {"DPoP", "x"},
		"empty":        {"DPoP", ""},
		"twice":        {"DPoP", good, "DPoP", good},
		"long":         {"DPoP", strings.Repeat("x", 4000)},
	} {
		ask := t.Ask(t.App())
		t.unbound(t.PostForm("/token", t.CodeForm(ask, t.Code(ask)), header...))
		if t.Failed() {
			t.Fatalf("this was with a proof: %s", name)
		}
	}
}

func dpop03(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name")
	for _, path := range []string{"/info", "/userinfo"} {
		for _, header := range [][]string{
			{"Authorization", "DPoP " + g.Access},
			{"Authorization", "DPoP " + g.Access, "DPoP", t.proof(newKey(t), http.MethodGet, path)},
		} {
			a := t.Get(path, header...)
			t.Status(a, http.StatusUnauthorized, http.StatusBadRequest)
			if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
				t.Errorf("the challenge is %q", got)
			}
			t.quiet(a)
			if a.JSON["given_name"] != nil {
				t.Error("the data is told")
			}
		}
	}
	t.OK(t.Userinfo(g.Access))
}

func dpop04(t *T) {
	ask := t.Ask(t.App())
	proof := t.proof(newKey(t), http.MethodPost, "/token")
	for _, a := range []Answer{
		t.PostForm("/token", t.CodeForm(ask, "no code"), "DPoP", proof),
		t.PostForm("/token", t.CodeForm(ask, "no code", "client_secret", "wrong"), "DPoP", proof),
		t.PostForm("/par", t.Form(ask.Client), "DPoP", proof),
		t.Get("/info", "DPoP", proof),
		t.Get("/userinfo", "Authorization", "Bearer x", "DPoP", proof),
	} {
		t.Status(a, http.StatusBadRequest, http.StatusUnauthorized)
		t.quiet(a)
	}
}

func dpop05(t *T) {
	key := jose.JSONWebKey{Key: newKey(t).Public()}
	thumbprint := base64.RawURLEncoding.EncodeToString(must[[]byte](t)(key.Thumbprint(crypto.SHA256)))
	ask := t.Ask(t.App(), "dpop_jkt", thumbprint)
	t.unbound(t.Exchange(ask, t.Code(ask)))

	pushed, b := t.Ask(t.App(), "dpop_jkt", thumbprint), t.SignedIn()
	home := t.GoOn(b, t.Open(b, byReference(pushed.Client.ID, t.pushed(pushed))))
	t.unbound(t.PostForm("/token", t.CodeForm(pushed, home.Code()), "DPoP", t.proof(newKey(t), http.MethodPost, "/token")))
}

func dpop06(t *T) {
	ask := t.Ask(t.Public())
	first := t.PostForm("/token", t.CodeForm(ask, t.Code(ask)), "DPoP", t.proof(newKey(t), http.MethodPost, "/token"))
	t.unbound(first)
	form := t.Form(ask.Client, "grant_type", "refresh_token", "refresh_token", first.Text("refresh_token"))
	second := t.PostForm("/token", form, "DPoP", t.proof(newKey(t), http.MethodPost, "/token"))
	t.unbound(second)
	if next := second.Text("refresh_token"); next == "" || next == first.Text("refresh_token") {
		t.Error("the refresh token does not rotate")
	}
	t.unbound(t.Refresh(ask.Client, second.Text("refresh_token")))
}
