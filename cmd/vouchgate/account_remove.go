package main

import (
	"context"
	"fmt"

	"vouchgate/kyc"
)

type accountRemoveCmd struct {
	storageSettings `embed:""`
	UserName        string `arg:"" name:"user-name" help:"The user name."`
	Yes             bool   `help:"Say that you mean it: it cannot be undone."`
	JSON            bool   `name:"json" help:"Print JSON: the grants that were ended."`
}

// Run implements the verb account remove.
func (c *accountRemoveCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config, name := c.storageSettings.check(&f), f.userName(c.UserName)
	if !c.Yes {
		f.add("yes", "is needed to remove an account for good and to end what clients may read of it; account disable only keeps the person out")
	}
	return p.withStorage(ctx, f, config, func(s *storage) error {
		account, err := s.store.AccountByName(ctx, name)
		if err != nil {
			return noAccount(name, err)
		}
		ended, err := p.removeAccount(ctx, s, account)
		if err != nil {
			return noAccount(name, err)
		}
		if c.JSON {
			return p.printJSON(map[string]any{"account_id": account.ID, "grants": ended})
		}
		fmt.Fprintf(p.stderr, "removed account %s and ended %d grants\n", name, len(ended))
		return nil
	})
}

// removeAccount ends an account's grants, tells their clients and deletes the
// account. It is disabled and closed first, so that nobody makes another grant meanwhile.
func (p *program) removeAccount(ctx context.Context, s *storage, account kyc.Account) ([]grantView, error) {
	now := p.now()
	account.DisabledAt, account.UpdatedAt = &now, now
	if err := s.store.UpdateAccount(ctx, account, "account.disabled"); err != nil {
		return nil, err
	}
	if err := s.store.CloseAccount(ctx, account.ID, now); err != nil {
		return nil, err
	}
	ended := []grantView{}
	for {
		grants, err := s.store.GrantsOfAccount(ctx, account.ID, p.now())
		if err != nil {
			return ended, err
		}
		if len(grants) == 0 {
			break
		}
		for _, g := range grants {
			revoked, err := p.endGrant(ctx, s, g, kyc.RevokedByErasure)
			if err != nil {
				return ended, err
			}
			if revoked != nil {
				ended = append(ended, *revoked)
			}
		}
	}
	return ended, s.store.RemoveAccount(ctx, account.ID, p.now())
}
