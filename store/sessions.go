package store

import (
	"context"
	"errors"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// staleRetries bounds how often UpdateSession starts again.
const staleRetries = 5

// CreateSession keeps a new session. ErrConflict if its ID exists.
func (s *Store) CreateSession(ctx context.Context, session kyc.Session) error {
	return s.err("creating session", s.b.Writer().CreateSession(ctx, createSessionParams(session)))
}

// Session returns the session with an ID, or ErrNotFound.
func (s *Store) Session(ctx context.Context, id kyc.ID) (kyc.Session, error) {
	row, err := s.b.Reader().GetSession(ctx, id)
	return sessionOf(row), s.err("reading session", err)
}

// SessionByRequest returns the session whose open verification has the
// verifier's id, or ErrNotFound if there is none or it is not open any more.
func (s *Store) SessionByRequest(ctx context.Context, requestID string) (kyc.Session, error) {
	row, err := s.b.Reader().GetSessionByRequest(ctx, requestID)
	return sessionOf(row), s.err("reading session of a verification", err)
}

// Apply writes a moved session and the effects of the move in one transaction.
// ErrStale, with nothing written, if the session was written since it was read.
func (s *Store) Apply(ctx context.Context, session kyc.Session, e kyc.Effects) error {
	if e.Webhook == nil && e.Code == nil && !e.DropCode {
		rows, err := s.b.Writer().SaveSession(ctx, saveSessionParams(session))
		return s.err("saving session", one(rows, err, ErrStale))
	}
	return s.tx(ctx, "saving session", func(q pgdb.Querier) error {
		// The code before the session, as in Redeem: in different orders the two
		// would wait for each other.
		if e.DropCode {
			if _, err := q.DropCode(ctx, session.ID); err != nil {
				return err
			}
		}
		rows, err := q.SaveSession(ctx, saveSessionParams(session))
		if err := one(rows, err, ErrStale); err != nil {
			return err
		}
		return addEffects(ctx, q, e)
	})
}

func addEffects(ctx context.Context, q pgdb.Querier, e kyc.Effects) error {
	if e.Code != nil {
		rows, err := q.PutCode(ctx, putCodeParams(*e.Code))
		if err := one(rows, err, ErrConflict); err != nil {
			return err
		}
	}
	if e.Webhook != nil {
		return q.AddWebhook(ctx, addWebhookParams(*e.Webhook))
	}
	return nil
}

// UpdateSession reads a session, lets move decide and writes the result, again
// from the start when somebody else wrote in between. An error of move ends it
// and is returned as it is; ErrNotFound if there is no such session; ErrStale
// after several tries. It returns the session as written.
func (s *Store) UpdateSession(ctx context.Context, id kyc.ID,
	move func(*kyc.Session) (kyc.Effects, error)) (kyc.Session, error) {
	for try := 1; ; try++ {
		session, err := s.Session(ctx, id)
		if err != nil {
			return kyc.Session{}, err
		}
		effects, err := move(&session)
		if err != nil {
			return session, err
		}
		err = s.Apply(ctx, session, effects)
		if err == nil {
			session.Version++
			return session, nil
		}
		if !errors.Is(err, ErrStale) || try == staleRetries {
			return session, err
		}
	}
}

// ClaimDueSessions takes up to n sessions whose next check is due and that nobody
// else has taken, until the lease ends. Taking does not change their version.
func (s *Store) ClaimDueSessions(ctx context.Context, now, lease time.Time, n int) ([]kyc.Session, error) {
	rows, err := s.b.Background().ClaimDueSessions(ctx, pgdb.ClaimDueSessionsParams{
		Now: micro(now), Lease: micro(lease), N: int64(n),
	})
	return sessionsOf(rows), s.err("claiming due sessions", err)
}

// ClaimSession takes one session with an open verification, due or not, until
// the lease ends. ErrNotFound if it is not open or somebody else has taken it.
func (s *Store) ClaimSession(ctx context.Context, id kyc.ID, now, lease time.Time) (kyc.Session, error) {
	rows, err := s.b.Background().ClaimSession(ctx, pgdb.ClaimSessionParams{ID: id, Now: micro(now), Lease: micro(lease)})
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return kyc.Session{}, s.err("claiming session", err)
	}
	return sessionOf(rows[0]), nil
}

// ClaimSessionByRequest is ClaimSession for the session whose open verification
// has the verifier's id.
func (s *Store) ClaimSessionByRequest(ctx context.Context, requestID string, now, lease time.Time) (kyc.Session, error) {
	rows, err := s.b.Background().ClaimSessionByRequest(ctx, pgdb.ClaimSessionByRequestParams{
		RequestID: requestID, Now: micro(now), Lease: micro(lease),
	})
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return kyc.Session{}, s.err("claiming session of a verification", err)
	}
	return sessionOf(rows[0]), nil
}

// EndLeases ends all leases, of sessions, messages and webhooks, so that what a process left
// behind when it died is taken up at once. Only the sole owner of a database may
// call it, before it works.
func (s *Store) EndLeases(ctx context.Context) error {
	return s.tx(ctx, "ending leases", func(q pgdb.Querier) error {
		if _, err := q.EndSessionLeases(ctx); err != nil {
			return err
		}
		if _, err := q.EndMessageLeases(ctx); err != nil {
			return err
		}
		_, err := q.EndWebhookLeases(ctx)
		return err
	})
}

// ScheduleSession gives a taken session back, to be looked at again at next,
// with the count of looks so far. ErrStale if it moved meanwhile or somebody else
// took it after the lease had ended, which needs no care.
func (s *Store) ScheduleSession(ctx context.Context, session kyc.Session, next time.Time) error {
	next = micro(next)
	var lease time.Time // nobody's
	if session.LeaseUntil != nil {
		lease = micro(*session.LeaseUntil)
	}
	rows, err := s.b.Background().ScheduleSession(ctx, pgdb.ScheduleSessionParams{
		NextCheck: &next, Checks: session.Checks, ID: session.ID, Version: session.Version, Lease: lease,
	})
	return s.err("scheduling session", one(rows, err, ErrStale))
}

// HastenSession brings the next check of an open verification forward to a time,
// if it was later.
func (s *Store) HastenSession(ctx context.Context, id kyc.ID, by time.Time) error {
	_, err := s.b.Background().HastenSession(ctx, pgdb.HastenSessionParams{By: micro(by), ID: id})
	return s.err("hastening session", err)
}

// SessionFilter narrows a list of sessions. Empty fields do not narrow.
type SessionFilter struct {
	ClientID string
	Status   kyc.Status
	Limit    int // 0 means 100
}

// Sessions lists sessions, newest first.
func (s *Store) Sessions(ctx context.Context, f SessionFilter) ([]kyc.Session, error) {
	rows, err := s.b.Reader().ListSessions(ctx, pgdb.ListSessionsParams{
		ClientID: optional(f.ClientID), Status: optional(string(f.Status)), N: limit(f.Limit),
	})
	return sessionsOf(rows), s.err("listing sessions", err)
}

// OpenSessions counts, by client, the sessions that something can still happen
// to by itself.
func (s *Store) OpenSessions(ctx context.Context) (map[string]int64, error) {
	rows, err := s.b.Reader().CountOpenSessions(ctx)
	if err != nil {
		return nil, s.err("counting open sessions", err)
	}
	open := make(map[string]int64, len(rows))
	for _, r := range rows {
		open[r.ClientID] = r.Open
	}
	return open, nil
}

// SessionsByStatus counts the sessions that something can still happen to by
// itself, by status.
func (s *Store) SessionsByStatus(ctx context.Context) (map[kyc.Status]int64, error) {
	rows, err := s.b.Reader().CountSessionsByStatus(ctx)
	if err != nil {
		return nil, s.err("counting sessions", err)
	}
	count := make(map[kyc.Status]int64, len(rows))
	for _, r := range rows {
		count[kyc.Status(r.Status)] = r.N
	}
	return count, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func limit(n int) int64 {
	if n <= 0 {
		return 100
	}
	return int64(n)
}
