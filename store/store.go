// Package store keeps everything that has to survive: clients, sessions, codes,
// grants, tokens and webhooks, on PostgreSQL or SQLite.
//
// Every operation is written once, here, over the generated interface
// pgdb.Querier. A Backend brings that interface, transactions and the meaning of
// its driver's errors; packages store/postgres and store/sqlite are the two. The
// suite in store/storetest runs on both.
//
// Single-use things are guarded updates ("set used where not used"), never a look
// followed by a write; a session is written where its version still is the one
// that was read. Secrets reach this package as hashes, claims and webhook bodies
// sealed. Times are arguments, in UTC, kept to the microsecond.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vouchgate/gen/pgdb"
)

// Errors of every operation. What a driver says is wrapped beneath them.
var (
	// ErrNotFound says that the row does not exist, or is not in the state that
	// the operation is for.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that a row with that name exists, or that a single-use
	// thing was used before.
	ErrConflict = errors.New("conflict")
	// ErrStale says that somebody else wrote the session since it was read.
	ErrStale = errors.New("stale")
	// ErrUnavailable says that the database could not be reached or did not
	// answer in time. Whether a write took place is not known.
	ErrUnavailable = errors.New("database unavailable")
)

// Backend is a database engine under the Store.
type Backend interface {
	// Reader answers reads. It sees everything that was committed before.
	Reader() pgdb.Querier
	// Writer runs single statements, durable when they return.
	Writer() pgdb.Querier
	// Background runs single statements that may be lost in a crash, because
	// doing them again is harmless.
	Background() pgdb.Querier
	// Tx runs fn in a transaction, durable when Tx returns nil and without effect
	// otherwise. fn must use only the querier that it is given.
	Tx(ctx context.Context, fn func(pgdb.Querier) error) error
	// MapError wraps a driver's error in one of this package's, if it has such a
	// meaning.
	MapError(error) error
	// Migrate brings the schema to the newest version and returns what it did.
	Migrate(ctx context.Context) ([]Migration, error)
	// Migrations lists all versions of the schema and when each was applied.
	Migrations(ctx context.Context) ([]Migration, error)
	// Notify tells the Listen of all processes on the same database about a topic.
	Notify(ctx context.Context, topic string) error
	// Listen calls heard with the topic of every Notify, and once with "" as soon as
	// it listens, until the context ends or the connection is lost. A backend for a
	// single process returns at once.
	Listen(ctx context.Context, heard func(topic string)) error
	// Close ends all connections.
	Close() error
}

// Migration is a version of the schema.
type Migration struct {
	Version   int64      `json:"version"`
	Name      string     `json:"name"`
	AppliedAt *time.Time `json:"applied_at,omitempty"` // nil: not applied
}

// Store is the whole of what vouchgate remembers. It is safe for concurrent use.
type Store struct {
	b       Backend
	clients *clientCache // nil: clients are read each time
}

// The topics that processes on one database tell each other about.
const (
	topicWork    = "work"    // something was queued
	topicClients = "clients" // a client was changed
)

// New returns the store over a backend.
func New(b Backend) *Store { return &Store{b: b} }

// Together runs fn with a store all of whose operations are parts of one
// transaction: what they read is read beside what they write, and it is written
// when fn returns nil, or not at all. fn must use only the store that it is given,
// and must not wait for anything else.
func (s *Store) Together(ctx context.Context, fn func(*Store) error) error {
	var inner error
	err := s.b.Tx(ctx, func(q pgdb.Querier) error {
		inner = fn(&Store{b: inTx{s.b, q}, clients: s.clients})
		return inner
	})
	if inner != nil {
		return inner // it has its meaning already
	}
	return s.err("committing", err)
}

// inTx is a backend inside one of its transactions.
type inTx struct {
	Backend
	q pgdb.Querier
}

func (t inTx) Reader() pgdb.Querier     { return t.q }
func (t inTx) Writer() pgdb.Querier     { return t.q }
func (t inTx) Background() pgdb.Querier { return t.q }

func (t inTx) Tx(_ context.Context, fn func(pgdb.Querier) error) error { return fn(t.q) }

// Close ends all connections.
func (s *Store) Close() error { return s.b.Close() }

// Migrate brings the schema to the newest version and returns the versions that
// it applied.
func (s *Store) Migrate(ctx context.Context) ([]Migration, error) { return s.b.Migrate(ctx) }

// Migrations lists all versions of the schema.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) { return s.b.Migrations(ctx) }

// Notify wakes the background work of other processes on the same database.
func (s *Store) Notify(ctx context.Context) error {
	return s.err("notifying", s.b.Notify(ctx, topicWork))
}

// Listen calls wake whenever another process called Notify. It returns when the
// context ends or the connection is lost, or at once on a database that belongs
// to one process.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	defer s.clients.listen(false)
	return s.err("listening", s.b.Listen(ctx, func(topic string) {
		if topic == topicClients {
			s.clients.forget()
			return
		}
		if topic == "" {
			s.clients.listen(true)
		}
		wake()
	}))
}

// Ready returns nil if the database answers and its schema is the newest.
func (s *Store) Ready(ctx context.Context) error {
	list, err := s.Migrations(ctx)
	if err != nil {
		return s.err("reading the schema's version", err)
	}
	for _, m := range list {
		if m.AppliedAt == nil {
			return fmt.Errorf("schema lacks version %d (%s): run vouchgate migrate", m.Version, m.Name)
		}
	}
	return nil
}

// err gives an error its meaning and says what was being done.
func (s *Store) err(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, s.b.MapError(err))
}

// tx runs fn in a transaction and gives its error a meaning.
func (s *Store) tx(ctx context.Context, doing string, fn func(pgdb.Querier) error) error {
	return s.err(doing, s.b.Tx(ctx, fn))
}

// one is the outcome of a guarded update: exactly one row, or otherwise.
func one(rows int64, err error, otherwise error) error {
	if err != nil {
		return err
	}
	if rows != 1 {
		return otherwise
	}
	return nil
}

// micro keeps of a time what both databases keep.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func microp(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	m := micro(*t)
	return &m
}
