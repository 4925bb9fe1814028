// Package storetest proves that a store keeps its promises, on every engine, and
// gives other packages' tests a store to use.
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"vouchgate/store"
	"vouchgate/store/postgres"
	"vouchgate/store/sqlite"
	"vouchgate/store/storetest/pgtest"
)

// Engines names the database engines.
var Engines = []string{"sqlite", "postgres"}

// Open returns an empty store on a temporary SQLite file, migrated. It is closed
// when the test ends.
func Open(t testing.TB) *store.Store {
	t.Helper()
	return OpenOn(t, "sqlite")
}

// OpenFile is Open, and says where the file is: for tests of what is on the disk.
func OpenFile(t testing.TB) (s *store.Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "vouchgate.db")
	b, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatalf("opening sqlite: %v", err)
	}
	t.Cleanup(func() { b.Close() })
	s = store.New(b)
	if _, err := s.Migrate(context.Background()); err != nil {
		t.Fatalf("migrating: %v", err)
	}
	return s, path
}

// OpenOn is Open on an engine of Engines.
func OpenOn(t testing.TB, engine string) *store.Store {
	t.Helper()
	s := store.New(OpenBackend(t, engine))
	if _, err := s.Migrate(context.Background()); err != nil {
		t.Fatalf("migrating: %v", err)
	}
	return s
}

// OpenBackend returns an engine's backend on an empty database, not migrated.
func OpenBackend(t testing.TB, engine string) store.Backend {
	t.Helper()
	var (
		b   store.Backend
		err error
	)
	switch engine {
	case "sqlite":
		b, err = sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "vouchgate.db"))
	case "postgres":
		b, err = postgres.Open(context.Background(), pgtest.URL(t))
	default:
		t.Fatalf("no engine is called %q", engine)
	}
	if err != nil {
		t.Fatalf("opening %s: %v", engine, err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("closing %s: %v", engine, err)
		}
	})
	return b
}

// Each runs a test once per engine, each time on an empty store.
func Each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, OpenOn(t, engine))
		})
	}
}
