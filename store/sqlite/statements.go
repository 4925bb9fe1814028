package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"vouchgate/gen/litedb"
)

// maxStatements bounds the cache; a query with a list in it has as many texts as
// the list has lengths.
const maxStatements = 128

// statements prepares each query once. Parsing is a good part of what a small
// statement costs.
type statements struct {
	db     *sql.DB
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

var _ litedb.DBTX = (*statements)(nil)

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, byText: map[string]*sql.Stmt{}}
}

// prepare returns the statement of a query, or nil when the cache is full.
func (s *statements) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt, full := s.byText[query], len(s.byText) >= maxStatements
	s.mu.RUnlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.byText[query]; other != nil {
		_ = stmt.Close()
		return other, nil
	}
	s.byText[query] = stmt
	return stmt, nil
}

// known returns a statement that was prepared before.
func (s *statements) known(query string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byText[query]
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.byText {
		errs = append(errs, stmt.Close())
	}
	s.byText = map[string]*sql.Stmt{}
	return errors.Join(errs...)
}

// ExecContext implements litedb.DBTX.
func (s *statements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.db.ExecContext(ctx, query, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// PrepareContext implements litedb.DBTX.
func (s *statements) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return s.db.PrepareContext(ctx, query)
}

// QueryContext implements litedb.DBTX.
func (s *statements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.db.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext implements litedb.DBTX.
func (s *statements) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, err := s.prepare(ctx, query)
	if err != nil || stmt == nil {
		return s.db.QueryRowContext(ctx, query, args...)
	}
	return stmt.QueryRowContext(ctx, args...)
}

// in returns the same statements inside a transaction. What is not prepared yet
// is remembered and prepared after it, because the transaction holds the only
// writing connection.
func (s *statements) in(tx *sql.Tx) *txStatements { return &txStatements{s: s, tx: tx} }

// txStatements does not let a context interrupt a statement: SQLite would undo the
// whole transaction, in which there may be pieces of others.
type txStatements struct {
	s      *statements
	tx     *sql.Tx
	missed []string
}

func (t *txStatements) stmt(ctx context.Context, query string) *sql.Stmt {
	if stmt := t.s.known(query); stmt != nil {
		return t.tx.StmtContext(ctx, stmt)
	}
	t.missed = append(t.missed, query)
	return nil
}

// learn prepares what the transaction missed, for the next one.
func (t *txStatements) learn(ctx context.Context) {
	for _, query := range t.missed {
		_, _ = t.s.prepare(ctx, query)
	}
}

// ExecContext implements litedb.DBTX.
func (t *txStatements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	if stmt := t.stmt(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return t.tx.ExecContext(ctx, query, args...)
}

// PrepareContext implements litedb.DBTX.
func (t *txStatements) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return t.tx.PrepareContext(ctx, query)
}

// QueryContext implements litedb.DBTX.
func (t *txStatements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = context.WithoutCancel(ctx)
	if stmt := t.stmt(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

// QueryRowContext implements litedb.DBTX.
func (t *txStatements) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = context.WithoutCancel(ctx)
	if stmt := t.stmt(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return t.tx.QueryRowContext(ctx, query, args...)
}
