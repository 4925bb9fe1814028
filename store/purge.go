package store

import (
	"context"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// Retention says how long finished things are kept.
type Retention struct {
	Sessions  time.Duration // finished sessions, which hold no claims any more
	Delivered time.Duration // delivered webhooks
	Dead      time.Duration // webhooks that were given up
	Audit     time.Duration // the audit trail
}

// DefaultRetention keeps sessions and deliveries for a day, dead letters for two
// weeks and the audit trail for a year.
var DefaultRetention = Retention{
	Sessions: 24 * time.Hour, Delivered: 24 * time.Hour, Dead: 14 * 24 * time.Hour, Audit: 366 * 24 * time.Hour,
}

// Purged says how many rows a purge deleted.
type Purged struct{ Grants, Tokens, Sessions, Webhooks, Secrets, SignIns, Audit int64 }

// Total is the number of all rows.
func (p Purged) Total() int64 {
	return p.Grants + p.Tokens + p.Sessions + p.Webhooks + p.Secrets + p.SignIns + p.Audit
}

// What is of no use any more is kept for a while all the same: an ended token tells
// a client that comes back with it from an attacker who guesses, and nothing is counted
// for longer than countMemory.
const (
	tokenMemory = 24 * time.Hour
	countMemory = kyc.TANWindow
)

// Purge deletes up to n rows of each kind that are past their time. Grants go the
// moment they end, claims and tokens with them. Webhooks that are held as long as
// dead ones are kept are given up: nobody has turned their endpoint on.
func (s *Store) Purge(ctx context.Context, now time.Time, keep Retention, n int) (Purged, error) {
	now = micro(now)
	q, max := s.b.Background(), int64(n)
	var p Purged
	var errs [10]error
	p.Grants, errs[0] = q.PurgeGrants(ctx, pgdb.PurgeGrantsParams{Before: now, N: max})
	finished := now.Add(-keep.Sessions)
	p.Sessions, errs[1] = q.PurgeSessions(ctx, pgdb.PurgeSessionsParams{
		Before: kyc.FirstID(finished), FinishedBefore: &finished, N: max,
	})
	delivered, dead := now.Add(-keep.Delivered), now.Add(-keep.Dead)
	if _, err := q.GiveUpHeldWebhooks(ctx, pgdb.GiveUpHeldWebhooksParams{Now: now, Before: dead}); err != nil {
		return p, s.err("giving up held webhooks", err)
	}
	p.Webhooks, errs[2] = q.PurgeWebhooks(ctx, pgdb.PurgeWebhooksParams{
		Before: kyc.FirstID(now.Add(-min(keep.Delivered, keep.Dead))), FinishedBefore: &delivered, DeadBefore: &dead, N: max,
	})
	var more int64
	p.Secrets, errs[3] = q.PurgeClientSecrets(ctx, now)
	more, errs[4] = q.PurgeWebhookSecrets(ctx, now)
	p.Secrets += more
	p.Audit, errs[5] = q.PurgeAudit(ctx, pgdb.PurgeAuditParams{Before: now.Add(-keep.Audit), N: max})
	p.Tokens, errs[6] = q.PurgeTokens(ctx, pgdb.PurgeTokensParams{Before: now.Add(-tokenMemory), N: max})
	p.SignIns, errs[7] = q.PurgeSignIns(ctx, pgdb.PurgeSignInsParams{Before: now, N: max})
	_, errs[8] = q.PurgeCounts(ctx, now.Add(-countMemory))
	_, errs[9] = q.PurgeAssertions(ctx, now)
	for _, err := range errs {
		if err != nil {
			return p, s.err("purging", err)
		}
	}
	return p, nil
}

// ReleaseStranded gives webhooks that are held another chance if their endpoint is
// on. They were held by a process that had read the endpoint just before somebody
// turned it on. It returns how many there were.
func (s *Store) ReleaseStranded(ctx context.Context, now time.Time) (int64, error) {
	n, err := s.b.Background().ReleaseStrandedWebhooks(ctx, micro(now))
	return n, s.err("releasing webhooks", err)
}

// KeyCheck returns the sealed text by which the keys of this database are known,
// or ErrNotFound before AddKeyCheck.
func (s *Store) KeyCheck(ctx context.Context) ([]byte, error) {
	kept, err := s.b.Reader().GetKeyCheck(ctx)
	return kept, s.err("reading the check of keys", err)
}

// AddKeyCheck offers a text for KeyCheck and returns the one that is kept: the
// first that was offered, by whatever process.
func (s *Store) AddKeyCheck(ctx context.Context, offered []byte) ([]byte, error) {
	if _, err := s.b.Writer().AddKeyCheck(ctx, offered); err != nil {
		return nil, s.err("keeping the check of keys", err)
	}
	return s.KeyCheck(ctx)
}

// ReplaceKeyCheck puts the same text, sealed with a newer key, in place of the one
// that KeyCheck returned, unless another process did so before.
func (s *Store) ReplaceKeyCheck(ctx context.Context, kept, newer []byte) error {
	_, err := s.b.Writer().ReplaceKeyCheck(ctx, pgdb.ReplaceKeyCheckParams{Sealed: newer, Kept: kept})
	return s.err("replacing the check of keys", err)
}
