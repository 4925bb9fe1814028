package main

import (
	"context"
	"fmt"

	"vouchgate/kyc"
)

type clientDisableCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The client_id."`
}

// Run implements the verb client disable.
func (c *clientDisableCmd) Run(ctx context.Context, p *program, given *sources) error {
	return p.changeClient(ctx, c.storageSettings, given, c.ID, "disabled", func(client *kyc.Client) {
		now := p.now()
		client.DisabledAt = &now
	})
}

type clientEnableCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The client_id."`
}

// Run implements the verb client enable.
func (c *clientEnableCmd) Run(ctx context.Context, p *program, given *sources) error {
	return p.changeClient(ctx, c.storageSettings, given, c.ID, "enabled", func(client *kyc.Client) {
		client.DisabledAt, client.WebhookDisabledAt = nil, nil
	})
}

// changeClient makes one change to a client and says so. done is the word for it
// in the audit trail as well.
func (p *program) changeClient(ctx context.Context, settings storageSettings, given *sources, id, done string, change func(*kyc.Client)) error {
	f := given.faults
	config := settings.check(&f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		client, err := s.store.Client(ctx, id)
		if err != nil {
			return noClient(id, err)
		}
		change(&client)
		client.UpdatedAt = p.now()
		if err := s.store.UpdateClient(ctx, client, "client."+done); err != nil {
			return noClient(id, err)
		}
		fmt.Fprintf(p.stderr, "%s client %s\n", done, id)
		return nil
	})
}

type clientRemoveCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The client_id."`
	Yes             bool   `help:"Say that you mean it: it cannot be undone."`
}

// Run implements the verb client remove.
func (c *clientRemoveCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	if !c.Yes {
		f.add("yes", "is needed to remove a client for good, with its sessions, grants and webhooks; client disable only switches it off")
	}
	return p.withStorage(ctx, f, config, func(s *storage) error {
		if err := s.store.RemoveClient(ctx, c.ID, p.now()); err != nil {
			return noClient(c.ID, err)
		}
		fmt.Fprintf(p.stderr, "removed client %s\n", c.ID)
		return nil
	})
}
