package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vouchgate/kyc"
	"vouchgate/store"
)

type clientAddCmd struct {
	storageSettings `embed:""`
	allowSettings   `embed:""`
	ID              string `required:"" placeholder:"ID" help:"The client_id, 1 to 64 of A-Z a-z 0-9 _ -."`
	SecretFile      string `placeholder:"FILE" help:"Take the client's secret from a file (- for standard input) instead of making one, such as secret-token:... of a Taler exchange: at least 16 characters, one newline at the end is not part of it."`
	clientFlags     `embed:""`
	JSON            bool `name:"json" help:"Print JSON."`
}

// issued are the secrets that are printed once.
type issued struct {
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret,omitempty"`
	WebhookSecret string `json:"webhook_secret,omitempty"`
}

func (p *program) printIssued(i issued, asJSON bool) error {
	if asJSON {
		return p.printJSON(i)
	}
	if i.ClientSecret != "" || i.WebhookSecret != "" {
		fmt.Fprintln(p.stderr, "Keep these; they are shown this once.")
	}
	return p.printPairs([]row{
		{"client_id", i.ClientID}, {"client_secret", i.ClientSecret}, {"webhook_secret", i.WebhookSecret},
	})
}

// Run implements the verb client add.
func (c *clientAddCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config, allow := c.storageSettings.check(&f), c.allowSettings.check(&f)
	if !clientIDForm.MatchString(c.ID) {
		f.add("id", "must be 1 to 64 of A-Z a-z 0-9 _ -")
	}
	if _, err := kyc.ParseID(c.ID); err == nil { // RFC 9700, section 4.15
		f.add("id", "must not be a UUID, because those name people")
	}
	client := newClient(c.ID, p.now())
	c.clientFlags.apply(&client, allow, &f)
	secret, shown := p.clientSecret(c.SecretFile, &f)
	if !hasSecret(client) {
		shown = ""
		if c.SecretFile != "" {
			f.add("secret-file", "does not go with --auth-method %s: such a client has no secret", client.AuthMethod)
		}
	}
	return p.withStorage(ctx, f, config, func(s *storage) error {
		out := issued{ClientID: c.ID, ClientSecret: shown}
		kept, err := p.keepSecret(c.ID, secret)
		if err != nil {
			return err
		}
		if !hasSecret(client) {
			kept.ExpiresAt = &kept.CreatedAt
		}
		var webhook *kyc.WebhookSecret
		if client.WebhookURL != "" {
			if webhook, out.WebhookSecret, err = p.newWebhookSecret(s, c.ID); err != nil {
				return err
			}
		}
		err = s.store.CreateClient(ctx, client, kept, webhook)
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("there is a client %q already", c.ID)
		}
		if err != nil {
			return err
		}
		p.tellStart(client)
		return p.printIssued(out, c.JSON)
	})
}

// tellStart says where a client without a secret has to start.
func (p *program) tellStart(client kyc.Client) {
	if !hasSecret(client) {
		fmt.Fprintf(p.stderr, "client %s has no secret: it starts at /authorize or /par, because /setup asks for one\n", client.ID)
	}
}

type clientUpdateCmd struct {
	storageSettings `embed:""`
	allowSettings   `embed:""`
	ID              string `arg:"" name:"id" help:"The client_id."`
	clientFlags     `embed:""`
	JSON            bool `name:"json" help:"Print JSON: the client's settings, and secrets that were made."`
}

// Help implements kong.HelpProvider.
func (clientUpdateCmd) Help() string {
	return "A list replaces the whole list, an empty value takes a setting back to its default. " +
		"The first webhook URL comes with a secret, which is printed, this once; so does an authentication method " +
		"that needs a secret, if the client has none. One that needs none ends the secrets that there are."
}

// Run implements the verb client update.
func (c *clientUpdateCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config, allow := c.storageSettings.check(&f), c.allowSettings.check(&f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		client, err := s.store.Client(ctx, c.ID)
		if err != nil {
			return noClient(c.ID, err)
		}
		client.UpdatedAt = p.now()
		scopes := client.Scopes
		c.clientFlags.apply(&client, allow, &f)
		if err := f.err(); err != nil {
			return err
		}
		out := issued{ClientID: c.ID}
		if out.WebhookSecret, err = p.firstWebhookSecret(ctx, s, client); err != nil {
			return err
		}
		if err := s.store.UpdateClient(ctx, client, "client.updated"); err != nil {
			return noClient(c.ID, err)
		}
		if out.ClientSecret, err = p.fitSecret(ctx, s, client); err != nil {
			return err
		}
		c.tell(p, scopes, client)
		return p.printUpdated(client, out, c.JSON)
	})
}

// tell says what the operator may not have thought of.
func (c *clientUpdateCmd) tell(p *program, scopes kyc.Strings, client kyc.Client) {
	if c.AuthMethod != nil {
		p.tellStart(client)
	}
	if c.Scope == nil && !slices.Equal(scopes, client.Scopes) {
		fmt.Fprintf(p.stderr, "the scopes of client %s follow its methods: %s\n", client.ID, strings.Join(client.Scopes, " "))
	}
}

func (p *program) printUpdated(client kyc.Client, made issued, asJSON bool) error {
	if asJSON {
		return p.printJSON(struct {
			clientView
			ClientSecret  string `json:"client_secret,omitempty"`
			WebhookSecret string `json:"webhook_secret,omitempty"`
		}{viewOf(client), made.ClientSecret, made.WebhookSecret})
	}
	fmt.Fprintf(p.stderr, "updated client %s\n", client.ID)
	if made.ClientSecret == "" && made.WebhookSecret == "" {
		return nil
	}
	return p.printIssued(made, false)
}
