package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"vouchgate/kyc"
	"vouchgate/server"
	"vouchgate/server/jose"
	"vouchgate/server/password"
	"vouchgate/store"
	"vouchgate/verify/swiyu"
	"vouchgate/worker"
)

// instanceConfig is everything that a running vouchgate needs. listen is nil for
// background work alone.
type instanceConfig struct {
	storage    storageConfig
	log        logConfig
	background backgroundConfig
	verifier   swiyu.Config
	sending    sendingConfig
	listen     *listenConfig
}

// instance is a running vouchgate: background work, and the gateway if it was
// asked for.
type instance struct {
	log       *slog.Logger
	storage   *storage
	verifier  *swiyu.Client
	sender    worker.Sender // nil: no TANs are sent from here
	worker    *worker.Worker
	server    *server.Server // nil without a gateway
	public    *endpoint      // nil without a gateway
	admin     *endpoint      // nil without an admin listener
	publicURL *url.URL       // nil for background work that sends nothing
}

// start opens the storage, puts everything together and listens. Nothing is
// served and no background work runs before run.
func start(ctx context.Context, p *program, c instanceConfig, log *slog.Logger) (*instance, error) {
	i := &instance{log: log}
	var err error
	if i.storage, err = c.storage.own(ctx, p, c.background.migrate, tellLog(log)); err != nil {
		return nil, err
	}
	if err := i.assemble(ctx, p, c); err != nil {
		i.public.stop(ctx)
		i.admin.stop(ctx)
		return nil, errors.Join(err, i.storage.close())
	}
	return i, nil
}

func (i *instance) assemble(ctx context.Context, p *program, c instanceConfig) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := i.listen(ctx, c); err != nil {
		return err
	}
	c.verifier.Log = i.log
	var err error
	if i.sender, err = c.sending.open(i.publicURL, i.log); err != nil {
		return err
	}
	if i.verifier, err = swiyu.New(c.verifier); err != nil {
		return err
	}
	i.worker, err = worker.New(worker.Config{
		Store: i.storage.store, Ring: i.storage.ring, Verifier: i.verifier, Now: p.now, Rand: p.rand, Log: i.log, Registry: registry,
		Sender: i.sender, Watched: i.watched, Changed: i.changed,
		AllowNetworks: c.background.allow, Version: version(), Retention: c.background.retention,
	})
	if err != nil {
		return err
	}
	if c.background.admin != "" {
		if i.admin, err = newEndpoint(ctx, "admin", c.background.admin, nil); err != nil {
			return err
		}
		i.admin.handle(server.Admin(i.storage.store, registry), i.log)
	}
	if c.listen == nil {
		return nil
	}
	return i.openGateway(ctx, p, c, registry)
}

// watched and changed connect background work with the pages of this process.
func (i *instance) watched(id kyc.ID) bool { return i.server != nil && i.server.Watched(id) }

func (i *instance) changed(session kyc.Session) {
	if i.server != nil {
		i.server.Changed(session)
	}
}

func (i *instance) openGateway(ctx context.Context, p *program, c instanceConfig, registry prometheus.Registerer) error {
	if c.listen.notifyKey == "" && !loopback(i.publicURL.Hostname()) {
		i.log.Warn("anybody may call /notification: no --notification-key-file is given")
	}
	config, err := i.gateway(p, c)
	if err != nil {
		return err
	}
	config.Registry = registry
	i.warnConfigFor(ctx, c.listen.configFor)
	if i.server, err = server.New(config); err != nil {
		return err
	}
	i.public.handle(i.server.Handler(), i.log)
	return nil
}

// warnConfigFor tells of a client that there is not, which may yet come.
func (i *instance) warnConfigFor(ctx context.Context, id string) {
	if id == "" {
		return
	}
	if _, err := i.storage.store.Client(ctx, id); errors.Is(err, store.ErrNotFound) {
		i.log.Warn("there is no client of that id yet, and /config tells what this gateway is", "config_for", id)
	}
}

// listen opens the public listener, if there is one, and finds out the public URL.
func (i *instance) listen(ctx context.Context, config instanceConfig) error {
	if config.listen == nil {
		i.publicURL = config.sending.publicURL
		return nil
	}
	c := *config.listen
	certificate, err := c.certificate()
	if err != nil {
		return err
	}
	if i.public, err = newEndpoint(ctx, "public", c.address, certificate); err != nil {
		return err
	}
	if i.publicURL = c.publicURL; i.publicURL == nil {
		i.publicURL = &url.URL{Scheme: pick(certificate != nil, "https", "http"), Host: i.public.address()}
	}
	return nil
}

// gateway returns what the gateway needs.
func (i *instance) gateway(p *program, c instanceConfig) (server.Config, error) {
	keys, err := p.signingKeys(i.storage, c.listen.keyLifetime, i.log)
	return server.Config{
		Store: i.storage.store, Ring: i.storage.ring, Verifier: i.verifier, Background: i.worker,
		Keys: keys, Passwords: password.New(p.rand),
		Fetcher: jose.NewFetcher(jose.FetcherConfig{
			AllowNetworks: c.background.allow, Agent: "vouchgate/" + version(), Now: p.now,
		}),
		Addresses: c.sending.reader(), Sendable: i.sendable(), ConfigFor: c.listen.configFor,
		PublicURL: i.publicURL, Version: version(),
		NotificationKeyHeader: c.listen.notifyHeader, NotificationKey: c.listen.notifyKey,
		TrustedProxies: c.listen.proxies, MaxOpenSessions: c.listen.maxOpenSessions,
		RefreshWindow: c.listen.refreshWindow, RequestRate: c.listen.requestRate, SignInTries: c.listen.signInTries,
		MessagesPerNetwork: c.listen.networkMessages,
		Now:                p.now, Rand: p.rand, Log: i.log,
	}, err
}

func (c listenConfig) certificate() (*tls.Certificate, error) {
	if c.certFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	return &pair, err
}

// run works until the context ends, or until a part of it fails. Then it stops
// accepting, lets running requests and background work finish, and closes the
// storage.
func (i *instance) run(ctx context.Context) error {
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var parts sync.WaitGroup
	ended := make(chan error, 3)
	for _, e := range []*endpoint{i.public, i.admin} {
		if e != nil {
			parts.Go(func() { ended <- e.run() })
		}
	}
	parts.Go(func() { ended <- i.worker.Run(working) })
	parts.Go(func() { i.probe(working) })
	i.announce()
	// What the start needed and nothing needs any more: the contract, the rendered
	// pages' parts, the parsed migrations. Without this the process keeps them
	// until the collector runs for want of memory, which an idle one never has.
	debug.FreeOSMemory()

	var failure error
	select {
	case <-ctx.Done():
	case failure = <-ended:
	}
	i.log.Info("stopping")
	if i.server != nil {
		i.server.Close() // streams of status would hold the shutdown up
	}
	i.public.stop(ctx)
	stopWork()
	i.admin.stop(ctx)
	parts.Wait()
	err := errors.Join(failure, i.storage.close())
	i.log.Info("stopped")
	return err
}

// sendable lists the methods whose TANs are sent from here.
func (i *instance) sendable() []kyc.Method {
	if i.sender == nil {
		return nil
	}
	return i.sender.Methods()
}

// announce says where the instance can be reached, once it can, and which TANs it
// sends.
func (i *instance) announce() {
	var pairs []any
	if i.public != nil {
		pairs = append(pairs, "address", i.public.address(), "url", i.publicURL.String())
	}
	if i.admin != nil {
		pairs = append(pairs, "admin", i.admin.address())
	}
	if methods := i.sendable(); len(methods) > 0 {
		i.log.Info("TANs are sent from here", "methods", methods)
	} else {
		i.log.Info("no TANs are sent from here: neither a mail server nor a helper is given")
	}
	i.log.Info("listening", append(pairs, "version", version())...)
}

const probeLimit = 15 * time.Second

// probe tells the operator early if the verifier cannot be reached. Nothing waits
// for it: a gateway whose verifier comes up later works.
func (i *instance) probe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	if err := i.verifier.Probe(ctx); err != nil && ctx.Err() == nil {
		i.log.Warn("the verifier does not answer as it should", "error", err)
	}
}

func tellLog(log *slog.Logger) teller {
	return func(message string, pairs ...any) { log.Info(message, pairs...) }
}
