package kyc_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"vouchgate/kyc"
)

func handle(t testing.TB) kyc.Handle {
	t.Helper()
	h, err := kyc.NewHandle(id(1), random())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAHandleIs64CharactersThatNeedNoEncoding(t *testing.T) {
	t.Parallel()
	h := handle(t)
	if text := h.String(); !regexp.MustCompile(`^[A-Za-z0-9_-]{64}$`).MatchString(text) {
		t.Errorf("the handle is %q", text)
	}
	got, err := kyc.ParseHandle(h.String())
	is(t, err, nil)
	same(t, "handle", got, h)
}

func TestOnlyTheExactTextIsAHandle(t *testing.T) {
	t.Parallel()
	text := handle(t).String()
	for name, bad := range map[string]string{
		"empty": "", "one short": text[1:], "one long": text + "A", "padded": text[:62] + "==",
		"of the other alphabet": strings.Repeat("+/", 32), "with a line break": text[:63] + "\n",
		"with line breaks in it": text[:30] + "\r\n" + text[32:], "with a space": " " + text[1:], "with NUL": text[:63] + "\x00",
	} {
		if _, err := kyc.ParseHandle(bad); err == nil {
			t.Errorf("a text %s is a handle", name)
		} else {
			is(t, err, kyc.ErrBadHandle)
		}
	}
}

var secretKinds = []kyc.SecretKind{
	kyc.SecretNonce, kyc.SecretCode, kyc.SecretAccessToken, kyc.SecretRefreshToken, kyc.SecretClient, kyc.SecretBrowser,
	kyc.SecretSignIn,
}

func TestAHashMatchesOnlyItsSecretUsedAsItsKind(t *testing.T) {
	t.Parallel()
	h := handle(t)
	seen := map[string]kyc.SecretKind{}
	for _, kind := range secretKinds {
		hash := h.Hash(kind)
		if other, twice := seen[string(hash)]; twice {
			t.Errorf("%s and %s have the same hash", kind, other)
		}
		seen[string(hash)] = kind
		if bytes.Contains(hash, h.Secret[:8]) {
			t.Errorf("the hash of a %s holds the secret", kind)
		}
		for _, used := range secretKinds {
			same(t, fmt.Sprintf("%s used as %s", kind, used), h.Matches(used, hash), used == kind)
		}
		flipped := h
		flipped.Secret[31] ^= 1
		same(t, "another secret", flipped.Matches(kind, hash), false)
		same(t, "half a hash", h.Matches(kind, hash[:16]), false)
		same(t, "no hash", h.Matches(kind, nil), false)
	}
	same(t, "the hash of the text of a secret", kyc.HashSecret(kyc.SecretClient, string(h.Secret[:])), h.Hash(kyc.SecretClient))
}

func TestAKindCannotBeMovedIntoTheSecret(t *testing.T) {
	t.Parallel()
	if bytes.Equal(kyc.HashSecret("a", "bc"), kyc.HashSecret("ab", "c")) {
		t.Error("kind and secret are not kept apart")
	}
}

func TestAPrintedHandleKeepsItsSecretInGoSyntax(t *testing.T) {
	t.Parallel()
	h := handle(t)
	if text := fmt.Sprintf("%#v", h); strings.Contains(text, h.String()[22:]) || !strings.Contains(text, h.ID.String()) {
		t.Errorf("%%#v is %s", text)
	}
}

func FuzzParseHandle(f *testing.F) {
	text := handle(f).String()
	f.Add(text)
	f.Add(strings.Repeat("A", 64))
	f.Add(text[:63] + "=")
	f.Add(text[:63] + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := kyc.ParseHandle(text)
		if err != nil {
			is(t, err, kyc.ErrBadHandle)
			return
		}
		if h.String() != text {
			t.Errorf("%q was read as %q", text, h)
		}
	})
}
