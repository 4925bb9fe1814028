package main

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	client := newClient(c.ID, p.now())
	c.clientFlags.apply(&client, allow, &f)
	secret, shown := p.clientSecret(c.SecretFile, &f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		out := issued{ClientID: c.ID, ClientSecret: shown}
		kept, err := p.keepSecret(c.ID, secret)
		if err != nil {
			return err
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
		return p.printIssued(out, c.JSON)
	})
}

// clientSecret returns the secret of a file, or a new one, which is to be shown
// as well: nobody else knows it.
func (p *program) clientSecret(file string, f *faults) (secret, shown string) {
	var err error
	if file == "" {
		secret, err = newSecret(p.rand)
		f.check("secret", err)
		return secret, secret
	}
	secret, err = readSecret(file, p.stdin)
	f.check("secret-file", err)
	if err == nil && len(secret) < minSecret {
		f.add("secret-file", "the secret must have at least %d characters", minSecret)
	}
	return secret, ""
}

// keepSecret returns what the store keeps of a client's secret.
func (p *program) keepSecret(clientID, secret string) (kyc.ClientSecret, error) {
	now := p.now()
	id, err := kyc.NewID(now, p.rand)
	return kyc.ClientSecret{
		ID: id, ClientID: clientID, Hash: kyc.HashSecret(kyc.SecretClient, secret), CreatedAt: now,
	}, err
}

// newWebhookSecret makes a key that signs webhooks: sealed for the store, and in
// the form that receivers take.
func (p *program) newWebhookSecret(s *storage, clientID string) (kept *kyc.WebhookSecret, shown string, err error) {
	now := p.now()
	id, err := kyc.NewID(now, p.rand)
	if err != nil {
		return nil, "", err
	}
	key, err := randomBytes(p.rand)
	if err != nil {
		return nil, "", err
	}
	sealed, err := s.ring.Seal(kyc.PurposeWebhookSecret, []byte(clientID), key)
	if err != nil {
		return nil, "", err
	}
	return &kyc.WebhookSecret{ID: id, ClientID: clientID, Sealed: sealed, CreatedAt: now}, whsec(key), nil
}

type clientUpdateCmd struct {
	storageSettings `embed:""`
	allowSettings   `embed:""`
	ID              string `arg:"" name:"id" help:"The client_id."`
	clientFlags     `embed:""`
	JSON            bool `name:"json" help:"Print JSON: the client's settings, and the webhook's secret if one was made."`
}

// Help implements kong.HelpProvider.
func (clientUpdateCmd) Help() string {
	return "A list replaces the whole list, an empty value takes a setting back to its default. " +
		"The first webhook URL comes with a secret, which is printed, this once."
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
		c.clientFlags.apply(&client, allow, &f)
		if err := f.err(); err != nil {
			return err
		}
		shown, err := p.firstWebhookSecret(ctx, s, client)
		if err != nil {
			return err
		}
		if err := s.store.UpdateClient(ctx, client, "client.updated"); err != nil {
			return noClient(c.ID, err)
		}
		if c.JSON {
			return p.printJSON(struct {
				clientView
				WebhookSecret string `json:"webhook_secret,omitempty"`
			}{viewOf(client), shown})
		}
		if shown != "" {
			return p.printIssued(issued{ClientID: c.ID, WebhookSecret: shown}, false)
		}
		fmt.Fprintf(p.stderr, "updated client %s\n", c.ID)
		return nil
	})
}

// firstWebhookSecret gives a client with a webhook URL a secret if it has none.
func (p *program) firstWebhookSecret(ctx context.Context, s *storage, client kyc.Client) (shown string, err error) {
	if client.WebhookURL == "" {
		return "", nil
	}
	secrets, err := s.store.WebhookSecrets(ctx, client.ID)
	if err != nil {
		return "", err
	}
	now := p.now()
	for _, secret := range secrets {
		if secret.ExpiresAt == nil || now.Before(*secret.ExpiresAt) {
			return "", nil
		}
	}
	kept, shown, err := p.newWebhookSecret(s, client.ID)
	if err != nil {
		return "", err
	}
	return shown, s.store.RotateWebhookSecret(ctx, *kept, now)
}

type clientRotateCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The client_id."`
	Grace           string `default:"24h" placeholder:"TIME" help:"How long the old secrets stay valid, 0s to 720h (default 24h)."`
	Webhook         bool   `help:"Rotate the secret that signs webhooks instead."`
	SecretFile      string `placeholder:"FILE" help:"Take the new secret from a file (- for standard input), as with client add."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

const maxGrace = 30 * 24 * time.Hour

// Run implements the verb client rotate-secret.
func (c *clientRotateCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	grace := f.duration("grace", c.Grace, 0, maxGrace)
	if c.Webhook && c.SecretFile != "" {
		f.add("secret-file", "is for the client's own secret, not with --webhook")
	}
	secret, shown := p.clientSecret(c.SecretFile, &f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		if _, err := s.store.Client(ctx, c.ID); err != nil {
			return noClient(c.ID, err)
		}
		end := p.now().Add(grace)
		out := issued{ClientID: c.ID}
		if c.Webhook {
			kept, shown, err := p.newWebhookSecret(s, c.ID)
			if err != nil {
				return err
			}
			if err := s.store.RotateWebhookSecret(ctx, *kept, end); err != nil {
				return err
			}
			out.WebhookSecret = shown
			return p.printIssued(out, c.JSON)
		}
		kept, err := p.keepSecret(c.ID, secret)
		if err != nil {
			return err
		}
		if err := s.store.RotateClientSecret(ctx, kept, end); err != nil {
			return err
		}
		out.ClientSecret = shown
		return p.printIssued(out, c.JSON)
	})
}
