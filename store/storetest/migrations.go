package storetest

import (
	"errors"

	"vouchgate/store"
)

var migrationTests = []test{
	{"MigratingTwiceDoesNothingTheSecondTime", migrateTwice},
	{"ConcurrentMigrationsOfOneProcessAllSucceed", migrateTogether},
	{"AMigratedStoreIsReady", ready},
}

func migrateTwice(f *fixture) { // the first time was for the fixture
	done, err := f.Migrate(f.ctx)
	f.ok(err)
	f.same("applied", done, []store.Migration{})
	list, err := f.Migrations(f.ctx)
	f.ok(err)
	if len(list) == 0 {
		f.t.Fatal("no version of the schema is listed")
	}
	for i, m := range list {
		f.same("version", m.Version, int64(i+1))
		if m.AppliedAt == nil || m.AppliedAt.IsZero() || m.Name == "" {
			f.t.Errorf("version %d was not applied or has no name: %+v", m.Version, m)
		}
	}
}

func migrateTogether(f *fixture) {
	errs := together(8, func(int) error {
		_, err := f.Migrate(f.ctx)
		return err
	})
	f.ok(errors.Join(errs...))
}

func ready(f *fixture) { f.ok(f.Ready(f.ctx)) }
