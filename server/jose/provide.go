package jose

import (
	"context"
	"fmt"
	"slices"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"vouchgate/kyc"
)

// believed is how long what the store said about keys is taken for true. It is
// far less than the time between a key's publication and its first signature, so
// that every replica knows a key before one of them signs with it.
const believed = time.Minute

// maxTries is how often a key is made when other replicas are always first.
const maxTries = 3

// ring is what is known of the keys. It does not change once it is made.
type ring struct {
	readAt time.Time
	rows   []kyc.SigningKey
	opened map[kyc.ID]opened // the rows that matter still
}

// ready returns keys that were read lately, with one that can sign for each of
// the algorithms. Of many callers one does the work; the others wait for it.
func (k *Keys) ready(ctx context.Context, algorithms ...string) (*ring, error) {
	if r := k.kept.Load(); k.serves(r, algorithms) {
		return r, nil
	}
	if err := k.turn.take(ctx); err != nil {
		return nil, err
	}
	defer k.turn.give()
	r := k.kept.Load()
	if !k.fresh(r) {
		var err error
		if r, err = k.refresh(ctx, r); err != nil {
			return nil, err
		}
	}
	for _, a := range algorithms {
		var err error
		if r, err = k.provide(ctx, r, a); err != nil {
			return nil, fmt.Errorf("providing %s key: %w", a, err)
		}
	}
	return r, nil
}

func (k *Keys) fresh(r *ring) bool {
	if r == nil {
		return false
	}
	age := k.cfg.Now().Sub(r.readAt)
	return age >= 0 && age < believed
}

func (k *Keys) serves(r *ring, algorithms []string) bool {
	return k.fresh(r) && !slices.ContainsFunc(algorithms, func(a string) bool { return k.signer(r, a) == nil })
}

// signer returns what signs for an algorithm now, nil if nothing can.
func (k *Keys) signer(r *ring, algorithm string) gojose.Signer {
	usable := func(id kyc.ID) bool { return r.opened[id].signer != nil }
	key, ok := signing(r.rows, algorithm, k.cfg.Now(), k.cfg.Grace, usable)
	if !ok {
		return nil
	}
	return r.opened[key.ID].signer
}

// refresh reads the keys and makes successors for those whose time is coming. A
// store that does not answer is no reason to stop signing: keys that are known
// are then believed for longer.
func (k *Keys) refresh(ctx context.Context, known *ring) (*ring, error) {
	r, err := k.read(ctx)
	if err != nil {
		if known == nil || ctx.Err() != nil {
			return nil, err
		}
		k.cfg.Log.Warn("signing keys cannot be read; the known ones are used", "error", err)
		stale := *known
		stale.readAt = k.cfg.Now()
		k.kept.Store(&stale)
		return &stale, nil
	}
	for _, a := range algorithms {
		now := k.cfg.Now()
		if !due(r.rows, a, now, k.cfg.Lifetime, k.cfg.Ahead) {
			continue
		}
		next, _, err := k.succeed(ctx, r, a, now.Add(k.cfg.Ahead))
		if err != nil {
			k.cfg.Log.Warn("no successor was made for a signing key", "algorithm", a, "error", err)
			continue
		}
		r = next
	}
	k.erase(ctx, r)
	return r, nil
}

// erase deletes the keys that nobody needs any more. One that stays is tried again
// the next time.
func (k *Keys) erase(ctx context.Context, r *ring) {
	for _, key := range Retired(r.rows, k.cfg.Now(), k.cfg.Grace) {
		if err := k.cfg.Store.RemoveSigningKey(ctx, key.ID); err != nil {
			k.cfg.Log.Warn("a signing key was not erased", "key_id", key.ID, "error", err)
			continue
		}
		k.cfg.Log.Info("signing key erased", "key_id", key.ID, "algorithm", key.Algorithm)
	}
}

// provide makes a key that signs at once if there is none that can.
func (k *Keys) provide(ctx context.Context, r *ring, algorithm string) (*ring, error) {
	for range maxTries {
		if k.signer(r, algorithm) != nil {
			return r, nil
		}
		var err error
		if r, _, err = k.succeed(ctx, r, algorithm, k.cfg.Now()); err != nil {
			return nil, err
		}
	}
	if k.signer(r, algorithm) == nil {
		return nil, ErrNoKey
	}
	return r, nil
}

// succeed makes the key that follows the newest one of an algorithm, and reads the
// keys again: added is nil if another replica was first, whose key is there then.
func (k *Keys) succeed(ctx context.Context, r *ring, algorithm string, from time.Time) (
	next *ring, added *kyc.SigningKey, err error,
) {
	last, _ := newest(r.rows, algorithm)
	key, err := k.make(algorithm, last.Generation+1, from)
	if err != nil {
		return nil, nil, err
	}
	ok, err := k.cfg.Store.AddSigningKey(ctx, key)
	if err != nil {
		return nil, nil, fmt.Errorf("adding signing key: %w", err)
	}
	if ok {
		added = &key
		k.cfg.Log.Info("signing key made", "key_id", key.ID, "algorithm", algorithm, "signs_from", from)
	}
	next, err = k.read(ctx)
	return next, added, err
}

// read asks the store and keeps what it says.
func (k *Keys) read(ctx context.Context) (*ring, error) {
	now := k.cfg.Now()
	rows, err := k.cfg.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	known := k.kept.Load()
	r := &ring{readAt: now, rows: rows, opened: map[kyc.ID]opened{}}
	for _, key := range published(rows, now, k.cfg.Grace) {
		r.opened[key.ID] = k.openOnce(known, key)
	}
	k.kept.Store(r)
	return r, nil
}

// openOnce opens a key unless that was done before. A key that cannot be opened
// is tried again whenever keys are read, and reported the first time.
func (k *Keys) openOnce(known *ring, key kyc.SigningKey) opened {
	var before opened
	seen := false
	if known != nil {
		before, seen = known.opened[key.ID]
	}
	if before.signer != nil {
		return before
	}
	o, err := k.open(key)
	if err != nil && !seen {
		k.cfg.Log.Error("signing key cannot be used", "key_id", key.ID, "algorithm", key.Algorithm, "error", err)
	}
	return o
}

// turn is a lock that can be waited for with a context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// take waits for the turn, or for the context, whose error it returns.
func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
