package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/store/sqlite"
)

var groupNoon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func openMigrated(t *testing.T) *sqlite.Backend {
	t.Helper()
	b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func note(ctx context.Context, q pgdb.Querier, event string) error {
	return q.AddAudit(ctx, pgdb.AddAuditParams{At: groupNoon, Actor: "test", Event: event, SessionID: "s"})
}

func noted(t *testing.T, b *sqlite.Backend) map[string]int {
	t.Helper()
	rows, err := b.Reader().ListAudit(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, r := range rows {
		seen[r.Event]++
	}
	return seen
}

// hold runs a transaction that waits inside until the returned function is
// called, so that what comes meanwhile is gathered behind it.
func hold(t *testing.T, b *sqlite.Backend) (release func()) {
	t.Helper()
	inside, let, over := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		over <- b.Tx(context.WithoutCancel(t.Context()), func(pgdb.Querier) error {
			close(inside)
			<-let
			return nil
		})
	}()
	<-inside
	return func() {
		close(let)
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
}

func TestPiecesThatFailAreUndoneAlone(t *testing.T) {
	t.Parallel()
	b := openMigrated(t)
	release := hold(t, b)
	refused := errors.New("refused")
	var all sync.WaitGroup
	for i := range 30 {
		event := fmt.Sprintf("%d-%s", i, [3]string{"kept", "refused", "panicked"}[i%3])
		all.Go(func() {
			err := b.Tx(t.Context(), func(q pgdb.Querier) error {
				if err := note(t.Context(), q, event); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					return refused
				case 2:
					panic("secret")
				}
				return nil
			})
			switch {
			case i%3 == 0 && err != nil, i%3 == 1 && !errors.Is(err, refused):
				t.Errorf("%s: %v", event, err)
			case i%3 == 2 && (err == nil || strings.Contains(err.Error(), "secret")):
				t.Errorf("%s: %v", event, err)
			}
		})
	}
	release()
	all.Wait()
	seen := noted(t, b)
	for event, n := range seen {
		if !strings.HasSuffix(event, "kept") || n != 1 {
			t.Errorf("%s was written %d times", event, n)
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d pieces were kept, want 10", len(seen))
	}
}

func TestAPieceWhoseCallerHasLeftDoesNotRun(t *testing.T) {
	t.Parallel()
	b := openMigrated(t)
	release := hold(t, b)
	ctx, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { left <- b.Tx(ctx, func(q pgdb.Querier) error { return note(ctx, q, "left") }) }()
	go func() { stayed <- note(t.Context(), b.Writer(), "stayed") }()
	leave()
	release()
	if err := <-left; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	} else if seen := noted(t, b); (err == nil) != (seen["left"] == 1) {
		t.Errorf("error %v, but written %d times", err, seen["left"])
	}
	if err := <-stayed; err != nil || noted(t, b)["stayed"] != 1 {
		t.Error("the other piece was lost", err)
	}
}

func TestACallerWhoLeavesInTheMiddleUndoesNothingOfOthers(t *testing.T) {
	t.Parallel()
	b := openMigrated(t)
	release := hold(t, b)
	ctx, leave := context.WithCancel(t.Context())
	results := make(chan error, 3)
	go func() { results <- note(t.Context(), b.Writer(), "first") }()
	go func() {
		results <- b.Tx(ctx, func(q pgdb.Querier) error {
			leave()
			return note(ctx, q, "leaving")
		})
	}()
	go func() { results <- note(t.Context(), b.Writer(), "last") }()
	release()
	for range 3 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if seen := noted(t, b); seen["first"] != 1 || seen["leaving"] != 1 || seen["last"] != 1 {
		t.Error(seen)
	}
}

func TestNobodyIsAnsweredWhenTheGroupCannotBegin(t *testing.T) {
	t.Parallel()
	b := openMigrated(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := note(t.Context(), b.Writer(), "x"); err == nil {
				t.Error("a write to a closed database was confirmed")
			}
		})
	}
	all.Wait()
}
