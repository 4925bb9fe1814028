package store

import (
	"context"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// Challenge returns the challenge of a session, or ErrNotFound.
func (s *Store) Challenge(ctx context.Context, session kyc.ID) (kyc.Challenge, error) {
	row, err := s.b.Reader().GetChallenge(ctx, session)
	return challengeOf(row), s.err("reading challenge", err)
}

// ChallengeOfLetter returns the challenge whose letter has a link with a code of
// that hash, or ErrNotFound.
func (s *Store) ChallengeOfLetter(ctx context.Context, hash []byte) (kyc.Challenge, error) {
	row, err := s.b.Reader().GetChallengeOfLetter(ctx, hash)
	return challengeOf(row), s.err("reading challenge of a letter", err)
}

// HoldOpen makes sure, in a transaction, that a session is open and stays as it was
// read until the transaction ends. Whoever writes a session and its challenge begins
// with it: in different orders two writers would wait for each other. ErrStale if
// the session was written since it was read or is not open.
func (s *Store) HoldOpen(ctx context.Context, session kyc.Session, now time.Time) error {
	rows, err := s.b.Writer().HoldOpenSession(ctx, pgdb.HoldOpenSessionParams{
		Now: micro(now), ID: session.ID, Version: session.Version,
	})
	return s.err("holding session", one(rows, err, ErrStale))
}

// PutChallenge keeps a session's challenge, new or changed. ErrStale if it was
// written since it was read. Taking and sending its message are no such writes, so
// the message has to be another one, or none, unless the session ends with it: it
// could have been sent since.
func (s *Store) PutChallenge(ctx context.Context, c kyc.Challenge) error {
	rows, err := s.b.Writer().PutChallenge(ctx, putChallengeParams(c))
	return s.err("keeping challenge", one(rows, err, ErrStale))
}

// CountTANTry counts a try to enter the TAN of an attempt of a session and returns
// the challenge with it, for the caller to compare. ErrNotFound if no try can be
// counted: there is no TAN, it has ended, or all of its tries are used up. Counting
// comes before comparing, so tries side by side are counted too.
func (s *Store) CountTANTry(ctx context.Context, session kyc.ID, attempt int64, now time.Time) (kyc.Challenge, error) {
	rows, err := s.b.Writer().CountTANTry(ctx, pgdb.CountTANTryParams{
		Now: micro(now), SessionID: session, Attempt: attempt, Most: kyc.TANTries,
	})
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return kyc.Challenge{}, s.err("counting a try of a TAN", err)
	}
	return challengeOf(rows[0]), nil
}

// MoveLetter takes the challenge of a letter from one session to another, for which
// to is what it becomes there (kyc.Challenge.Adopt). Both sessions may be the same.
// It must be called in a transaction. ErrStale if one of the two was written since
// it was read.
func (s *Store) MoveLetter(ctx context.Context, from, to kyc.Challenge) error {
	if from.SessionID != to.SessionID {
		rows, err := s.b.Writer().ForgetLetter(ctx, pgdb.ForgetLetterParams{SessionID: from.SessionID, Version: from.Version})
		if err := one(rows, err, ErrStale); err != nil {
			return s.err("moving letter", err)
		}
	}
	return s.PutChallenge(ctx, to)
}

// ClaimDueMessages takes up to n challenges of a method whose messages are due and
// that nobody else has taken, until the lease ends.
func (s *Store) ClaimDueMessages(ctx context.Context, m kyc.Method, now, lease time.Time, n int) ([]kyc.Challenge, error) {
	rows, err := s.b.Background().ClaimDueMessages(ctx, pgdb.ClaimDueMessagesParams{
		Now: micro(now), Lease: micro(lease), Method: string(m), N: int64(n),
	})
	challenges := make([]kyc.Challenge, len(rows))
	for i, row := range rows {
		challenges[i] = challengeOf(row)
	}
	return challenges, s.err("claiming due messages", err)
}

// FinishMessage records what became of a message that was taken, and erases it.
// ErrStale if it was replaced or is no longer wanted, or if the lease had ended and
// somebody else took it, which needs no care.
func (s *Store) FinishMessage(ctx context.Context, c kyc.Challenge, outcome kyc.Delivery, now time.Time) error {
	rows, err := s.b.Writer().FinishMessage(ctx, pgdb.FinishMessageParams{
		Delivery: string(outcome), Now: micro(now), SessionID: c.SessionID, Lease: leaseOf(c),
	})
	return s.err("finishing message", one(rows, err, ErrStale))
}

// DelayMessage gives a message that was taken back, to be tried again at next.
// Errors as for FinishMessage.
func (s *Store) DelayMessage(ctx context.Context, c kyc.Challenge, next, now time.Time) error {
	rows, err := s.b.Background().DelayMessage(ctx, pgdb.DelayMessageParams{
		NextTry: micro(next), Now: micro(now), SessionID: c.SessionID, Lease: leaseOf(c),
	})
	return s.err("delaying message", one(rows, err, ErrStale))
}

func leaseOf(c kyc.Challenge) time.Time {
	if c.LeaseUntil == nil {
		return time.Time{} // nobody's
	}
	return micro(*c.LeaseUntil)
}

// MessagesWaiting counts the messages that are still to be sent, by method.
func (s *Store) MessagesWaiting(ctx context.Context) (map[kyc.Method]int64, error) {
	rows, err := s.b.Reader().CountMessages(ctx)
	if err != nil {
		return nil, s.err("counting messages", err)
	}
	waiting := make(map[kyc.Method]int64, len(rows))
	for _, r := range rows {
		waiting[kyc.Method(r.Method)] = r.N
	}
	return waiting, nil
}

func challengeOf(r pgdb.TanChallenge) kyc.Challenge {
	return kyc.Challenge{
		SessionID: r.SessionID, ClientID: r.ClientID, Method: kyc.Method(r.Method), Attempt: r.Attempt,
		SealedAddress: r.SealedAddress, AddressHash: r.AddressHash,
		Addresses: r.Addresses, Sends: r.Sends, Tries: r.Tries, TANHash: r.TANHash, LetterHash: r.LetterHash,
		AskedAt: r.AskedAt, NextSend: r.NextSend, ExpiresAt: r.ExpiresAt, LockedAt: r.LockedAt,
		SealedMessage: r.SealedMessage, NextTry: r.NextTry, LeaseUntil: r.LeaseUntil,
		Deliveries: r.Deliveries, Delivery: kyc.Delivery(r.Delivery), UpdatedAt: r.UpdatedAt, Version: r.Version,
	}
}

func putChallengeParams(c kyc.Challenge) pgdb.PutChallengeParams {
	return pgdb.PutChallengeParams{
		SessionID: c.SessionID, ClientID: c.ClientID, Method: string(c.Method), Attempt: c.Attempt,
		SealedAddress: c.SealedAddress, AddressHash: c.AddressHash,
		Addresses: c.Addresses, Sends: c.Sends, Tries: c.Tries, TANHash: c.TANHash, LetterHash: c.LetterHash,
		AskedAt: microp(c.AskedAt), NextSend: microp(c.NextSend), ExpiresAt: microp(c.ExpiresAt), LockedAt: microp(c.LockedAt),
		SealedMessage: c.SealedMessage, NextTry: microp(c.NextTry), LeaseUntil: microp(c.LeaseUntil),
		Deliveries: c.Deliveries, Delivery: string(c.Delivery), UpdatedAt: micro(c.UpdatedAt), Version: c.Version + 1,
	}
}
