package kyc_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"vouchgate/kyc"
)

// mac is a keyed hash that keeps its parts apart.
func mac(purpose string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, []byte("key"))
	for _, part := range append([][]byte{[]byte(purpose)}, parts...) {
		m.Write([]byte{byte(len(part))})
		m.Write(part)
	}
	return m.Sum(nil)
}

func TestACodeIsTheSameEachTimeAndAnotherForAnythingElse(t *testing.T) {
	t.Parallel()
	s := in(t, kyc.StatusVerified)
	code := s.DeriveCode(s.FirstGeneration(), mac)
	same(t, "asked again", s.DeriveCode(s.FirstGeneration(), mac), code)
	same(t, "row", code.ID, s.ID)
	if code.Secret == [32]byte{} {
		t.Error("the secret is empty")
	}
	otherSession, otherClient, otherAttempt := *s, *s, *s
	otherSession.ID = id(2)
	otherClient.ClientID = "other"
	otherAttempt.Attempts++
	seen := map[[32]byte]string{code.Secret: "the code"}
	for name, h := range map[string]kyc.Handle{
		"the next generation": s.DeriveCode(s.FirstGeneration()+1, mac),
		"another session":     otherSession.DeriveCode(s.FirstGeneration(), mac),
		"another client":      otherClient.DeriveCode(s.FirstGeneration(), mac),
		"another attempt":     otherAttempt.DeriveCode(otherAttempt.FirstGeneration(), mac),
		"another key":         s.DeriveCode(s.FirstGeneration(), func(string, ...[]byte) []byte { return mac("other key") }),
	} {
		if other, twice := seen[h.Secret]; twice {
			t.Errorf("%s has the secret of %s", name, other)
		}
		seen[h.Secret] = name
	}
}

func TestALaterAttemptBeginsAfterAllCodesOfTheOneBefore(t *testing.T) {
	t.Parallel()
	const codesPerAttempt = 10_000 // far more than a session's life has minutes
	var s kyc.Session
	for s.Attempts = 1; s.Attempts < kyc.MaxAttempts; s.Attempts++ {
		next := kyc.Session{Attempts: s.Attempts + 1}
		if last := s.FirstGeneration() + codesPerAttempt; next.FirstGeneration() <= last {
			t.Errorf("attempt %d begins at %d, after %d", next.Attempts, next.FirstGeneration(), last)
		}
	}
}

func TestClaimsAreBoundToSessionAndClient(t *testing.T) {
	t.Parallel()
	contexts := [][]byte{
		kyc.ClaimsContext(id(1), "kiosk"), kyc.ClaimsContext(id(2), "kiosk"),
		kyc.ClaimsContext(id(1), "kiosk2"), kyc.ClaimsContext(id(1), ""),
	}
	for i, a := range contexts {
		for j, b := range contexts {
			same(t, "equal", bytes.Equal(a, b), i == j)
		}
	}
	one := id(1)
	same(t, "context of the same", kyc.ClaimsContext(one, "kiosk"), contexts[0])
	same(t, "the id afterwards", one, id(1))
}
