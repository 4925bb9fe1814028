package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite

	"vouchgate/store/storetest/pgtest"
)

// Engine is a database engine under the program.
type Engine struct {
	Name   string // sqlite or postgres
	driver string
}

// The engines. Postgres is a real server, see package pgtest.
var (
	SQLite   = Engine{Name: "sqlite", driver: "sqlite"}
	Postgres = Engine{Name: "postgres", driver: "pgx"}
	Engines  = []Engine{SQLite, Postgres}
)

// OnBoth runs a test on both engines, side by side.
func OnBoth(t *testing.T, test func(*testing.T, Engine)) {
	t.Helper()
	for _, e := range Engines {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

// Data is where gateways keep what they know: a database and a directory with
// keys.
type Data struct {
	Engine Engine
	Dir    string
	url    string // of the database, as the driver wants it
}

// NewData makes an empty database.
func NewData(t testing.TB, e Engine) *Data {
	t.Helper()
	d := &Data{Engine: e, Dir: t.TempDir()}
	d.url = d.File()
	if e == Postgres {
		d.url = pgtest.URL(t)
	}
	return d
}

// File is the database's file on SQLite.
func (d *Data) File() string { return filepath.Join(d.Dir, "vouchgate.db") }

// Env are the settings that lead the program to the data.
func (d *Data) Env() []string {
	database := d.url
	if d.Engine == SQLite {
		database = "sqlite:" + d.url
	}
	return []string{"VOUCHGATE_DATA_DIR=" + d.Dir, "VOUCHGATE_DATABASE=" + database, allowLoopback}
}

// allowLoopback lets webhooks reach receivers of the tests.
const allowLoopback = "VOUCHGATE_WEBHOOK_ALLOW_NETWORKS=127.0.0.0/8"

// Open opens the database beside the program, to look at what it holds.
func (d *Data) Open(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.Engine.driver, d.url)
	if err != nil {
		t.Fatalf("opening the database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if d.Engine == SQLite {
		db.SetMaxOpenConns(1)
		if _, err := db.Exec("PRAGMA busy_timeout = 10000"); err != nil {
			t.Fatalf("opening the database: %v", err)
		}
	}
	return db
}

// Count returns the one number that a query finds.
func Count(t testing.TB, db *sql.DB, query string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Age makes all sessions older, with their challenges and webhooks, as if that much
// time had passed since they were last looked at. No gateway may run meanwhile.
func (d *Data) Age(t testing.TB, by time.Duration) {
	t.Helper()
	d.shift(t, by, "verification_sessions", "created_at", "authorized_at", "verified_at", "finished_at", "expires_at",
		"updated_at", "next_check", "lease_until", "verification_ends_at")
	d.shift(t, by, "tan_challenges", "asked_at", "next_send", "next_try", "lease_until", "expires_at", "updated_at")
	d.shift(t, by, "notification_pending_webhooks", "next_attempt", "lease_until", "created_at")
}

// AgeTANs makes all TANs older, as if that much time had passed since they were asked
// for. Gateways may run meanwhile.
func (d *Data) AgeTANs(t testing.TB, by time.Duration) {
	t.Helper()
	d.shift(t, by, "tan_challenges", "asked_at", "next_send", "expires_at")
}

func (d *Data) shift(t testing.TB, by time.Duration, table string, columns ...string) {
	t.Helper()
	less := fmt.Sprintf("- %d", by.Microseconds())
	if d.Engine == Postgres {
		less = fmt.Sprintf("- interval '%d microseconds'", by.Microseconds())
	}
	for i, column := range columns {
		columns[i] = column + " = " + column + " " + less
	}
	db := d.Open(t)
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE "+table+" SET "+strings.Join(columns, ", ")); err != nil {
		t.Fatalf("making %s older: %v", table, err)
	}
}

// Run runs a verb of the program on the data.
func (d *Data) Run(ctx context.Context, args ...string) (Ran, error) {
	return RunProgram(ctx, d.Env(), args...)
}

// RunJSON runs a verb with --json and reads what it prints. Failing fails the
// test.
func (d *Data) RunJSON(t testing.TB, into any, args ...string) {
	t.Helper()
	ran, err := d.Run(t.Context(), append(args, "--json")...)
	if err != nil || ran.Code != 0 {
		t.Fatalf("vouchgate %q: exit code %d, %v\n%s", args, ran.Code, err, ran.Stderr)
	}
	if err := json.Unmarshal(ran.Stdout, into); err != nil {
		t.Fatalf("vouchgate %q prints no single JSON document: %v\n%s", args, err, ran.Stdout)
	}
}

// Session is what session list tells about a session.
type Session struct {
	ID       string `json:"session_id"`
	ClientID string `json:"client_id"`
	Status   string `json:"status"`
}
