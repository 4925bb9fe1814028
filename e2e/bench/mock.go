package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vouchgate/verify/swiyu/swiyutest"
)

// mockEnv makes this program the mock verifier that notifies the URL that it
// holds. The mock is the one of the tests, without the pauses of a real one.
const mockEnv = "VOUCHGATE_BENCH_MOCK"

const managementPath = "/management/api/verifications/"

// serveMock serves the mock until standard input ends, which it does when the
// load is gone, and prints its URL.
func serveMock(notify string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	verifier := swiyutest.New(swiyutest.Config{
		Now: time.Now, Rand: bufio.NewReader(rand.Reader), NotifyURL: notify, NotifyAtOnce: true,
	})
	go verifier.Run(ctx)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	clock := answerClock{inner: verifier, took: map[string]time.Duration{}}
	go func() { _ = http.Serve(l, &clock) }()
	fmt.Printf("http://%s\n", l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// answerClock measures how long the mock takes to answer when it is asked for a
// result, so that this can be taken off what the gateway takes.
type answerClock struct {
	inner http.Handler
	mu    sync.Mutex
	took  map[string]time.Duration // by verification, all reads together
}

// ServeHTTP adds GET /bench/answers, which gives the times and forgets them.
func (c *answerClock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/bench/answers" {
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = json.NewEncoder(w).Encode(c.took)
		clear(c.took)
		return
	}
	began := time.Now()
	c.inner.ServeHTTP(w, r)
	if id, isRead := strings.CutPrefix(r.URL.Path, managementPath); isRead {
		c.mu.Lock()
		c.took[id] += time.Since(began)
		c.mu.Unlock()
	}
}

// mock is the mock verifier's process, seen from the load.
type mock struct {
	*process
	url string
	in  io.Closer
}

func startMock(ctx context.Context, dir, notify string) (*mock, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), mockEnv+"="+notify)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout = w
	p, err := launch(ctx, filepath.Join(dir, "mock.log"), cmd)
	w.Close()
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting the mock verifier: %w\n%s", err, p.said())
	}
	return &mock{process: p, url: strings.TrimSpace(line), in: in}, nil
}

func (m *mock) stop() {
	_ = m.in.Close()
	_ = m.cmd.Wait()
}

// setMode says what happens to verifications from now on.
func (m *mock) setMode(ctx context.Context, mode swiyutest.Mode) error {
	body, err := json.Marshal(mode)
	if err != nil {
		return err
	}
	_, err = request{method: http.MethodPut, url: m.url + "/control/mode", body: string(body),
		kind: "application/json", want: http.StatusOK}.do(ctx, http.DefaultClient)
	return err
}

// answers returns how long the mock took to answer reads, by verification.
func (m *mock) answers(ctx context.Context) (map[string]time.Duration, error) {
	got, err := request{url: m.url + "/bench/answers", want: http.StatusOK}.do(ctx, http.DefaultClient)
	if err != nil {
		return nil, err
	}
	took := map[string]time.Duration{}
	return took, json.Unmarshal(got.body, &took)
}

// accept answers a verification as the wallet of the first made-up person.
func (m *mock) accept(ctx context.Context, c *http.Client, id string) error {
	if id == "" {
		return errors.New("no verification to accept")
	}
	_, err := request{method: http.MethodPost, url: m.url + "/control/verifications/" + id + "/accept",
		want: http.StatusOK}.do(ctx, c)
	return err
}
