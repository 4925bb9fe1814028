package main

import (
	"context"
	"fmt"
	"time"

	"vouchgate/kyc"
)

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

// fitSecret gives a client that authenticates with a secret one if it has none,
// and ends the secrets of one that does not.
func (p *program) fitSecret(ctx context.Context, s *storage, client kyc.Client) (shown string, err error) {
	kept, err := s.store.ClientSecrets(ctx, client.ID)
	if err != nil {
		return "", err
	}
	now, has := p.now(), false
	for _, secret := range kept {
		has = has || secret.ExpiresAt == nil || now.Before(*secret.ExpiresAt)
	}
	if has == hasSecret(client) {
		return "", nil
	}
	if shown, err = newSecret(p.rand); err != nil {
		return "", err
	}
	fresh, err := p.keepSecret(client.ID, shown)
	if err != nil {
		return "", err
	}
	if has {
		// Nobody is told this one, and it ends with those before it.
		shown, fresh.ExpiresAt = "", &now
	}
	return shown, s.store.RotateClientSecret(ctx, fresh, now)
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
		client, err := s.store.Client(ctx, c.ID)
		if err != nil {
			return noClient(c.ID, err)
		}
		if !c.Webhook && !hasSecret(client) {
			return fmt.Errorf("client %q has no secret: its authentication method is %s", c.ID, client.AuthMethod)
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
