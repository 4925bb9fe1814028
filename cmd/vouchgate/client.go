package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vouchgate/store"
)

type clientCmd struct {
	Add          clientAddCmd     `cmd:"" help:"Register a client; prints its secrets, this once."`
	List         clientListCmd    `cmd:"" help:"List clients."`
	Show         clientShowCmd    `cmd:"" help:"Show a client's settings."`
	Update       clientUpdateCmd  `cmd:"" help:"Change a client's settings; those that are not given stay."`
	RotateSecret clientRotateCmd  `cmd:"" help:"Give a client a new secret; prints it, this once."`
	Disable      clientDisableCmd `cmd:"" help:"Switch a client off; nothing is lost."`
	Enable       clientEnableCmd  `cmd:"" help:"Switch a client on, and its webhooks if they were switched off."`
	Remove       clientRemoveCmd  `cmd:"" help:"Delete a client with its sessions, grants and webhooks."`
}

// withStorage runs a single task on the storage, unless what was given is faulty.
func (p *program) withStorage(ctx context.Context, f faults, c storageConfig, task func(*storage) error) (err error) {
	if err := f.err(); err != nil {
		return err
	}
	s, err := c.visit(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return task(s)
}

// noClient says which client there is not, in place of a plain ErrNotFound.
func noClient(id string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no client %q", id)
	}
	return err
}

type clientListCmd struct {
	storageSettings `embed:""`
	JSON            bool `name:"json" help:"Print JSON."`
}

// Run implements the verb client list.
func (c *clientListCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		clients, err := s.store.Clients(ctx)
		if err != nil {
			return err
		}
		views, rows := []clientView{}, []row{}
		for _, client := range clients {
			v := viewOf(client)
			views = append(views, v)
			state := "enabled"
			if !v.Enabled {
				state = "disabled"
			} else if v.WebhookDisabledAt != nil {
				state = "webhooks off"
			}
			rows = append(rows, row{v.ID, v.Name, state, words(v.Methods, " "), v.CodeDelivery, strings.Join(v.Scopes, " ")})
		}
		if c.JSON {
			return p.printJSON(views)
		}
		return p.printTable(row{"CLIENT", "NAME", "STATE", "METHODS", "CODE BY", "SCOPES"}, rows)
	})
}

type clientShowCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The client_id."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

// Run implements the verb client show.
func (c *clientShowCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		client, err := s.store.Client(ctx, c.ID)
		if err != nil {
			return noClient(c.ID, err)
		}
		v := viewOf(client)
		if err := p.readUsed(ctx, s, client.ID, &v.addressView); err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(v)
		}
		return p.printPairs(v.pairs())
	})
}
