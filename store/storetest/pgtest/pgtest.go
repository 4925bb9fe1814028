// Package pgtest gives tests a real PostgreSQL server.
//
// It takes the server that VOUCHGATE_TEST_POSTGRES names, else starts a private
// one from the binaries on this machine, else obtains binaries for one. A private
// server belongs to the test process: a small shell holds it and ends it when
// that process is gone, however it went, so nothing is left behind.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env names the environment variable with the URL of a server to use.
const Env = "VOUCHGATE_TEST_POSTGRES"

var shared = sync.OnceValues(func() (string, error) { return Start(context.Background(), Options{}) })

// URL returns the URL of an empty schema of its own on a server that the whole
// test process shares; the schema goes when the test ends. It fails the test if no
// server is to be had, except that it skips it, loudly, when that is for want of a
// network and CI is not set.
func URL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		var err error
		if server, err = shared(); err != nil {
			giveUp(t, err)
		}
	}
	return Schema(t, server)
}

func giveUp(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNoNetwork) && os.Getenv("CI") == "" {
		fmt.Fprintf(os.Stderr, "\n*** NOT TESTED ON POSTGRES: %v ***\n\n", err)
		t.Skipf("no PostgreSQL: %v", err)
	}
	t.Fatalf("no PostgreSQL: %v", err)
}

// Schema makes an empty schema on a server and returns a URL that leads to it.
func Schema(t testing.TB, server string) string {
	t.Helper()
	name := "t_" + strings.ToLower(rand.Text())
	if err := run(server, "CREATE SCHEMA "+name); err != nil {
		t.Fatalf("creating a schema: %v", err)
	}
	t.Cleanup(func() {
		if err := run(server, "DROP SCHEMA "+name+" CASCADE"); err != nil {
			t.Errorf("dropping the schema: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("reading the URL of the server: %v", err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func run(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}
