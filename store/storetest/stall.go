package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"vouchgate/gen/pgdb"
	"vouchgate/store"
)

// Stall makes the transactions of a store fail for a while, as those on a disk
// that stands still do.
type Stall struct {
	store.Backend

	mu   sync.Mutex
	left int
	each func()
}

// OpenStall is Open with a Stall, which lets everything pass at first.
func OpenStall(t testing.TB) (*store.Store, *Stall) {
	t.Helper()
	b := &Stall{Backend: OpenBackend(t, "sqlite")}
	s := store.New(b)
	if _, err := s.Migrate(context.Background()); err != nil {
		t.Fatalf("migrating: %v", err)
	}
	return s, b
}

// Fail makes the next transactions fail, so many of them, and calls each at every
// failure.
func (b *Stall) Fail(times int, each func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.each = times, each
}

// Left returns how many failures are still to come.
func (b *Stall) Left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left
}

// Tx implements store.Backend.
func (b *Stall) Tx(ctx context.Context, fn func(pgdb.Querier) error) error {
	b.mu.Lock()
	fails, each := b.left > 0, b.each
	if fails {
		b.left--
	}
	b.mu.Unlock()
	if !fails {
		return b.Backend.Tx(ctx, fn)
	}
	each()
	return errors.New("the disk stands still")
}
