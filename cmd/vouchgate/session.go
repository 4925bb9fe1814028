package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

type sessionCmd struct {
	List   sessionListCmd   `cmd:"" help:"List sessions, newest first."`
	Show   sessionShowCmd   `cmd:"" help:"Show a session, what its client may read and its audit trail; never claims or addresses."`
	Revoke sessionRevokeCmd `cmd:"" help:"End what a session's client may read, erase it and tell the client."`
}

// sessionView is how a session is printed: what an operator needs to help, and
// nothing that was proved, nor what would let him go on with the session.
type sessionView struct {
	ID             kyc.ID             `json:"session_id"`
	ClientID       string             `json:"client_id"`
	Method         kyc.Method         `json:"method"`
	Status         kyc.Status         `json:"status"`
	Error          string             `json:"error,omitempty"`
	Scope          string             `json:"scope,omitempty"`
	GrantedScope   string             `json:"granted_scope,omitempty"` // if the person chose less
	Consent        kyc.Consent        `json:"consent,omitempty"`
	AccountID      *kyc.ID            `json:"account_id,omitempty"`
	RedirectURI    string             `json:"redirect_uri,omitempty"`
	VerificationID string             `json:"verification_id,omitempty"`
	Attempts       int64              `json:"attempts"`
	Checks         int64              `json:"checks"`
	NextCheck      *time.Time         `json:"next_check,omitempty"`    // when the verifier is asked next
	StateEndsAt    *time.Time         `json:"state_ends_at,omitempty"` // if nobody does anything
	CreatedAt      time.Time          `json:"created_at"`
	AuthorizedAt   *time.Time         `json:"authorized_at,omitempty"`
	VerifiedAt     *time.Time         `json:"verified_at,omitempty"`
	FinishedAt     *time.Time         `json:"finished_at,omitempty"`
	ExpiresAt      time.Time          `json:"expires_at"`
	UpdatedAt      time.Time          `json:"updated_at"`
	Challenge      *challengeView     `json:"challenge,omitempty"` // the proof of an address
	Grant          *grantView         `json:"grant,omitempty"`
	Audit          []store.AuditEvent `json:"audit,omitempty"`
}

func viewSession(s kyc.Session) sessionView {
	v := sessionView{
		ID: s.ID, ClientID: s.ClientID, Method: s.Method, Status: s.Status, Error: s.ErrorCode, Scope: s.Scope,
		GrantedScope: s.GrantedScope, Consent: s.Consent, AccountID: s.AccountID,
		RedirectURI: s.RedirectURI, VerificationID: s.RequestID, Attempts: s.Attempts, Checks: s.Checks,
		StateEndsAt: s.Deadline(), CreatedAt: s.CreatedAt, AuthorizedAt: s.AuthorizedAt, VerifiedAt: s.VerifiedAt,
		FinishedAt: s.FinishedAt, ExpiresAt: s.ExpiresAt, UpdatedAt: s.UpdatedAt,
	}
	if s.Method.Visits() && s.Status == kyc.StatusAuthorized { // else it is due to be ended
		v.NextCheck = s.NextCheck
	}
	return v
}

type sessionListCmd struct {
	storageSettings `embed:""`
	Client          string `placeholder:"ID" help:"Only those of one client."`
	Status          string `placeholder:"STATUS" help:"Only those that are pending, authorized, verified, completed, failed, expired or denied."`
	Limit           int    `default:"100" placeholder:"N" help:"How many at most (default 100)."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

// Run implements the verb session list.
func (c *sessionListCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	f.limit(c.Limit)
	if c.Status != "" && !slices.Contains(kyc.Statuses, kyc.Status(c.Status)) {
		f.add("status", "must be one of: %s", fmt.Sprint(kyc.Statuses))
	}
	return p.withStorage(ctx, f, config, func(s *storage) error {
		found, err := s.store.Sessions(ctx, store.SessionFilter{ClientID: c.Client, Status: kyc.Status(c.Status), Limit: c.Limit})
		if err != nil {
			return err
		}
		views, rows := []sessionView{}, []row{}
		for _, session := range found {
			v := viewSession(session)
			views = append(views, v)
			rows = append(rows, row{v.ID.String(), v.ClientID, string(v.Status), v.Error, fmt.Sprint(v.Attempts), at(&v.CreatedAt), at(&v.UpdatedAt)})
		}
		if c.JSON {
			return p.printJSON(views)
		}
		return p.printTable(row{"SESSION", "CLIENT", "STATUS", "ERROR", "ATTEMPTS", "CREATED", "UPDATED"}, rows)
	})
}

type sessionShowCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The session's id."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

// Run implements the verb session show.
func (c *sessionShowCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config, id := c.storageSettings.check(&f), f.sessionID(c.ID)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		grant, err := p.grantOf(ctx, s, id)
		if err != nil {
			return err
		}
		session, err := s.store.Session(ctx, id)
		if err != nil {
			return noSession(id, grant, err)
		}
		v := viewSession(session)
		v.Grant = grant
		if v.Challenge, err = p.challengeOf(ctx, s, session); err != nil {
			return err
		}
		if v.Audit, err = s.store.Audit(ctx, id); err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(v)
		}
		return p.printSession(v)
	})
}

func (f *faults) sessionID(text string) kyc.ID {
	id, err := kyc.ParseID(text)
	if err != nil {
		f.add("id", "%q is not a session's id", text)
	}
	return id
}

// noSession says which session there is not, in place of a plain ErrNotFound. A
// grant can outlive its session.
func noSession(id kyc.ID, grant *grantView, err error) error {
	switch {
	case !errors.Is(err, store.ErrNotFound):
		return err
	case grant != nil && grant.Live:
		return fmt.Errorf("session %s is not kept any more, but what client %q may read is: %s, %s", id, grant.ClientID, grant.Scope, grant.state())
	}
	return fmt.Errorf("there is no session %s", id)
}

// grantOf returns what came of a session, live or not, or nil.
func (p *program) grantOf(ctx context.Context, s *storage, session kyc.ID) (*grantView, error) {
	g, err := s.store.GrantOfSession(ctx, session)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	v := viewGrant(g, p.now())
	return &v, err
}

type sessionRevokeCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The session's id."`
	JSON            bool   `name:"json" help:"Print JSON: the grant."`
}

// Run implements the verb session revoke.
func (c *sessionRevokeCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config, id := c.storageSettings.check(&f), f.sessionID(c.ID)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		grant, err := s.store.GrantOfSession(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		var ended *grantView
		if err == nil && grant.Live(p.now()) {
			if ended, err = p.endGrant(ctx, s, grant, kyc.RevokedByOperator); err != nil {
				return err
			}
		}
		if ended == nil {
			return fmt.Errorf("nobody can read anything of session %s", id)
		}
		if c.JSON {
			return p.printJSON(ended)
		}
		fmt.Fprintf(p.stderr, "ended what client %s could read of session %s\n", ended.ClientID, id)
		return nil
	})
}

func (p *program) printSession(v sessionView) error {
	var account, readable string
	if v.AccountID != nil {
		account = v.AccountID.String()
	}
	if v.Grant != nil {
		readable = v.Grant.Scope + ", " + v.Grant.state()
	}
	err := p.printPairs(append([]row{
		{"session", v.ID.String()}, {"client_id", v.ClientID}, {"method", cmp.Or(string(v.Method), "not chosen")}, {"status", string(v.Status)},
		{"error", v.Error}, {"scope", v.Scope}, {"granted", v.GrantedScope}, {"consent", string(v.Consent)},
		{"account", account}, {"readable", readable}, {"redirect URI", v.RedirectURI}, {"verification", v.VerificationID},
		{"attempts", fmt.Sprint(v.Attempts)}, {"checks", fmt.Sprint(v.Checks)}, {"next check", at(v.NextCheck)},
		{"ends by itself", at(v.StateEndsAt)},
		{"created", at(&v.CreatedAt)}, {"opened", at(v.AuthorizedAt)}, {"verified", at(v.VerifiedAt)},
		{"finished", at(v.FinishedAt)}, {"expires", at(&v.ExpiresAt)}, {"updated", at(&v.UpdatedAt)},
	}, v.Challenge.pairs()...))
	if err != nil || len(v.Audit) == 0 {
		return err
	}
	rows := []row{}
	for _, e := range v.Audit {
		rows = append(rows, row{at(&e.At), e.Actor, e.Event})
	}
	fmt.Fprintln(p.stdout)
	return p.printTable(row{"TIME", "ACTOR", "EVENT"}, rows)
}
