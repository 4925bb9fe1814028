// Package sqlite is the store's backend on SQLite: opening, transactions, cached
// statements and the meaning of error codes. The queries are gen/litedb behind
// the interface of gen/pgdb; querier.gen.go converts.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vouchgate/gen/litedb"
	"vouchgate/gen/pgdb"
	"vouchgate/store"
)

//go:generate go run genquerier.go

// readers is how many reads may run at the same time. There is one writer: SQLite
// has one, and a queue in front of it is better than locks that time out.
const readers = 4

// The connection's settings, and why: WAL lets readers go on beside the writer;
// synchronous=FULL loses nothing that was confirmed, even in a power cut; the
// transaction takes its lock at the start, so that it cannot fail half way; times
// are integer microseconds; deleted personal data is overwritten.
var settings = url.Values{
	"_txlock":              {"immediate"},
	"_time_integer_format": {"unix_micro"},
	"_inttotime":           {"1"},
	"_dqs":                 {"0"},
	"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)",
	},
}

// Backend is a SQLite database. It implements store.Backend.
type Backend struct {
	store.Migrator
	write, read       *sql.DB
	readQ             querier
	writeStmts, stmts *statements
	group             *group
}

// Open opens the database file at a path, and makes it if it does not exist. It
// does not migrate.
func Open(ctx context.Context, path string) (*Backend, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening sqlite: %w", err)
	}
	b := &Backend{}
	if b.write, err = open(ctx, abs, settings, 1); err != nil {
		return nil, err
	}
	readOnly := url.Values{}
	for k, v := range settings {
		readOnly[k] = v
	}
	readOnly["_pragma"] = append(append([]string{}, settings["_pragma"]...), "query_only(1)")
	if b.read, err = open(ctx, abs, readOnly, readers); err != nil {
		_ = b.write.Close()
		return nil, err
	}
	b.writeStmts, b.stmts = newStatements(b.write), newStatements(b.read)
	b.readQ, b.group = querier{litedb.New(b.stmts)}, newGroup(b.write, b.writeStmts)
	if b.Migrator, err = store.NewMigrator("sqlite", goose.DialectSQLite3, b.write); err != nil {
		_ = b.Close()
		return nil, err
	}
	return b, nil
}

func open(ctx context.Context, path string, settings url.Values, conns int) (*sql.DB, error) {
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening sqlite: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening sqlite: %w", err)
	}
	return db, nil
}

// Reader implements store.Backend.
func (b *Backend) Reader() pgdb.Querier { return b.readQ }

// Writer implements store.Backend.
func (b *Backend) Writer() pgdb.Querier { return grouped{b.group} }

// Background implements store.Backend: on SQLite the same as Writer.
func (b *Backend) Background() pgdb.Querier { return grouped{b.group} }

// Tx implements store.Backend.
func (b *Backend) Tx(ctx context.Context, fn func(pgdb.Querier) error) error {
	return b.group.do(ctx, fn)
}

// Notify implements store.Backend. The file belongs to one process, which wakes
// itself.
func (b *Backend) Notify(context.Context, string) error { return nil }

// Listen implements store.Backend and returns at once.
func (b *Backend) Listen(context.Context, func(string)) error { return nil }

// Close implements store.Backend.
func (b *Backend) Close() error {
	return errors.Join(b.stmts.close(), b.writeStmts.close(), b.read.Close(), b.write.Close())
}

// MapError implements store.Backend. What is neither an answer of SQLite nor one
// of the store's own errors comes from a database that is closed or too slow.
func (b *Backend) MapError(err error) error {
	var answer *sqlite.Error
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrStale), errors.Is(err, store.ErrNotFound):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &answer):
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	switch answer.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: // what it belongs to is gone
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	switch answer.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}
