package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vouchgate/store/storetest/pgtest"
)

// helperEnv makes a run of this test binary start a server, print its URL and
// wait to be killed.
const helperEnv = "VOUCHGATE_PGTEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) == "" {
		os.Exit(m.Run())
	}
	server, err := pgtest.Start(context.Background(), pgtest.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server)
	select {}
}

func query(t *testing.T, server, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var answer string
	if err := conn.QueryRow(t.Context(), statement).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestAServerEndsWithTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	if os.Getenv(pgtest.Env) != "" {
		t.Skip("no private server is used")
	}
	helper := exec.Command(os.Args[0])
	helper.Env = append(os.Environ(), helperEnv+"=1")
	helper.Stderr = os.Stderr
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	defer helper.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the helper started no server: %v", err)
	}
	server := strings.TrimSpace(line)
	dir := folder(t, server)
	query(t, server, "SELECT 'alive'")
	if _, err := os.Stat(filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
		t.Fatal(err)
	}
	if err := helper.Process.Kill(); err != nil { // with no chance to clean up
		t.Fatal(err)
	}
	_ = helper.Wait()
	await(t, func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) })
	if conn, err := pgx.Connect(t.Context(), server); err == nil {
		conn.Close(t.Context())
		t.Error("the server still answers")
	}
}

func folder(t *testing.T, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("host")
}

// await asks until something is so, for at most a minute.
func await(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it did not happen within a minute")
		}
	}
}

// The server must not depend on anything that the garbage collector takes away.
func TestAServerOutlivesGarbageCollection(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t.Context(), pgtest.Options{Durable: true})
	if err != nil {
		t.Skipf("no private server: %v", err)
	}
	for range 25 {
		runtime.GC()
		query(t, server, "SELECT 'alive'")
	}
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"} {
		if got := query(t, server, "SHOW "+setting); got != want {
			t.Errorf("a durable server runs with %s=%s", setting, got)
		}
	}
}

func TestEachTestHasASchemaOfItsOwnThatGoesWithIt(t *testing.T) {
	t.Parallel()
	var first, name string
	t.Run("while it runs", func(t *testing.T) {
		first = pgtest.URL(t)
		second := pgtest.URL(t)
		name = query(t, first, "SELECT current_schema()")
		if other := query(t, second, "SELECT current_schema()"); name == other || !strings.HasPrefix(name, "t_") {
			t.Errorf("the schemas are %q and %q", name, other)
		}
	})
	u, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("search_path")
	u.RawQuery = q.Encode()
	left := query(t, u.String(), "SELECT count(*)::text FROM pg_namespace WHERE nspname = '"+name+"'")
	if left != "0" {
		t.Error("the schema is still there after its test")
	}
}
