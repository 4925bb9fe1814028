package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"vouchgate/kyc"
	"vouchgate/server/jose"
)

type keyCmd struct {
	List   keyListCmd   `cmd:"" help:"List the keys that sign ID tokens."`
	Rotate keyRotateCmd `cmd:"" help:"Make the next key that signs ID tokens, before its time."`
}

// keyView is how a signing key is printed, without its private part.
type keyView struct {
	ID         kyc.ID    `json:"key_id"`
	Algorithm  string    `json:"algorithm"`
	Generation int64     `json:"generation"`
	State      string    `json:"state"` // next, signing, published or retired
	SignsFrom  time.Time `json:"signs_from"`
	CreatedAt  time.Time `json:"created_at"`
}

// viewKeys returns keys as they are at a time. A key that was followed by another
// one stays published until what it signed has run out.
func viewKeys(keys []kyc.SigningKey, now time.Time) []keyView {
	views := []keyView{}
	retired := jose.Retired(keys, now, jose.DefaultGrace)
	for _, k := range keys {
		v := keyView{ID: k.ID, Algorithm: k.Algorithm, Generation: k.Generation, State: "signing", SignsFrom: k.SignsFrom, CreatedAt: k.CreatedAt}
		followed := slices.ContainsFunc(keys, func(other kyc.SigningKey) bool {
			return other.Algorithm == k.Algorithm && other.Generation > k.Generation && !other.SignsFrom.After(now)
		})
		switch {
		case slices.ContainsFunc(retired, func(other kyc.SigningKey) bool { return other.ID == k.ID }):
			v.State = "retired"
		case followed:
			v.State = "published"
		case k.SignsFrom.After(now):
			v.State = "next"
		}
		views = append(views, v)
	}
	return views
}

func (p *program) printKeys(views []keyView, asJSON bool) error {
	if asJSON {
		return p.printJSON(views)
	}
	rows := []row{}
	for _, v := range views {
		rows = append(rows, row{v.ID.String(), v.Algorithm, fmt.Sprint(v.Generation), v.State, at(&v.SignsFrom), at(&v.CreatedAt)})
	}
	return p.printTable(row{"KEY", "ALGORITHM", "GENERATION", "STATE", "SIGNS FROM", "CREATED"}, rows)
}

type keyListCmd struct {
	storageSettings `embed:""`
	JSON            bool `name:"json" help:"Print JSON."`
}

// Run implements the verb key list.
func (c *keyListCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		keys, err := s.store.SigningKeys(ctx)
		if err != nil {
			return err
		}
		return p.printKeys(viewKeys(keys, p.now()), c.JSON)
	})
}

type keyRotateCmd struct {
	storageSettings `embed:""`
	Alg             string `placeholder:"ES256|RS256" help:"Only the key of one algorithm (default both)."`
	Now             bool   `help:"Sign with the new key at once, because the present one may have leaked, and not after a day in which clients have time to read it."`
	JSON            bool   `name:"json" help:"Print JSON: the new keys."`
}

// Help implements kong.HelpProvider.
func (keyRotateCmd) Help() string {
	return "Keys follow one another by themselves (--signing-key-lifetime of serve). " +
		"Running gateways notice a new key within a minute; the one before stays in /jwks for a day after it."
}

// Run implements the verb key rotate.
func (c *keyRotateCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	algorithms := []string{jose.ES256, jose.RS256}
	if c.Alg != "" {
		algorithms = []string{f.oneOf("alg", c.Alg, algorithms...)}
	}
	return p.withStorage(ctx, f, config, func(s *storage) error {
		keys, err := p.signingKeys(s, 0, newLog(logConfig{level: slog.LevelWarn, text: true}, p.stderr))
		if err != nil {
			return err
		}
		made := []kyc.SigningKey{}
		for _, algorithm := range algorithms {
			key, err := keys.Rotate(ctx, algorithm, c.Now)
			if err != nil {
				return fmt.Errorf("making the next %s key: %w", algorithm, err)
			}
			made = append(made, key)
		}
		return p.printKeys(viewKeys(made, p.now()), c.JSON)
	})
}

// signingKeys returns the keys that sign ID tokens, each for a lifetime (0: the
// default).
func (p *program) signingKeys(s *storage, lifetime time.Duration, log *slog.Logger) (*jose.Keys, error) {
	return jose.New(jose.Config{
		Store: s.store, Seal: s.ring.Seal, Open: s.ring.Open, Now: p.now, Rand: p.rand, Log: log, Lifetime: lifetime,
	})
}
