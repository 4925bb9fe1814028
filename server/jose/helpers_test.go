package jose

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"vouchgate/kyc"
	"vouchgate/seal"
)

const day = 24 * time.Hour

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// clock is a clock that is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: noon} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// table is a Store in memory.
type table struct {
	mu      sync.Mutex
	rows    []kyc.SigningKey
	reads   int
	readErr error
	addErr  error
	before  func(*table, kyc.SigningKey) // called before a key is added
}

func (s *table) SigningKeys(ctx context.Context) ([]kyc.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return append([]kyc.SigningKey(nil), s.rows...), s.readErr
}

func (s *table) AddSigningKey(_ context.Context, key kyc.SigningKey) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil {
		s.before(s, key)
	}
	if s.addErr != nil {
		return false, s.addErr
	}
	for _, row := range s.rows {
		if row.Algorithm == key.Algorithm && row.Generation == key.Generation {
			return false, nil
		}
	}
	s.rows = append(s.rows, key)
	return true, nil
}

func (s *table) RemoveSigningKey(_ context.Context, id kyc.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addErr != nil {
		return s.addErr
	}
	s.rows = slices.DeleteFunc(s.rows, func(key kyc.SigningKey) bool { return key.ID == id })
	return nil
}

// fail makes reading, adding or both fail from now on.
func (s *table) fail(reading, adding error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readErr, s.addErr = reading, adding
}

func (s *table) count() (rows, reads int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows), s.reads
}

// ringOf returns a seal ring with one key.
func ringOf(t testing.TB, fill byte) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing("k1", map[string][]byte{"k1": bytes.Repeat([]byte{fill}, seal.KeySize)}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// replica returns Keys that share a store with others. RSA keys take long to make:
// all are the same one. What is logged is written to log.
func replica(t testing.TB, s Store, c *clock, ring *seal.Ring, log io.Writer) *Keys {
	t.Helper()
	k, err := New(Config{
		Store: s, Seal: ring.Seal, Open: ring.Open, Now: c.now, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	k.generate = func(algorithm string, rand io.Reader) (crypto.Signer, error) {
		if algorithm == RS256 {
			return rsaKey(), nil
		}
		return generate(algorithm, rand)
	}
	return k
}

// alone returns Keys with a store and a clock of their own.
func alone(t testing.TB) (*Keys, *table, *clock) {
	t.Helper()
	s, c := &table{}, newClock()
	return replica(t, s, c, ringOf(t, 1), io.Discard), s, c
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := generate(RS256, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key.(*rsa.PrivateKey)
})

var ecKey = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P256()) })

func newECKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func mustSign(t testing.TB, k *Keys, algorithm string) string {
	t.Helper()
	token, err := k.Sign(t.Context(), algorithm, map[string]string{"sub": "s"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// part decodes the header, payload or signature of a compact JWS.
func part(t testing.TB, token string, n int) []byte {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no compact JWS", token)
	}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func keyID(t testing.TB, token string) string {
	t.Helper()
	var header struct {
		KeyID string `json:"kid"`
	}
	if err := json.Unmarshal(part(t, token, 0), &header); err != nil {
		t.Fatal(err)
	}
	return header.KeyID
}

// keySet returns the published keys as clients read them.
func keySet(t testing.TB, k *Keys) []gojose.JSONWebKey {
	t.Helper()
	raw, err := k.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set gojose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

// listed returns the ids of the published keys of an algorithm.
func listed(t testing.TB, k *Keys, algorithm string) []string {
	t.Helper()
	var ids []string
	for _, key := range keySet(t, k) {
		if key.Algorithm == algorithm {
			ids = append(ids, key.KeyID)
		}
	}
	return ids
}
