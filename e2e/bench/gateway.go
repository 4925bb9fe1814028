package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

var (
	errNoWebhook = errors.New("webhook: it did not come")
	errNoWalks   = errors.New("no walk succeeded")
)

// gateway is the gateway under test with all that it works with.
type gateway struct {
	binary  string
	dir     string
	engine  engine
	address string
	admin   string
	mock    *mock
	hooks   *receiver
	client  credentials
	http    *http.Client

	server *process        // nil while it is stopped
	ready  []time.Duration // how long each start took
}

// credentials are what client add prints.
type credentials struct {
	ID            string `json:"client_id"`
	Secret        string `json:"client_secret"`
	WebhookSecret string `json:"webhook_secret"`
}

// newGateway prepares a database with one client, the mock and the receiver of
// webhooks. The gateway itself is not started.
func newGateway(ctx context.Context, binary, dir string, e engine) (g *gateway, err error) {
	g = &gateway{binary: binary, dir: dir, engine: e, http: newClient()}
	if g.address, err = freeAddress(); err != nil {
		return nil, err
	}
	if g.admin, err = freeAddress(); err != nil {
		return nil, err
	}
	if g.hooks, err = startReceiver(); err != nil {
		return nil, err
	}
	if _, err = g.tool(ctx, "migrate"); err != nil {
		return nil, err
	}
	printed, err := g.tool(ctx, "client", "add", "--json", "--id", "bench", "--redirect-uri", redirectURI,
		"--scope", scope,
		"--webhook-url", g.hooks.url, "--webhook-allow-networks", "127.0.0.0/8")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(printed, &g.client); err != nil {
		return nil, fmt.Errorf("reading what client add printed: %w", err)
	}
	if err := g.hooks.trust(g.client.WebhookSecret); err != nil {
		return nil, err
	}
	g.mock, err = startMock(ctx, dir, g.url()+"/notification")
	return g, err
}

func (g *gateway) url() string { return "http://" + g.address }

// tool runs a verb of the program that ends by itself, and returns what it prints.
func (g *gateway) tool(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, g.binary, append(args, "--data-dir", g.dir, "--database", g.engine.url())...)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("vouchgate %s: %w\n%s", args[0], err, exit.Stderr)
	}
	return out, err
}

// startLimit is how long a start may take.
const startLimit = 20 * time.Second

// start starts the gateway and returns when it is ready, which it asks for twice
// in a millisecond.
func (g *gateway) start(ctx context.Context) error {
	cmd := exec.Command(g.binary, "serve", "--listen", g.address, "--admin-listen", g.admin, "--public-url", g.url(),
		"--data-dir", g.dir, "--database", g.engine.url(), "--verifier-url", g.mock.url,
		"--webhook-allow-networks", "127.0.0.0/8")
	began := time.Now()
	p, err := launch(ctx, filepath.Join(g.dir, "serve.log"), cmd)
	if err != nil {
		return err
	}
	g.server = p
	for {
		_, err := request{url: "http://" + g.admin + "/readyz", want: http.StatusOK}.do(ctx, g.http)
		if err == nil {
			_, err = request{url: g.url() + "/config", want: http.StatusOK}.do(ctx, g.http)
		}
		took := time.Since(began)
		switch {
		case err == nil:
			g.ready = append(g.ready, took)
			return nil
		case ctx.Err() != nil || took > startLimit:
			g.close()
			return fmt.Errorf("the gateway did not get ready: %w\n%s", err, p.said())
		}
		time.Sleep(time.Millisecond / 2)
	}
}

// stop stops the gateway alone.
func (g *gateway) stop() error {
	if g.server == nil {
		return nil
	}
	err := g.server.stop()
	g.server = nil
	g.http.CloseIdleConnections()
	return err
}

// close stops everything.
func (g *gateway) close() {
	_ = g.stop()
	if g.mock != nil {
		g.mock.stop()
	}
	g.hooks.close()
}

func (g *gateway) walker(page bool) *walker {
	return &walker{http: g.http, gate: g.url(), mock: g.mock, id: g.client.ID, keyed: g.client.Secret, page: page}
}

// usages is what each part has used so far.
type usages struct{ server, database, mock, load usage }

func (g *gateway) usages() (u usages, err error) {
	for _, part := range []struct {
		into *usage
		pids []int
	}{{&u.server, []int{g.server.pid()}}, {&u.database, g.engine.pids()}, {&u.mock, []int{g.mock.pid()}}} {
		used, partErr := usageOf(part.pids...)
		*part.into, err = used, errors.Join(err, partErr)
	}
	self, err2 := os.ReadFile("/proc/self/stat")
	_, u.load = parseStat(self)
	return u, errors.Join(err, err2)
}

// residentOf returns a process's resident memory in bytes, 0 if it is gone.
func residentOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, u := parseStat(b)
	return u.rss
}
