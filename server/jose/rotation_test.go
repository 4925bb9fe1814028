package jose

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"vouchgate/kyc"
)

// A key is followed by the next one while somebody signs with it every day.
func TestKeysFollowOneAnother(t *testing.T) {
	t.Parallel()
	k, s, c := alone(t)
	first := keyID(t, mustSign(t, k, ES256))
	second := ""
	for n := 1; n <= 92; n++ {
		c.pass(day)
		signs := keyID(t, mustSign(t, k, ES256))
		ids := listed(t, k, ES256)
		switch {
		case n < 89 && (len(ids) != 1 || signs != first):
			t.Errorf("day %d: %d keys, %s signs", n, len(ids), signs)
		case n == 89:
			if len(ids) != 2 || signs != first {
				t.Fatalf("day %d: %d keys, %s signs; want the next key published and the first at work", n, len(ids), signs)
			}
			second = ids[1]
		case n == 90 && (len(ids) != 2 || signs != second):
			t.Errorf("day %d: %d keys, %s signs; want the second at work and the first published", n, len(ids), signs)
		case n > 90 && (!slices.Equal(ids, []string{second}) || signs != second):
			t.Errorf("day %d: %v are listed, %s signs; want the second alone", n, ids, signs)
		}
	}
	if rows, _ := s.count(); rows != 2 {
		t.Errorf("%d keys are kept; want one of each algorithm, and the old ones erased", rows)
	}
}

func TestKeysThatNobodyUsedForLongAreStillFollowedWithNotice(t *testing.T) {
	t.Parallel()
	k, _, c := alone(t)
	first := keyID(t, mustSign(t, k, ES256))
	c.pass(400 * day)
	if ids := listed(t, k, ES256); len(ids) != 2 || keyID(t, mustSign(t, k, ES256)) != first {
		t.Errorf("%d keys are listed, and the old one does not sign", len(ids))
	}
	c.pass(DefaultAhead)
	if keyID(t, mustSign(t, k, ES256)) == first {
		t.Error("the old one signs after the notice")
	}
}

func TestStoreIsAskedOnceAMinute(t *testing.T) {
	t.Parallel()
	k, s, c := alone(t)
	mustSign(t, k, ES256)
	_, before := s.count()
	c.pass(59 * time.Second)
	mustSign(t, k, ES256)
	if _, reads := s.count(); reads != before {
		t.Errorf("%d reads within a minute", reads-before)
	}
	c.pass(time.Second)
	mustSign(t, k, ES256)
	mustSign(t, k, ES256)
	if _, reads := s.count(); reads != before+1 {
		t.Errorf("%d reads after a minute", reads-before)
	}
	c.pass(-day) // a clock that was set back
	mustSign(t, k, ES256)
	if _, reads := s.count(); reads != before+2 {
		t.Errorf("%d reads after the clock was set back", reads-before)
	}
}

func TestRotateMakesTheNextKey(t *testing.T) {
	t.Parallel()
	k, _, c := alone(t)
	first, err := k.Rotate(t.Context(), ES256, false)
	if err != nil || first.Generation != 1 || !first.SignsFrom.Equal(noon) {
		t.Fatalf("the first key is %d from %v, %v", first.Generation, first.SignsFrom, err)
	}
	second, err := k.Rotate(t.Context(), ES256, false)
	if err != nil || second.Generation != 2 || !second.SignsFrom.Equal(noon.Add(DefaultAhead)) {
		t.Fatalf("the second key is %d from %v, %v", second.Generation, second.SignsFrom, err)
	}
	if got := keyID(t, mustSign(t, k, ES256)); got != first.ID.String() {
		t.Error("the second key signs before its time")
	}
	third, err := k.Rotate(t.Context(), ES256, true)
	if err != nil || third.Generation != 3 || !third.SignsFrom.Equal(noon) {
		t.Fatalf("the third key is %d from %v, %v", third.Generation, third.SignsFrom, err)
	}
	if got := keyID(t, mustSign(t, k, ES256)); got != third.ID.String() {
		t.Error("a key made to sign at once does not")
	}
	if got := len(listed(t, k, ES256)); got != 3 {
		t.Errorf("%d keys are listed, want all", got)
	}
	c.pass(DefaultAhead + DefaultGrace)
	if got := listed(t, k, ES256); !slices.Equal(got, []string{third.ID.String()}) {
		t.Errorf("%v are listed; want the third alone, which overtook the second", got)
	}
}

func TestReplicasAgreeOnTheKeyOfWhoeverIsFirst(t *testing.T) {
	t.Parallel()
	s, c, ring := &table{}, newClock(), ringOf(t, 1)
	one, two := replica(t, s, c, ring, io.Discard), replica(t, &table{}, c, ring, io.Discard)
	other := keyID(t, mustSign(t, two, ES256))
	theirs := two.cfg.Store.(*table).rows[0]
	s.before = func(s *table, _ kyc.SigningKey) { // just before one adds its own
		s.rows, s.before = append(s.rows, theirs), nil
	}
	if got := keyID(t, mustSign(t, one, ES256)); got != other {
		t.Errorf("one signs with %s, the other with %s", got, other)
	}
	s.before = func(s *table, key kyc.SigningKey) {
		theirs.ID[15]++
		theirs.Generation = key.Generation
		s.rows, s.before = append(s.rows, theirs), nil
	}
	if key, err := one.Rotate(t.Context(), ES256, true); err != nil || key.Generation != 3 {
		t.Errorf("Rotate gave way to another replica: generation %d, %v", key.Generation, err)
	}
}

func TestOthersThatAreAlwaysFirstAreAnError(t *testing.T) {
	t.Parallel()
	k, s, _ := alone(t)
	s.before = func(s *table, key kyc.SigningKey) {
		key.Sealed = nil // it cannot be opened here
		s.rows = append(s.rows, key)
	}
	if _, err := k.Sign(t.Context(), ES256, "x"); !errors.Is(err, ErrNoKey) {
		t.Errorf("Sign: %v", err)
	}
	if _, err := k.Rotate(t.Context(), ES256, true); !errors.Is(err, ErrNoKey) {
		t.Errorf("Rotate: %v", err)
	}
}

func TestFirstKeyOfAReplicaWhoseClockIsAheadIsUsed(t *testing.T) {
	t.Parallel()
	s, ring, ahead := &table{}, ringOf(t, 1), newClock()
	ahead.pass(30 * time.Second)
	id := keyID(t, mustSign(t, replica(t, s, ahead, ring, io.Discard), ES256))
	if got := keyID(t, mustSign(t, replica(t, s, newClock(), ring, io.Discard), ES256)); got != id || len(s.rows) != 1 {
		t.Errorf("%s signs, there are %d keys", got, len(s.rows))
	}
}

func TestStoreThatFailsDoesNotStopSigning(t *testing.T) {
	t.Parallel()
	s, c, log := &table{}, newClock(), &bytes.Buffer{}
	k := replica(t, s, c, ringOf(t, 1), log)
	down := errors.New("store is down")
	s.fail(down, nil)
	if _, err := k.Sign(t.Context(), ES256, "x"); !errors.Is(err, down) {
		t.Errorf("without any key: %v", err)
	}
	if _, err := k.Rotate(t.Context(), ES256, true); !errors.Is(err, down) {
		t.Errorf("Rotate: %v", err)
	}
	s.fail(nil, down)
	if _, err := k.JWKS(t.Context()); !errors.Is(err, down) {
		t.Errorf("without a key that is kept: %v", err)
	}
	s.fail(nil, nil)
	first := keyID(t, mustSign(t, k, ES256))
	c.pass(89 * day)
	s.fail(down, nil)
	if got := keyID(t, mustSign(t, k, ES256)); got != first || !strings.Contains(log.String(), "known ones are used") {
		t.Errorf("%s signs; log:\n%s", got, log)
	}
	c.pass(believed)
	s.fail(nil, down)
	if got := keyID(t, mustSign(t, k, ES256)); got != first || !strings.Contains(log.String(), "no successor was made") {
		t.Errorf("%s signs; log:\n%s", got, log)
	}
	c.pass(believed)
	s.fail(nil, nil)
	if mustSign(t, k, ES256); len(s.rows) != 2 {
		t.Errorf("there are %d keys, want the successor made", len(s.rows))
	}
}

func TestCallerWhoLeavesIsNotTheStoreThatFails(t *testing.T) {
	t.Parallel()
	k, s, c := alone(t)
	mustSign(t, k, ES256)
	c.pass(believed)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := k.Sign(gone, ES256, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	_, before := s.count()
	mustSign(t, k, ES256)
	if _, reads := s.count(); reads != before+1 {
		t.Errorf("the next caller read %d times", reads-before)
	}
	if err := k.turn.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.pass(believed)
	if _, err := k.JWKS(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for others: %v", err)
	}
	if _, err := k.Rotate(gone, ES256, true); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for others to rotate: %v", err)
	}
}

// unusable says how a row can be spoiled, and whether its public key stays listed.
var unusable = map[string]struct {
	spoil  func(t *testing.T, row, other *kyc.SigningKey)
	listed bool
}{
	"sealed with a key that is not here": {func(t *testing.T, row, _ *kyc.SigningKey) {
		der, err := ringOf(t, 1).Open(kyc.PurposeSigningKey, row.ID[:], row.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if row.Sealed, err = ringOf(t, 2).Seal(kyc.PurposeSigningKey, row.ID[:], der); err != nil {
			t.Fatal(err)
		}
	}, true},
	"the private key of another row": {func(_ *testing.T, row, other *kyc.SigningKey) { row.Sealed = other.Sealed }, true},
	"sealed and no key": {func(t *testing.T, row, _ *kyc.SigningKey) {
		var err error
		if row.Sealed, err = ringOf(t, 1).Seal(kyc.PurposeSigningKey, row.ID[:], []byte("junk")); err != nil {
			t.Fatal(err)
		}
	}, true},
	"a public key that is not its own": {func(_ *testing.T, row, other *kyc.SigningKey) {
		row.Public = bytes.ReplaceAll(other.Public, []byte(other.ID.String()), []byte(row.ID.String()))
	}, false},
	"the public key of another row": {func(_ *testing.T, row, other *kyc.SigningKey) { row.Public = other.Public }, false},
	"a public key that is none":     {func(_ *testing.T, row, _ *kyc.SigningKey) { row.Public = []byte("{}") }, false},
}

func TestKeyThatCannotBeUsedIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range unusable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, s, _ := alone(t)
			spoiled := keyID(t, mustSign(t, before, ES256))
			another, others, _ := alone(t)
			mustSign(t, another, ES256)
			tc.spoil(t, &s.rows[0], &others.rows[0])

			log := &bytes.Buffer{}
			c := newClock()
			k := replica(t, s, c, ringOf(t, 1), log)
			now := keyID(t, mustSign(t, k, ES256))
			if now == spoiled || len(s.rows) != 2 {
				t.Fatalf("%s signs, there are %d keys", now, len(s.rows))
			}
			if got := slices.Contains(listed(t, k, ES256), spoiled); got != tc.listed {
				t.Errorf("listed is %t, want %t", got, tc.listed)
			}
			c.pass(believed)
			mustSign(t, k, ES256)
			if got := strings.Count(log.String(), "cannot be used"); got != 1 {
				t.Errorf("it was reported %d times:\n%s", got, log)
			}
		})
	}
}

// Whatever a replica signed can be verified with what any replica publishes, when
// it is signed and until it has run out, however seldom they are asked.
func TestTokensStayVerifiable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, c, ring := &table{}, newClock(), ringOf(t, 1)
		replicas := []*Keys{replica(t, s, c, ring, io.Discard), replica(t, s, c, ring, io.Discard), replica(t, s, c, ring, io.Discard)}
		one := rapid.SampledFrom(replicas)
		type issued struct {
			token string
			until time.Time
		}
		var tokens []issued
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			tokens = append(tokens, issued{mustSign(t, one.Draw(rt, "signer"), ES256), c.now().Add(DefaultGrace)})
			verifier := one.Draw(rt, "verifier")
			keys := keySet(t, verifier)
			for _, k := range tokens {
				if !c.now().After(k.until) && !verifiable(t, keys, k.token) {
					rt.Fatalf("a token valid until %v is not verifiable at %v", k.until, c.now())
				}
			}
			c.pass(time.Duration(rapid.Int64Range(0, int64(rapid.SampledFrom([]time.Duration{time.Hour, 2 * day, 100 * day}).
				Draw(rt, "scale"))).Draw(rt, "pause")))
		}
	})
}

func verifiable(t *testing.T, keys []gojose.JSONWebKey, token string) bool {
	t.Helper()
	signed, err := gojose.ParseSignedCompact(token, []gojose.SignatureAlgorithm{gojose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if _, err := signed.Verify(key); err == nil {
			return key.KeyID == keyID(t, token)
		}
	}
	return false
}
