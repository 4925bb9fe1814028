package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"vouchgate/seal"
	"vouchgate/store"
	"vouchgate/store/postgres"
	"vouchgate/store/sqlite"
)

// storage is an open database with the keys that seal what is in it.
type storage struct {
	store   *store.Store
	ring    *seal.Ring
	release func() // of the lock
}

func (s *storage) close() error {
	err := s.store.Close()
	s.release()
	return err
}

// teller is told what was done on the way, in words and pairs like slog's.
type teller func(message string, pairs ...any)

// own opens the storage for a process that works on it until it ends. SQLite
// belongs to one such process at a time.
func (c storageConfig) own(ctx context.Context, p *program, migrate bool, tell teller) (*storage, error) {
	if err := c.makeDirs(tell); err != nil {
		return nil, err
	}
	release := func() {}
	if c.sqlite != "" {
		var err error
		if release, err = c.lock(ctx); err != nil {
			return nil, err
		}
	}
	s, err := c.open(ctx, p, tell, func(ctx context.Context, st *store.Store) error {
		if migrate {
			return migrateNow(ctx, st, tell)
		}
		return st.Ready(ctx)
	})
	if err != nil {
		release()
		return nil, err
	}
	s.release = release
	if c.sqlite == "" {
		s.store.RememberClients(p.now)
		return s, nil
	}
	// Nobody else works on the file, so whoever held a lease is dead.
	if err := s.store.EndLeases(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// visit opens the storage for a single task, beside a process that owns it. A
// database without any schema gets one, an outdated one is an error: another
// program may be at work on it.
func (c storageConfig) visit(ctx context.Context, p *program) (*storage, error) {
	tell := p.teller()
	if err := c.makeDirs(tell); err != nil {
		return nil, err
	}
	return c.open(ctx, p, tell, func(ctx context.Context, st *store.Store) error {
		list, err := st.Migrations(ctx)
		if err != nil {
			return err
		}
		for _, m := range list {
			if m.AppliedAt != nil {
				return st.Ready(ctx)
			}
		}
		return migrateNow(ctx, st, tell)
	})
}

func (c storageConfig) open(ctx context.Context, p *program, tell teller, prepare func(context.Context, *store.Store) error) (*storage, error) {
	st, err := c.openStore(ctx, tell)
	if err != nil {
		return nil, err
	}
	s := &storage{store: st, release: func() {}}
	if err = prepare(ctx, st); err == nil {
		s.ring, err = c.keys(ctx, p, st, tell)
	}
	if err != nil {
		_ = st.Close()
		return nil, err
	}
	return s, nil
}

func (c storageConfig) openStore(ctx context.Context, tell teller) (*store.Store, error) {
	if c.sqlite != "" {
		b, err := sqlite.Open(ctx, c.sqlite)
		if err != nil {
			return nil, err
		}
		return store.New(b), nil
	}
	b, err := postgres.Open(ctx, c.postgres)
	if err != nil {
		return nil, err
	}
	if err := b.CheckDurable(ctx); err != nil {
		tell("this database is not safe", "why", err.Error())
	}
	return store.New(b), nil
}

// keys reads the key file and makes sure that it is that of the database. Only an
// empty database gets new keys: with others, nothing that is sealed in it could be
// read any more.
func (c storageConfig) keys(ctx context.Context, p *program, st *store.Store, tell teller) (*seal.Ring, error) {
	ring, err := seal.LoadFile(c.keyFile, p.rand)
	if errors.Is(err, fs.ErrNotExist) {
		ring, err = c.newKeys(ctx, p, st, tell)
	}
	if err != nil {
		return nil, err
	}
	return ring, c.tryKeys(ctx, st, ring)
}

func (c storageConfig) newKeys(ctx context.Context, p *program, st *store.Store, tell teller) (*seal.Ring, error) {
	_, err := st.KeyCheck(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		return nil, fmt.Errorf("there is no key file %s, and the database is in use with the keys of another one: give it with --key-file", c.keyFile)
	}
	ring, created, err := seal.LoadOrCreateFile(c.keyFile, p.rand)
	if created {
		tell("made new keys; keep a copy in a safe place, apart from that of the database", "file", c.keyFile)
	}
	return ring, err
}

// purposeKeyCheck seals the text by which the keys of a database are known.
const purposeKeyCheck = "key check"

// tryKeys opens what the first process on this database has sealed, and seals it
// again after a change of the current key, so that the old one can be removed.
func (c storageConfig) tryKeys(ctx context.Context, st *store.Store, ring *seal.Ring) error {
	fresh, err := ring.Seal(purposeKeyCheck, nil, []byte("vouchgate"))
	if err != nil {
		return err
	}
	kept, err := st.KeyCheck(ctx)
	if errors.Is(err, store.ErrNotFound) {
		kept, err = st.AddKeyCheck(ctx, fresh)
	}
	if err != nil {
		return err
	}
	if _, err := ring.Open(purposeKeyCheck, nil, kept); err != nil {
		return fmt.Errorf("the keys in %s are not those that this database was written with: %w", c.keyFile, err)
	}
	if ring.Current(kept) {
		return nil
	}
	return st.ReplaceKeyCheck(ctx, kept, fresh)
}

func (c storageConfig) makeDirs(tell teller) error {
	dirs := []string{filepath.Dir(c.keyFile)}
	if c.sqlite != "" {
		dirs = append(dirs, filepath.Dir(c.sqlite))
	}
	for _, dir := range dirs {
		_, err := os.Stat(dir)
		if err == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the data directory: %w", err)
		}
		tell("made the data directory", "dir", dir)
	}
	return nil
}

// A process that was killed while it started a helper program can hold the lock for a
// moment through that one, which has not let go of it yet.
const (
	lockPatience = 3 * time.Second
	lockAgain    = 50 * time.Millisecond
)

// lock makes sure that one process only works on the SQLite file.
func (c storageConfig) lock(ctx context.Context) (release func(), err error) {
	release, err = lockFile(c.sqlite + ".lock")
	for end := time.Now().Add(lockPatience); errors.Is(err, errLocked) && time.Now().Before(end) && ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-time.After(lockAgain):
		}
		release, err = lockFile(c.sqlite + ".lock")
	}
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("another vouchgate works on %s already; SQLite belongs to one process (Postgres takes any number)", c.sqlite)
	}
	return release, err
}

func migrateNow(ctx context.Context, st *store.Store, tell teller) error {
	applied, err := st.Migrate(ctx)
	for _, m := range applied {
		tell("applied to the schema", "version", m.Version, "file", m.Name)
	}
	return err
}

// teller writes to standard error, for people.
func (p *program) teller() teller {
	return func(message string, pairs ...any) {
		line := message
		for i := 0; i+1 < len(pairs); i += 2 {
			line += fmt.Sprintf("; %v: %v", pairs[i], pairs[i+1])
		}
		fmt.Fprintln(p.stderr, line)
	}
}
