package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"vouchgate/e2e"
)

// jwtBearer is the client_assertion_type of RFC 7523, section 2.2.
const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// clientKey is a pair of keys by which a client authenticates itself.
type clientKey struct {
	id  string
	key *ecdsa.PrivateKey
}

// ClientKey makes a pair of keys of a name that no other one has.
func (t *T) ClientKey() clientKey {
	t.Helper()
	return clientKey{t.next("key-"), must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
}

// keySet is the JSON Web Key Set of the public keys of pairs of keys.
func keySet(pairs ...clientKey) []byte {
	type key map[string]string
	keys := []key{}
	for _, s := range pairs {
		point, _ := s.key.PublicKey.Bytes() // fails for curves that have no such form
		encode := base64.RawURLEncoding.EncodeToString
		keys = append(keys, key{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": s.id, "x": encode(point[1:33]), "y": encode(point[33:]),
		})
	}
	text, _ := json.Marshal(map[string]any{"keys": keys})
	return text
}

// Keyed registers a client that signs assertions, with further flags.
func (t *T) Keyed(s clientKey, flags ...string) e2e.Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), s.id+".json")
	t.Check(os.WriteFile(file, keySet(s), 0o600))
	return t.NewClient(append([]string{byAccount, noQuestion, "--auth-method=private_key_jwt", "--jwks-file=" + file}, flags...)...)
}

// claims are the claims of a good assertion of a client, made now (RFC 7523,
// section 3). Those that are given are set on top; nil leaves one out.
func (t *T) claims(c e2e.Client, set map[string]any) map[string]any {
	t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": c.ID, "sub": c.ID, "aud": t.Issuer(), "jti": t.next("assertion-"), "iat": now, "exp": now + 120,
	}
	for name, value := range set {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// unsigned is the first two parts of a JWT, of which the signature is made.
func unsigned(header, claims map[string]any) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

// sign signs claims with ES256 (RFC 7518, section 3.4).
func (t *T) sign(s clientKey, claims map[string]any) string {
	t.Helper()
	text := unsigned(map[string]any{"alg": "ES256", "kid": s.id}, claims)
	sum := sha256.Sum256([]byte(text))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	t.Check(err)
	var signature [64]byte
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature[:])
}

// asserted puts an assertion into a form in place of other credentials.
func asserted(form url.Values, assertion string) url.Values {
	change(form, []string{
		"client_id", Without, "client_secret", Without, "client_assertion_type", jwtBearer, "client_assertion", assertion,
	})
	return form
}

// unredeemable is a token request that fails only after the client has
// authenticated.
func unredeemable(set ...string) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {"none"}, "redirect_uri": {"https://c.example/"}}
	change(form, set)
	return form
}

// Present sends an assertion to a path with an unredeemable request.
func (t *T) Present(path, assertion string) Answer {
	t.Helper()
	return t.PostForm(path, asserted(unredeemable("token", "x"), assertion))
}
