package conformance

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"OPS-04", "98,000 ended and 2,000 abandoned flows and their records go by themselves, down to the last row, without a cron job", ops04},
	Row{"OPS-05", "while a receiver of webhooks hangs or fails, flows of its client and of others go on, and others are told", ops05},
	Row{"OPS-09", "health, readiness and metrics are on a listener of their own; readiness follows the database, health does not", ops09},
)

// The flows that somebody left lying long ago. The ids are UUIDs of version 7 of
// 2024, and the records of the trail as old.
const (
	endedFlows     = 98_000
	abandonedFlows = 2_000
)

// leave puts old flows into the database, n of them with the numbers from first on.
// Those that nobody has ended yet are due.
func (t *T) leave(client string, first, n int, status string) {
	t.Helper()
	old, id := "1704067200000000", "printf('018cc251-%04x-7000-8000-%012x', n / 65536, n)"
	from := fmt.Sprintf("WITH RECURSIVE s(n) AS (SELECT %d UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT", first, first+n-1)
	hash, into := "x'00'", "FROM s"
	if t.Engine == e2e.Postgres {
		old, hash = "timestamptz '2024-01-01 00:00:00+00'", `'\x00'::bytea`
		id = "CAST('018cc251-' || lpad(to_hex(n / 65536), 4, '0') || '-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid)"
		from, into = "SELECT", fmt.Sprintf("FROM generate_series(%d, %d) AS s(n)", first, first+n-1)
	}
	due, finished := "NULL", old
	if status == "pending" {
		due, finished = old, "NULL"
	}
	_, err := t.Data.Open(t.T).ExecContext(t.Ctx, `INSERT INTO verification_sessions (id, client_id, method, nonce_hash, status,
		redirect_uri, state, scope, code_challenge, request_id, verification_url, verification_deeplink, attempts, checks,
		next_check, finished_at, error_code, created_at, expires_at, updated_at, version) `+
		fmt.Sprintf(`%s %s, '%s', 'swiyu', %s, '%s', 'https://c.example/cb', '', 'profile', '', '', '', '', 0, 0, %s, %s, '', %s, %s, %s, 1 %s`,
			from, id, client, hash, status, due, finished, old, old, old, into))
	t.Check(err)
}

func ops04(t *T) {
	alone := t.Alone()
	client := alone.NewClient()
	db := alone.Data.Open(t.T)
	count := func(table string) int {
		return e2e.Count(t.T, db, "SELECT count(*) FROM "+table+" WHERE client_id = '"+client.ID+"'")
	}
	alone.Gateway.Stop()
	_, err := db.ExecContext(t.Ctx, "DELETE FROM audit_events") // the trail begins with the old flows
	t.Check(err)
	alone.leave(client.ID, 0, endedFlows, "expired")
	alone.leave(client.ID, endedFlows, abandonedFlows, "pending")
	if n := count("verification_sessions"); n != endedFlows+abandonedFlows {
		t.Fatalf("there are %d flows", n)
	}
	// It cleans up at the start, and every minute from then on.
	t.Check(alone.Gateway.Restart())
	alone.Until("old flows and their records to go, and abandoned ones to be ended", func() (bool, error) {
		open := e2e.Count(t.T, db, "SELECT count(*) FROM verification_sessions WHERE next_check IS NOT NULL")
		return open == 0 && count("verification_sessions") == abandonedFlows && count("audit_events") == abandonedFlows, nil
	})
	alone.Ctx = e2e.Patient(t.T)
	alone.Gateway.Stop()
	alone.Data.Age(t.T, 48*time.Hour) // they are kept for a day from the moment that they were ended
	t.Check(alone.Gateway.Restart())
	alone.Until("the others to go", func() (bool, error) { return count("verification_sessions") == 0, nil })
	alone.Grant(client)
}

func ops05(t *T) {
	stuck, release := e2e.NewReceiver(t.T), make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	stuck.Answer(func(e2e.Event) int { <-release; return http.StatusNoContent })
	hanging, other := t.addClient(t.T, stuck, []string{refreshing}), t.HookedClient()
	t.Grant(hanging)
	t.Check(stuck.Await(t.Ctx, func(events []e2e.Event) bool { return len(events) > 0 })) // and it has no answer from now on
	for range 6 {
		g := t.Grant(hanging)
		t.OK(t.Info(g.Access))
		t.OK(t.Refresh(hanging, g.Refresh))
	}
	b, ask := e2e.NewBrowser(), t.Ask(other)
	page := t.Open(b, ask.Path())
	t.Swap(ask, t.GoOn(b, page).Code())
	must[e2e.Event](t)(t.Webhooks.AwaitEvent(t.Ctx, page.Session(), "verification.verified"))

	failing := e2e.NewReceiver(t.T)
	failing.Answer(func(e2e.Event) int { return http.StatusInternalServerError })
	broken := t.addClient(t.T, failing, nil)
	b, ask = e2e.NewBrowser(), t.Ask(broken)
	page = t.Open(b, ask.Path())
	t.Swap(ask, t.GoOn(b, page).Code())
	must[e2e.Event](t)(failing.AwaitEvent(t.Ctx, page.Session(), "verification.verified"))
	failing.Answer(nil)
	t.Do("webhook", "replay", failing.Events()[0].ID)
	t.Check(failing.Await(t.Ctx, func(events []e2e.Event) bool { return len(events) > 1 && events[0].ID == events[1].ID }))

	dead := t.NewClient("--webhook-url=http://127.0.0.1:1/hooks")
	ask = t.Ask(dead)
	t.OK(t.Info(t.GrantOf(ask).Access))
}

// admin asks the admin listener.
func (t *T) admin(path string) Answer {
	t.Helper()
	return t.Get(t.Gateway.Admin + path)
}

func ops09(t *T) {
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		t.OK(t.admin(path))
		t.ErrPage(t.Get(path, asPage...), http.StatusNotFound)
	}
	for _, path := range []string{"/authorize", "/token", "/login", "/config"} {
		t.Status(t.admin(path), http.StatusNotFound)
	}
	t.Grant(t.Wallet())
	metrics := string(t.OK(t.admin("/metrics")).Body)
	for _, want := range []string{
		`vouchgate_requests_total{route="POST /token",status="200"}`, "vouchgate_request_seconds_bucket", "vouchgate_sessions",
		"vouchgate_notifications_total", "go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	for _, private := range []string{t.Wallet().ID + `"`, "/session/0"} {
		if strings.Contains(metrics, private) {
			t.Errorf("the metrics have %s", private)
		}
	}
	alone := t.Alone("--verifier-url=http://127.0.0.1:1")
	alone.OK(alone.admin("/readyz")) // people with an account need no verifier
	db := alone.Data.Open(t.T)
	change := func(query string) {
		_, err := db.ExecContext(t.Ctx, query)
		t.Check(err)
	}
	change("UPDATE schema_version SET version_id = 99 WHERE version_id = 2")
	t.unready(alone)
	change("UPDATE schema_version SET version_id = 2 WHERE version_id = 99")
	alone.OK(alone.admin("/readyz"))
	if t.Engine == e2e.Postgres {
		t.cutOff(alone)
	}
}

// unready waits until a gateway says that it is not ready. It is healthy all the
// same: to start it again would help nobody.
func (t *T) unready(g *T) {
	t.Helper()
	t.Until("the gateway not to be ready", func() (bool, error) { return g.admin("/readyz").Status == http.StatusServiceUnavailable, nil })
	g.OK(g.admin("/healthz"))
}

// cutOff starts another gateway whose way to the database can be cut.
func (t *T) cutOff(of *T) {
	t.Helper()
	var database string
	for _, pair := range of.Data.Env() {
		if value, ok := strings.CutPrefix(pair, "VOUCHGATE_DATABASE="); ok {
			database = value
		}
	}
	config := must[*pgconn.Config](t)(pgconn.ParseConfig(database))
	wire := t.newWire(pgconn.NetworkAddress(config.Host, config.Port))
	host, port, err := net.SplitHostPort(wire.Addr().String())
	t.Check(err)
	server := must[*url.URL](t)(url.Parse(database))
	query := server.Query()
	query.Set("host", host)
	query.Set("port", port)
	server.RawQuery = query.Encode()
	second := of.Beside("--database=" + server.String())
	second.OK(second.admin("/readyz"))
	wire.cut(true)
	t.unready(second)
	a := second.VisitPath(second.Ask(second.App()).Path())
	second.ErrPage(a, http.StatusServiceUnavailable)
	if a.Header.Get("Retry-After") == "" {
		t.Error("without a database nobody is told when to come back")
	}
	wire.cut(false)
	t.Until("the gateway to be ready again", func() (bool, error) { return second.admin("/readyz").Status == http.StatusOK, nil })
}

// Beside starts another gateway on the same data.
func (t *T) Beside(flags ...string) *T {
	t.Helper()
	e := &Env{
		Engine: t.Engine, Data: t.Data, Verifier: t.Verifier, Webhooks: t.Webhooks, Outbox: t.Outbox,
		number: 1000, made: map[string]*slot{}, secrets: map[string]string{},
	}
	e.start(t.T, flags)
	return &T{T: t.T, Env: e, Ctx: t.Ctx}
}

// wire passes connections on to a server, until it is cut.
type wire struct {
	net.Listener
	mu    sync.Mutex
	open  []net.Conn
	isCut bool
}

func (t *T) newWire(network, address string) *wire {
	t.Helper()
	w := &wire{Listener: must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))}
	t.Cleanup(func() { _ = w.Close(); w.cut(true) })
	go func() {
		for {
			near, err := w.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial(network, address)
			if err != nil || !w.keep(near, far) {
				_ = near.Close()
				continue
			}
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
			go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
		}
	}()
	return w
}

// keep remembers both ends of a connection, unless the wire is cut.
func (w *wire) keep(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isCut {
		for _, c := range ends {
			_ = c.Close()
		}
		return false
	}
	w.open = append(w.open, ends...)
	return true
}

// cut ends all connections and lets no new ones through, or lets them through
// again.
func (w *wire) cut(off bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = off
	for _, c := range w.open {
		_ = c.Close()
	}
	w.open = nil
}
