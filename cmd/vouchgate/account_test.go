package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/server/password"
)

// addMira adds an account and returns how it was printed.
func (s *shell) addMira(more ...string) issuedAccount {
	s.t.Helper()
	var got issuedAccount
	s.run(append([]string{"account", "add", "--user-name", "Mira@Example.org", "--json"}, more...)...).into(&got)
	return got
}

// mira returns the account as it is kept.
func (s *shell) mira() kyc.Account {
	s.t.Helper()
	kept, err := s.storage().store.AccountByName(s.t.Context(), "mira@example.org")
	if err != nil {
		s.t.Fatal(err)
	}
	return kept
}

// opens says whether a password is the account's.
func (s *shell) opens(secret string) bool {
	s.t.Helper()
	ok, _, err := password.New(zeroRand{}).Verify(s.t.Context(), s.mira().PasswordHash, secret)
	if err != nil {
		s.t.Fatal(err)
	}
	return ok
}

// claims returns what is kept of the account, as opened by the keys of the shell.
func (s *shell) claims() kyc.Claims {
	s.t.Helper()
	claims, err := s.storage().openClaims(s.mira())
	if err != nil {
		s.t.Fatal(err)
	}
	return claims
}

func TestAccountAdd(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.stdin = `{"given_name": "` + personal + `", "age_birth_year": 1990, "age_over_16": "TRUE", "family_name": null, "sex": "x"}`
	got := s.addMira("--claims-file", "-", "--claim", "age_over_18=true", "--claim", "birth_place=A=B", "--claim", "sex=")
	if len(got.Password) != 43 || got.UserName != "mira@example.org" || got.ID != s.mira().ID {
		t.Errorf("issued %s %s with a password of %d characters", got.UserName, got.ID, len(got.Password))
	}
	if !s.opens(got.Password) || s.opens("another password") {
		t.Error("the password that was printed is not the one that was kept")
	}
	want := kyc.Claims{"given_name": personal, "age_birth_year": "1990", "age_over_16": true, "age_over_18": true, "birth_place": "A=B"}
	if diff := cmp.Diff(want, s.claims()); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	s.run("account", "add", "--user-name", "MIRA@example.org").fails(exitFailed, `there is an account "mira@example.org" already`)
	if out := s.run("account", "add", "--user-name", "jon").ok(); !strings.Contains(out.stdout, "password") || !strings.Contains(out.stderr, "shown this once") {
		t.Errorf("add prints %q and says %q", out.stdout, out.stderr)
	}
}

func TestAccountPasswords(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if got := s.addMira("--password-file", writeFile(t, "password", "Grüezi, wie gaht's?\r\n")); got.Password != "" {
		t.Error("a password that was brought along was printed")
	}
	if !s.opens("Grüezi, wie gaht's?") {
		t.Error("the password of the file is not the one that was kept")
	}
	s.signIn()
	s.stdin = "correct horse battery staple"
	var got issuedAccount
	s.run("account", "set-password", "MIRA@example.org", "--password-file", "-", "--json").into(&got)
	if got.Password != "" || !s.opens(s.stdin) || s.signedIn() {
		t.Errorf("after a change: printed %t, opens %t, signed in %t", got.Password != "", s.opens(s.stdin), s.signedIn())
	}
	s.run("account", "set-password", "mira@example.org", "--json").into(&got)
	if !s.opens(got.Password) {
		t.Error("the password that was made is not the one that was kept")
	}
	s.run("account", "set-password", "nobody").fails(exitFailed, `there is no account "nobody"`)
}

// signIn signs the person in to some browser.
func (s *shell) signIn() {
	s.t.Helper()
	mira, now := s.mira(), clock()
	err := s.storage().store.AddSignIn(s.t.Context(), kyc.SignIn{ID: mira.ID, AccountID: mira.ID, Hash: []byte("h"), AuthenticatedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil || !s.signedIn() {
		s.t.Fatalf("signing in: %v", err)
	}
}

func (s *shell) signedIn() bool {
	_, err := s.storage().store.SignIn(s.t.Context(), s.mira().ID)
	return err == nil
}

func TestAccountSaysEveryFault(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	got := s.run("account", "add", "--user-name", "mira muster", "--password-file", writeFile(t, "p", "secr-can\n"), "--claim", personal, "--claim", "shoe_size=38",
		"--claim", "age_over_18=perhaps", "--claim", "sex=a", "--claim", "sex=b", "--claims-file", writeFile(t, "c", `["`+personal+`"]`), "--claim", "hat_size=")
	got.fails(exitUsage, "user-name: a user name has", "password-file: a password needs at least 10", "claim: must be NAME=VALUE", "shoe_size is not a claim",
		"age_over_18 is neither true nor false", "sex comes twice", "claims-file: must be a JSON object", "hat_size is not a claim")
	for _, private := range []string{personal, "secr-can", "perhaps", "38"} {
		if strings.Contains(got.stderr, private) {
			t.Errorf("the faults quote %q:\n%s", private, got.stderr)
		}
	}
	s.run("account", "add", "--user-name", "x", "--password-file", "-", "--claims-file", "-").fails(exitUsage, "claims-file: does not go with --password-file -")
	s.run("account", "add", "--user-name", "x", "--password-file", "/does/not/exist").fails(exitUsage, "password-file: ")
	s.run("account", "add", "--user-name", "x", "--claims-file", writeFile(t, "c", "{}{}")).fails(exitUsage, "claims-file: ")
	s.run("account", "add", "--user-name", "x", "--claims-file", writeFile(t, "c", `null`)).fails(exitUsage, "claims-file: ")
	s.run("account", "add", "--user-name", "x", "--claims-file", writeFile(t, "c", `{"address": {"street": "x"}}`)).fails(exitUsage, "address has a member that an address cannot have")
	s.run("account", "add", "--user-name", "x", "--claims-file", writeFile(t, "c", `{"home": {"street": "x"}}`)).fails(exitUsage, "home is not a claim")
}

func TestAccountSetClaims(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addMira("--claim", "given_name=Mira", "--claim", "family_name=Muster", "--claim", "age_over_18=false")
	var got accountView
	s.run("account", "set-claims", "mira@example.org", "--claim", "age_over_18=true", "--claim", "family_name=", "--claim", "sex=f", "--json").into(&got)
	if diff := cmp.Diff(kyc.Claims{"given_name": "Mira", "age_over_18": true, "sex": "f"}, s.claims()); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	s.run("account", "set-claims", "mira@example.org", "--claim", "age_over_18=perhaps").fails(exitUsage, "neither true nor false")
	s.run("account", "set-claims", "nobody", "--claim", "sex=f").fails(exitFailed, `there is no account "nobody"`)
}

func TestAccountStates(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var list []accountView
	if s.run("account", "list", "--json").into(&list); list == nil || len(list) != 0 {
		t.Errorf("the list of no accounts is %v, want an empty list", list)
	}
	s.addMira()
	s.signIn()
	var got accountView
	s.run("account", "disable", "mira@example.org", "--json").into(&got)
	if got.Enabled || got.DisabledAt == nil || s.signedIn() {
		t.Errorf("disabled account: %+v", got)
	}
	since := *got.DisabledAt
	s.run("account", "disable", "mira@example.org").ok()
	s.run("account", "list", "--json").into(&list)
	if len(list) != 1 || list[0].Enabled || !list[0].DisabledAt.Equal(since) {
		t.Errorf("list is %+v", list)
	}
	if out := s.run("account", "list").ok().stdout; !strings.Contains(out, "disabled") {
		t.Errorf("list prints %q", out)
	}
	if r := s.run("account", "enable", "mira@example.org").ok(); r.stdout != "" || !strings.Contains(r.stderr, "enabled account mira@example.org") || !s.mira().Enabled() {
		t.Errorf("enable prints %q and says %q", r.stdout, r.stderr)
	}
}

// What can be read of a person, and the password, are printed by nothing that
// prints accounts.
func TestAccountsArePrintedWithoutClaims(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	secret := s.addMira("--claim", "given_name="+personal).Password
	for _, args := range [][]string{
		{"account", "list"}, {"account", "list", "--json"}, {"account", "show", "mira@example.org"}, {"account", "show", "mira@example.org", "--json"},
		{"account", "set-claims", "mira@example.org", "--claim", "sex=f", "--json"}, {"account", "disable", "mira@example.org", "--json"},
	} {
		r := s.run(args...).ok()
		for _, private := range []string{personal, secret, "argon2id"} {
			if strings.Contains(r.stdout+r.stderr, private) {
				t.Errorf("vouchgate %s prints %q", strings.Join(args, " "), private)
			}
		}
	}
	var got accountView
	s.run("account", "show", "mira@example.org", "--json").into(&got)
	if diff := cmp.Diff([]string{"given_name", "sex"}, got.Claims); diff != "" {
		t.Errorf("names of claims (-want +got):\n%s", diff)
	}
	s.run("account", "show", "nobody").fails(exitFailed, `there is no account "nobody"`)
}
