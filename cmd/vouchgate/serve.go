package main

import (
	"context"
)

type serveCmd struct {
	storageSettings    `embed:""`
	listenSettings     `embed:""`
	verifierSettings   `embed:""`
	sendingSettings    `embed:""`
	backgroundSettings `embed:""`
	logSettings        `embed:""`
}

// Help implements kong.HelpProvider.
func (serveCmd) Help() string {
	return "With nothing configured it listens on 127.0.0.1:8080 and keeps SQLite and keys in ./vouchgate-data. " +
		"It ends when it gets SIGINT or SIGTERM, after it has finished what it was doing; a second signal kills it."
}

// Run implements the verb serve.
func (c *serveCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	listen := c.listenSettings.check(&f)
	config := instanceConfig{
		storage: c.storageSettings.check(&f), listen: &listen,
		verifier: c.verifierSettings.check(&f, p), sending: c.sendingSettings.check(&f, p, listen.publicURL),
		background: c.backgroundSettings.check(&f), log: c.logSettings.check(&f),
	}
	return p.work(ctx, f, config)
}

type workerCmd struct {
	storageSettings    `embed:""`
	PublicURL          string `name:"public-url" group:"listen" placeholder:"URL" help:"How browsers reach the gateway; needed to send TANs, because messages name its host."`
	InsecurePublicURL  bool   `name:"insecure-public-url" group:"listen" help:"Allow a public URL with http that is not a loopback address."`
	verifierSettings   `embed:""`
	sendingSettings    `embed:""`
	backgroundSettings `embed:""`
	logSettings        `embed:""`
}

// Run implements the verb worker.
func (c *workerCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := instanceConfig{
		storage: c.storageSettings.check(&f), verifier: c.verifierSettings.check(&f, p),
		sending:    c.sendingSettings.check(&f, p, publicSettings{c.PublicURL, c.InsecurePublicURL}.check(&f)),
		background: c.backgroundSettings.check(&f), log: c.logSettings.check(&f),
	}
	if config.sending.courier != nil && c.PublicURL == "" {
		f.add("public-url", "must be given to send TANs: messages name the gateway's host")
	}
	return p.work(ctx, f, config)
}

// work runs an instance until the context ends, unless its settings are faulty.
func (p *program) work(ctx context.Context, f faults, c instanceConfig) error {
	if err := f.err(); err != nil {
		return err
	}
	i, err := start(ctx, p, c, newLog(c.log, p.stderr))
	if err != nil {
		return err
	}
	return i.run(ctx)
}
