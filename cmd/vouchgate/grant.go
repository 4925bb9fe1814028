package main

import (
	"context"
	"fmt"
	"time"

	"vouchgate/kyc"
)

// grantView is how a grant is printed: what a client may read, and never what it
// reads.
type grantView struct {
	ClientID     string     `json:"client_id"`
	SessionID    kyc.ID     `json:"session_id"`
	Live         bool       `json:"live"`
	Scope        string     `json:"scope"`
	Claims       []string   `json:"claims,omitempty"` // beside those of the scope
	Once         bool       `json:"once"`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    time.Time  `json:"expires_at"`
	RefreshUntil *time.Time `json:"refresh_until,omitempty"`
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
}

func viewGrant(g kyc.Grant, now time.Time) grantView {
	return grantView{
		ClientID: g.ClientID, SessionID: g.SessionID, Live: g.Live(now), Scope: g.Scope, Claims: g.Claims, Once: g.Once,
		CreatedAt: g.CreatedAt, ExpiresAt: g.ExpiresAt, RefreshUntil: g.RefreshUntil, RevokedAt: g.RevokedAt,
	}
}

// state says in words what a grant is good for.
func (v grantView) state() string {
	switch {
	case v.RevokedAt != nil:
		return "ended " + at(v.RevokedAt)
	case !v.Live:
		return "ran out " + at(&v.ExpiresAt)
	case v.Once:
		return "one read until " + at(&v.ExpiresAt)
	}
	return "until " + at(&v.ExpiresAt)
}

// endGrant ends a grant and queues what its client is told. It returns the ended
// grant, or nil if somebody else was first.
func (p *program) endGrant(ctx context.Context, s *storage, g kyc.Grant, why kyc.RevokeReason) (*grantView, error) {
	client, err := s.store.ReadClient(ctx, g.ClientID)
	if err != nil {
		return nil, noClient(g.ClientID, err)
	}
	now := p.now()
	id, err := kyc.NewID(now, p.rand)
	if err != nil {
		return nil, err
	}
	tell, err := g.Revoked(why, now).Queue(id, client, s.ring.Seal)
	if err != nil {
		return nil, fmt.Errorf("making the webhook: %w", err)
	}
	revoked, err := s.store.RevokeGrant(ctx, g, why, tell, now)
	if err != nil || !revoked {
		return nil, err
	}
	if tell != nil {
		// Without it the next poll finds the webhook all the same, a little later.
		_ = s.store.Notify(ctx)
	}
	g.RevokedAt = &now
	v := viewGrant(g, now)
	return &v, nil
}
