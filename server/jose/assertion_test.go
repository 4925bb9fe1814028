package jose

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
)

const claims = `{"iss":"kiosk","sub":"kiosk","jti":"1"}`

// by signs the claims as a client would. Headers go on top of alg and kid.
func by(t testing.TB, algorithm gojose.SignatureAlgorithm, key any, keyID string, headers map[string]any) string {
	t.Helper()
	options := &gojose.SignerOptions{}
	for name, value := range headers {
		options.WithHeader(gojose.HeaderKey(name), value)
	}
	if keyID != "" {
		options.WithHeader("kid", keyID)
	}
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jwk returns a key as JSON, with further members.
func jwk(t testing.TB, key any, members map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(gojose.JSONWebKey{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		object[name] = value
	}
	return object
}

func setOf(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

type members = map[string]any

// kioskKeys is the key set of a client with an EC and an RSA key.
func kioskKeys(t testing.TB) []byte {
	return setOf(t, jwk(t, ecKey().Public(), members{"kid": "ec"}), jwk(t, rsaKey().Public(), members{"kid": "rsa"}))
}

func TestAssertionsOfTheClientAreVerified(t *testing.T) {
	t.Parallel()
	three := setOf(t, jwk(t, newECKey(elliptic.P256()).Public(), nil), jwk(t, rsaKey().Public(), nil), jwk(t, ecKey().Public(), nil))
	for name, row := range map[string]struct {
		set       []byte
		assertion string
	}{
		"ES256":                      {kioskKeys(t), by(t, gojose.ES256, ecKey(), "ec", nil)},
		"RS256":                      {kioskKeys(t), by(t, gojose.RS256, rsaKey(), "rsa", nil)},
		"PS256":                      {kioskKeys(t), by(t, gojose.PS256, rsaKey(), "rsa", nil)},
		"without a key id":           {kioskKeys(t), by(t, gojose.ES256, ecKey(), "", nil)},
		"by the second of its kind":  {three, by(t, gojose.ES256, ecKey(), "", nil)},
		"typed as usual":             {kioskKeys(t), by(t, gojose.ES256, ecKey(), "ec", members{"typ": "JWT"})},
		"typed exactly":              {kioskKeys(t), by(t, gojose.ES256, ecKey(), "ec", members{"typ": "client-authentication+jwt"})},
		"typed as a media type":      {kioskKeys(t), by(t, gojose.ES256, ecKey(), "ec", members{"typ": "application/JWT"})},
		"with another key beside it": {kioskKeys(t), by(t, gojose.ES256, ecKey(), "ec", members{"jku": "https://elsewhere.example/jwks"})},
		"by a key for signatures": {
			setOf(t, jwk(t, ecKey().Public(), members{"use": "sig", "alg": "ES256", "key_ops": []string{"verify"}})),
			by(t, gojose.ES256, ecKey(), "", nil),
		},
		"by a key among others that are not known": {
			setOf(t, members{"kty": "OKP", "crv": "X25519", "x": "AA"}, members{"kty": "new"}, jwk(t, ecKey().Public(), nil)),
			by(t, gojose.ES256, ecKey(), "", nil),
		},
		"by the second key with the id": {
			setOf(t, jwk(t, newECKey(elliptic.P256()).Public(), members{"kid": "x"}), jwk(t, ecKey().Public(), members{"kid": "x"})),
			by(t, gojose.ES256, ecKey(), "x", nil),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if payload, err := VerifyAssertion(row.set, row.assertion); err != nil || string(payload) != claims {
				t.Errorf("got %s, %v", payload, err)
			}
		})
	}
}

// written is a JWS made by hand.
func written(header, payload string, signature []byte) string {
	return strings.Join([]string{
		base64.RawURLEncoding.EncodeToString([]byte(header)), base64.RawURLEncoding.EncodeToString([]byte(payload)),
		base64.RawURLEncoding.EncodeToString(signature),
	}, ".")
}

func TestTextsThatAreNoAssertionAreRefused(t *testing.T) {
	t.Parallel()
	good, signature := by(t, gojose.ES256, ecKey(), "ec", nil), make([]byte, 64)
	parts := strings.Split(good, ".")
	for name, text := range map[string]string{
		"nothing":                         "",
		"a text":                          "assertion",
		"dots":                            "..",
		"alg none":                        written(`{"alg":"none"}`, claims, nil),
		"no alg":                          written(`{}`, claims, signature),
		"alg that is no text":             written(`{"alg":1}`, claims, signature),
		"two algs":                        written(`{"alg":"none","alg":"ES256"}`, claims, signature),
		"the public key as shared secret": by(t, gojose.HS256, publicBytes(t, rsaKey().Public()), "rsa", nil),
		"RS512":                           by(t, gojose.RS512, rsaKey(), "rsa", nil),
		"ES384":                           by(t, gojose.ES384, newECKey(elliptic.P384()), "ec", nil),
		"JSON serialisation":              `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"a line break":                    good + "\n",
		"a line break within":             good[:20] + "\r\n" + good[20:],
		"padding":                         good + "=",
		"five parts, as when encrypted":   good + "..",
		"more than 8 KiB":                 by(t, gojose.ES256, ecKey(), "ec", members{"x": strings.Repeat("x", maxAssertion)}),
		"an extension that has to be":     written(`{"alg":"ES256","crit":["exp"],"exp":1}`, claims, signature),
		"a payload that is not encoded":   written(`{"alg":"ES256","crit":["b64"],"b64":false}`, claims, signature),
		"a proof of possession":           by(t, gojose.ES256, ecKey(), "ec", members{"typ": "dpop+jwt"}),
		"a request object":                by(t, gojose.ES256, ecKey(), "ec", members{"typ": "oauth-authz-req+jwt"}),
		"a type that is no text":          by(t, gojose.ES256, ecKey(), "ec", members{"typ": 1}),
		"a header that is no JSON":        written(`{"alg":"ES256"`, claims, signature),
		"a private key in the header":     written(`{"alg":"ES256","jwk":`+string(kioskJSON(t, ecKey()))+`}`, claims, signature),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload, err := VerifyAssertion(kioskKeys(t), text)
			if !errors.Is(err, ErrAssertion) || payload != nil {
				t.Errorf("got %s, %v", payload, err)
			}
			if err != nil && len(err.Error()) > 100 {
				t.Errorf("the error is long: %v", err)
			}
		})
	}
}

// publicBytes is what a forger takes for a shared secret, where HS256 is accepted.
func publicBytes(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestForgedAssertionsAreRefused(t *testing.T) {
	t.Parallel()
	good, thief := by(t, gojose.ES256, ecKey(), "ec", nil), newECKey(elliptic.P256())
	unsigned := good[:strings.LastIndex(good, ".")+1]
	options := (&gojose.SignerOptions{EmbedJWK: true}).WithType("JWT")
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.ES256, Key: thief}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	brought, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		assertion string
		want      error
	}{
		"without a signature":             {unsigned, ErrSignature},
		"a zero signature":                {unsigned + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), ErrSignature},
		"half a signature":                {good[:len(good)-43], ErrSignature},
		"another payload":                 {written(`{"alg":"ES256","kid":"ec"}`, `{}`, part(t, good, 2)), ErrSignature},
		"another header":                  {written(`{"alg":"ES256"}`, claims, part(t, good, 2)), ErrSignature},
		"another key with the same id":    {by(t, gojose.ES256, thief, "ec", nil), ErrSignature},
		"another key without an id":       {by(t, gojose.ES256, thief, "", nil), ErrSignature},
		"an unknown key id":               {by(t, gojose.ES256, ecKey(), "new", nil), ErrUnknownKey},
		"the id of a key of another type": {by(t, gojose.ES256, ecKey(), "rsa", nil), ErrUnknownKey},
		"a key that it brings along":      {brought, ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if payload, err := VerifyAssertion(kioskKeys(t), row.assertion); !errors.Is(err, row.want) || payload != nil {
				t.Errorf("got %s, %v; want %v", payload, err, row.want)
			}
		})
	}
}

func kioskJSON(t testing.TB, key any) []byte {
	t.Helper()
	raw, err := json.Marshal(jwk(t, key, nil))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestKeysThatMustNotVerifyDoNot(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384 := newECKey(elliptic.P384())
	for name, row := range map[string]struct {
		set  []byte
		alg  gojose.SignatureAlgorithm
		key  any
		want error
	}{
		"a key for encryption":           {setOf(t, jwk(t, ecKey().Public(), members{"use": "enc"})), gojose.ES256, ecKey(), ErrUnknownKey},
		"a key to sign with":             {setOf(t, jwk(t, ecKey().Public(), members{"key_ops": []string{"sign"}})), gojose.ES256, ecKey(), ErrUnknownKey},
		"a key for nothing":              {setOf(t, jwk(t, ecKey().Public(), members{"key_ops": []string{}})), gojose.ES256, ecKey(), ErrUnknownKey},
		"key_ops that are no list":       {setOf(t, jwk(t, ecKey().Public(), members{"key_ops": "verify"})), gojose.ES256, ecKey(), ErrUnknownKey},
		"a key for another algorithm":    {setOf(t, jwk(t, rsaKey().Public(), members{"alg": "RS256"})), gojose.PS256, rsaKey(), ErrUnknownKey},
		"a key for a wrong algorithm":    {setOf(t, jwk(t, ecKey().Public(), members{"alg": "RS256"})), gojose.ES256, ecKey(), ErrUnknownKey},
		"an RSA key of 1024 bits":        {setOf(t, jwk(t, weak.Public(), nil)), gojose.RS256, weak, ErrUnknownKey},
		"a curve of another algorithm":   {setOf(t, jwk(t, p384.Public(), nil)), gojose.ES256, ecKey(), ErrUnknownKey},
		"a private key in the key set":   {setOf(t, jwk(t, ecKey(), nil)), gojose.ES256, ecKey(), ErrUnknownKey},
		"a point that is not on a curve": {setOf(t, jwk(t, ecKey().Public(), members{"y": strings.Repeat("A", 43)})), gojose.ES256, ecKey(), ErrUnknownKey},
		"no keys":                        {[]byte(`{"keys":[]}`), gojose.ES256, ecKey(), ErrKeySet},
		"no key set":                     {[]byte(`[]`), gojose.ES256, ecKey(), ErrKeySet},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload, err := VerifyAssertion(row.set, by(t, row.alg, row.key, "", nil))
			if !errors.Is(err, row.want) || payload != nil {
				t.Errorf("got %s, %v; want %v", payload, err, row.want)
			}
		})
	}
}

func TestAssertionAlgorithmsAreAllAsymmetric(t *testing.T) {
	t.Parallel()
	if got := AssertionAlgorithms(); !slices.Equal(got, []string{"ES256", "RS256", "PS256"}) {
		t.Errorf("got %v", got)
	}
}

// FuzzVerifyAssertion: nothing but what the client signed is taken for signed.
func FuzzVerifyAssertion(f *testing.F) {
	set := kioskKeys(f)
	good := by(f, gojose.ES256, ecKey(), "ec", nil)
	for _, seed := range []string{
		good, by(f, gojose.RS256, rsaKey(), "", nil), by(f, gojose.PS256, rsaKey(), "rsa", nil), "", "..", good + "=", good[1:],
		written(`{"alg":"none"}`, claims, nil), written(`{"alg":"ES256","crit":["b64"],"b64":false}`, claims, make([]byte, 64)),
		written(`{"alg":"ES256","kid":"ec","x5c":["AA=="],"jwk":{"kty":"EC"}}`, claims, make([]byte, 64)),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, assertion string) {
		payload, err := VerifyAssertion(set, assertion)
		switch {
		case err == nil && string(payload) != claims:
			t.Errorf("%q is taken for signed", assertion)
		case err != nil && payload != nil:
			t.Errorf("an error and a payload: %v", err)
		case err != nil && !errors.Is(err, ErrAssertion) && !errors.Is(err, ErrUnknownKey) && !errors.Is(err, ErrSignature):
			t.Errorf("refused with %v", err)
		}
	})
}
