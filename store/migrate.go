package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrationFiles embed.FS

// Migrator brings a database's schema forward. Both backends embed one.
type Migrator struct {
	provider *goose.Provider // takes the lock of the options
	look     *goose.Provider // reads without, so that a probe never waits for a migration
}

// NewMigrator returns the migrator for an engine, whose files lie in the folder
// of that name below migrations. It does not touch the database yet.
func NewMigrator(engine string, dialect goose.Dialect, db *sql.DB, options ...goose.ProviderOption) (Migrator, error) {
	files, err := fs.Sub(migrationFiles, "migrations/"+engine)
	if err != nil {
		return Migrator{}, err
	}
	common := []goose.ProviderOption{goose.WithLogger(goose.NopLogger()), goose.WithTableName("schema_version")}
	var m Migrator
	if m.look, err = goose.NewProvider(dialect, db, files, common...); err != nil {
		return Migrator{}, fmt.Errorf("reading migrations: %w", err)
	}
	if m.provider, err = goose.NewProvider(dialect, db, files, append(common, options...)...); err != nil {
		return Migrator{}, fmt.Errorf("reading migrations: %w", err)
	}
	return m, nil
}

// Migrate applies what is missing, each version in a transaction of its own, and
// returns it. A database that is newer than this program is left alone, with an
// error.
func (m Migrator) Migrate(ctx context.Context) ([]Migration, error) {
	if err := refuseNewer(ctx, m.provider); err != nil {
		return nil, err
	}
	results, err := m.provider.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrating: %w", err)
	}
	out := make([]Migration, len(results))
	for i, r := range results {
		out[i] = Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path)}
	}
	return out, nil
}

// ErrNewerSchema says that a newer program has migrated the database.
var ErrNewerSchema = errors.New("database schema is newer than this program")

func refuseNewer(ctx context.Context, provider *goose.Provider) error {
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; version > newest {
		return fmt.Errorf("%w: it has version %d, the newest known is %d", ErrNewerSchema, version, newest)
	}
	return nil
}

// Migrations lists all versions and when each was applied.
func (m Migrator) Migrations(ctx context.Context) ([]Migration, error) {
	if err := refuseNewer(ctx, m.look); err != nil {
		return nil, err
	}
	status, err := m.look.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the schema's version: %w", err)
	}
	out := make([]Migration, len(status))
	for i, st := range status {
		out[i] = Migration{Version: st.Source.Version, Name: path.Base(st.Source.Path)}
		if st.State == goose.StateApplied {
			at := st.AppliedAt.UTC()
			out[i].AppliedAt = &at
		}
	}
	return out, nil
}
