package jose

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
)

// manyKeys returns different EC keys.
func manyKeys(t testing.TB, n int) []map[string]any {
	t.Helper()
	var keys []map[string]any
	for i := range n {
		keys = append(keys, jwk(t, newECKey(elliptic.P256()).Public(), members{"kid": fmt.Sprint(i)}))
	}
	return keys
}

func TestCheckJWKSTakes(t *testing.T) {
	t.Parallel()
	for name, set := range map[string][]byte{
		"one EC key":                        setOf(t, jwk(t, ecKey().Public(), nil)),
		"one RSA key":                       setOf(t, jwk(t, rsaKey().Public(), members{"use": "sig", "alg": "PS256", "kid": "1"})),
		"both":                              kioskKeys(t),
		"twenty keys":                       setOf(t, manyKeys(t, 20)...),
		"a key for encryption beside":       setOf(t, jwk(t, ecKey().Public(), nil), jwk(t, rsaKey().Public(), members{"use": "enc", "alg": "RSA-OAEP"})),
		"members that nobody knows":         setOf(t, jwk(t, ecKey().Public(), members{"x5u": "https://kiosk.example", "x5c": []string{"junk"}, "more": 1})),
		"white space, and more beside keys": []byte(" {\"keys\": [" + string(kioskJSON(t, ecKey().Public())) + "], \"more\": 1}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := CheckJWKS(set); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// refusedSet is a key set that cannot be registered, and a part of the reason.
type refusedSet struct {
	set []byte
	why string
}

func wantKeySetsRefused(t *testing.T, rows map[string]refusedSet) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := CheckJWKS(row.set)
			if !errors.Is(err, ErrKeySet) || !strings.Contains(err.Error(), row.why) {
				t.Errorf("got %v, want ErrKeySet because of %q", err, row.why)
			}
		})
	}
}

func TestCheckJWKSRefusesSets(t *testing.T) {
	t.Parallel()
	good := jwk(t, ecKey().Public(), nil)
	wantKeySetsRefused(t, map[string]refusedSet{
		"nothing":                   {nil, "not JSON"},
		"half a set":                {[]byte(`{"keys":[`), "not JSON"},
		"a list":                    {[]byte(`[]`), "not JSON"},
		"a key alone":               {kioskJSON(t, ecKey().Public()), "0 keys"},
		"an empty set":              {[]byte(`{"keys":[]}`), "0 keys"},
		"a set of null":             {[]byte(`{"keys":null}`), "0 keys"},
		"more behind":               {append(setOf(t, good), "{}"...), "not JSON"},
		"21 keys":                   {setOf(t, manyKeys(t, 21)...), "21 keys"},
		"more than 64 KiB":          {setOf(t, jwk(t, ecKey().Public(), members{"x5u": strings.Repeat("x", maxSet)})), "longer"},
		"a key id twice":            {setOf(t, jwk(t, ecKey().Public(), members{"kid": "1"}), jwk(t, rsaKey().Public(), members{"kid": "1"})), "key 2: another"},
		"keys for encryption alone": {setOf(t, jwk(t, rsaKey().Public(), members{"use": "enc"})), "no key in it"},
		"keys for RS512 alone":      {setOf(t, jwk(t, rsaKey().Public(), members{"alg": "RS512"})), "no key in it"},
	})
}

func TestCheckJWKSRefusesKeys(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := jwk(t, ecKey().Public(), nil)
	wantKeySetsRefused(t, map[string]refusedSet{
		"a key that is a text":          {[]byte(`{"keys":["key"]}`), "key 1: it is not a JSON object"},
		"a key of null":                 {[]byte(`{"keys":[null]}`), "key 1: it is no EC or RSA key"},
		"a private EC key":              {setOf(t, good, jwk(t, ecKey(), nil)), "key 2: it is a private"},
		"a private RSA key":             {setOf(t, jwk(t, rsaKey(), nil)), "key 1: it is a private"},
		"part of a private key":         {setOf(t, jwk(t, rsaKey().Public(), members{"p": "AQAB"})), "private"},
		"a private member that is null": {setOf(t, jwk(t, rsaKey().Public(), members{"d": nil})), "private"},
		"a shared secret":               {setOf(t, members{"kty": "oct", "k": "c2VjcmV0"}), "symmetric"},
		"an RSA key of 1024 bits":       {setOf(t, jwk(t, short.Public(), nil)), "2048 bits"},
		"an RSA key of 8192 bits":       {setOf(t, jwk(t, rsaKey().Public(), members{"n": strings.Repeat("_", 1366)})), "wrong values"},
		"an RSA exponent of 1":          {setOf(t, jwk(t, rsaKey().Public(), members{"e": "AQ"})), "wrong values"},
		"an even RSA exponent":          {setOf(t, jwk(t, rsaKey().Public(), members{"e": "BA"})), "form of one"},
		"a curve of 384 bits":           {setOf(t, jwk(t, newECKey(elliptic.P384()).Public(), nil)), "not P-256"},
		"a curve that nobody knows":     {setOf(t, jwk(t, ecKey().Public(), members{"crv": "secp256k1"})), "wrong values"},
		"a point that is not on it":     {setOf(t, jwk(t, ecKey().Public(), members{"y": strings.Repeat("A", 43)})), "wrong values"},
		"an Ed25519 key":                {setOf(t, jwk(t, ed, nil)), "neither an EC nor"},
		"no type":                       {setOf(t, members{"kid": "1"}), "no EC or RSA key"},
		"a key id that is a number":     {setOf(t, jwk(t, ecKey().Public(), members{"kid": 1})), "wrong values"},
	})
}

// FuzzCheckJWKS: a set that can be registered has public keys alone, and one at
// least to verify with.
func FuzzCheckJWKS(f *testing.F) {
	f.Add(kioskKeys(f))
	f.Add(setOf(f, jwk(f, ecKey(), nil)))
	f.Add(setOf(f, members{"kty": "oct", "k": "c2VjcmV0"}))
	f.Add(setOf(f, jwk(f, rsaKey().Public(), members{"use": "enc", "key_ops": []string{"verify"}})))
	f.Add([]byte(`{"keys":[{"kty":"EC","kty":"RSA"}]}`))
	f.Add([]byte(`{"KEYS":[null],"keys":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		usable, err := usableKeys(raw)
		if refused := CheckJWKS(raw); refused != nil {
			if !errors.Is(refused, ErrKeySet) {
				t.Errorf("refused with %v", refused)
			}
			return
		}
		if err != nil || len(usable) == 0 || len(usable) > maxKeys {
			t.Errorf("taken, but %d keys can verify: %v", len(usable), err)
		}
		var set struct{ Keys []json.RawMessage }
		if err := json.Unmarshal(raw, &set); err != nil {
			t.Fatal(err)
		}
		for _, member := range set.Keys {
			var key gojose.JSONWebKey
			if err := json.Unmarshal(member, &key); err == nil && !key.IsPublic() {
				t.Errorf("a key that is not public was taken")
			}
		}
	})
}
