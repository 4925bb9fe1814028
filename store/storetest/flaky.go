package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"vouchgate/gen/pgdb"
	"vouchgate/store"
)

// OpenFlaky is Open, but the store fails to record what became of webhooks and
// messages the given number of times.
func OpenFlaky(t testing.TB, failures int64) *store.Store {
	t.Helper()
	b := &flakyBackend{Backend: OpenBackend(t, "sqlite")}
	b.failures.Store(failures)
	s := store.New(b)
	if _, err := s.Migrate(context.Background()); err != nil {
		t.Fatalf("migrating: %v", err)
	}
	return s
}

type flakyBackend struct {
	store.Backend
	failures atomic.Int64
}

func (f *flakyBackend) Background() pgdb.Querier { return flakyQuerier{f.Backend.Background(), f} }

func (f *flakyBackend) Writer() pgdb.Querier { return flakyQuerier{f.Backend.Writer(), f} }

type flakyQuerier struct {
	pgdb.Querier
	b *flakyBackend
}

func (q flakyQuerier) FinishWebhooks(ctx context.Context, arg pgdb.FinishWebhooksParams) (int64, error) {
	if q.b.failures.Add(-1) >= 0 {
		return 0, errors.New("database is gone")
	}
	return q.Querier.FinishWebhooks(ctx, arg)
}

func (q flakyQuerier) FinishMessage(ctx context.Context, arg pgdb.FinishMessageParams) (int64, error) {
	if q.b.failures.Add(-1) >= 0 {
		return 0, errors.New("database is gone")
	}
	return q.Querier.FinishMessage(ctx, arg)
}
