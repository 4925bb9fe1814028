package server

import (
	"context"
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/server/keyed"
	"vouchgate/store"
)

// verdict is what became of a try to enter a TAN.
type verdict string

const (
	tanRight   verdict = "right"
	tanWrong   verdict = "wrong"
	tanUsedUp  verdict = "used up" // not looked at: its tries are
	tanExpired verdict = "expired" // not looked at: its time is over
	tanMissing verdict = "missing" // not looked at: nothing was sent
	tanBefore  verdict = "before"  // not looked at: the address is proved
)

// solve enters a TAN. tan is as kyc.NormalizeTAN returns it. The error is
// kyc.ErrIllegalMove for a session that is neither open nor proved, or the store's.
func (s *Server) solve(ctx context.Context, p proving, tan string) (proving, verdict, error) {
	mac, err := s.tans.MAC(ctx)
	if err != nil {
		return proving{}, "", err
	}
	if v := uncounted(p, s.Now()); (v == tanUsedUp || v == tanExpired) && !p.challenge.UsedUp(p.hint.Fixed, s.Now()) {
		return p, v, nil // whoever goes on guessing costs no write
	}
	var v verdict
	method := p.session.Method
	p, err = s.atomically(ctx, p.session, p.client, func(st *store.Store, p *proving) error {
		v, err = s.judge(ctx, st, keyed.NewTans(mac), p, tan)
		return err
	})
	if errors.Is(err, kyc.ErrIllegalMove) && p.session.Status == kyc.StatusVerified && p.session.Method == method {
		return p, tanBefore, nil // the second of two clicks
	}
	return p, v, err
}

// judge counts a try, then looks at it, and moves the session if that decides.
func (s *Server) judge(ctx context.Context, st *store.Store, tans keyed.Tans, p *proving, tan string) (verdict, error) {
	now := s.Now()
	counted, err := st.CountTANTry(ctx, p.session.ID, p.session.Attempts, now)
	if isNotFound(err) {
		v := uncounted(*p, now)
		return v, s.endIfUsedUp(ctx, st, p, v)
	}
	if err != nil {
		return "", err
	}
	p.challenge = counted
	err = s.limit(ctx, st, "tries", tans.Tries(counted.AddressHash), kyc.AddressTries)
	switch {
	case isLimited(err):
		p.reached = append(p.reached, "tries")
		if err := s.lock(ctx, st, p); err != nil {
			return "", err
		}
		return tanUsedUp, s.endIfUsedUp(ctx, st, p, tanUsedUp)
	case err != nil:
		return "", err
	case counted.Matches(tans.TAN(counted.AddressHash, tan)):
		return tanRight, s.proved(ctx, st, p)
	}
	return tanWrong, s.endIfUsedUp(ctx, st, p, tanWrong)
}

// endIfUsedUp ends a session in which nothing is left to try.
func (s *Server) endIfUsedUp(ctx context.Context, st *store.Store, p *proving, v verdict) error {
	if v == tanMissing || !p.challenge.UsedUp(p.hint.Fixed, s.Now()) {
		return nil
	}
	p.reached = append(p.reached, "session")
	if err := s.lock(ctx, st, p); err != nil {
		return err
	}
	effects, err := p.session.Refuse("", kyc.FailureUsedUp, s.Now())
	if err != nil {
		return err
	}
	return s.applyMove(ctx, st, p, effects)
}

// uncounted says why a try was not even counted.
func uncounted(p proving, now time.Time) verdict {
	switch err := p.challenge.CanTry(p.session, now); {
	case errors.Is(err, kyc.ErrTriesUsedUp):
		return tanUsedUp
	case errors.Is(err, kyc.ErrTANEnded):
		return tanExpired
	}
	return tanMissing
}

// lock makes the present TAN void, because too many were entered for its address.
func (s *Server) lock(ctx context.Context, st *store.Store, p *proving) error {
	p.challenge.Lock(s.Now())
	err := st.PutChallenge(ctx, p.challenge)
	p.challenge.Version++
	return err
}

// proved hands over that the address is the person's.
func (s *Server) proved(ctx context.Context, st *store.Store, p *proving) error {
	now := s.Now()
	proof := kyc.Proof{
		Method: p.session.Method, VerifiedAt: now, Claims: p.address.Claims().Only(p.session.Asked()), Address: &p.address,
		ExpiresAt: now.Add(p.client.AddressValidFor()),
	}
	plain, err := proof.Encode()
	if err != nil {
		return err
	}
	sealed, err := s.Ring.Seal(kyc.PurposeClaims, kyc.ClaimsContext(p.session.ID, p.session.ClientID), plain)
	if err != nil {
		return err
	}
	effects, err := p.session.Prove("", sealed, now)
	if err != nil {
		return err
	}
	return s.applyMove(ctx, st, p, effects)
}

// applyMove writes a session that has moved, with the webhook of the move.
func (s *Server) applyMove(ctx context.Context, st *store.Store, p *proving, effects kyc.Effects) error {
	if effects.Event != nil {
		if err := s.queue(&effects, p.client); err != nil {
			return err
		}
	}
	if err := st.Apply(ctx, p.session, effects); err != nil {
		return err
	}
	p.session.Version++
	return nil
}
