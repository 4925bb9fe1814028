package main

import (
	"context"
	"fmt"

	"vouchgate/store"
)

type migrateCmd struct {
	storageSettings `embed:""`
	Status          bool `help:"Only list the versions and when each was applied."`
	JSON            bool `name:"json" help:"Print JSON."`
}

// Run implements the verb migrate.
func (c *migrateCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	if err := f.err(); err != nil {
		return err
	}
	tell := p.teller()
	if err := config.makeDirs(tell); err != nil {
		return err
	}
	st, err := config.openStore(ctx, tell)
	if err != nil {
		return err
	}
	defer st.Close()
	done := []store.Migration{}
	if !c.Status {
		if done, err = st.Migrate(ctx); err != nil {
			return err
		}
	}
	all, err := st.Migrations(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(map[string]any{"applied_now": done, "versions": all})
	}
	if c.Status {
		return p.printVersions(all)
	}
	for _, m := range done {
		fmt.Fprintf(p.stderr, "applied version %d, %s\n", m.Version, m.Name)
	}
	if len(done) == 0 {
		fmt.Fprintln(p.stderr, "nothing to do, the schema is the newest")
	}
	return nil
}

func (p *program) printVersions(all []store.Migration) error {
	var rows []row
	for _, m := range all {
		applied := "not applied"
		if m.AppliedAt != nil {
			applied = at(m.AppliedAt)
		}
		rows = append(rows, row{fmt.Sprint(m.Version), m.Name, applied})
	}
	return p.printTable(row{"VERSION", "FILE", "APPLIED"}, rows)
}
