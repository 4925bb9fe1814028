package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// yardstick is what the machine can do at the time, with nothing of ours in it.
// Figures of two runs are compared as multiples of these.
type yardstick struct {
	HTTP    float64 `json:"http_per_second"` // empty answers to 32 callers over loopback, all in this process
	HTTPCPU float64 `json:"http_cpu_ms"`     // of one request, both ends
	Sync    spread  `json:"sync_ms"`         // a write of 4 KiB brought to disk
	At      string  `json:"at"`              // when, UTC
}

const (
	yardstickTime    = 500 * time.Millisecond
	yardstickCallers = 32
	yardstickSyncs   = 200
)

func layYardstick(ctx context.Context, dir string) (yardstick, error) {
	y := yardstick{At: time.Now().UTC().Format(time.RFC3339)}
	var err error
	if y.Sync, err = measureSync(filepath.Join(dir, "sync")); err != nil {
		return y, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return y, err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	before, err := usageOf(os.Getpid())
	if err != nil {
		return y, err
	}
	counts, faults := make([]int, yardstickCallers), make([]error, yardstickCallers)
	began := time.Now()
	var group sync.WaitGroup
	for i := range yardstickCallers {
		group.Go(func() { counts[i], faults[i] = askPlainly(ctx, l.Addr().String(), began.Add(yardstickTime)) })
	}
	group.Wait()
	elapsed := time.Since(began)
	after, err := usageOf(os.Getpid())
	n := 0
	for i := range counts {
		n += counts[i]
		if faults[i] != nil {
			return y, faults[i]
		}
	}
	y.HTTP = float64(n) / elapsed.Seconds()
	y.HTTPCPU = millis(after.cpu-before.cpu) / float64(max(n, 1))
	return y, err
}

// askPlainly sends requests over one connection until a time, below http.Client,
// and counts the answers.
func askPlainly(ctx context.Context, address string, until time.Time) (n int, err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for ; time.Now().Before(until); n++ {
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: yardstick\r\n\r\n"); err != nil {
			return n, err
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return n, err
		}
		resp.Body.Close()
	}
	return n, nil
}

func measureSync(path string) (spread, error) {
	f, err := os.Create(path)
	if err != nil {
		return spread{}, err
	}
	defer f.Close()
	var took []time.Duration
	for range yardstickSyncs {
		began := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return spread{}, err
		}
		if err := f.Sync(); err != nil {
			return spread{}, err
		}
		took = append(took, time.Since(began))
	}
	return spreadOf(took), nil
}
