package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"vouchgate/verify/swiyu/swiyutest"
)

type mockVerifierCmd struct {
	Listen         string `default:"127.0.0.1:8085" placeholder:"ADDRESS" help:"Address to listen at; port 0 takes a free one (default 127.0.0.1:8085)."`
	Notify         string `placeholder:"URL" help:"Where notifications go: a gateway's /notification (default nowhere)."`
	APIKeyHeader   string `name:"api-key-header" default:"X-API-Key" placeholder:"NAME" help:"Header in which notifications carry their key (default X-API-Key)."`
	APIKeyFile     string `name:"api-key-file" placeholder:"FILE" help:"File that holds that key (default no key)."`
	NotifyInterval string `default:"2s" placeholder:"TIME" help:"Time between rounds of notifications (default 2s, as the real one)."`
	PublicURL      string `name:"public-url" placeholder:"URL" help:"Its own address in links (default as requests say)."`
	TTL            string `name:"ttl" default:"15m" placeholder:"TIME" help:"How long a verification is remembered (default 15m)."`
	Major          string `default:"4" placeholder:"4|5" help:"Major version of the verifier to play (default 4)."`
	WalletLinks    bool   `default:"true" negatable:"" help:"Make wallet links lead to the wallet page here, for walks without a phone (default on)."`
	LogLevel       string `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (default info)."`
	LogFormat      string `default:"json" placeholder:"FORMAT" help:"json or text, always to standard error (default json)."`
}

// Help implements kong.HelpProvider.
func (mockVerifierCmd) Help() string {
	return "It checks nothing and everybody who reaches it can steer it: it is for tests and for showing. " +
		"Its first page lists open verifications; behind each is a wallet page to answer as one of several made-up people."
}

// Run implements the verb mock-verifier.
func (c *mockVerifierCmd) Run(ctx context.Context, p *program) error {
	var f faults
	log := newLog(logSettings{c.LogLevel, c.LogFormat}.check(&f), p.stderr)
	config := swiyutest.Config{
		Now: p.now, Rand: p.rand, Log: log, NotifyURL: c.Notify,
		APIKeyHeader: c.APIKeyHeader, APIKey: f.secretFile("api-key-file", c.APIKeyFile),
		NotifyInterval: f.duration("notify-interval", c.NotifyInterval, time.Millisecond, time.Hour),
		TTL:            f.duration("ttl", c.TTL, time.Second, 24*time.Hour), WalletLinks: c.WalletLinks,
		Major: 4, PublicURL: strings.TrimRight(c.PublicURL, "/"),
	}
	if config.APIKey == "" {
		config.APIKeyHeader = ""
	} else {
		f.headerName("api-key-header", c.APIKeyHeader)
	}
	if f.oneOf("major", c.Major, "4", "5") == "5" {
		config.Major = 5
	}
	f.address("listen", c.Listen)
	for name, url := range map[string]string{"notify": c.Notify, "public-url": c.PublicURL} {
		if url != "" {
			f.webURL(name, url)
		}
	}
	if err := f.err(); err != nil {
		return err
	}
	e, err := newEndpoint(ctx, "mock verifier's", c.Listen, nil)
	if err != nil {
		return err
	}
	mock := swiyutest.New(config)
	e.handle(mock, log)
	log.Info("listening", "address", e.address(), "url", "http://"+e.address())
	return runMock(ctx, mock, e)
}

// runMock serves a mock verifier and sends its notifications until the context
// ends.
func runMock(ctx context.Context, mock *swiyutest.Verifier, e *endpoint) error {
	var parts sync.WaitGroup
	failed := make(chan error, 1)
	parts.Go(func() { failed <- e.run() })
	parts.Go(func() { mock.Run(ctx) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	mock.Close()
	e.stop(ctx)
	parts.Wait()
	if err != nil {
		return fmt.Errorf("running the mock verifier: %w", err)
	}
	return nil
}
