package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

// The signatures are verified without the library that makes them.
func TestTokenIsVerifiedWithThePublishedKey(t *testing.T) {
	t.Parallel()
	k, _, _ := alone(t)
	for _, algorithm := range algorithms {
		token := mustSign(t, k, algorithm)
		var header map[string]any
		if err := json.Unmarshal(part(t, token, 0), &header); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"alg": algorithm, "kid": keyID(t, token), "typ": "JWT"}, header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if got := string(part(t, token, 1)); got != `{"sub":"s"}` {
			t.Errorf("payload is %s", got)
		}
		signed := sha256.Sum256([]byte(token[:strings.LastIndex(token, ".")]))
		signature := part(t, token, 2)
		for _, key := range keySet(t, k) {
			if key.KeyID != keyID(t, token) {
				continue
			}
			switch public := key.Key.(type) {
			case *ecdsa.PublicKey:
				r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
				if algorithm != ES256 || !ecdsa.Verify(public, signed[:], r, s) {
					t.Errorf("%s: the signature is wrong", algorithm)
				}
			case *rsa.PublicKey:
				if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, signed[:], signature); algorithm != RS256 || err != nil {
					t.Errorf("%s: the signature is wrong: %v", algorithm, err)
				}
			}
			header = nil
		}
		if header != nil {
			t.Errorf("the key of %s is not published", algorithm)
		}
	}
}

func TestKeySetHasPublicMembersAlone(t *testing.T) {
	t.Parallel()
	k, s, _ := alone(t)
	raw, err := k.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("%s: %v", raw, err)
	}
	ec, rs := set.Keys[0], set.Keys[1]
	for name, row := range map[string]struct {
		key  map[string]string
		want string
	}{
		"EC":  {ec, "alg crv kid kty use x y"},
		"RSA": {rs, "alg e kid kty n use"},
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(row.key)), " "); got != row.want {
			t.Errorf("the %s key has the members %s, want %s", name, got, row.want)
		}
		if row.key["kty"] != name || row.key["use"] != "sig" {
			t.Errorf("the %s key is %v", name, row.key)
		}
	}
	if ec["alg"] != ES256 || rs["alg"] != RS256 || ec["kid"] == rs["kid"] {
		t.Errorf("keys are %v and %v", ec, rs)
	}
	for _, row := range s.rows {
		if row.ID.String() != ec["kid"] && row.ID.String() != rs["kid"] {
			t.Errorf("the row %s is not listed by its id", row.ID)
		}
		if strings.Contains(string(row.Public), `"d"`) {
			t.Errorf("the row's public key is %s", row.Public)
		}
	}
}

func TestKeysAreMadeWhenTheyAreNeeded(t *testing.T) {
	t.Parallel()
	k, s, _ := alone(t)
	if rows, reads := s.count(); rows != 0 || reads != 0 {
		t.Errorf("to begin with, %d rows, %d reads", rows, reads)
	}
	mustSign(t, k, ES256)
	if len(s.rows) != 1 || s.rows[0].Algorithm != ES256 || s.rows[0].Generation != 1 {
		t.Errorf("a signature with ES256 made %d keys", len(s.rows))
	}
	if !s.rows[0].SignsFrom.Equal(noon) || !s.rows[0].CreatedAt.Equal(noon) {
		t.Errorf("the first key signs from %v", s.rows[0].SignsFrom)
	}
	if got := len(keySet(t, k)); got != 2 || len(s.rows) != 2 {
		t.Errorf("%d keys are listed, %d made", got, len(s.rows))
	}
}

func TestManyCallersMakeOneKey(t *testing.T) {
	t.Parallel()
	k, s, _ := alone(t)
	made := 0
	generate := k.generate
	k.generate = func(algorithm string, rand io.Reader) (crypto.Signer, error) {
		made++ // guarded by the turn
		return generate(algorithm, rand)
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := k.Sign(t.Context(), ES256, "x"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if rows, _ := s.count(); made != 1 || rows != 1 {
		t.Errorf("%d keys were made, %d kept", made, rows)
	}
}

func TestPrivateKeysAreSealedInTheirRows(t *testing.T) {
	t.Parallel()
	k, s, _ := alone(t)
	mustSign(t, k, ES256)
	row, ring := s.rows[0], ringOf(t, 1)
	der, err := ring.Open(kyc.PurposeSigningKey, row.ID[:], row.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(row.Sealed), string(der[len(der)/2:])) {
		t.Error("the private key can be read in the row")
	}
	other := kyc.ID{1}
	if _, err := ring.Open(kyc.PurposeSigningKey, other[:], row.Sealed); err == nil {
		t.Error("the private key opens in another row")
	}
}

func TestUnknownAlgorithmsAreRefused(t *testing.T) {
	t.Parallel()
	k, s, _ := alone(t)
	for _, algorithm := range []string{"", "none", "HS256", "es256", "ES384"} {
		if _, err := k.Sign(t.Context(), algorithm, "x"); !errors.Is(err, ErrAlgorithm) {
			t.Errorf("Sign(%q) = %v", algorithm, err)
		}
		if _, err := k.Rotate(t.Context(), algorithm, true); !errors.Is(err, ErrAlgorithm) {
			t.Errorf("Rotate(%q) = %v", algorithm, err)
		}
		if AtHash(algorithm, "x") != "" {
			t.Errorf("AtHash(%q) is a hash", algorithm)
		}
	}
	if len(s.rows) != 0 {
		t.Errorf("%d keys were made", len(s.rows))
	}
}

func TestClaimsThatAreNoJSONAreRefused(t *testing.T) {
	t.Parallel()
	k, s, _ := alone(t)
	if _, err := k.Sign(t.Context(), ES256, func() {}); err == nil || len(s.rows) != 0 {
		t.Errorf("got %v and %d keys", err, len(s.rows))
	}
}

func TestConfigMustBeComplete(t *testing.T) {
	t.Parallel()
	ring := ringOf(t, 1)
	whole := Config{Store: &table{}, Seal: ring.Seal, Open: ring.Open, Now: newClock().now, Rand: rand.Reader, Log: slog.Default()}
	if k, err := New(whole); err != nil || k.cfg.Lifetime != DefaultLifetime || k.cfg.Ahead != DefaultAhead || k.cfg.Grace != DefaultGrace {
		t.Errorf("a whole configuration gives %v", err)
	}
	for name, spoil := range map[string]func(*Config){
		"no store": func(c *Config) { c.Store = nil }, "no seal": func(c *Config) { c.Seal = nil },
		"no open": func(c *Config) { c.Open = nil }, "no clock": func(c *Config) { c.Now = nil },
		"no randomness": func(c *Config) { c.Rand = nil }, "no log": func(c *Config) { c.Log = nil },
		"a negative lifetime": func(c *Config) { c.Lifetime = -day }, "a negative notice": func(c *Config) { c.Ahead = -day },
		"a negative grace": func(c *Config) { c.Grace = -day },
	} {
		c := whole
		spoil(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The values are those of the examples in OpenID Connect Core, appendix A.
func TestAtHash(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		got := AtHash(algorithm, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")
		if want := "77QmUPtjPfzWtF2AnpK9RQ"; got != want {
			t.Errorf("AtHash(%s) = %s, want %s", algorithm, got, want)
		}
	}
}
