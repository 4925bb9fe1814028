package storetest

import (
	"errors"
	"fmt"
	"time"

	"vouchgate/kyc"
)

var keyTests = []test{
	{"AllFieldsComeBackAsTheyWereKept", signingKeyRoundTrip},
	{"AKeyIsTheOneOfItsAlgorithmAndGeneration", signingKeyOnce},
	{"OneOfManyMakesTheNextKey", signingKeyTogether},
	{"ARemovedKeyIsGone", removeSigningKey},
	{"ASecretIsMadeOnceAndStays", serverSecret},
	{"ASecretThatCannotBeMadeIsNotKept", serverSecretFails},
	{"AllWhoMakeASecretGetTheSame", serverSecretTogether},
	{"AnAssertionIsGoodForOnce", assertionOnce},
	{"OneOfManyUsesAnAssertion", assertionTogether},
}

func (f *fixture) newSigningKey(algorithm string, generation int64) kyc.SigningKey {
	id, _ := kyc.NewID(noon, f.rand)
	return kyc.SigningKey{
		ID: id, Algorithm: algorithm, Generation: generation, Sealed: []byte{0, 255}, Public: []byte(`{"kty":"EC"}`),
		CreatedAt: micro(noon), SignsFrom: micro(noon.Add(time.Hour)),
	}
}

func (f *fixture) addSigningKey(k kyc.SigningKey) bool {
	f.t.Helper()
	added, err := f.AddSigningKey(f.ctx, k)
	f.ok(err)
	return added
}

func (f *fixture) signingKeys() []kyc.SigningKey {
	f.t.Helper()
	list, err := f.SigningKeys(f.ctx)
	f.ok(err)
	return list
}

func signingKeyRoundTrip(f *fixture) {
	f.same("keys of a new database", f.signingKeys(), []kyc.SigningKey{})
	want := f.newSigningKey("ES256", 1)
	kept := want
	kept.CreatedAt, kept.SignsFrom = noon.In(zones[1]), noon.Add(time.Hour).In(zones[2])
	f.same("added", f.addSigningKey(kept), true)
	f.same("keys", f.signingKeys(), []kyc.SigningKey{want})
}

func signingKeyOnce(f *fixture) {
	first, second, other := f.newSigningKey("ES256", 1), f.newSigningKey("ES256", 2), f.newSigningKey("RS256", 1)
	for _, k := range []kyc.SigningKey{second, other, first} {
		f.same("added", f.addSigningKey(k), true)
	}
	again := f.newSigningKey("ES256", 1)
	again.Sealed = []byte("another key")
	f.same("added again", f.addSigningKey(again), false)
	f.same("keys in their order", f.signingKeys(), []kyc.SigningKey{first, second, other})
}

func signingKeyTogether(f *fixture) {
	const n = 32
	made, added := make([]kyc.SigningKey, n), make([]bool, n)
	errs := together(n, func(i int) (err error) {
		made[i] = f.newSigningKey("ES256", int64(i%2))
		added[i], err = f.AddSigningKey(f.ctx, made[i])
		return err
	})
	f.ok(errors.Join(errs...))
	winners := make([]kyc.SigningKey, 2)
	for i, won := range added {
		if won {
			f.same("winner before it", winners[i%2], kyc.SigningKey{})
			winners[i%2] = made[i]
		}
	}
	f.same("keys", f.signingKeys(), winners)
}

func removeSigningKey(f *fixture) {
	old, next := f.newSigningKey("ES256", 1), f.newSigningKey("ES256", 2)
	f.addSigningKey(old)
	f.addSigningKey(next)
	for range 2 { // the second time it is gone already
		f.ok(f.RemoveSigningKey(f.ctx, old.ID))
		f.same("keys", f.signingKeys(), []kyc.SigningKey{next})
	}
}

// makes returns a maker of a secret.
func makes(text string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(text), nil }
}

func serverSecret(f *fixture) {
	first, err := f.ServerSecret(f.ctx, "subjects", makes("one"))
	f.ok(err)
	f.same("made", string(first), "one")
	kept, err := f.ServerSecret(f.ctx, "subjects", func() ([]byte, error) {
		f.t.Error("a secret that there is was made again")
		return nil, nil
	})
	f.ok(err)
	f.same("kept", string(kept), "one")
	other, err := f.ServerSecret(f.ctx, "codes", makes("two"))
	f.ok(err)
	f.same("another", string(other), "two")
}

func serverSecretFails(f *fixture) {
	broken := errors.New("no randomness")
	_, err := f.ServerSecret(f.ctx, "subjects", func() ([]byte, error) { return []byte("half"), broken })
	f.is(err, broken)
	kept, err := f.ServerSecret(f.ctx, "subjects", makes("whole"))
	f.ok(err)
	f.same("kept", string(kept), "whole")
}

func serverSecretTogether(f *fixture) {
	const n = 32
	got := make([]string, n)
	errs := together(n, func(i int) error {
		kept, err := f.ServerSecret(f.ctx, "subjects", makes(fmt.Sprint("secret ", i)))
		got[i] = string(kept)
		return err
	})
	f.ok(errors.Join(errs...))
	kept, err := f.ServerSecret(f.ctx, "subjects", makes("too late"))
	f.ok(err)
	for _, secret := range got {
		f.same("secret", secret, string(kept))
	}
}

func assertionOnce(f *fixture) {
	end := noon.Add(time.Minute)
	for _, row := range []struct {
		name, key string
		ends      time.Time
		want      bool
	}{
		{"the first use", "a", end, true},
		{"the second", "a", end, false},
		{"a use that says it ends later", "a", end.Add(time.Hour), false},
		{"another one", "b", end, true},
		{"one of other bytes", "a\x00\xff", end, true},
	} {
		fresh, err := f.UseAssertion(f.ctx, []byte(row.key), row.ends)
		f.ok(err)
		f.same(row.name, fresh, row.want)
	}
}

func assertionTogether(f *fixture) {
	const n = 64
	fresh := make([]bool, n)
	errs := together(n, func(i int) (err error) {
		fresh[i], err = f.UseAssertion(f.ctx, []byte("a"), noon.Add(time.Minute))
		return err
	})
	f.ok(errors.Join(errs...))
	f.same("winners", trues(fresh), 1)
}

func trues(list []bool) (n int) {
	for _, yes := range list {
		if yes {
			n++
		}
	}
	return n
}
