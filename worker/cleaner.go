package worker

import (
	"context"
	"time"

	"vouchgate/store"
)

const (
	cleanEvery = time.Minute
	cleanBatch = 500
)

// Cleaner erases what is past its time.
type Cleaner struct {
	cfg     *Config
	metrics *metrics
}

// Once purges in batches until nothing is left that is past its time now, and
// returns what went. The error is the store's or the context's.
func (c *Cleaner) Once(ctx context.Context) (store.Purged, error) {
	now := c.cfg.now()
	if _, err := c.cfg.Store.ReleaseStranded(ctx, now); err != nil {
		return store.Purged{}, err
	}
	var total store.Purged
	for {
		p, err := c.cfg.Store.Purge(ctx, now, c.cfg.Retention, cleanBatch)
		total.Grants += p.Grants
		total.Sessions += p.Sessions
		total.Webhooks += p.Webhooks
		total.Secrets += p.Secrets
		total.Audit += p.Audit
		total.Tokens += p.Tokens
		total.SignIns += p.SignIns
		c.metrics.purged(p)
		if err != nil {
			return total, err
		}
		if max(p.Grants, p.Tokens, p.Sessions, p.Webhooks, p.SignIns, p.Audit) < cleanBatch {
			return total, nil
		}
		if err := ctx.Err(); err != nil {
			return total, err
		}
	}
}

// run purges every minute until the context ends.
func (c *Cleaner) run(ctx context.Context) {
	for ctx.Err() == nil {
		p, err := c.Once(ctx)
		if err != nil && ctx.Err() == nil {
			c.cfg.Log.Warn("not everything purged", "error", err)
		}
		if p.Total() > 0 {
			c.cfg.Log.Info("purged", "grants", p.Grants, "tokens", p.Tokens, "sessions", p.Sessions,
				"sign_ins", p.SignIns, "webhooks", p.Webhooks, "ended_secrets", p.Secrets, "audit", p.Audit)
		}
		wait(ctx, nil, spread(cleanEvery, c.cfg.random()))
	}
}
