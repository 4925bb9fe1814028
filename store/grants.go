package store

import (
	"context"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// PutCode keeps a code in place of one of an earlier generation. It reports false
// when the session has a code of this or a later generation, or a used one.
func (s *Store) PutCode(ctx context.Context, code kyc.Code) (bool, error) {
	rows, err := s.b.Writer().PutCode(ctx, putCodeParams(code))
	return rows == 1, s.err("keeping code", err)
}

// Code returns the code of a session, used or not, or ErrNotFound.
func (s *Store) Code(ctx context.Context, sessionID kyc.ID) (kyc.Code, error) {
	row, err := s.b.Reader().GetCode(ctx, sessionID)
	return codeOf(row), s.err("reading code", err)
}

// Redeem spends a code, moves its session to completed and its claims into a
// grant with one access token, in one transaction. Of any number of callers with
// one code exactly one succeeds; the others get ErrConflict, and so does a code
// that has run out or whose session is not verified any more. ExpiresAt of grant
// and token are up to the caller; scope and claims come from the session.
func (s *Store) Redeem(ctx context.Context, code kyc.Code, grant kyc.Grant, token kyc.Token, now time.Time) error {
	now = micro(now)
	return s.tx(ctx, "redeeming code", func(q pgdb.Querier) error {
		rows, err := q.RedeemCode(ctx, pgdb.RedeemCodeParams{
			Now: now, SessionID: code.SessionID, Generation: code.Generation,
		})
		if err := one(rows, err, ErrConflict); err != nil {
			return err
		}
		if err := q.CreateGrant(ctx, pgdb.CreateGrantParams{
			ID: grant.ID, Subject: grant.Subject, CreatedAt: now, ExpiresAt: micro(grant.ExpiresAt),
			SessionID: code.SessionID,
		}); err != nil {
			return err
		}
		if err := q.CreateToken(ctx, pgdb.CreateTokenParams{
			ID: token.ID, GrantID: grant.ID, Kind: string(token.Kind), Hash: token.Hash,
			CreatedAt: now, ExpiresAt: micro(token.ExpiresAt),
		}); err != nil {
			return err
		}
		// Last, because it erases what the grant copies; it is also what refuses a
		// session that is not verified any more.
		rows, err = q.CompleteSession(ctx, pgdb.CompleteSessionParams{Now: now, ID: code.SessionID})
		return one(rows, err, ErrConflict)
	})
}

// VoidCode spends a code without a grant, because its own client presented it
// with wrong particulars.
func (s *Store) VoidCode(ctx context.Context, sessionID kyc.ID, now time.Time) error {
	return s.tx(ctx, "voiding code", func(q pgdb.Querier) error {
		rows, err := q.VoidCode(ctx, pgdb.VoidCodeParams{Now: micro(now), SessionID: sessionID})
		if err != nil || rows == 0 {
			return err
		}
		return auditSession(ctx, q, sessionID, "code.voided", now)
	})
}

// RevokeGrantOfSession ends what was granted for a session and erases its claims,
// and reports whether there was such a grant.
func (s *Store) RevokeGrantOfSession(ctx context.Context, sessionID kyc.ID, now time.Time) (revoked bool, err error) {
	now = micro(now)
	err = s.tx(ctx, "revoking grant", func(q pgdb.Querier) error {
		rows, err := q.RevokeGrantOfSession(ctx, pgdb.RevokeGrantOfSessionParams{RevokedAt: &now, SessionID: sessionID})
		if revoked = rows > 0; err != nil || !revoked {
			return err
		}
		return auditSession(ctx, q, sessionID, "grant.revoked", now)
	})
	return revoked && err == nil, err
}

func auditSession(ctx context.Context, q pgdb.Querier, id kyc.ID, event string, at time.Time) error {
	return q.AddAudit(ctx, pgdb.AddAuditParams{At: micro(at), Actor: "client", Event: event, SessionID: id.String()})
}

// Access is a token with what it gives access to.
type Access struct {
	Token            kyc.Token
	Grant            kyc.Grant
	ClientDisabledAt *time.Time
}

// Live says whether the data can be read at the given time.
func (a Access) Live(now time.Time) bool {
	return a.Token.Live(now) && a.Grant.Live(now) && a.ClientDisabledAt == nil
}

// Access returns the token with an ID and its grant, live or not, or ErrNotFound.
func (s *Store) Access(ctx context.Context, tokenID kyc.ID) (Access, error) {
	row, err := s.b.Reader().GetToken(ctx, tokenID)
	return accessOf(row), s.err("reading token", err)
}
