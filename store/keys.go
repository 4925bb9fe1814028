package store

import (
	"context"
	"errors"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// SigningKeys lists the keys that sign ID tokens, by algorithm and generation.
func (s *Store) SigningKeys(ctx context.Context) ([]kyc.SigningKey, error) {
	rows, err := s.b.Reader().ListSigningKeys(ctx)
	out := make([]kyc.SigningKey, len(rows))
	for i, r := range rows {
		out[i] = kyc.SigningKey(r)
	}
	return out, s.err("reading signing keys", err)
}

// AddSigningKey keeps a key and reports whether it is the first of its algorithm
// and generation: another process may have made one at the same time.
func (s *Store) AddSigningKey(ctx context.Context, k kyc.SigningKey) (added bool, err error) {
	k.CreatedAt, k.SignsFrom = micro(k.CreatedAt), micro(k.SignsFrom)
	rows, err := s.b.Writer().AddSigningKey(ctx, pgdb.AddSigningKeyParams(k))
	return rows == 1, s.err("keeping a signing key", err)
}

// RemoveSigningKey deletes a key that nobody needs any more.
func (s *Store) RemoveSigningKey(ctx context.Context, id kyc.ID) error {
	_, err := s.b.Background().DeleteSigningKey(ctx, id)
	return s.err("removing a signing key", err)
}

// ServerSecret returns a sealed secret of the server by name. The one that make
// returns is kept if there is none yet; of several processes that make one, the
// first wins and all get the same.
func (s *Store) ServerSecret(ctx context.Context, name string, make func() (sealed []byte, err error)) ([]byte, error) {
	kept, err := s.b.Reader().GetServerSecret(ctx, name)
	if err == nil || !errors.Is(s.b.MapError(err), ErrNotFound) {
		return kept, s.err("reading a secret of the server", err)
	}
	sealed, err := make()
	if err != nil {
		return nil, err
	}
	if _, err := s.b.Writer().AddServerSecret(ctx, pgdb.AddServerSecretParams{Name: name, Sealed: sealed}); err != nil {
		return nil, s.err("keeping a secret of the server", err)
	}
	kept, err = s.b.Reader().GetServerSecret(ctx, name)
	return kept, s.err("reading a secret of the server", err)
}

// UseAssertion remembers an assertion until it ends, and reports false if it was
// used before.
func (s *Store) UseAssertion(ctx context.Context, key []byte, ends time.Time) (fresh bool, err error) {
	rows, err := s.b.Writer().UseAssertion(ctx, pgdb.UseAssertionParams{Key: key, ExpiresAt: micro(ends)})
	return rows == 1, s.err("remembering an assertion", err)
}
