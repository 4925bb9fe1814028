package conformance

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

var _ = rows(
	Row{"ATJ-01", "access tokens are opaque and no JWTs, and nothing in the metadata says otherwise (RFC 9068)", atj01},
	Row{"ATJ-02", "no JWT is taken for an access token: not unsigned, not signed by anybody, not an ID token (RFC 9068, section 4)", atj02},
	Row{"ATJ-03", "an access token is random: nothing of the person or the client is in it (RFC 9068, section 6)", atj03},
)

func atj01(t *T) {
	g := t.Grant(t.App(), "scope", "openid offline_access given_name")
	for _, token := range []string{g.Access, g.Refresh} {
		if strings.Contains(token, ".") || strings.HasPrefix(token, "ey") || strings.Trim(token, urlAlphabet) != "" {
			t.Error("a token looks like a JWT")
		}
	}
	if got := g.Answer.Text("token_type"); got != "Bearer" {
		t.Errorf("token_type is %q", got)
	}
	for name := range t.Metadata() {
		if strings.HasPrefix(name, "access_token_") {
			t.Errorf("the metadata has %s", name)
		}
	}
	t.Refused("access-token-format", "client", "add", "--id", t.next("refused-"), "--redirect-uri", "https://c.example/cb", "--access-token-format", "jwt")
}

// forged are JWTs for a person, a client and a gateway, as a forger can make them.
func (t *T) forged(g Grant) map[string]string {
	t.Helper()
	claims := map[string]any{
		"iss": t.Issuer(), "aud": t.Issuer(), "sub": t.Part(g.IDToken, 1)["sub"], "client_id": g.Client.ID, "scope": "openid profile",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "jti": g.Access,
	}
	body := must[[]byte](t)(json.Marshal(claims))
	part := base64.RawURLEncoding.EncodeToString
	sign := func(alg jose.SignatureAlgorithm, key any, kind string) string {
		options := (&jose.SignerOptions{}).WithType(jose.ContentType(kind)).WithHeader("kid", t.Part(g.IDToken, 0)["kid"])
		signer := must[jose.Signer](t)(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options))
		return must[string](t)(must[*jose.JSONWebSignature](t)(signer.Sign(body)).CompactSerialize())
	}
	id := strings.Split(g.IDToken, ".")
	return map[string]string{
		"an ID token":               g.IDToken,
		"unsigned":                  part([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + part(body) + ".",
		"signed by the secret":      sign(jose.HS256, []byte(g.Client.Secret), "at+jwt"),
		"signed by the token":       sign(jose.HS256, []byte(g.Access), "JWT"),
		"signed by another key":     sign(jose.ES256, newKey(t), "at+jwt"),
		"the ID token, with others": id[0] + "." + part(body) + "." + id[2],
	}
}

func atj02(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name")
	for name, token := range t.forged(g) {
		t.BadToken(t.Info(token))
		t.BadToken(t.Userinfo(token))
		a := t.Introspect(g.Client, token)
		if a.Status != 200 || a.JSON["active"] != false || len(a.JSON) != 1 {
			t.Errorf("introspection of a JWT, %s: %s", name, a)
		}
		if t.Failed() {
			t.Fatalf("this was a JWT, %s", name)
		}
	}
	t.OK(t.Userinfo(g.Access))
}

func atj03(t *T) {
	client, person := t.App(), t.Person()
	small, large := t.Grant(client, "scope", "given_name"), t.Grant(client, "scope", "profile")
	if len(small.Access) != len(large.Access) || small.Access == large.Access {
		t.Error("the length of a token depends on what it can read")
	}
	sub := t.OK(t.Info(large.Access)).Text("sub")
	for _, token := range []string{large.Access, large.Refresh} {
		plain := string(must[[]byte](t)(base64.RawURLEncoding.DecodeString(token)))
		for what, value := range map[string]string{
			"client": client.ID, "user name": person.UserName, "sub": sub, "birth date": person.Claims["birth_date"],
			"family name": person.Claims["family_name"], "given name": person.Claims["given_name"],
		} {
			if value == "" || strings.Contains(token, value) || strings.Contains(plain, value) {
				t.Errorf("the %s is in a token, or empty", what)
			}
		}
	}
}
