package store

import (
	"context"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// ClaimDueWebhooks takes up to n webhooks that are due and that nobody else has
// taken, until the lease ends. The lease's time is also the fencing token: what a
// worker reports after its lease was taken over has no effect.
func (s *Store) ClaimDueWebhooks(ctx context.Context, now, lease time.Time, n int) ([]kyc.Webhook, error) {
	rows, err := s.b.Background().ClaimDueWebhooks(ctx, pgdb.ClaimDueWebhooksParams{
		Now: micro(now), Lease: micro(lease), N: int64(n),
	})
	return webhooksOf(rows), s.err("claiming due webhooks", err)
}

// FinishWebhooks records that webhooks taken with one lease were delivered.
func (s *Store) FinishWebhooks(ctx context.Context, ids []kyc.ID, lease, now time.Time) error {
	_, err := s.b.Background().FinishWebhooks(ctx, pgdb.FinishWebhooksParams{Now: micro(now), Lease: micro(lease), IDs: ids})
	return s.err("recording deliveries", err)
}

// WebhookOutcome is a try that did not deliver.
type WebhookOutcome struct {
	ID          kyc.ID
	Lease       time.Time // as taken
	Tries       int64     // so far
	NextAttempt *time.Time
	LastOutcome string
	DeadAt      *time.Time // set: given up
}

// RescheduleWebhook records a failed try. A lease that was lost makes it have no
// effect.
func (s *Store) RescheduleWebhook(ctx context.Context, o WebhookOutcome) error {
	_, err := s.b.Background().RescheduleWebhook(ctx, pgdb.RescheduleWebhookParams{
		Tries: o.Tries, NextAttempt: microp(o.NextAttempt), LastOutcome: o.LastOutcome,
		DeadAt: microp(o.DeadAt), ID: o.ID, Lease: micro(o.Lease),
	})
	return s.err("recording a failed delivery", err)
}

// DeferWebhooks puts off all waiting webhooks of a client until a time, because
// its endpoint does not answer, and returns how many.
func (s *Store) DeferWebhooks(ctx context.Context, clientID string, until time.Time) (int64, error) {
	n, err := s.b.Background().DeferWebhooks(ctx, pgdb.DeferWebhooksParams{Until: micro(until), ClientID: clientID})
	return n, s.err("deferring webhooks", err)
}

// DisableWebhook turns a client's endpoint off and holds what waits for it.
func (s *Store) DisableWebhook(ctx context.Context, clientID, why string, now time.Time) error {
	now = micro(now)
	return s.changeClient(ctx, "disabling webhook", func(q pgdb.Querier) error {
		rows, err := q.DisableWebhook(ctx, pgdb.DisableWebhookParams{WebhookDisabledAt: &now, UpdatedAt: now, ID: clientID})
		if err != nil || rows == 0 {
			return err
		}
		if _, err := q.HoldWebhooks(ctx, pgdb.HoldWebhooksParams{LastOutcome: why, ClientID: clientID}); err != nil {
			return err
		}
		return q.AddAudit(ctx, pgdb.AddAuditParams{At: now, Actor: "worker", Event: "webhook.disabled", ClientID: clientID})
	})
}

// Webhook returns a webhook, or ErrNotFound.
func (s *Store) Webhook(ctx context.Context, id kyc.ID) (kyc.Webhook, error) {
	row, err := s.b.Reader().GetWebhook(ctx, id)
	return webhookOf(row), s.err("reading webhook", err)
}

// WebhookFilter narrows a list of webhooks. Empty fields do not narrow.
type WebhookFilter struct {
	ClientID string
	DeadOnly bool
	Limit    int // 0 means 100
}

// Webhooks lists webhooks, newest first.
func (s *Store) Webhooks(ctx context.Context, f WebhookFilter) ([]kyc.Webhook, error) {
	rows, err := s.b.Reader().ListWebhooks(ctx, pgdb.ListWebhooksParams{
		ClientID: optional(f.ClientID), DeadOnly: f.DeadOnly, N: limit(f.Limit),
	})
	return webhooksOf(rows), s.err("listing webhooks", err)
}

// ReplayWebhook puts a webhook, dead or delivered, at the start of its schedule.
// ErrNotFound if there is none.
func (s *Store) ReplayWebhook(ctx context.Context, id kyc.ID, now time.Time) error {
	now = micro(now)
	rows, err := s.b.Writer().ReplayWebhook(ctx, pgdb.ReplayWebhookParams{NextAttempt: &now, ID: id})
	return s.err("replaying webhook", one(rows, err, ErrNotFound))
}

// WebhookCount says how many webhooks wait, were given up, or are held because
// their endpoint is off.
type WebhookCount struct{ Pending, Dead, Held int64 }

// CountWebhooks counts the webhooks that are not delivered.
func (s *Store) CountWebhooks(ctx context.Context) (WebhookCount, error) {
	row, err := s.b.Reader().CountWebhooks(ctx)
	return WebhookCount(row), s.err("counting webhooks", err)
}
