package jose

import (
	"cmp"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"vouchgate/kyc"
)

// The algorithms of ID tokens (RFC 7518, section 3.1).
const (
	ES256 = "ES256" // ECDSA with P-256: short and fast
	RS256 = "RS256" // RSA: what every OpenID Connect client can read
)

// algorithms lists what ID tokens can be signed with, in the order of the key set.
var algorithms = []string{ES256, RS256}

// The times of keys, where Config says nothing.
const (
	DefaultLifetime = 90 * 24 * time.Hour
	DefaultAhead    = 24 * time.Hour
	DefaultGrace    = 24 * time.Hour
)

// ErrAlgorithm says that ID tokens are not signed with an algorithm here.
var ErrAlgorithm = errors.New("no such signing algorithm")

// ErrNoKey says that there is no key to sign with and none could be made.
var ErrNoKey = errors.New("no signing key")

// Store keeps the keys.
type Store interface {
	// SigningKeys returns all keys, in any order.
	SigningKeys(ctx context.Context) ([]kyc.SigningKey, error)
	// AddSigningKey adds a key. It reports false, and adds nothing, if its
	// algorithm has a key of its generation already: another replica was first.
	AddSigningKey(ctx context.Context, key kyc.SigningKey) (added bool, err error)
	// RemoveSigningKey deletes a key; that it is gone already is no error.
	RemoveSigningKey(ctx context.Context, id kyc.ID) error
}

// Config is what Keys need. All but the times is needed.
type Config struct {
	Store Store
	// Seal and Open encrypt private keys at rest; they are those of a seal.Ring.
	Seal, Open func(purpose string, context, data []byte) ([]byte, error)
	Now        func() time.Time
	Rand       io.Reader
	Log        *slog.Logger // gets key ids

	Lifetime time.Duration // a key signs for this long; 0 stands for DefaultLifetime
	Ahead    time.Duration // a key is published this long before it signs; 0 stands for DefaultAhead
	// Grace is how long a key stays published after the next one took over, and so
	// the longest life of an ID token; 0 stands for DefaultGrace.
	Grace time.Duration
}

// Keys sign ID tokens. They can be used by many goroutines at once.
type Keys struct {
	cfg      Config
	kept     atomic.Pointer[ring]
	turn     turn // held by whoever reads, makes or rotates keys
	generate func(algorithm string, rand io.Reader) (crypto.Signer, error)
}

// New returns keys that are read, or made, when they are first needed. The error
// says that the configuration is not complete.
func New(c Config) (*Keys, error) {
	if c.Store == nil || c.Seal == nil || c.Open == nil || c.Now == nil || c.Rand == nil || c.Log == nil {
		return nil, errors.New("jose: Store, Seal, Open, Now, Rand and Log are needed")
	}
	c.Lifetime = cmp.Or(c.Lifetime, DefaultLifetime)
	c.Ahead = cmp.Or(c.Ahead, DefaultAhead)
	c.Grace = cmp.Or(c.Grace, DefaultGrace)
	if c.Lifetime < 0 || c.Ahead < 0 || c.Grace < 0 {
		return nil, errors.New("jose: times of keys cannot be negative")
	}
	return &Keys{cfg: c, turn: newTurn(), generate: generate}, nil
}

// Sign returns the claims as a compact JWS (RFC 7515, section 3.1) with the headers
// alg, kid and typ. What it signs should run out within Config.Grace. Errors are
// ErrAlgorithm, ErrNoKey and those of the store, if a key has to be made first.
func (k *Keys) Sign(ctx context.Context, algorithm string, claims any) (string, error) {
	if !slices.Contains(algorithms, algorithm) {
		return "", ErrAlgorithm
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encoding claims: %w", err)
	}
	r, err := k.ready(ctx, algorithm)
	if err != nil {
		return "", err
	}
	signed, err := k.signer(r, algorithm).Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed.CompactSerialize()
}

// Prepare has the keys of an algorithm ready, so that Sign need neither read nor make
// any for a while. Errors as for Sign.
func (k *Keys) Prepare(ctx context.Context, algorithm string) error {
	if !slices.Contains(algorithms, algorithm) {
		return ErrAlgorithm
	}
	_, err := k.ready(ctx, algorithm)
	return err
}

// JWKS returns the JSON Web Key Set (RFC 7517, section 5) for clients: the public
// keys of both algorithms that sign, will soon sign, or signed what may not have
// run out. It makes keys that are missing, which takes a moment the first time.
func (k *Keys) JWKS(ctx context.Context) ([]byte, error) {
	r, err := k.ready(ctx, algorithms...)
	if err != nil {
		return nil, err
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, key := range published(r.rows, k.cfg.Now(), k.cfg.Grace) {
		if public := r.opened[key.ID].public; public != nil {
			set.Keys = append(set.Keys, public)
		}
	}
	return json.Marshal(set)
}

// Rotate makes the next key of an algorithm and returns its row. The key signs
// from now on if atOnce is set, as is right when the present key may have leaked,
// or if it is the first; otherwise after Config.Ahead, when everybody has had time
// to read it. Other replicas notice within a minute. Errors are ErrAlgorithm,
// ErrNoKey if others were always first, and those of the store.
func (k *Keys) Rotate(ctx context.Context, algorithm string, atOnce bool) (kyc.SigningKey, error) {
	if !slices.Contains(algorithms, algorithm) {
		return kyc.SigningKey{}, ErrAlgorithm
	}
	if err := k.turn.take(ctx); err != nil {
		return kyc.SigningKey{}, err
	}
	defer k.turn.give()
	r, err := k.read(ctx)
	if err != nil {
		return kyc.SigningKey{}, err
	}
	for range maxTries {
		from := k.cfg.Now()
		if _, others := newest(r.rows, algorithm); others && !atOnce {
			from = from.Add(k.cfg.Ahead)
		}
		var added *kyc.SigningKey
		if r, added, err = k.succeed(ctx, r, algorithm, from); err != nil {
			return kyc.SigningKey{}, err
		}
		if added != nil {
			return *added, nil
		}
	}
	return kyc.SigningKey{}, ErrNoKey
}
