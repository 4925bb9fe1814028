package store

import (
	"context"
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

// CreateAccount keeps a new account. ErrConflict if the user name is taken.
func (s *Store) CreateAccount(ctx context.Context, a kyc.Account) error {
	return s.tx(ctx, "creating account", func(q pgdb.Querier) error {
		if err := q.CreateAccount(ctx, pgdb.CreateAccountParams(accountParams(a))); err != nil {
			return err
		}
		return auditAccount(ctx, q, a.ID, "account.added", a.CreatedAt)
	})
}

// Account returns an account, disabled or not, or ErrNotFound.
func (s *Store) Account(ctx context.Context, id kyc.ID) (kyc.Account, error) {
	row, err := s.b.Reader().GetAccount(ctx, id)
	return kyc.Account(row), s.err("reading account", err)
}

// AccountByName returns the account with a normalized user name, disabled or not,
// or ErrNotFound.
func (s *Store) AccountByName(ctx context.Context, userName string) (kyc.Account, error) {
	row, err := s.b.Reader().GetAccountByName(ctx, userName)
	return kyc.Account(row), s.err("reading account", err)
}

// Accounts lists all accounts by user name.
func (s *Store) Accounts(ctx context.Context) ([]kyc.Account, error) {
	rows, err := s.b.Reader().ListAccounts(ctx)
	out := make([]kyc.Account, len(rows))
	for i, r := range rows {
		out[i] = kyc.Account(r)
	}
	return out, s.err("listing accounts", err)
}

// UpdateAccount writes password, claims and state of an account and signs the
// person out everywhere. event names the change in the audit trail, such as
// "account.password_set". ErrNotFound if there is no such account.
func (s *Store) UpdateAccount(ctx context.Context, a kyc.Account, event string) error {
	return s.tx(ctx, "updating account", func(q pgdb.Querier) error {
		p := accountParams(a)
		rows, err := q.UpdateAccount(ctx, pgdb.UpdateAccountParams{
			PasswordHash: p.PasswordHash, SealedClaims: p.SealedClaims, UpdatedAt: p.UpdatedAt, DisabledAt: p.DisabledAt, ID: p.ID,
		})
		if err := one(rows, err, ErrNotFound); err != nil {
			return err
		}
		if _, err := q.EndSignInsOfAccount(ctx, a.ID); err != nil {
			return err
		}
		return auditAccount(ctx, q, a.ID, event, a.UpdatedAt)
	})
}

// SetPasswordHash puts a newer hash of the same password in place of the one that
// was read, unless the account has another password by now.
func (s *Store) SetPasswordHash(ctx context.Context, id kyc.ID, kept, newer string) error {
	_, err := s.b.Writer().ReplacePasswordHash(ctx, pgdb.ReplacePasswordHashParams{Newer: newer, ID: id, Kept: kept})
	return s.err("keeping a password's new hash", err)
}

// CloseAccount signs a person out everywhere and ends the sessions that hold the
// claims of the account, so that no new grant comes of them.
func (s *Store) CloseAccount(ctx context.Context, id kyc.ID, now time.Time) error {
	now = micro(now)
	return s.tx(ctx, "closing account", func(q pgdb.Querier) error {
		if _, err := q.EndSessionsOfAccount(ctx, pgdb.EndSessionsOfAccountParams{Now: now, AccountID: &id}); err != nil {
			return err
		}
		_, err := q.EndSignInsOfAccount(ctx, id)
		return err
	})
}

// RemoveAccount deletes an account and its sign-ins, and ends the sessions that hold
// its claims. Its grants stay until they end unless they are revoked before.
// ErrNotFound if there is no such account.
func (s *Store) RemoveAccount(ctx context.Context, id kyc.ID, now time.Time) error {
	now = micro(now)
	return s.tx(ctx, "removing account", func(q pgdb.Querier) error {
		if _, err := q.EndSessionsOfAccount(ctx, pgdb.EndSessionsOfAccountParams{Now: now, AccountID: &id}); err != nil {
			return err
		}
		rows, err := q.DeleteAccount(ctx, id)
		if err := one(rows, err, ErrNotFound); err != nil {
			return err
		}
		return auditAccount(ctx, q, id, "account.removed", now)
	})
}

// AddSignIn keeps that somebody is signed in.
func (s *Store) AddSignIn(ctx context.Context, in kyc.SignIn) error {
	in.AuthenticatedAt, in.ExpiresAt = micro(in.AuthenticatedAt), micro(in.ExpiresAt)
	return s.tx(ctx, "signing in", func(q pgdb.Querier) error {
		if err := q.AddSignIn(ctx, pgdb.AddSignInParams(in)); err != nil {
			return err
		}
		return auditAccount(ctx, q, in.AccountID, "account.signed_in", in.AuthenticatedAt)
	})
}

// SignIn returns a sign-in of an account that is not disabled, live or not, or
// ErrNotFound.
func (s *Store) SignIn(ctx context.Context, id kyc.ID) (kyc.SignIn, error) {
	r, err := s.b.Reader().GetSignIn(ctx, id)
	if err == nil && r.DisabledAt != nil {
		return kyc.SignIn{}, ErrNotFound
	}
	in := kyc.SignIn{ID: r.ID, AccountID: r.AccountID, Hash: r.Hash, AuthenticatedAt: r.AuthenticatedAt, ExpiresAt: r.ExpiresAt}
	return in, s.err("reading sign-in", err)
}

// EndSignIn signs a browser out.
func (s *Store) EndSignIn(ctx context.Context, id kyc.ID) error {
	_, err := s.b.Writer().EndSignIn(ctx, id)
	return s.err("signing out", err)
}

func accountParams(a kyc.Account) kyc.Account {
	a.CreatedAt, a.UpdatedAt, a.DisabledAt = micro(a.CreatedAt), micro(a.UpdatedAt), microp(a.DisabledAt)
	return a
}

// auditAccount names the account where other records name the session.
func auditAccount(ctx context.Context, q pgdb.Querier, id kyc.ID, event string, at time.Time) error {
	return q.AddAudit(ctx, pgdb.AddAuditParams{At: micro(at), Actor: "account", Event: event, SessionID: id.String()})
}
