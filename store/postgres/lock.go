package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/pressly/goose/v3/lock"
)

// migrationTimeout is how long a replica waits for another one to migrate.
const migrationTimeout = time.Minute

// schemaLock lets one replica migrate a schema at a time. Unlike the library's own
// lock, which asks again every second, the server wakes who waits for it; and other
// schemas of the database do not matter to it.
type schemaLock struct{}

var _ lock.SessionLocker = schemaLock{}

// The key is a number for the schema that the connection works in.
const lockKey = `hashtextextended('vouchgate ' || coalesce(current_schema(), ''), 0)`

// SessionLock implements lock.SessionLocker.
func (schemaLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, migrationTimeout)
	defer cancel()
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock("+lockKey+")")
	return err
}

// SessionUnlock implements lock.SessionLocker.
func (schemaLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock("+lockKey+")")
	return err
}
