package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
	"vouchgate/store"
)

func openAt(t *testing.T, path string) *Backend {
	t.Helper()
	b, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// migrated returns a backend with tables and the path of its file.
func migrated(t *testing.T) (*Backend, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vouchgate.db")
	b := openAt(t, path)
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b, path
}

// raw opens a file with settings of the test's own.
func raw(t *testing.T, path, settings string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?"+settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func addClient(t *testing.T, b *Backend, id string) {
	t.Helper()
	c := kyc.Client{ID: id, CodeLifetime: time.Minute, TokenLifetime: time.Hour, CreatedAt: noon, UpdatedAt: noon}
	secret := kyc.ClientSecret{ID: kyc.FirstID(noon), ClientID: id, Hash: []byte{1}, CreatedAt: noon}
	if err := store.New(b).CreateClient(t.Context(), c, secret, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAFileMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "100%25.db", "what?.db", "x#y&z=1;.db", "größe.db", "mode=ro.db"} {
		path := filepath.Join(t.TempDir(), name)
		openAt(t, path)
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestAFileThatCannotBeMadeIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "folder.db")); err == nil {
		t.Error("a file in a folder that does not exist was opened")
	}
}

func TestWhatWasKeptIsThereAfterTheFileWasOpenedAgain(t *testing.T) {
	t.Parallel()
	b, path := migrated(t)
	addClient(t, b, "kiosk")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, path)
	if done, err := again.Migrate(t.Context()); err != nil || len(done) != 0 {
		t.Fatalf("migrating again: %v, %v", done, err)
	}
	if _, err := store.New(again).Client(t.Context(), "kiosk"); err != nil {
		t.Error(err)
	}
}

func TestEveryConnectionHasTheSettings(t *testing.T) {
	t.Parallel()
	b, _ := migrated(t)
	for name, row := range map[string]struct {
		db    *sql.DB
		conns int
		write bool
	}{"writer": {b.write, 1, true}, "readers": {b.read, readers, false}} {
		for range row.conns { // held until the test ends, so that each is another one
			conn, err := row.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "5000",
			} {
				var got string
				if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s is %s, want %s (%v)", name, pragma, got, want, err)
				}
			}
			_, err = conn.ExecContext(t.Context(), "DELETE FROM clients")
			if written := err == nil; written != row.write {
				t.Errorf("%s: writing: %v", name, err)
			}
		}
	}
}

func TestAConnectionWithoutTheTimeSettingsIsRefusedByTheSchema(t *testing.T) {
	t.Parallel()
	b, path := migrated(t)
	addClient(t, b, "kiosk")
	careless := raw(t, path, "")
	_, err := careless.ExecContext(t.Context(), "UPDATE clients SET updated_at = ?", noon)
	var refused *sqlite.Error
	if !errors.As(err, &refused) || refused.Code() != sqlite3.SQLITE_CONSTRAINT_CHECK {
		t.Errorf("a time as text: %v", err)
	}
	mustExec(t, raw(t, path, url.Values{"_time_integer_format": {"unix_micro"}}.Encode()), "UPDATE clients SET updated_at = ?", noon)
}

func TestASchemaThatIsNewerThanTheProgramIsLeftAlone(t *testing.T) {
	t.Parallel()
	b, _ := migrated(t)
	mustExec(t, b.write, "INSERT INTO schema_version (version_id, is_applied) VALUES (9999, 1)")
	if _, err := b.Migrate(t.Context()); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("Migrate: %v", err)
	}
	if _, err := b.Migrations(t.Context()); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("Migrations: %v", err)
	}
}

func TestADatabaseWithoutTablesIsNotReady(t *testing.T) {
	t.Parallel()
	err := store.New(openAt(t, filepath.Join(t.TempDir(), "x.db"))).Ready(t.Context())
	if err == nil || !strings.Contains(err.Error(), "vouchgate migrate") {
		t.Errorf("Ready: %v, want a hint what to do", err)
	}
}

var errChanged = errors.New("changed my mind")

func TestATransactionThatFailsHasNoEffect(t *testing.T) {
	t.Parallel()
	b, _ := migrated(t)
	addClient(t, b, "kiosk")
	for range 2 { // the second time with statements that were prepared
		err := b.Tx(t.Context(), func(q pgdb.Querier) error {
			if n, err := q.DeleteClient(t.Context(), "kiosk"); err != nil || n != 1 {
				t.Errorf("deleting: %d, %v", n, err)
			}
			return errChanged
		})
		if err != errChanged {
			t.Errorf("Tx: %v", err)
		}
		if _, err := b.Reader().GetClient(t.Context(), "kiosk"); err != nil {
			t.Errorf("after the transaction: %v", err)
		}
		if err := b.Tx(t.Context(), func(q pgdb.Querier) error { return nil }); err != nil {
			t.Errorf("the next transaction: %v", err)
		}
	}
}

// A query with a list has a text for each length of it.
func TestTheStatementCacheIsBounded(t *testing.T) {
	t.Parallel()
	b, _ := migrated(t)
	s := store.New(b)
	var ids []kyc.ID
	for range 2 * maxStatements {
		ids = append(ids, kyc.FirstID(noon))
		if err := s.FinishWebhooks(t.Context(), ids, noon, noon); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.writeStmts.byText); n == 0 || n > maxStatements {
		t.Errorf("%d statements are prepared", n)
	}
	addClient(t, b, "kiosk") // with a full cache
	if _, err := s.Client(t.Context(), "kiosk"); err != nil {
		t.Error(err)
	}
}

// answers provokes errors of the real library.
func answers(t *testing.T) map[string]error {
	t.Helper()
	b, path := migrated(t)
	addClient(t, b, "kiosk")
	provoke := func(settings, statement string, args ...any) error {
		_, err := raw(t, path, settings).ExecContext(t.Context(), statement, args...)
		return err
	}
	errs := map[string]error{
		"read-only": provoke("_pragma=query_only(1)", "DELETE FROM clients"),
		"full":      provoke("_pragma=max_page_count(1)", "UPDATE clients SET name = ?", strings.Repeat("x", 1<<20)),
		"unique":    provoke("", "INSERT INTO clients SELECT * FROM clients"),
		"syntax":    provoke("", "SELEC"),
		"check":     provoke("", "UPDATE clients SET code_seconds = 0"),
		"orphan":    provoke("_pragma=foreign_keys(1)", "UPDATE client_secrets SET client_id = 'nobody'"),
	}
	tx, err := b.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	errs["busy"] = provoke("_pragma=busy_timeout(0)", "DELETE FROM clients")
	return errs
}

func TestErrorsHaveAMeaning(t *testing.T) {
	t.Parallel()
	b := &Backend{}
	got := answers(t)
	got["no row"], got["too slow"], got["closed"] = sql.ErrNoRows, context.DeadlineExceeded, sql.ErrConnDone
	got["gone away"], got["stale"] = context.Canceled, store.ErrStale
	for name, want := range map[string]error{
		"read-only": store.ErrUnavailable, "full": store.ErrUnavailable, "busy": store.ErrUnavailable,
		"too slow": store.ErrUnavailable, "closed": store.ErrUnavailable, "unique": store.ErrConflict,
		"orphan": store.ErrNotFound, "no row": store.ErrNotFound, "gone away": context.Canceled,
		"stale": store.ErrStale, "syntax": nil, "check": nil,
	} {
		cause := got[name]
		if cause == nil {
			t.Errorf("%s: no error was provoked", name)
			continue
		}
		err := b.MapError(fmt.Errorf("wrapped: %w", cause))
		if !errors.Is(err, cause) {
			t.Errorf("%s: the cause is lost: %v", name, err)
		}
		for _, kind := range []error{store.ErrConflict, store.ErrNotFound, store.ErrStale, store.ErrUnavailable, context.Canceled} {
			if is := errors.Is(err, kind); is != errors.Is(want, kind) {
				t.Errorf("%s (%v): is %v: %v", name, cause, kind, is)
			}
		}
	}
}

// A single process has nobody to wake.
func TestNotifyAndListenDoNothing(t *testing.T) {
	t.Parallel()
	b, _ := migrated(t)
	if err := b.Notify(t.Context(), "work"); err != nil {
		t.Error(err)
	}
	if err := b.Listen(t.Context(), func(string) { t.Error("woken") }); err != nil {
		t.Error(err)
	}
}
