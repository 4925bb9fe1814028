// Package postgres is the store's backend on PostgreSQL: pools of connections,
// transactions, LISTEN and the meaning of error codes. The queries themselves are
// gen/pgdb, used as generated.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"vouchgate/gen/pgdb"
	"vouchgate/store"
)

// The pools are small on purpose: a statement takes well under a millisecond, and
// a database serves few connections better than many. The URL's pool_max_conns
// overrides the first.
const (
	maxConns           = 12
	maxBackgroundConns = 4
	connectTimeout     = 5 * time.Second
	endTimeout         = 10 * time.Second // from the start of a transaction to its commit or rollback
)

// channel is what replicas LISTEN on.
const channel = "vouchgate_wake"

// Backend is a PostgreSQL database. It implements store.Backend.
type Backend struct {
	store.Migrator
	pool, background *pgxpool.Pool
	main, back       *pgdb.Queries
}

// Open connects to the database at a postgres:// URL. It fails within seconds if
// the database cannot be reached. It does not migrate.
func Open(ctx context.Context, url string) (*Backend, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the postgres URL cannot be read") // the parser's text may quote a password
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = maxConns
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "vouchgate"
	config.AfterConnect = readTimesInUTC
	background := config.Copy()
	background.MaxConns = min(maxBackgroundConns, config.MaxConns)
	// What runs here may be lost in a crash of the database and is then done again.
	background.ConnConfig.RuntimeParams["synchronous_commit"] = "off"

	b := &Backend{}
	if b.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("opening postgres: %w", err)
	}
	if b.background, err = pgxpool.NewWithConfig(ctx, background); err != nil {
		b.pool.Close()
		return nil, fmt.Errorf("opening postgres: %w", err)
	}
	b.main, b.back = pgdb.New(b.pool), pgdb.New(b.background)
	if err := b.start(ctx); err != nil {
		_ = b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Backend) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := b.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reaching postgres: %w", b.MapError(err))
	}
	var err error
	b.Migrator, err = store.NewMigrator("postgres", goose.DialectPostgres,
		stdlib.OpenDBFromPool(b.pool), goose.WithSessionLocker(schemaLock{}))
	return err
}

func readTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// CheckDurable returns an error that names the setting if the server could lose
// committed transactions in a power cut.
func (b *Backend) CheckDurable(ctx context.Context) error {
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		if err := b.pool.QueryRow(ctx, "SHOW "+setting).Scan(&value); err != nil {
			return b.MapError(err)
		}
		if value == "off" {
			return fmt.Errorf("postgres runs with %s=off and can lose what it has confirmed", setting)
		}
	}
	return nil
}

// Reader implements store.Backend.
func (b *Backend) Reader() pgdb.Querier { return b.main }

// Writer implements store.Backend.
func (b *Backend) Writer() pgdb.Querier { return b.main }

// Background implements store.Backend: commits without waiting for the disk.
func (b *Backend) Background() pgdb.Querier { return b.back }

// Tx implements store.Backend, at READ COMMITTED: the guarded updates need no
// more. The context may end what fn does, but not the commit: a caller who is told
// that it failed, and tries again, must not find that it had been done.
func (b *Backend) Tx(ctx context.Context, fn func(pgdb.Querier) error) error {
	tx, err := b.pool.Begin(ctx)
	if err != nil {
		return err
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	defer tx.Rollback(ending) // after Commit it does nothing
	if err := fn(pgdb.New(tx)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return tx.Commit(ending)
}

// Notify implements store.Backend.
func (b *Backend) Notify(ctx context.Context, topic string) error {
	_, err := b.background.Exec(ctx, "SELECT pg_notify($1, $2)", channel, topic)
	return err
}

// Listen implements store.Backend, on a connection of its own.
func (b *Backend) Listen(ctx context.Context, heard func(topic string)) error {
	conn, err := pgx.ConnectConfig(ctx, b.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	heard("") // for what was told before we listened
	for {
		told, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		heard(told.Payload)
	}
}

// Close implements store.Backend.
func (b *Backend) Close() error {
	b.background.Close()
	b.pool.Close()
	return nil
}

// MapError implements store.Backend. What is not an answer of the server means
// that the server did not answer.
func (b *Backend) MapError(err error) error {
	var answer *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrStale), errors.Is(err, store.ErrNotFound):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &answer):
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	case answer.Code == "23505": // unique violation
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case answer.Code == "23503": // foreign key violation: what it belongs to is gone
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	case unavailable[answer.Code[:2]]:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

// unavailable lists classes of SQLSTATE that go away by themselves: connection
// exception, transaction rollback, insufficient resources, operator intervention,
// system error.
var unavailable = map[string]bool{"08": true, "40": true, "53": true, "57": true, "58": true}
