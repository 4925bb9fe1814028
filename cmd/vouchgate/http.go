package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// shutdownLimit is how long running requests may take once the process was told
// to stop.
const shutdownLimit = 10 * time.Second

// newHTTPServer returns a server with a limit on everything, because Go's zero
// values have none. The handler sets deadlines of its own for streams.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          serverLog(log),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},
	}
}

// endpoint is a server on its listener.
type endpoint struct {
	name     string
	listener net.Listener
	server   *http.Server
}

// newEndpoint listens at an address. certificate is nil for plain http.
func newEndpoint(ctx context.Context, name, address string, certificate *tls.Certificate) (*endpoint, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("opening the %s listener: %w", name, err)
	}
	if certificate != nil {
		l = tls.NewListener(l, &tls.Config{
			Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		})
	}
	return &endpoint{name: name, listener: l}, nil
}

func (e *endpoint) address() string { return e.listener.Addr().String() }

// handle says what the endpoint serves; until then connections wait.
func (e *endpoint) handle(h http.Handler, log *slog.Logger) { e.server = newHTTPServer(h, log) }

// run serves until stop, and returns an error if it ended otherwise.
func (e *endpoint) run() error {
	if err := e.server.Serve(e.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on the %s listener: %w", e.name, err)
	}
	return nil
}

// stop accepts nothing more and lets running requests finish for shutdownLimit.
// A nil endpoint is none.
func (e *endpoint) stop(ctx context.Context) {
	if e == nil {
		return
	}
	if e.server == nil {
		_ = e.listener.Close()
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if e.server.Shutdown(ctx) != nil {
		_ = e.server.Close()
	}
}
