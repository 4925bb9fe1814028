package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

type accountCmd struct {
	Add         accountAddCmd         `cmd:"" help:"Add a person who can sign in here; prints the password, this once, if it was made."`
	List        accountListCmd        `cmd:"" help:"List accounts."`
	Show        accountShowCmd        `cmd:"" help:"Show an account and who may read its data; never the data."`
	SetPassword accountSetPasswordCmd `cmd:"" help:"Give a person another password and sign the person out everywhere."`
	SetClaims   accountSetClaimsCmd   `cmd:"" help:"Change a person's claims; those that are not given stay."`
	Disable     accountDisableCmd     `cmd:"" help:"Keep a person from signing in; clients go on reading what they got."`
	Enable      accountEnableCmd      `cmd:"" help:"Let a person sign in again."`
	Remove      accountRemoveCmd      `cmd:"" help:"Delete an account and end what clients may read of it."`
}

// userName reads a user name in its one form.
func (f *faults) userName(text string) string {
	name, err := kyc.NormalizeUserName(text)
	f.check("user-name", err)
	return name
}

// noAccount says which account there is not, in place of a plain ErrNotFound.
func noAccount(name string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no account %q", name)
	}
	return err
}

// accountView is how an account is printed: with the names of its claims and
// without their values.
type accountView struct {
	ID         kyc.ID      `json:"account_id"`
	UserName   string      `json:"user_name"`
	Enabled    bool        `json:"enabled"`
	Claims     []string    `json:"claims,omitempty"`
	Grants     []grantView `json:"grants,omitempty"`
	CreatedAt  time.Time   `json:"created_at"`
	UpdatedAt  time.Time   `json:"updated_at"`
	DisabledAt *time.Time  `json:"disabled_at,omitempty"`
}

func viewAccount(a kyc.Account) accountView {
	return accountView{
		ID: a.ID, UserName: a.UserName, Enabled: a.Enabled(),
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, DisabledAt: a.DisabledAt,
	}
}

type accountListCmd struct {
	storageSettings `embed:""`
	JSON            bool `name:"json" help:"Print JSON."`
}

// Run implements the verb account list.
func (c *accountListCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		accounts, err := s.store.Accounts(ctx)
		if err != nil {
			return err
		}
		views, rows := []accountView{}, []row{}
		for _, a := range accounts {
			v := viewAccount(a)
			views = append(views, v)
			rows = append(rows, row{v.UserName, v.ID.String(), pick(v.Enabled, "enabled", "disabled"), at(&v.CreatedAt)})
		}
		if c.JSON {
			return p.printJSON(views)
		}
		return p.printTable(row{"USER NAME", "ACCOUNT", "STATE", "CREATED"}, rows)
	})
}

type accountShowCmd struct {
	storageSettings `embed:""`
	UserName        string `arg:"" name:"user-name" help:"The user name."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

// Run implements the verb account show.
func (c *accountShowCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config, name := c.storageSettings.check(&f), f.userName(c.UserName)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		account, err := s.store.AccountByName(ctx, name)
		if err != nil {
			return noAccount(name, err)
		}
		claims, err := s.openClaims(account)
		if err != nil {
			return err
		}
		now := p.now()
		grants, err := s.store.GrantsOfAccount(ctx, account.ID, now)
		if err != nil {
			return err
		}
		v := viewAccount(account)
		v.Claims = slices.Sorted(maps.Keys(claims))
		for _, g := range grants {
			v.Grants = append(v.Grants, viewGrant(g, now))
		}
		if c.JSON {
			return p.printJSON(v)
		}
		return p.printAccount(v)
	})
}

func (p *program) printAccount(v accountView) error {
	err := p.printPairs([]row{
		{"user name", v.UserName}, {"account", v.ID.String()}, {"enabled", fmt.Sprint(v.Enabled)},
		{"claims", strings.Join(v.Claims, " ")}, {"created", at(&v.CreatedAt)}, {"updated", at(&v.UpdatedAt)}, {"disabled", at(v.DisabledAt)},
	})
	if err != nil || len(v.Grants) == 0 {
		return err
	}
	rows := []row{}
	for _, g := range v.Grants {
		rows = append(rows, row{g.ClientID, g.SessionID.String(), g.Scope, at(&g.CreatedAt), at(&g.ExpiresAt)})
	}
	fmt.Fprintln(p.stdout)
	return p.printTable(row{"CLIENT", "SESSION", "SCOPE", "SINCE", "UNTIL"}, rows)
}

// openClaims returns the claims of an account.
func (s *storage) openClaims(a kyc.Account) (kyc.Claims, error) {
	opened, err := s.ring.Open(kyc.PurposeAccount, a.ID[:], a.SealedClaims)
	if err != nil {
		return nil, fmt.Errorf("opening claims: %w", err)
	}
	return kyc.DecodeClaims(opened)
}

// sealClaims puts claims into an account.
func (s *storage) sealClaims(a *kyc.Account, claims kyc.Claims) error {
	encoded, err := claims.Encode()
	if err != nil {
		return fmt.Errorf("encoding claims: %w", err)
	}
	a.SealedClaims, err = s.ring.Seal(kyc.PurposeAccount, a.ID[:], encoded)
	return err
}
