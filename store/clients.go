package store

import (
	"context"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// CreateClient keeps a new client with its secret and, if it has a webhook, the
// secret that signs it. ErrConflict if the client_id is taken.
func (s *Store) CreateClient(ctx context.Context, c kyc.Client, secret kyc.ClientSecret, webhook *kyc.WebhookSecret) error {
	return s.tx(ctx, "creating client", func(q pgdb.Querier) error {
		if err := q.CreateClient(ctx, createClientParams(c)); err != nil {
			return err
		}
		if err := addSecret(ctx, q, secret); err != nil {
			return err
		}
		if webhook != nil {
			if err := addWebhookSecret(ctx, q, *webhook); err != nil {
				return err
			}
		}
		return audit(ctx, q, c.ID, "client.added", c.CreatedAt)
	})
}

// Client returns a client, disabled or not, or ErrNotFound.
func (s *Store) Client(ctx context.Context, id string) (kyc.Client, error) {
	kept, err := s.client(ctx, id)
	return kept.client, err
}

// ReadClient is Client, but never remembered: for decisions that must not be made
// on what was true a moment ago.
func (s *Store) ReadClient(ctx context.Context, id string) (kyc.Client, error) {
	row, err := s.b.Reader().GetClient(ctx, id)
	return clientOf(row), s.err("reading client", err)
}

// client returns a client with its secrets, as remembered or read.
func (s *Store) client(ctx context.Context, id string) (cachedClient, error) {
	kept, ok, epoch := s.clients.get(id)
	if ok {
		return kept, nil
	}
	row, err := s.b.Reader().GetClient(ctx, id)
	if err != nil {
		return cachedClient{}, s.err("reading client", err)
	}
	read := cachedClient{client: clientOf(row)}
	if s.clients != nil { // then the secrets will be wanted as well
		if read.secrets, err = s.clientSecrets(ctx, id); err != nil {
			return cachedClient{}, err
		}
	}
	s.clients.put(epoch, id, read)
	return read, nil
}

// Clients lists all clients by client_id.
func (s *Store) Clients(ctx context.Context) ([]kyc.Client, error) {
	rows, err := s.b.Reader().ListClients(ctx)
	out := make([]kyc.Client, len(rows))
	for i, r := range rows {
		out[i] = clientOf(r)
	}
	return out, s.err("listing clients", err)
}

// UpdateClient writes all settings of a client and releases webhooks that were
// held, if its endpoint is on. event names the change in the audit trail, such
// as "client.disabled". ErrNotFound if there is no such client.
func (s *Store) UpdateClient(ctx context.Context, c kyc.Client, event string) error {
	return s.changeClient(ctx, "updating client", func(q pgdb.Querier) error {
		rows, err := q.UpdateClient(ctx, updateClientParams(c))
		if err := one(rows, err, ErrNotFound); err != nil {
			return err
		}
		if c.WebhookURL != "" && c.WebhookDisabledAt == nil {
			if _, err := q.ReleaseWebhooks(ctx, pgdb.ReleaseWebhooksParams{At: micro(c.UpdatedAt), ClientID: c.ID}); err != nil {
				return err
			}
		}
		return audit(ctx, q, c.ID, event, c.UpdatedAt)
	})
}

// RemoveClient deletes a client with everything that belongs to it. ErrNotFound
// if there is no such client.
func (s *Store) RemoveClient(ctx context.Context, id string, now time.Time) error {
	return s.changeClient(ctx, "removing client", func(q pgdb.Querier) error {
		rows, err := q.DeleteClient(ctx, id)
		if err := one(rows, err, ErrNotFound); err != nil {
			return err
		}
		return audit(ctx, q, id, "client.removed", now)
	})
}

// RotateClientSecret adds a secret; the older ones end at the given time.
func (s *Store) RotateClientSecret(ctx context.Context, secret kyc.ClientSecret, oldEnd time.Time) error {
	oldEnd = micro(oldEnd)
	return s.changeClient(ctx, "rotating client secret", func(q pgdb.Querier) error {
		if _, err := q.EndClientSecrets(ctx, pgdb.EndClientSecretsParams{ExpiresAt: &oldEnd, ClientID: secret.ClientID}); err != nil {
			return err
		}
		if err := addSecret(ctx, q, secret); err != nil {
			return err
		}
		return audit(ctx, q, secret.ClientID, "client.secret_rotated", secret.CreatedAt)
	})
}

// RotateWebhookSecret adds a signing secret; the older ones go on signing beside
// it until the given time.
func (s *Store) RotateWebhookSecret(ctx context.Context, secret kyc.WebhookSecret, oldEnd time.Time) error {
	oldEnd = micro(oldEnd)
	return s.tx(ctx, "rotating webhook secret", func(q pgdb.Querier) error {
		if _, err := q.EndWebhookSecrets(ctx, pgdb.EndWebhookSecretsParams{ExpiresAt: &oldEnd, ClientID: secret.ClientID}); err != nil {
			return err
		}
		if err := addWebhookSecret(ctx, q, secret); err != nil {
			return err
		}
		return audit(ctx, q, secret.ClientID, "client.webhook_secret_rotated", secret.CreatedAt)
	})
}

// ClientSecrets lists the secrets of a client, newest first, ended ones too; none
// for a client that does not exist.
func (s *Store) ClientSecrets(ctx context.Context, clientID string) ([]kyc.ClientSecret, error) {
	if kept, ok, _ := s.clients.get(clientID); ok {
		return kept.secrets, nil
	}
	return s.clientSecrets(ctx, clientID)
}

func (s *Store) clientSecrets(ctx context.Context, clientID string) ([]kyc.ClientSecret, error) {
	rows, err := s.b.Reader().ListClientSecrets(ctx, clientID)
	out := make([]kyc.ClientSecret, len(rows))
	for i, r := range rows {
		out[i] = kyc.ClientSecret(r)
	}
	return out, s.err("reading client secrets", err)
}

// WebhookSecrets lists the signing secrets of a client, newest first, ended ones
// too.
func (s *Store) WebhookSecrets(ctx context.Context, clientID string) ([]kyc.WebhookSecret, error) {
	rows, err := s.b.Reader().ListWebhookSecrets(ctx, clientID)
	out := make([]kyc.WebhookSecret, len(rows))
	for i, r := range rows {
		out[i] = kyc.WebhookSecret(r)
	}
	return out, s.err("reading webhook secrets", err)
}

// changeClient runs fn in a transaction and tells all processes afterwards that
// what they remember of clients is old. What was committed stays so if telling
// fails: they forget by themselves within moments.
func (s *Store) changeClient(ctx context.Context, doing string, fn func(pgdb.Querier) error) error {
	err := s.tx(ctx, doing, fn)
	s.clients.forget() // with an error, it is not always known whether it was committed
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clientLife)
	defer cancel()
	_ = s.b.Notify(ctx, topicClients)
	return nil
}

func addSecret(ctx context.Context, q pgdb.Querier, secret kyc.ClientSecret) error {
	secret.CreatedAt, secret.ExpiresAt = micro(secret.CreatedAt), microp(secret.ExpiresAt)
	return q.AddClientSecret(ctx, pgdb.AddClientSecretParams(secret))
}

func addWebhookSecret(ctx context.Context, q pgdb.Querier, secret kyc.WebhookSecret) error {
	secret.CreatedAt, secret.ExpiresAt = micro(secret.CreatedAt), microp(secret.ExpiresAt)
	return q.AddWebhookSecret(ctx, pgdb.AddWebhookSecretParams(secret))
}

func audit(ctx context.Context, q pgdb.Querier, clientID, event string, at time.Time) error {
	return q.AddAudit(ctx, pgdb.AddAuditParams{At: micro(at), Actor: "operator", Event: event, ClientID: clientID})
}

// AuditEvent is a line of the audit trail. It holds no claims.
type AuditEvent struct {
	At        time.Time `json:"at"`
	Actor     string    `json:"actor"`
	Event     string    `json:"event"`
	ClientID  string    `json:"client_id"`
	SessionID string    `json:"session_id,omitempty"`
}

// Audit lists what happened to a session, oldest first.
func (s *Store) Audit(ctx context.Context, sessionID kyc.ID) ([]AuditEvent, error) {
	rows, err := s.b.Reader().ListAudit(ctx, sessionID.String())
	out := make([]AuditEvent, len(rows))
	for i, r := range rows {
		out[i] = AuditEvent{At: r.At, Actor: r.Actor, Event: r.Event, ClientID: r.ClientID, SessionID: r.SessionID}
	}
	return out, s.err("reading audit trail", err)
}
