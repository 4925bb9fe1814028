package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Options say how a gateway is started.
type Options struct {
	Data  *Data    // required
	Flags []string // of serve, beside the addresses
	Env   []string
}

// Gateway is vouchgate serve in a process of its own. Its addresses stay the same
// when it is started again.
type Gateway struct {
	Data  *Data
	URL   string // of the public listener, without a slash at the end
	Admin string // of the admin listener
	Log   *Log

	t       testing.TB
	options Options
	mu      sync.Mutex
	process *Process
}

// Start starts a gateway and waits until it is ready. It is stopped with the
// test, and its log shown if the test fails.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	g := &Gateway{Data: o.Data, Log: &Log{}, t: t, options: o}
	t.Cleanup(func() {
		g.Kill()
		g.Log.showOf(t)
	})
	var err error
	for range 5 { // somebody else may take a port in between
		g.URL, g.Admin = "http://"+freeAddress(t), "http://"+freeAddress(t)
		if err = g.Restart(); err == nil {
			return g
		}
	}
	t.Fatalf("starting a gateway: %v", err)
	return nil
}

// Restart starts a gateway that has ended, and waits until it is ready.
func (g *Gateway) Restart() error {
	listening := g.Log.Next(`"msg":"listening"`)
	// All persons of a test come from one network.
	args := append([]string{"serve", "--listen", g.URL[len("http://"):], "--admin-listen", g.Admin[len("http://"):],
		"--messages-per-network", "0", "--request-rate", "0"}, g.options.Flags...)
	p, err := StartProcess(g.Log, append(g.Data.Env(), g.options.Env...), args...)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.process = p
	g.mu.Unlock()
	select {
	case <-listening:
	case <-p.Done():
		return fmt.Errorf("it ended with exit code %d:\n%s", p.Code(), g.Log.Tail(20))
	case <-time.After(Patience):
		return fmt.Errorf("it is not ready after %s:\n%s", Patience, g.Log.Tail(20))
	}
	return g.ready()
}

func (g *Gateway) ready() error {
	answer, err := http.Get(g.Admin + "/readyz")
	if err != nil {
		return fmt.Errorf("asking for readiness: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("readyz says %s", answer.Status)
	}
	return nil
}

// Process is the running process, or the last one.
func (g *Gateway) Process() *Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.process
}

// Kill ends the gateway with SIGKILL.
func (g *Gateway) Kill() {
	if p := g.Process(); p != nil {
		p.Kill()
	}
}

// Stop ends the gateway with SIGTERM. It fails the test unless it ends in time
// with exit code 0.
func (g *Gateway) Stop() {
	g.t.Helper()
	if err := g.Process().Stop(); err != nil {
		g.t.Fatalf("stopping a gateway: %v", err)
	}
}

// ports remembers what this process gave out.
var ports sync.Map

// freeAddress returns a loopback address on which nobody listens. It is below the
// ports that systems give to outgoing connections, so that none of these takes it
// while a gateway is down.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.IntN(22_000)
		if _, taken := ports.LoadOrStore(port, true); taken {
			continue
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		_ = l.Close()
		return address
	}
	t.Fatal("no free port")
	return ""
}
