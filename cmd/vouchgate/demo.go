package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vouchgate/store"
	"vouchgate/verify/swiyu"
	"vouchgate/verify/swiyu/swiyutest"
)

type demoCmd struct {
	Walk bool `help:"Walk by itself, print each step and end."`
}

// Help implements kong.HelpProvider.
func (demoCmd) Help() string {
	return "It starts a gateway, a mock verifier with a wallet to click and a small web shop on this machine, on SQLite in a temporary " +
		"folder that is removed at the end. E-mails, short messages and letters are sent to nobody: they are shown on a page of " +
		"their own. The people in the wallet and the one with an account are made up."
}

// The addresses of the demo, or free ones where they are taken.
const (
	demoGateway  = "127.0.0.1:8080"
	demoVerifier = "127.0.0.1:8085"
	demoShop     = "127.0.0.1:8090"
	anyPort      = "127.0.0.1:0"
	demoClient   = "muster-shop"
)

// demo is the three programs of the demo in one process.
type demo struct {
	instance *instance
	mock     *swiyutest.Verifier
	mockAt   *endpoint
	shop     *shop
	shopAt   *endpoint
	mails    *inbox
	folder   string
}

// Run implements the verb demo.
func (c *demoCmd) Run(ctx context.Context, p *program) (err error) {
	folder, err := os.MkdirTemp("", "vouchgate-demo-")
	if err != nil {
		return fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	log := newLog(logConfig{level: slog.LevelWarn, text: true}, p.stderr)
	d, err := newDemo(ctx, p, folder, log, c.Walk)
	if err != nil {
		return err
	}
	return d.run(ctx, func(ctx context.Context) error {
		if c.Walk {
			return d.walk(ctx, p)
		}
		d.explain(p)
		<-ctx.Done()
		return nil
	})
}

// newDemo puts the three together. Each knows the others' addresses, so all
// listen before the first of them serves.
func newDemo(ctx context.Context, p *program, folder string, log *slog.Logger, walk bool) (*demo, error) {
	pick := func(wanted string) string {
		if walk || taken(ctx, wanted) {
			return anyPort
		}
		return wanted
	}
	d := &demo{folder: folder, mails: newInbox(p.now)}
	var err error
	if d.mockAt, err = newEndpoint(ctx, "mock verifier's", pick(demoVerifier), nil); err != nil {
		return nil, err
	}
	if d.shopAt, err = newEndpoint(ctx, "shop's", pick(demoShop), nil); err != nil {
		d.close(ctx)
		return nil, err
	}
	notifyKey, err := newSecret(p.rand)
	if err == nil {
		config := demoConfig(p, folder, pick(demoGateway), "http://"+d.mockAt.address(), notifyKey)
		config.sending.own = d.mails
		d.instance, err = start(ctx, p, config, log)
	}
	if err != nil {
		d.close(ctx)
		return nil, err
	}
	gateway := d.instance.publicURL.String()
	d.mock = swiyutest.New(swiyutest.Config{
		Now: p.now, Rand: p.rand, Log: log, NotifyURL: gateway + "/notification",
		APIKeyHeader: "X-API-Key", APIKey: notifyKey, NotifyAtOnce: true, WalletLinks: true,
	})
	d.mockAt.handle(d.mock, log)
	d.shop, err = p.openShop(ctx, d.instance.storage, gateway, "http://"+d.shopAt.address(), d.mails)
	if err != nil {
		d.close(ctx)
		return nil, errors.Join(err, d.instance.storage.close())
	}
	d.shopAt.handle(d.shop.handler(), log)
	return d, nil
}

// close gives the addresses back when the demo does not come to run.
func (d *demo) close(ctx context.Context) {
	d.mockAt.stop(ctx)
	d.shopAt.stop(ctx)
	if d.instance != nil {
		d.instance.public.stop(ctx)
	}
}

func demoConfig(p *program, folder, address, verifier, notifyKey string) instanceConfig {
	return instanceConfig{
		storage: storageConfig{
			dataDir: folder, sqlite: filepath.Join(folder, "vouchgate.db"), keyFile: filepath.Join(folder, "keys.json"),
		},
		verifier: swiyu.Config{Now: p.now, Rand: p.rand, DefaultVerifierURL: verifier},
		background: backgroundConfig{
			allow:     []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			retention: store.DefaultRetention, migrate: true,
		},
		listen: &listenConfig{
			address: address, maxOpenSessions: 1000, refreshWindow: 5 * time.Second, notifyHeader: "X-API-Key", notifyKey: notifyKey,
		},
	}
}

func taken(ctx context.Context, address string) bool {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return true
	}
	return l.Close() != nil
}

// run serves all three until task is over or one of them fails.
func (d *demo) run(ctx context.Context, task func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		parts sync.WaitGroup
		mu    sync.Mutex
		all   error
	)
	serve := func(part func() error) {
		parts.Go(func() {
			defer cancel() // one cannot show anything without the others
			if err := part(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				all = errors.Join(all, err)
			}
		})
	}
	serve(func() error { return d.instance.run(ctx) })
	serve(func() error { return runMock(ctx, d.mock, d.mockAt) })
	serve(func() error {
		context.AfterFunc(ctx, func() { d.shopAt.stop(ctx) })
		return d.shopAt.run()
	})
	err := task(ctx)
	cancel()
	parts.Wait()
	return errors.Join(err, all)
}

func (d *demo) explain(p *program) {
	fmt.Fprintf(p.stdout, `vouchgate demo

  1. Open %s in a browser: a made-up shop. Press "Prove it".
  2. The gateway asks how. With the wallet: there is a QR code and no phone, so press
     "Open the swiyu app", choose a made-up person in the mock wallet, press "Accept",
     and go back to the gateway's page.
     With an account: sign in as %s with the password %s
     With an e-mail address, a phone or a letter box: enter any, such as
     mira@example.org. The message with the code is in the inbox: %[1]s/inbox
  3. The gateway shows what the shop will get, and leads back to the shop, which shows
     what it read at /info and the signed webhook that it got.

  gateway        %[4]s    (its API: %[4]s/docs)
  mock verifier  %[5]s
  shop           %[1]s
  inbox          %[1]s/inbox
  data           %[6]s, removed at the end

Press Ctrl-C to end. "vouchgate demo --walk" does some of this by itself.
`, d.shop.self, d.shop.account.UserName, d.shop.account.Password, d.shop.gateway, "http://"+d.mockAt.address(), d.folder)
}
