package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

// challengeView is how the proof of an address is printed: what was tried, and never
// the address.
type challengeView struct {
	Method     kyc.Method   `json:"method"`
	Addresses  int64        `json:"addresses"` // tried in this session
	Sends      int64        `json:"sends"`     // to the present address
	Tries      int64        `json:"tries"`     // of the present TAN
	Delivery   kyc.Delivery `json:"delivery,omitempty"`
	Deliveries int64        `json:"deliveries"` // times that the present message was tried
	AskedAt    *time.Time   `json:"asked_at,omitempty"`
	NextTry    *time.Time   `json:"next_try,omitempty"`  // to send it
	NextSend   *time.Time   `json:"next_send,omitempty"` // none where no other message can be asked for
	ExpiresAt  *time.Time   `json:"expires_at,omitempty"`
	LockedAt   *time.Time   `json:"locked_at,omitempty"`
}

// challengeOf returns the challenge of a session, or nil without.
func (p *program) challengeOf(ctx context.Context, s *storage, session kyc.Session) (*challengeView, error) {
	c, err := s.store.Challenge(ctx, session.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	v := viewChallenge(c, session, p.now())
	return &v, err
}

func viewChallenge(c kyc.Challenge, session kyc.Session, now time.Time) challengeView {
	v := challengeView{
		Method: c.Method, Addresses: c.Addresses, Sends: c.Sends, Tries: c.Tries, Delivery: c.Delivery, Deliveries: c.Deliveries,
		AskedAt: c.AskedAt, NextTry: c.NextTry, NextSend: c.NextSend, ExpiresAt: c.ExpiresAt, LockedAt: c.LockedAt,
	}
	if session.Status != kyc.StatusAuthorized || !now.Before(session.ExpiresAt) || c.SendsLeft() == 0 {
		v.NextSend = nil
	}
	return v
}

// pairs of a challenge that is none are none.
func (v *challengeView) pairs() []row {
	if v == nil {
		return nil
	}
	return []row{
		{"TAN by", string(v.Method)},
		{"addresses", fmt.Sprintf("%d of %d", v.Addresses, kyc.TANAddresses)},
		{"messages", fmt.Sprintf("%d of %d to this address", v.Sends, kyc.TANSends)},
		{"entered", fmt.Sprintf("%d of %d times", v.Tries, kyc.TANTries)},
		{"delivery", string(v.Delivery)}, {"tried to send", fmt.Sprintf("%d times", v.Deliveries)},
		{"asked for", at(v.AskedAt)}, {"sent again", at(v.NextTry)}, {"next message from", at(v.NextSend)},
		{"TAN ends", at(v.ExpiresAt)}, {"locked", at(v.LockedAt)},
	}
}
