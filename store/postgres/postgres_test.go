package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"vouchgate/gen/pgdb"
	"vouchgate/store"
	"vouchgate/store/storetest/pgtest"
)

func open(t *testing.T, url string) *Backend {
	t.Helper()
	b, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func migrated(t *testing.T) *Backend {
	t.Helper()
	b := open(t, pgtest.URL(t))
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func exec(t *testing.T, b *Backend, statement string) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestOneOfFourReplicasThatStartTogetherMigrates(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var backends []*Backend
	for range 4 {
		backends = append(backends, open(t, url))
	}
	applied := make([]int, len(backends))
	var wg sync.WaitGroup
	for i, b := range backends {
		wg.Go(func() {
			done, err := b.Migrate(t.Context())
			if err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
			applied[i] = len(done)
		})
	}
	wg.Wait()
	all, err := backends[0].Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range applied {
		if n != 0 && n != len(all) {
			t.Errorf("a replica applied %d of %d versions", n, len(all))
		}
		total += n
	}
	if total != len(all) {
		t.Errorf("the replicas applied %v, want %d in all", applied, len(all))
	}
}

func TestAMigrationWaitsForAnotherReplicaAndALookDoesNot(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_lock("+lockKey+")"); err != nil {
		t.Fatal(err)
	}
	b := open(t, url)
	if list, err := b.Migrations(t.Context()); err != nil || list[0].AppliedAt != nil {
		t.Fatalf("looking while another replica migrates: %v, %v", list, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := b.Migrate(t.Context())
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("migrated while another replica held the lock: %v", err)
	default:
	}
	if err := other.Close(t.Context()); err != nil { // a replica that dies lets go
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestASchemaThatIsNewerThanTheProgramIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := migrated(t)
	exec(t, b, "INSERT INTO schema_version (version_id, is_applied) VALUES (9999, true)")
	if _, err := b.Migrate(t.Context()); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("Migrate: %v", err)
	}
	if _, err := b.Migrations(t.Context()); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("Migrations: %v", err)
	}
	if err := store.New(b).Ready(t.Context()); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("Ready: %v", err)
	}
}

func TestADatabaseWithoutTablesIsNotReady(t *testing.T) {
	t.Parallel()
	err := store.New(open(t, pgtest.URL(t))).Ready(t.Context())
	if err == nil || !strings.Contains(err.Error(), "vouchgate migrate") {
		t.Errorf("Ready: %v, want a hint what to do", err)
	}
}

func TestOneConnectionIsEnough(t *testing.T) {
	t.Parallel()
	b := open(t, pgtest.URL(t)+"&pool_max_conns=1")
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := b.Tx(t.Context(), func(q pgdb.Querier) error { _, err := q.ListClients(t.Context()); return err })
	if err != nil {
		t.Error(err)
	}
	if n := b.pool.Config().MaxConns + b.background.Config().MaxConns; n != 2 {
		t.Errorf("the pools may open %d connections", n)
	}
}

func TestNotifyWakesWhoListensElsewhere(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	here, there := store.New(open(t, url)), store.New(open(t, url))
	ctx, cancel := context.WithCancel(t.Context())
	woken := make(chan struct{}, 100)
	ended := make(chan error, 1)
	go func() { ended <- there.Listen(ctx, func() { woken <- struct{}{} }) }()
	<-woken // it listens now
	if err := here.Notify(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-woken
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen ended with %v", err)
	}
}

// ownDatabase returns the URL of a database in which only this test has
// connections.
func ownDatabase(t *testing.T) string {
	t.Helper()
	admin, name := open(t, pgtest.URL(t)), "t_"+strings.ToLower(rand.Text())
	exec(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() {
		if _, err := admin.pool.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(admin.pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func TestListeningEndsWhenTheConnectionIsLost(t *testing.T) {
	t.Parallel()
	b := open(t, ownDatabase(t))
	woken, ended := make(chan struct{}, 100), make(chan error, 1)
	go func() { ended <- store.New(b).Listen(t.Context(), func() { woken <- struct{}{} }) }()
	<-woken
	exec(t, b, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err := <-ended; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Listen ended with %v", err)
	}
}

func TestLostConnectionsAreUnavailableAndReplaced(t *testing.T) {
	t.Parallel()
	b := migrated(t)
	s := store.New(b)
	var pid int
	if err := b.pool.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	exec(t, open(t, pgtest.URL(t)), fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid))
	for try := 0; ; try++ {
		_, err := s.Clients(t.Context())
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrUnavailable) || try > maxConns {
			t.Fatalf("try %d: %v", try, err)
		}
	}
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), "postgres:///x?host="+t.TempDir())
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Open: %v", err)
	}
}

func TestAPasswordIsNotPartOfAnError(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://vouchgate:letmein@127.0.0.1:notaport/x", "postgres://vouchgate:letmein@[::1/x",
		"postgres://vouchgate:letmein@127.0.0.1:1/x?sslmode=wrong", "postgres://vouchgate:letmein@127.0.0.1:1/x",
	} {
		_, err := Open(t.Context(), url)
		if err == nil || strings.Contains(err.Error(), "letmein") {
			t.Errorf("Open: %v", err)
		}
	}
}

func TestErrorsHaveAMeaning(t *testing.T) {
	t.Parallel()
	b := &Backend{}
	kinds := []error{store.ErrConflict, store.ErrNotFound, store.ErrStale, store.ErrUnavailable, context.Canceled}
	for name, row := range map[string]struct{ err, want error }{
		"a unique value that exists":         {&pgconn.PgError{Code: "23505"}, store.ErrConflict},
		"an owner that does not exist":       {&pgconn.PgError{Code: "23503"}, store.ErrNotFound},
		"no row":                             {pgx.ErrNoRows, store.ErrNotFound},
		"a deadlock":                         {&pgconn.PgError{Code: "40P01"}, store.ErrUnavailable},
		"too many connections":               {&pgconn.PgError{Code: "53300"}, store.ErrUnavailable},
		"a disk that is full":                {&pgconn.PgError{Code: "53100"}, store.ErrUnavailable},
		"a server that shuts down":           {&pgconn.PgError{Code: "57P01"}, store.ErrUnavailable},
		"a connection that broke":            {io.ErrUnexpectedEOF, store.ErrUnavailable},
		"an answer that did not come":        {context.DeadlineExceeded, store.ErrUnavailable},
		"a caller that went away":            {context.Canceled, context.Canceled},
		"a value that the schema refuses":    {&pgconn.PgError{Code: "23514"}, nil},
		"a statement that cannot be run":     {&pgconn.PgError{Code: "42601"}, nil},
		"the store's own error, passing by":  {store.ErrStale, store.ErrStale},
		"the store's own, wrapped (missing)": {fmt.Errorf("x: %w", store.ErrNotFound), store.ErrNotFound},
	} {
		got := b.MapError(fmt.Errorf("wrapped: %w", row.err))
		if !errors.Is(got, row.err) {
			t.Errorf("%s: the cause is lost: %v", name, got)
		}
		for _, kind := range kinds {
			if is := errors.Is(got, kind); is != errors.Is(row.want, kind) {
				t.Errorf("%s: is %v: %v", name, kind, is)
			}
		}
	}
}

func TestOnlyTheBackgroundCommitsWithoutWaiting(t *testing.T) {
	t.Parallel()
	b := open(t, pgtest.URL(t))
	var main, back, fsync string
	for setting, into := range map[string]*string{"synchronous_commit": &main, "fsync": &fsync} {
		if err := b.pool.QueryRow(t.Context(), "SHOW "+setting).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.background.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&back); err != nil {
		t.Fatal(err)
	}
	if back != "off" {
		t.Errorf("the background commits with synchronous_commit=%s", back)
	}
	err := b.CheckDurable(t.Context())
	if durable := main != "off" && fsync != "off"; durable != (err == nil) {
		t.Errorf("fsync=%s, synchronous_commit=%s: %v", fsync, main, err)
	}
	if err != nil && !strings.Contains(err.Error(), "=off") {
		t.Errorf("the error does not name the setting: %v", err)
	}
}
