package password

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

// Hashes of "password" with the salt "somesalt", from the tests of the reference
// implementation (github.com/P-H-C/phc-winner-argon2, src/test.c).
const (
	cheap      = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	twoThreads = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
)

func TestPasswordIsVerifiedAgainstItsHash(t *testing.T) {
	t.Parallel()
	h := New(rand.Reader)
	hash, err := h.Hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(hash, want) {
		t.Errorf("the hash is %s, want it to begin with %s", hash, want)
	}
	for given, want := range map[string]bool{
		"correct horse battery": true, "correct horse batterz": false, "correct horse battery ": false, "Correct horse battery": false,
	} {
		ok, stale, err := h.Verify(t.Context(), hash, given)
		if ok != want || stale || err != nil {
			t.Errorf("Verify(%q) = %t, %t, %v; want %t and a hash of today", given, ok, stale, err, want)
		}
	}
}

func TestHashesOfOthersAreVerified(t *testing.T) {
	t.Parallel()
	h := New(rand.Reader)
	for _, hash := range []string{cheap, twoThreads} {
		ok, stale, err := h.Verify(t.Context(), hash, "password")
		if !ok || !stale || err != nil {
			t.Errorf("Verify(%s) = %t, %t, %v; want a right password and a stale hash", hash, ok, stale, err)
		}
		if ok, stale, err = h.Verify(t.Context(), hash, "passwore"); ok || stale || err != nil {
			t.Errorf("another password: %t, %t, %v", ok, stale, err)
		}
	}
}

func TestSamePasswordHasManyHashes(t *testing.T) {
	t.Parallel()
	h := stubbed(func() {})
	one, err1 := h.Hash(t.Context(), "correct horse battery")
	two, err2 := h.Hash(t.Context(), "correct horse battery")
	if err1 != nil || err2 != nil || one == two {
		t.Errorf("%s (%v) and %s (%v)", one, err1, two, err2)
	}
}

func TestPasswordCanBeTypedInSeveralWays(t *testing.T) {
	t.Parallel()
	var hashed [][]byte
	h := New(rand.Reader)
	h.derive = func(_ parameters, password, _ []byte, size uint32) []byte {
		hashed = append(hashed, password)
		return make([]byte, size)
	}
	for _, typed := range []string{"Z\u00fcrich \ufb01ne", "Zu\u0308rich fine", "\uff3a\u00fcrich fine"} {
		if _, err := h.Hash(t.Context(), typed); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(hashed[0], hashed[1]) || !bytes.Equal(hashed[0], hashed[2]) {
		t.Errorf("hashed as %q", hashed)
	}
}

func TestPasswordsOfImpossibleLengthAreNotHashed(t *testing.T) {
	t.Parallel()
	h := stubbed(func() { t.Error("a hash was worked on") })
	for _, password := range []string{"", strings.Repeat("x", maxBytes+1)} {
		if _, err := h.Hash(t.Context(), password); !errors.Is(err, ErrLength) {
			t.Errorf("Hash of %d bytes: %v", len(password), err)
		}
		for _, hash := range []string{cheap, h.Dummy()} {
			if ok, _, err := h.Verify(t.Context(), hash, password); ok || err != nil {
				t.Errorf("Verify of %d bytes: %t, %v", len(password), ok, err)
			}
		}
	}
}

func TestDummyCostsWhatAHashCostsAndMatchesNothing(t *testing.T) {
	t.Parallel()
	h := New(rand.Reader)
	hash, err := h.Hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	real, err := parse(hash)
	if err != nil {
		t.Fatal(err)
	}
	dummy, err := parse(h.Dummy())
	if err != nil {
		t.Fatal(err)
	}
	if dummy.parameters != real.parameters || len(dummy.salt) != len(real.salt) || len(dummy.key) != len(real.key) {
		t.Errorf("the dummy is %s, a hash is %s", h.Dummy(), hash)
	}
	if ok, stale, err := h.Verify(t.Context(), h.Dummy(), "correct horse battery"); ok || stale || err != nil {
		t.Errorf("a password is that of the dummy: %t, %t, %v", ok, stale, err)
	}
}

// weak are hashes that are right and yet not as they are made today.
var weak = map[string]encoded{
	"less memory":    {parameters{19*1024 - 1, 2, 1}, make([]byte, saltSize), make([]byte, keySize)},
	"more passes":    {parameters{19 * 1024, 3, 1}, make([]byte, saltSize), make([]byte, keySize)},
	"more threads":   {parameters{19 * 1024, 2, 2}, make([]byte, saltSize), make([]byte, keySize)},
	"a shorter salt": {today, make([]byte, saltSize-1), make([]byte, keySize)},
	"a shorter hash": {today, make([]byte, saltSize), make([]byte, keySize-1)},
}

func TestHashMadeOtherwiseIsStale(t *testing.T) {
	t.Parallel()
	h := stubbed(func() {})
	for name, e := range weak {
		if ok, stale, err := h.Verify(t.Context(), e.String(), "x"); !ok || !stale || err != nil {
			t.Errorf("with %s: %t, %t, %v", name, ok, stale, err)
		}
	}
}

func TestBrokenHashesAndSourcesAreReported(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	if _, err := New(iotest.ErrReader(broken)).Hash(t.Context(), "x"); !errors.Is(err, broken) {
		t.Errorf("a broken random source gives %v", err)
	}
	if ok, _, err := New(rand.Reader).Verify(t.Context(), "plain", "plain"); ok || !errors.Is(err, ErrEncoded) {
		t.Errorf("what is no hash gives %t, %v", ok, err)
	}
}

// stubbed returns a hasher whose hashes are all zero, after work was called.
func stubbed(work func()) *Hasher {
	h := New(rand.Reader)
	h.derive = func(_ parameters, _, _ []byte, size uint32) []byte {
		work()
		return make([]byte, size)
	}
	return h
}

func TestHashesAtATimeAreAsManyAsProcessors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at, all atomic.Int64
		next := make(chan struct{})
		h := stubbed(func() { at.Add(1); all.Add(1); <-next; at.Add(-1) })
		places := int64(runtime.GOMAXPROCS(0))
		var group sync.WaitGroup
		for range 3 * places {
			group.Go(func() {
				if _, _, err := h.Verify(t.Context(), cheap, "x"); err != nil {
					t.Error(err)
				}
			})
		}
		for left := 3 * places; left > 0; left-- {
			synctest.Wait()
			if got, want := at.Load(), min(left, places); got != want {
				t.Errorf("%d hashes are worked on with %d left, want %d", got, left, want)
			}
			next <- struct{}{}
		}
		group.Wait()
		if all.Load() != 3*places {
			t.Errorf("%d hashes were made", all.Load())
		}
	})
}

func TestWhoeverWaitsForAPlaceMayLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := stubbed(func() {})
		for range cap(h.places) {
			h.places <- struct{}{}
		}
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := h.Hash(ctx, "x")
			left <- err
		}()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("waiting ended with %v", err)
		}
		<-h.places
		if _, _, err := h.Verify(ctx, cheap, "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("a place was taken by somebody who had left: %v", err)
		}
		if _, err := h.Hash(t.Context(), "x"); err != nil {
			t.Errorf("the place that is free cannot be taken: %v", err)
		}
	})
}
