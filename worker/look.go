package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

// look does what is due for one session. Nobody else does it at the same time:
// it is claimed by a lease.
func (c *Checker) look(id kyc.ID, job entry) {
	now := c.cfg.now()
	if job.hinted {
		c.follow(id, now)
	}
	session := job.claimed
	if session == nil || session.Status == kyc.StatusAuthorized && leaseOver(*session, now) {
		claimed, err := c.cfg.Store.ClaimSession(c.ctx, id, now, now.Add(lookLease))
		if errors.Is(err, store.ErrNotFound) {
			c.refused(id, now)
			return
		}
		if err != nil {
			c.cfg.Log.Warn("session not claimed", "session_id", id, "error", err)
			return
		}
		session = &claimed
	}
	if session.Status != kyc.StatusAuthorized || !session.Method.Visits() {
		c.expire(*session)
		return
	}
	c.fetch(*session)
}

// leaseOver says whether a claimed session has waited for its look so long that
// somebody else may have it by now.
func leaseOver(s kyc.Session, now time.Time) bool {
	return s.LeaseUntil == nil || !now.Before(*s.LeaseUntil)
}

// follow starts counting looks since a hint anew.
func (c *Checker) follow(id kyc.ID, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trails[id] = trail{at: now}
}

func (c *Checker) unfollow(id kyc.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.trails, id)
}

// refused handles a hint for a session that cannot be claimed: it has ended, or
// another process looks at it and may miss what the hint is about.
func (c *Checker) refused(id kyc.ID, now time.Time) {
	session, err := c.cfg.Store.Session(c.ctx, id)
	if err != nil || session.Status != kyc.StatusAuthorized {
		c.unfollow(id)
		return
	}
	if err := c.cfg.Store.HastenSession(c.ctx, id, now); err != nil {
		c.cfg.Log.Warn("session not hastened", "session_id", id, "error", err)
	}
	time.AfterFunc(askAgain, func() { c.Hint(id) })
}

// fetch asks the verifier and writes what follows. No transaction is open while
// it asks.
func (c *Checker) fetch(s kyc.Session) {
	client, err := c.cfg.Store.Client(c.ctx, s.ClientID)
	if errors.Is(err, store.ErrNotFound) {
		return // removed, and its sessions with it
	}
	if err != nil {
		c.cfg.Log.Warn("client of a session not read", "session_id", s.ID, "error", err)
		c.schedule(s, c.cfg.now().Add(askAgain))
		return
	}
	outcome, err := c.ask(client, s)
	if c.ctx.Err() != nil && err != nil {
		c.giveBack(s) // we stop; somebody else shall ask
		return
	}
	s.Checks++
	c.decide(s, client, outcome, err)
}

// decide ends the session as the outcome says, or puts it off. A verification that
// cannot be read (err) is asked for again until nobody can know it any more.
func (c *Checker) decide(s kyc.Session, client kyc.Client, outcome kyc.Outcome, err error) {
	now, requestID := c.cfg.now(), s.RequestID
	switch {
	case err == nil && outcome.Kind == kyc.OutcomeProved:
		c.prove(s, client, outcome.Proof, now)
	case err == nil && outcome.Kind == kyc.OutcomeRefused:
		c.end(s, client, func(v *kyc.Session) (kyc.Effects, error) {
			return v.Refuse(requestID, outcome.Failure, now)
		})
	case err == nil && outcome.Kind == kyc.OutcomeGone, !now.Before(GiveUp(endOf(s))):
		c.end(s, client, func(v *kyc.Session) (kyc.Effects, error) {
			if v.RequestID != requestID {
				return kyc.Effects{}, fmt.Errorf("%w: another verification is open", kyc.ErrIllegalMove)
			}
			return v.Expire(now)
		})
	default:
		c.later(s, now)
	}
}

// endOf says when the verifier forgets the open verification.
func endOf(s kyc.Session) time.Time {
	if s.EndsAt == nil {
		return s.ExpiresAt
	}
	return *s.EndsAt
}

func (c *Checker) ask(client kyc.Client, s kyc.Session) (kyc.Outcome, error) {
	ctx, cancel := context.WithTimeout(c.ctx, lookTimeout)
	defer cancel()
	began := c.cfg.Now()
	outcome, err := c.cfg.Verifier.Fetch(ctx, client, s.RequestID, strings.Join(s.Asked(), " "))
	took := c.cfg.Now().Sub(began)
	if err != nil {
		c.metrics.look("error", took)
		c.cfg.Log.Warn("verification not read", "session_id", s.ID, "client_id", s.ClientID,
			"verification_id", s.RequestID, "error", err)
		return outcome, err
	}
	c.metrics.look(string(outcome.Kind), took)
	c.cfg.Log.Debug("verification looked at", "session_id", s.ID, "client_id", s.ClientID,
		"verification_id", s.RequestID, "outcome", outcome.Kind, "detail", outcome.Detail)
	return outcome, nil
}

// later gives the session back until its next look.
func (c *Checker) later(s kyc.Session, now time.Time) {
	p := Progress{Checks: s.Checks, Watched: c.cfg.Watched(s.ID), EndsAt: endOf(s)}
	c.mu.Lock()
	if t, ok := c.trails[s.ID]; ok {
		t.looks, t.at = t.looks+1, now
		c.trails[s.ID] = t
		p.SinceHint = t.looks
	}
	c.mu.Unlock()
	next := NextCheck(p, now, c.cfg.random())
	c.schedule(s, next)
	// The poll is too coarse for the looks right after a hint.
	if d := next.Sub(now); d < c.cfg.Poll+c.cfg.Poll/2 {
		time.AfterFunc(d, c.Wake)
	}
}

// prove seals the proof and ends the session with it.
func (c *Checker) prove(s kyc.Session, client kyc.Client, proof kyc.Proof, now time.Time) {
	encoded, err := proof.Encode()
	if err != nil {
		// The error's text is left out: it could quote a claim.
		c.cfg.Log.Error("proof cannot be encoded", "session_id", s.ID, "client_id", s.ClientID)
		c.later(s, now)
		return
	}
	sealed, err := c.cfg.Ring.Seal(kyc.PurposeClaims, kyc.ClaimsContext(s.ID, s.ClientID), encoded)
	if err != nil {
		c.cfg.Log.Error("proof cannot be sealed", "session_id", s.ID, "client_id", s.ClientID, "error", err)
		c.later(s, now)
		return
	}
	requestID := s.RequestID
	c.end(s, client, func(v *kyc.Session) (kyc.Effects, error) { return v.Prove(requestID, sealed, now) })
}

// expire ends a session whose time is up: nobody opened it, or nobody took the
// proof home.
func (c *Checker) expire(s kyc.Session) {
	client, err := c.cfg.Store.Client(c.ctx, s.ClientID)
	if err != nil {
		c.cfg.Log.Warn("client of a session not read", "session_id", s.ID, "error", err)
		return
	}
	now, status := c.cfg.now(), s.Status
	c.end(s, client, func(v *kyc.Session) (kyc.Effects, error) {
		if v.Status != status || v.NextCheck == nil || v.NextCheck.After(now) {
			return kyc.Effects{}, fmt.Errorf("%w: it is not due any more", kyc.ErrIllegalMove)
		}
		return v.Expire(now)
	})
}
