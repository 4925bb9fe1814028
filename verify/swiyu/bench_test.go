package swiyu_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/verify/swiyu"
	"vouchgate/verify/swiyu/swiyutest"
)

// clock is a time that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logBuffer keeps log lines for tests that read them.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bench is a client with a mock verifier at the other end of a real connection.
type bench struct {
	t      *testing.T
	clock  *clock
	mock   *swiyutest.Verifier
	server *httptest.Server
	client *swiyu.Client
	logs   *logBuffer
}

type benchOptions struct {
	major      int
	hideData   bool
	http       *http.Client
	checkToken func(string) bool
	config     func(*swiyu.Config)
}

func seeded() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{1}) }

func newBench(t *testing.T, o benchOptions) *bench {
	t.Helper()
	b := &bench{t: t, clock: newClock(), logs: &logBuffer{}}
	b.mock = swiyutest.New(swiyutest.Config{
		Now: b.clock.Now, Rand: seeded(), Major: o.major, HideSubjectData: o.hideData, CheckToken: o.checkToken,
	})
	b.server = httptest.NewServer(b.mock)
	t.Cleanup(b.server.Close)
	if o.http == nil {
		transport := swiyu.NewTransport()
		t.Cleanup(transport.CloseIdleConnections)
		o.http = &http.Client{Transport: transport}
	}
	cfg := swiyu.Config{
		HTTP: o.http, Now: b.clock.Now, Rand: seeded(), DefaultVerifierURL: b.server.URL,
		Log: slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if o.config != nil {
		o.config(&cfg)
	}
	var err error
	if b.client, err = swiyu.New(cfg); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// create returns the id of a new verification.
func (b *bench) create(scope string) string {
	b.t.Helper()
	v, err := b.client.Create(context.Background(), kyc.Client{ID: "shop"}, scope)
	b.must(err)
	return v.RequestID
}

func (b *bench) fetch(id, scope string) kyc.Outcome {
	b.t.Helper()
	o, err := b.client.Fetch(context.Background(), kyc.Client{ID: "shop"}, id, scope)
	b.must(err)
	return o
}
