package kyc_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if that is meant, run the test with -update (-want +got):\n%s", path, diff)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func at(t time.Time) *time.Time { return &t }

// id returns the ID of a row made at noon whose other bits are n's.
func id(n byte) kyc.ID {
	made, err := kyc.NewID(noon, strings.NewReader(strings.Repeat(string(rune(n&0x7f)), 16)))
	if err != nil {
		panic(err)
	}
	return made
}

var (
	binding = kyc.Binding{
		RedirectURI: "https://kiosk.example/cb", State: "state", Scope: "profile",
		Challenge: "challenge", BrowserHash: []byte("browser"),
	}
	verification = kyc.Verification{
		RequestID: "r1", URL: "https://verifier.example/r1", Deeplink: "wallet://r1", EndsAt: at(noon.Add(15 * time.Minute)),
	}
)

// pending returns a session that was set up at noon.
func pending() kyc.Session {
	return kyc.NewSession(kyc.Handle{ID: id(1)}, "kiosk", kyc.MethodSwiyu, noon, kyc.SetupLifetime)
}

// in returns a session that was walked to a state, all at noon.
func in(t *testing.T, status kyc.Status) *kyc.Session {
	t.Helper()
	s := pending()
	do := func(_ kyc.Effects, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if status != kyc.StatusPending {
		do(s.Open(binding, verification, noon, noon.Add(time.Second)))
	}
	switch status {
	case kyc.StatusVerified, kyc.StatusCompleted:
		do(s.Prove("r1", []byte("sealed"), noon))
	case kyc.StatusFailed:
		do(s.Refuse("r1", kyc.FailureIssuer, noon))
	case kyc.StatusExpired:
		do(s.Expire(noon))
	case kyc.StatusDenied:
		do(s.Cancel(noon))
	}
	if status == kyc.StatusCompleted { // which only the store does, in one statement
		s.Status, s.SealedClaims, s.NextCheck, s.FinishedAt = status, nil, nil, at(noon)
	}
	if s.Status != status {
		t.Fatalf("the session is %s, not %s", s.Status, status)
	}
	return &s
}
