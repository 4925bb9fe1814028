package main

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver of database/sql

	"vouchgate/store"
	"vouchgate/store/postgres"
	"vouchgate/store/sqlite"
	"vouchgate/store/storetest/pgtest"
)

// engine is a database and what can be counted in it.
type engine interface {
	// url is what the program calls it.
	url() string
	// pids are the processes of the database's server, if it has one.
	pids() []int
	// open opens it beside the program.
	open(ctx context.Context) (*store.Store, error)
	// counting prepares it for count; the returned function ends that.
	counting(ctx context.Context) (func() error, error)
	// count counts what was committed so far.
	count(ctx context.Context) (counts, error)
	// left returns when no program is connected any more.
	left(ctx context.Context) error
}

// counts are totals of a database. Negative ones cannot be known.
type counts struct {
	commits int64 // transactions committed; complete only while no program is connected
	writes  int64 // of these, the ones that wrote
	syncs   int64 // times that the log was brought to disk; complete like commits
	flushed int64 // position in the log up to which it is on disk
}

// sqliteEngine is a SQLite file.
type sqliteEngine struct {
	path   string
	reader *sql.Conn
	db     *sql.DB
}

func (e *sqliteEngine) url() string { return "sqlite:" + e.path }
func (e *sqliteEngine) pids() []int { return nil }

func (e *sqliteEngine) open(ctx context.Context) (*store.Store, error) {
	b, err := sqlite.Open(ctx, e.path)
	if err != nil {
		return nil, err
	}
	return store.New(b), nil
}

// counting holds a read transaction open, which keeps SQLite from starting its
// write-ahead log anew, so that every commit stays there to be counted.
func (e *sqliteEngine) counting(ctx context.Context) (func() error, error) {
	var err error
	if e.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: e.path}).EscapedPath()); err != nil {
		return nil, err
	}
	end := func() error { return e.db.Close() }
	if e.reader, err = e.db.Conn(ctx); err != nil {
		return nil, errors.Join(err, end())
	}
	for _, statement := range []string{"BEGIN", "SELECT count(*) FROM clients"} {
		if _, err := e.reader.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(err, end())
		}
	}
	return func() error { return errors.Join(e.reader.Close(), end()) }, nil
}

// count counts the frames of the write-ahead log that end a transaction
// (https://www.sqlite.org/fileformat2.html#walformat).
func (e *sqliteEngine) count(context.Context) (counts, error) {
	f, err := os.Open(e.path + "-wal")
	if err != nil {
		return counts{}, err
	}
	defer f.Close()
	var header [32]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return counts{commits: -1, syncs: -1}, nil // nothing was written yet
	}
	size := int64(binary.BigEndian.Uint32(header[8:]))
	c := counts{commits: -1, syncs: -1}
	for at := int64(len(header)); ; at += 24 + size {
		var frame [24]byte
		_, err := f.ReadAt(frame[:], at)
		if err == io.EOF || err == nil && string(frame[8:16]) != string(header[16:24]) {
			return c, nil // the end, or frames of a log before this one
		}
		if err != nil {
			return c, err
		}
		if binary.BigEndian.Uint32(frame[4:]) != 0 {
			c.writes++
		}
		c.flushed = at
	}
}

func (e *sqliteEngine) left(context.Context) error { return nil }

// postgresEngine is a private server, with fsync, that ends with this process.
type postgresEngine struct {
	server     string
	postmaster int
	conn       *pgx.Conn
}

func startPostgres(ctx context.Context) (*postgresEngine, error) {
	server, err := pgtest.Start(ctx, pgtest.Options{Durable: true})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	pidFile, err := os.ReadFile(filepath.Join(u.Query().Get("host"), "data", "postmaster.pid"))
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(pidFile), "\n")
	e := &postgresEngine{server: server}
	e.postmaster, err = strconv.Atoi(first)
	return e, err
}

func (e *postgresEngine) url() string { return e.server }
func (e *postgresEngine) pids() []int { return []int{e.postmaster} }

func (e *postgresEngine) open(ctx context.Context) (*store.Store, error) {
	b, err := postgres.Open(ctx, e.server)
	if err != nil {
		return nil, err
	}
	return store.New(b), nil
}

// counting keeps the server from going to disk, or committing, for any other
// reason than a commit that waits for the disk. What only counts is asked from
// another database, so that the questions are not counted.
func (e *postgresEngine) counting(ctx context.Context) (func() error, error) {
	u, err := url.Parse(e.server)
	if err != nil {
		return nil, err
	}
	u.Path = "/template1"
	if e.conn, err = pgx.Connect(ctx, u.String()); err != nil {
		return nil, err
	}
	apply := func(ctx context.Context, statements ...string) error {
		for _, s := range append(statements, "SELECT pg_reload_conf()") {
			if _, err := e.conn.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
	err = apply(ctx, "ALTER SYSTEM SET wal_writer_delay = '10s'", "ALTER SYSTEM SET wal_writer_flush_after = '1GB'",
		"ALTER SYSTEM SET autovacuum = off")
	if err != nil {
		return nil, errors.Join(err, e.conn.Close(ctx))
	}
	return func() error {
		ctx := context.WithoutCancel(ctx)
		return errors.Join(apply(ctx, "ALTER SYSTEM RESET ALL"), e.conn.Close(ctx))
	}, nil
}

const countQuery = `SELECT
	(SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'),
	pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
	%s,
	(pg_current_wal_flush_lsn() - '0/0')::bigint`

// count: transactions get an id when they first write. Counts of commits and
// syncs are handed in by each connection when it ends.
func (e *postgresEngine) count(ctx context.Context) (c counts, err error) {
	syncs := "(SELECT wal_sync FROM pg_stat_wal)"
	if version, _ := strconv.Atoi(strings.SplitN(e.conn.PgConn().ParameterStatus("server_version"), ".", 2)[0]); version >= 18 {
		syncs = "(SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal')"
	}
	err = e.conn.QueryRow(ctx, fmt.Sprintf(countQuery, syncs)).Scan(&c.commits, &c.writes, &c.syncs, &c.flushed)
	return c, err
}

// left: a connection has handed in its counts when it is not listed any more.
func (e *postgresEngine) left(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	for {
		var n int
		err := e.conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres'").Scan(&n)
		if err != nil || n == 0 {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}
