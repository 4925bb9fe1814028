package store

import (
	"context"
	"time"

	"vouchgate/gen/pgdb"
)

// Count counts what happened once more by what it has in common with others, and
// returns how often that was since the first time that is not older than window, and
// when that first time was. Counting comes before whatever is limited by it, so what
// happens side by side is counted too.
func (s *Store) Count(ctx context.Context, key []byte, now time.Time, window time.Duration) (n int64, since time.Time, err error) {
	err = s.tx(ctx, "counting", func(q pgdb.Querier) error {
		if _, err := q.ForgetOldCount(ctx, pgdb.ForgetOldCountParams{Key: key, Before: micro(now.Add(-window))}); err != nil {
			return err
		}
		r, err := q.Count(ctx, pgdb.CountParams{Key: key, Since: micro(now)})
		n, since = r.N, r.Since
		return err
	})
	return n, since, err
}

// Counted returns a count without adding to it, or ErrNotFound if it is none. It may
// be of a window that has ended.
func (s *Store) Counted(ctx context.Context, key []byte) (n int64, since time.Time, err error) {
	r, err := s.b.Reader().GetCount(ctx, key)
	return r.N, r.Since, s.err("reading a count", err)
}

// ForgetCount starts counting anew.
func (s *Store) ForgetCount(ctx context.Context, key []byte) error {
	_, err := s.b.Background().ForgetCount(ctx, key)
	return s.err("forgetting a count", err)
}
