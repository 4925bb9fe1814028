package main

import (
	"context"
	"errors"
	"fmt"

	"vouchgate/kyc"
	"vouchgate/server/password"
	"vouchgate/store"
)

type accountAddCmd struct {
	storageSettings `embed:""`
	UserName        string `required:"" placeholder:"NAME" help:"What the person signs in with, such as an address for mail: up to 128 bytes without spaces; upper and lower case are the same."`
	passwordFlags   `embed:""`
	claimFlags      `embed:""`
	JSON            bool `name:"json" help:"Print JSON."`
}

// issuedAccount is an account with its password, which is printed once.
type issuedAccount struct {
	ID       kyc.ID `json:"account_id"`
	UserName string `json:"user_name"`
	Password string `json:"password,omitempty"`
}

func (p *program) printIssuedAccount(i issuedAccount, asJSON bool) error {
	if asJSON {
		return p.printJSON(i)
	}
	if i.Password != "" {
		fmt.Fprintln(p.stderr, "Hand this over; it is shown this once.")
	}
	return p.printPairs([]row{{"user_name", i.UserName}, {"account_id", i.ID.String()}, {"password", i.Password}})
}

// Run implements the verb account add.
func (c *accountAddCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config, name := c.storageSettings.check(&f), f.userName(c.UserName)
	if c.PasswordFile == "-" && c.ClaimsFile == "-" {
		f.add("claims-file", "does not go with --password-file -: standard input is one of them")
		return f.err()
	}
	secret, shown := c.passwordFlags.read(p, &f)
	claims := c.claimFlags.apply(p, kyc.Claims{}, &f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		now := p.now()
		id, err := kyc.NewID(now, p.rand)
		if err != nil {
			return err
		}
		account := kyc.Account{ID: id, UserName: name, CreatedAt: now, UpdatedAt: now}
		if account.PasswordHash, err = password.New(p.rand).Hash(ctx, secret); err != nil {
			return err
		}
		if err := s.sealClaims(&account, claims); err != nil {
			return err
		}
		err = s.store.CreateAccount(ctx, account)
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("there is an account %q already", name)
		}
		if err != nil {
			return err
		}
		return p.printIssuedAccount(issuedAccount{id, name, shown}, c.JSON)
	})
}

type accountSetPasswordCmd struct {
	storageSettings `embed:""`
	UserName        string `arg:"" name:"user-name" help:"The user name."`
	passwordFlags   `embed:""`
	JSON            bool `name:"json" help:"Print JSON."`
}

// Run implements the verb account set-password.
func (c *accountSetPasswordCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	secret, shown := c.passwordFlags.read(p, &f)
	task := accountTask{settings: c.storageSettings, name: c.UserName, event: "account.password_set"}
	return p.changeAccount(ctx, f, task, func(_ *storage, a *kyc.Account) (err error) {
		a.PasswordHash, err = password.New(p.rand).Hash(ctx, secret)
		return err
	}, func(a kyc.Account) error {
		return p.printIssuedAccount(issuedAccount{a.ID, a.UserName, shown}, c.JSON)
	})
}

type accountSetClaimsCmd struct {
	storageSettings `embed:""`
	UserName        string `arg:"" name:"user-name" help:"The user name."`
	claimFlags      `embed:""`
	JSON            bool `name:"json" help:"Print JSON: the account, without the claims' values."`
}

// Help implements kong.HelpProvider.
func (accountSetClaimsCmd) Help() string {
	return "An empty value takes a claim away. The person is signed out everywhere; clients go on reading what they got before."
}

// Run implements the verb account set-claims.
func (c *accountSetClaimsCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	if len(c.Claim) == 0 && c.ClaimsFile == "" {
		f.add("claim", "or claims-file must be given")
	}
	changes := c.claimFlags.apply(p, nil, &f)
	task := accountTask{settings: c.storageSettings, name: c.UserName, event: "account.claims_set"}
	return p.changeAccount(ctx, f, task, func(s *storage, a *kyc.Account) error {
		claims, err := s.openClaims(*a)
		if err != nil {
			return err
		}
		return s.sealClaims(a, merge(claims, changes))
	}, p.tellAccount("changed", c.JSON))
}

type accountDisableCmd struct {
	storageSettings `embed:""`
	UserName        string `arg:"" name:"user-name" help:"The user name."`
	JSON            bool   `name:"json" help:"Print JSON: the account."`
}

// Run implements the verb account disable.
func (c *accountDisableCmd) Run(ctx context.Context, p *program, given *sources) error {
	task := accountTask{settings: c.storageSettings, name: c.UserName, event: "account.disabled"}
	return p.changeAccount(ctx, given.faults, task, func(_ *storage, a *kyc.Account) error {
		if a.Enabled() {
			now := p.now()
			a.DisabledAt = &now
		}
		return nil
	}, p.tellAccount("disabled", c.JSON))
}

type accountEnableCmd struct {
	storageSettings `embed:""`
	UserName        string `arg:"" name:"user-name" help:"The user name."`
	JSON            bool   `name:"json" help:"Print JSON: the account."`
}

// Run implements the verb account enable.
func (c *accountEnableCmd) Run(ctx context.Context, p *program, given *sources) error {
	task := accountTask{settings: c.storageSettings, name: c.UserName, event: "account.enabled"}
	return p.changeAccount(ctx, given.faults, task, func(_ *storage, a *kyc.Account) error {
		a.DisabledAt = nil
		return nil
	}, p.tellAccount("enabled", c.JSON))
}

// accountTask is a change to one account. event is its name in the audit trail.
type accountTask struct {
	settings    storageSettings
	name, event string
}

// changeAccount makes one change to an account and prints what came of it.
func (p *program) changeAccount(
	ctx context.Context, f faults, t accountTask, change func(*storage, *kyc.Account) error, print func(kyc.Account) error,
) error {
	config, name := t.settings.check(&f), f.userName(t.name)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		account, err := s.store.AccountByName(ctx, name)
		if err != nil {
			return noAccount(name, err)
		}
		if err := change(s, &account); err != nil {
			return err
		}
		account.UpdatedAt = p.now()
		if err := s.store.UpdateAccount(ctx, account, t.event); err != nil {
			return noAccount(name, err)
		}
		return print(account)
	})
}

// tellAccount says what was done to an account.
func (p *program) tellAccount(done string, asJSON bool) func(kyc.Account) error {
	return func(a kyc.Account) error {
		if asJSON {
			return p.printJSON(viewAccount(a))
		}
		fmt.Fprintf(p.stderr, "%s account %s\n", done, a.UserName)
		return nil
	}
}
