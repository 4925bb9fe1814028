package worker

import (
	"context"
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

type move func(*kyc.Session) (kyc.Effects, error)

// longestRewrite bounds the growing pauses between tries to write an outcome.
const longestRewrite = 4 * time.Second

// end makes a move and writes it. While the store does not answer, it is kept in
// memory and written again and again as long as the session is ours: a verifier
// that has given its final answer may give another one next time.
func (c *Checker) end(s kyc.Session, client kyc.Client, m move) {
	for pause := recordRetry; ; pause = min(2*pause, longestRewrite) {
		moved, queued, err := c.write(s, client, m)
		switch {
		case err == nil:
			c.ended(moved, queued)
			return
		case errors.Is(err, kyc.ErrIllegalMove), errors.Is(err, store.ErrNotFound):
			c.unfollow(s.ID)
			c.cfg.Log.Debug("session had moved on", "session_id", s.ID, "client_id", s.ClientID, "error", err)
			return
		}
		c.cfg.Log.Error("outcome of a session not written yet", "session_id", s.ID, "client_id", s.ClientID, "error", err)
		if !errors.Is(err, store.ErrUnavailable) || !c.mayWrite(s, pause) {
			c.schedule(s, c.cfg.now().Add(askAgain))
			return
		}
		wait(c.ctx, nil, pause)
	}
}

// mayWrite says whether another try to write, after a pause, would still be ours
// to make: its lease holds, and nobody waits for us to stop.
func (c *Checker) mayWrite(s kyc.Session, pause time.Duration) bool {
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	return !closed && !leaseOver(s, c.cfg.now().Add(pause+rowTimeout))
}

// write writes a move with its effects in one transaction. If somebody else wrote
// the session meanwhile, the move is decided again on what they wrote; that it has
// become illegal then is no fault: the first final answer wins.
func (c *Checker) write(s kyc.Session, client kyc.Client, m move) (moved kyc.Session, queued *kyc.Webhook, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), rowTimeout)
	defer cancel()
	decide := func(v *kyc.Session) (kyc.Effects, error) {
		effects, err := m(v)
		if err != nil {
			return kyc.Effects{}, err
		}
		err = c.tell(v, client, &effects)
		queued = effects.Webhook
		return effects, err
	}
	moved = s
	effects, err := decide(&moved)
	if err == nil {
		err = c.cfg.Store.Apply(ctx, moved, effects)
	}
	if errors.Is(err, store.ErrStale) {
		moved, err = c.cfg.Store.UpdateSession(ctx, s.ID, decide)
	}
	return moved, queued, err
}

// ended tells everybody who wants to know that a session has a new state.
func (c *Checker) ended(s kyc.Session, queued *kyc.Webhook) {
	c.unfollow(s.ID)
	c.metrics.sessionEnded(s.Status)
	c.cfg.Log.Info("session "+string(s.Status), "session_id", s.ID, "client_id", s.ClientID,
		"verification_id", s.RequestID, "error_code", s.ErrorCode, "checks", s.Checks)
	c.cfg.Changed(s)
	if queued != nil && queued.LeaseUntil != nil {
		c.send(*queued)
	}
}

// tell adds to the effects of a move what the client is told: the webhook's row
// and, for a client that takes its code by webhook, the code.
func (c *Checker) tell(s *kyc.Session, client kyc.Client, e *kyc.Effects) error {
	if e.Event == nil || client.WebhookURL == "" {
		return nil
	}
	at := e.Event.At
	if e.Event.Type == kyc.EventVerified && client.CodeDelivery == kyc.DeliverByWebhook {
		generation := s.FirstGeneration()
		handle := s.DeriveCode(generation, c.cfg.Ring.MAC)
		code := s.NewCode(handle, generation, at, client.CodeLifetime)
		e.Code = &code
		e.Event.Code, e.Event.State = handle.String(), s.State
	}
	id, err := kyc.NewID(at, c.cfg.Rand)
	if err != nil {
		return err
	}
	e.Webhook, err = e.Event.Queue(id, client, c.cfg.Ring.Seal)
	if err == nil && e.Webhook.NextAttempt != nil {
		// It is sent from here, at once, without being claimed from the queue first.
		// Leases of whole seconds let outcomes of many be written together.
		lease := c.cfg.now().Add(handOverLease).Truncate(time.Second)
		e.Webhook.LeaseUntil = &lease
	}
	return err
}
