package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"vouchgate/gen/litedb"
	"vouchgate/gen/pgdb"
)

// maxGroup bounds the pieces of one transaction, so that none waits long.
const maxGroup = 64

// group gathers writes into transactions. SQLite writes to the disk once per
// commit, and everything else waits; so whatever arrives while a transaction
// commits goes into the next one together, each piece under a savepoint of its
// own. A piece that fails is undone alone. Nobody is answered before the commit,
// and nobody waits for a piece that has not come.
type group struct {
	db    *sql.DB
	stmts *statements

	mu    sync.Mutex
	queue []*piece
	busy  bool
}

// piece is a write that somebody waits for.
type piece struct {
	ctx  context.Context
	run  func(pgdb.Querier) error
	err  error
	done chan struct{}
	gone atomic.Int32 // pieceWaits, pieceRuns or pieceLeft
}

// What has become of a piece.
const (
	pieceWaits int32 = iota
	pieceRuns
	pieceLeft // by its caller, before its turn
)

func newGroup(db *sql.DB, stmts *statements) *group { return &group{db: db, stmts: stmts} }

// do runs fn in a transaction and returns when it is committed or undone. A
// context that ends before its turn keeps fn from running; once fn runs, it is not
// interrupted.
func (g *group) do(ctx context.Context, fn func(pgdb.Querier) error) error {
	p := &piece{ctx: ctx, run: fn, done: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, p)
	lead := !g.busy
	g.busy = true
	g.mu.Unlock()
	if lead {
		go g.commitAll()
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	if p.gone.CompareAndSwap(pieceWaits, pieceLeft) {
		return ctx.Err()
	}
	<-p.done // it runs, and what it did has to be known
	return p.err
}

// commitAll commits groups until nobody waits.
func (g *group) commitAll() {
	for {
		g.mu.Lock()
		n := min(len(g.queue), maxGroup)
		pieces := g.queue[:n:n]
		g.queue = g.queue[n:]
		g.busy = n > 0
		g.mu.Unlock()
		if n == 0 {
			return
		}
		if err := g.commit(pieces); err != nil {
			for _, p := range pieces {
				p.err = errors.Join(p.err, err)
			}
		}
		for _, p := range pieces {
			close(p.done)
		}
	}
}

// commit runs pieces in one transaction. Its own error undoes them all.
func (g *group) commit(pieces []*piece) error {
	ctx := context.Background()
	tx, err := g.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	stmts := g.stmts.in(tx)
	q := querier{litedb.New(stmts)}
	if len(pieces) == 1 {
		if pieces[0].err = pieces[0].try(q); pieces[0].err != nil {
			return nil
		}
	} else {
		for _, p := range pieces {
			if err := guarded(ctx, stmts, p, q); err != nil {
				return err
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	stmts.learn(ctx)
	return nil
}

// guarded runs a piece under a savepoint. Its own error ends the transaction.
func guarded(ctx context.Context, stmts *txStatements, p *piece, q querier) error {
	if _, err := stmts.ExecContext(ctx, "SAVEPOINT piece"); err != nil {
		return err
	}
	if p.err = p.try(q); p.err != nil {
		if _, err := stmts.ExecContext(ctx, "ROLLBACK TO piece"); err != nil {
			return err
		}
	}
	_, err := stmts.ExecContext(ctx, "RELEASE piece")
	return err
}

// try runs the piece. A panic in it must not take the pieces of others along.
func (p *piece) try(q querier) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic in a transaction: %T", fault)
		}
	}()
	if !p.gone.CompareAndSwap(pieceWaits, pieceRuns) {
		return p.ctx.Err()
	}
	return p.run(q)
}
