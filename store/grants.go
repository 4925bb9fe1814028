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
// grant with tokens, in one transaction. Of any number of callers with one code
// exactly one succeeds; the others get ErrConflict, and so does a code that has run
// out or whose session is not verified any more. ExpiresAt of grant and tokens are
// up to the caller; scope, claims, request and account come from the session.
func (s *Store) Redeem(ctx context.Context, code kyc.Code, grant kyc.Grant, tokens []kyc.Token, now time.Time) error {
	now = micro(now)
	return s.tx(ctx, "redeeming code", func(q pgdb.Querier) error {
		rows, err := q.RedeemCode(ctx, pgdb.RedeemCodeParams{
			Now: now, SessionID: code.SessionID, Generation: code.Generation,
		})
		if err := one(rows, err, ErrConflict); err != nil {
			return err
		}
		// The session before the account that the grant refers to, as where an account
		// is removed: in different orders the two would wait for each other.
		rows, err = q.HoldSession(ctx, code.SessionID)
		if err := one(rows, err, ErrConflict); err != nil {
			return err
		}
		if err := q.CreateGrant(ctx, pgdb.CreateGrantParams{
			ID: grant.ID, Subject: grant.Subject, CreatedAt: now, ExpiresAt: micro(grant.ExpiresAt),
			SessionID: code.SessionID, Once: grant.Once, RefreshUntil: microp(grant.RefreshUntil),
		}); err != nil {
			return err
		}
		for _, token := range tokens {
			if err := q.CreateToken(ctx, createTokenParams(token, grant.ID, now)); err != nil {
				return err
			}
		}
		// Last, because it erases what the grant copies; it is also what refuses a
		// session that is not verified any more.
		rows, err = q.CompleteSession(ctx, pgdb.CompleteSessionParams{Now: now, ID: code.SessionID})
		return one(rows, err, ErrConflict)
	})
}

// Rotate spends a refresh token and keeps those that are handed out in its place,
// in one transaction. Of any number of callers with one token exactly one succeeds;
// the others get ErrConflict, and so does a token that was revoked or has ended.
func (s *Store) Rotate(ctx context.Context, old Access, refresh, access kyc.Token, now time.Time) error {
	now = micro(now)
	return s.tx(ctx, "rotating refresh token", func(q pgdb.Querier) error {
		rows, err := q.RotateToken(ctx, pgdb.RotateTokenParams{Now: now, SuccessorID: &refresh.ID, ID: old.Token.ID})
		if err := one(rows, err, ErrConflict); err != nil {
			return err
		}
		for _, token := range []kyc.Token{refresh, access} {
			if err := q.CreateToken(ctx, createTokenParams(token, old.Grant.ID, now)); err != nil {
				return err
			}
		}
		return auditSession(ctx, q, old.Grant.ClientID, old.Grant.SessionID, "token.refreshed", now)
	})
}

// VoidCode spends a code without a grant, because its own client presented it
// with wrong particulars.
func (s *Store) VoidCode(ctx context.Context, code kyc.Code, now time.Time) error {
	return s.tx(ctx, "voiding code", func(q pgdb.Querier) error {
		rows, err := q.VoidCode(ctx, pgdb.VoidCodeParams{Now: micro(now), SessionID: code.SessionID})
		if err != nil || rows == 0 {
			return err
		}
		return auditSession(ctx, q, code.ClientID, code.SessionID, "code.voided", now)
	})
}

// RevokeGrant ends a grant, erases its claims and queues what its client is told
// (nil: nothing). It reports whether the grant was there to be ended: of any number
// of callers one is told so.
func (s *Store) RevokeGrant(ctx context.Context, grant kyc.Grant, why kyc.RevokeReason, tell *kyc.Webhook, now time.Time) (revoked bool, err error) {
	now = micro(now)
	err = s.tx(ctx, "revoking grant", func(q pgdb.Querier) error {
		rows, err := q.RevokeGrant(ctx, pgdb.RevokeGrantParams{RevokedAt: &now, ID: grant.ID})
		if revoked = rows > 0; err != nil || !revoked {
			return err
		}
		if err := addEffects(ctx, q, kyc.Effects{Webhook: tell}); err != nil {
			return err
		}
		return auditSession(ctx, q, grant.ClientID, grant.SessionID, "grant."+string(why), now)
	})
	return revoked && err == nil, err
}

// UseUp ends a grant that can be read once. Of any number of readers one is told
// true.
func (s *Store) UseUp(ctx context.Context, grant kyc.Grant, now time.Time) (bool, error) {
	now = micro(now)
	rows, err := s.b.Writer().RevokeGrant(ctx, pgdb.RevokeGrantParams{RevokedAt: &now, ID: grant.ID})
	return rows == 1, s.err("using up grant", err)
}

// RevokeToken ends one token.
func (s *Store) RevokeToken(ctx context.Context, a Access, now time.Time) error {
	now = micro(now)
	return s.tx(ctx, "revoking token", func(q pgdb.Querier) error {
		rows, err := q.RevokeToken(ctx, pgdb.RevokeTokenParams{RevokedAt: &now, ID: a.Token.ID})
		if err != nil || rows == 0 {
			return err
		}
		return auditSession(ctx, q, a.Grant.ClientID, a.Grant.SessionID, "token.revoked", now)
	})
}

// Refreshable says whether a grant has a refresh token that can still be used.
func (s *Store) Refreshable(ctx context.Context, grantID kyc.ID, now time.Time) (bool, error) {
	n, err := s.b.Reader().CountRefreshTokens(ctx, pgdb.CountRefreshTokensParams{GrantID: grantID, Now: micro(now)})
	return n > 0, s.err("counting refresh tokens", err)
}

// Grant returns a grant, live or not, or ErrNotFound.
func (s *Store) Grant(ctx context.Context, id kyc.ID) (kyc.Grant, error) {
	row, err := s.b.Reader().GetGrant(ctx, id)
	return grantOf(row), s.err("reading grant", err)
}

// GrantOfSession returns what came of a session, live or not, or ErrNotFound.
func (s *Store) GrantOfSession(ctx context.Context, sessionID kyc.ID) (kyc.Grant, error) {
	row, err := s.b.Reader().GetGrantOfSession(ctx, sessionID)
	return grantOf(row), s.err("reading grant of a session", err)
}

// maxGrants bounds the list of a person's grants.
const maxGrants = 500

// GrantsOfAccount lists the live grants of a person with an account, newest first.
func (s *Store) GrantsOfAccount(ctx context.Context, accountID kyc.ID, now time.Time) ([]kyc.Grant, error) {
	rows, err := s.b.Reader().ListGrantsOfAccount(ctx, pgdb.ListGrantsOfAccountParams{
		AccountID: &accountID, Now: micro(now), N: maxGrants,
	})
	out := make([]kyc.Grant, len(rows))
	for i, r := range rows {
		out[i] = grantOf(r)
	}
	return out, s.err("listing grants", err)
}

func auditSession(ctx context.Context, q pgdb.Querier, clientID string, id kyc.ID, event string, at time.Time) error {
	return q.AddAudit(ctx, pgdb.AddAuditParams{At: micro(at), Actor: "session", Event: event, ClientID: clientID, SessionID: id.String()})
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

// Scope returns what the token can read.
func (a Access) Scope() string {
	if a.Token.Scope != "" {
		return a.Token.Scope
	}
	return a.Grant.Scope
}

// Access returns the token with an ID and its grant, live or not, or ErrNotFound.
func (s *Store) Access(ctx context.Context, tokenID kyc.ID) (Access, error) {
	row, err := s.b.Reader().GetToken(ctx, tokenID)
	return accessOf(row), s.err("reading token", err)
}
