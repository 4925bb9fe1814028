package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vouchgate/kyc"
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

// clientView is how a client is printed. It has no secrets: those are printed
// when they are made and are not kept in a readable form.
type clientView struct {
	ID                string      `json:"client_id"`
	Name              string      `json:"name"`
	Enabled           bool        `json:"enabled"`
	RedirectURIs      kyc.Strings `json:"redirect_uris"`
	Scopes            kyc.Strings `json:"scopes"`
	PKCE              string      `json:"pkce"`
	CodeDelivery      string      `json:"code_delivery"`
	ErrorProfile      string      `json:"error_profile"`
	WebhookURL        string      `json:"webhook_url,omitempty"`
	WebhookDisabledAt *time.Time  `json:"webhook_disabled_at,omitempty"`
	VerifierURL       string      `json:"verifier_url,omitempty"`
	VerifierPath      string      `json:"verifier_management_api_path,omitempty"`
	AcceptedIssuers   kyc.Strings `json:"accepted_issuers,omitempty"`
	CredentialTypes   kyc.Strings `json:"credential_types,omitempty"`
	ClaimPaths        kyc.Paths   `json:"claim_paths,omitempty"`
	ResponseMode      string      `json:"response_mode,omitempty"`
	DeeplinkScheme    string      `json:"deeplink_scheme,omitempty"`
	CodeLifetime      int64       `json:"code_lifetime_seconds"`
	TokenLifetime     int64       `json:"token_lifetime_seconds"`
	CreatedAt         time.Time   `json:"created_at"`
	UpdatedAt         time.Time   `json:"updated_at"`
	DisabledAt        *time.Time  `json:"disabled_at,omitempty"`
}

func viewOf(c kyc.Client) clientView {
	return clientView{
		ID: c.ID, Name: c.Name, Enabled: c.Enabled(), RedirectURIs: c.RedirectURIs, Scopes: c.Scopes,
		PKCE: pkceWord(c.PKCERequired), CodeDelivery: string(c.CodeDelivery), ErrorProfile: c.ErrorProfile,
		WebhookURL: c.WebhookURL, WebhookDisabledAt: c.WebhookDisabledAt,
		VerifierURL: c.VerifierURL, VerifierPath: c.VerifierPath, AcceptedIssuers: c.AcceptedIssuers,
		CredentialTypes: c.CredentialTypes, ClaimPaths: c.ClaimPaths,
		ResponseMode: c.VerifierResponseMode, DeeplinkScheme: c.DeeplinkScheme,
		CodeLifetime: int64(c.CodeLifetime / time.Second), TokenLifetime: int64(c.TokenLifetime / time.Second),
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, DisabledAt: c.DisabledAt,
	}
}

func pkceWord(required bool) string {
	if required {
		return "required"
	}
	return "optional"
}

func (v clientView) pairs() []row {
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(v.ClaimPaths)) {
		paths = append(paths, name+"="+strings.Join(v.ClaimPaths[name], "."))
	}
	return []row{
		{"client_id", v.ID}, {"name", v.Name}, {"enabled", fmt.Sprint(v.Enabled)},
		{"redirect URIs", strings.Join(v.RedirectURIs, " ")}, {"scopes", strings.Join(v.Scopes, " ")},
		{"PKCE", v.PKCE}, {"code delivery", v.CodeDelivery}, {"error profile", v.ErrorProfile},
		{"webhook URL", v.WebhookURL}, {"webhooks off since", at(v.WebhookDisabledAt)},
		{"verifier URL", v.VerifierURL}, {"management API path", v.VerifierPath},
		{"accepted issuers", strings.Join(v.AcceptedIssuers, " ")}, {"credential types", strings.Join(v.CredentialTypes, " ")},
		{"claim paths", strings.Join(paths, " ")}, {"response mode", v.ResponseMode}, {"deep link scheme", v.DeeplinkScheme},
		{"code lifetime", fmt.Sprintf("%d s", v.CodeLifetime)}, {"token lifetime", fmt.Sprintf("%d s", v.TokenLifetime)},
		{"created", at(&v.CreatedAt)}, {"updated", at(&v.UpdatedAt)}, {"disabled", at(v.DisabledAt)},
	}
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
			rows = append(rows, row{v.ID, v.Name, state, v.CodeDelivery, strings.Join(v.Scopes, " ")})
		}
		if c.JSON {
			return p.printJSON(views)
		}
		return p.printTable(row{"CLIENT", "NAME", "STATE", "CODE BY", "SCOPES"}, rows)
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
		if c.JSON {
			return p.printJSON(viewOf(client))
		}
		return p.printPairs(viewOf(client).pairs())
	})
}
