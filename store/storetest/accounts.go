package storetest

import (
	"fmt"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var accountTests = []test{
	{"AllFieldsComeBackAsTheyWereKept", accountRoundTrip},
	{"ATakenUserNameIsAConflictAndLeavesTheFirstAccountAlone", takenUserName},
	{"AnUnknownAccountIsNotFound", unknownAccount},
	{"AccountsAreListedByUserName", listAccounts},
	{"AnUpdateWritesAllButTheNameAndSignsOutEverywhere", updateAccount},
	{"ANewHashOfTheSamePasswordLeavesTheSignIns", rehash},
	{"ANewHashOfAPasswordThatWasReplacedIsNotKept", rehashTooLate},
	{"ASignInComesBackAsItWasKept", signInRoundTrip},
	{"SigningOutEndsOneSignIn", signOut},
	{"ASignInOfADisabledAccountIsNotFound", disabledSignIn},
	{"NobodySignsInWithoutAnAccount", orphanSignIn},
	{"RemovingAnAccountLeavesItsGrantsWithoutAName", removeAccount},
	{"RemovingAnAccountEndsWhatItIsUsedIn", removeAccountInUse},
	{"RemovingAnAccountAndRedeemingDoNotWaitForEachOther", removeOrRedeem},
	{"WhoWasRemovedIsNotWrittenIntoASession", removedMeanwhile},
	{"ChangesOfAnAccountAreInTheAuditTrail", auditOfAccounts},
	{"OneOfManyGetsTheUserName", oneAccountIsMade},
}

func accountRoundTrip(f *fixture) {
	want := f.newAccount("zoë@münchen.example")
	want.CreatedAt, want.UpdatedAt, want.DisabledAt = noon.In(zones[1]), noon.In(zones[2]), at(noon.In(zones[3]))
	f.ok(f.CreateAccount(f.ctx, want))
	want.CreatedAt, want.UpdatedAt, want.DisabledAt = micro(noon), micro(noon), at(micro(noon))
	got, err := f.Account(f.ctx, want.ID)
	f.ok(err)
	f.same("account", got, want)
	got, err = f.AccountByName(f.ctx, want.UserName)
	f.ok(err)
	f.same("account by its name", got, want)

	bare := kyc.Account{ID: f.newID(), UserName: "bare", SealedClaims: []byte{}, CreatedAt: micro(noon), UpdatedAt: micro(noon)}
	f.ok(f.CreateAccount(f.ctx, bare))
	got, err = f.Account(f.ctx, bare.ID)
	f.ok(err)
	f.same("account with its gaps unset", got, bare)
	f.same("enabled", got.Enabled(), true)
}

func takenUserName(f *fixture) {
	first := f.addAccount("anna")
	second := f.newAccount("anna")
	second.PasswordHash = "another hash"
	f.is(f.CreateAccount(f.ctx, second), store.ErrConflict)
	_, err := f.Account(f.ctx, second.ID)
	f.is(err, store.ErrNotFound)
	third := f.newAccount("otto")
	third.ID = first.ID
	f.is(f.CreateAccount(f.ctx, third), store.ErrConflict)
	got, err := f.AccountByName(f.ctx, "anna")
	f.ok(err)
	f.same("account", got, first)
}

func unknownAccount(f *fixture) {
	f.addAccount("anna")
	stranger := f.newAccount("otto")
	_, err := f.Account(f.ctx, stranger.ID)
	f.is(err, store.ErrNotFound)
	for _, name := range []string{"otto", "", "Anna", "anna ", "ann", "anna%"} {
		_, err = f.AccountByName(f.ctx, name)
		f.is(err, store.ErrNotFound)
	}
	f.is(f.UpdateAccount(f.ctx, stranger, "account.updated"), store.ErrNotFound)
	f.is(f.RemoveAccount(f.ctx, stranger.ID, noon), store.ErrNotFound)
	_, err = f.SignIn(f.ctx, f.newID())
	f.is(err, store.ErrNotFound)
	f.ok(f.EndSignIn(f.ctx, f.newID()))
}

func listAccounts(f *fixture) {
	list, err := f.Accounts(f.ctx)
	f.ok(err)
	f.same("accounts of nobody", list, []kyc.Account{})
	var want []kyc.Account
	for _, name := range []string{"b", "c", "a"} {
		want = append(want, f.addAccount(name))
	}
	list, err = f.Accounts(f.ctx)
	f.ok(err)
	f.same("accounts", list, []kyc.Account{want[2], want[0], want[1]})
}

func updateAccount(f *fixture) {
	before, other := f.addAccount("anna"), f.addAccount("otto")
	signIns := []kyc.SignIn{f.addSignIn(before.ID), f.addSignIn(before.ID), f.addSignIn(other.ID)}
	want := before
	want.UserName, want.CreatedAt = "renamed", noon.Add(day)
	want.PasswordHash, want.SealedClaims = "new hash", []byte("new claims")
	want.UpdatedAt, want.DisabledAt = noon.Add(time.Hour), at(noon.Add(time.Hour))
	f.ok(f.UpdateAccount(f.ctx, want, "account.updated"))

	want.UserName, want.CreatedAt = before.UserName, before.CreatedAt // which nothing changes
	want.UpdatedAt, want.DisabledAt = micro(want.UpdatedAt), at(micro(*want.DisabledAt))
	got, err := f.Account(f.ctx, before.ID)
	f.ok(err)
	f.same("account", got, want)
	untouched, err := f.Account(f.ctx, other.ID)
	f.ok(err)
	f.same("another account", untouched, other)

	want.DisabledAt = nil // so that a sign-in that was left would be found
	f.ok(f.UpdateAccount(f.ctx, want, "account.enabled"))
	for i, in := range signIns {
		_, err := f.SignIn(f.ctx, in.ID)
		f.is(err, []error{store.ErrNotFound, store.ErrNotFound, nil}[i])
	}
}

func rehash(f *fixture) {
	want := f.addAccount("anna")
	in := f.addSignIn(want.ID)
	f.ok(f.SetPasswordHash(f.ctx, want.ID, want.PasswordHash, "stronger hash"))
	want.PasswordHash = "stronger hash"
	got, err := f.Account(f.ctx, want.ID)
	f.ok(err)
	f.same("account", got, want)
	_, err = f.SignIn(f.ctx, in.ID)
	f.ok(err)
}

// rehashTooLate is about an account that was given another password and turned off
// while somebody was signing in.
func rehashTooLate(f *fixture) {
	read := f.addAccount("anna")
	want := read
	want.PasswordHash, want.DisabledAt = "hash of another password", at(micro(noon))
	f.ok(f.UpdateAccount(f.ctx, want, "account.password_set"))
	f.ok(f.SetPasswordHash(f.ctx, read.ID, read.PasswordHash, "stronger hash"))
	got, err := f.Account(f.ctx, read.ID)
	f.ok(err)
	f.same("account", got, want)
}

func signInRoundTrip(f *fixture) {
	want := kyc.SignIn{
		ID: f.newID(), AccountID: f.addAccount("anna").ID, Hash: []byte{0, 255},
		AuthenticatedAt: noon.In(zones[1]), ExpiresAt: noon.Add(time.Hour).In(zones[2]),
	}
	f.ok(f.AddSignIn(f.ctx, want))
	want.AuthenticatedAt, want.ExpiresAt = micro(noon), micro(noon.Add(time.Hour))
	got, err := f.SignIn(f.ctx, want.ID)
	f.ok(err)
	f.same("sign-in", got, want)
	f.same("live in the end", got.Live(want.ExpiresAt), false)
	f.is(f.AddSignIn(f.ctx, want), store.ErrConflict)
}

func signOut(f *fixture) {
	anna := f.addAccount("anna")
	here, there := f.addSignIn(anna.ID), f.addSignIn(anna.ID)
	f.ok(f.EndSignIn(f.ctx, here.ID))
	_, err := f.SignIn(f.ctx, here.ID)
	f.is(err, store.ErrNotFound)
	_, err = f.SignIn(f.ctx, there.ID)
	f.ok(err)
}

// disabledSignIn is about a sign-in that was under way while the account was
// disabled; those before it are ended with that.
func disabledSignIn(f *fixture) {
	a := f.addAccount("anna")
	a.DisabledAt = at(micro(noon))
	f.ok(f.UpdateAccount(f.ctx, a, "account.disabled"))
	late := f.addSignIn(a.ID)
	got, err := f.SignIn(f.ctx, late.ID)
	f.is(err, store.ErrNotFound)
	f.same("sign-in", got, kyc.SignIn{})
}

func orphanSignIn(f *fixture) {
	f.is(f.AddSignIn(f.ctx, kyc.SignIn{
		ID: f.newID(), AccountID: f.newID(), Hash: []byte{1}, AuthenticatedAt: noon, ExpiresAt: noon,
	}), store.ErrNotFound)
}

func removeAccount(f *fixture) {
	f.addClient("kiosk")
	anna, otto := f.addAccount("anna"), f.addAccount("otto")
	in, other := f.addSignIn(anna.ID), f.addSignIn(otto.ID)
	s := f.addAdmitted(anna.ID, kyc.Choice{Scope: "profile"})
	_, token, err := f.redeem(f.addCode(s), noon)
	f.ok(err)
	grant := f.access(token.ID).Grant
	f.ok(f.RemoveAccount(f.ctx, anna.ID, noon))

	_, err = f.Account(f.ctx, anna.ID)
	f.is(err, store.ErrNotFound)
	_, err = f.SignIn(f.ctx, in.ID)
	f.is(err, store.ErrNotFound)
	_, err = f.SignIn(f.ctx, other.ID)
	f.ok(err)
	f.same("account of the session", f.session(s.ID).AccountID, (*kyc.ID)(nil))
	grant.AccountID = nil
	a := f.access(token.ID)
	f.same("grant", a.Grant, grant)
	f.same("live", a.Live(noon), true)
	list, err := f.GrantsOfAccount(f.ctx, anna.ID, noon)
	f.ok(err)
	f.same("grants of the account", list, []kyc.Grant{})
	f.addAccount("anna") // the name is free again
}

func removeAccountInUse(f *fixture) {
	f.addClient("kiosk")
	anna, otto := f.addAccount("anna"), f.addAccount("otto")
	signedIn := f.move(f.addVisit().ID, func(s *kyc.Session) (kyc.Effects, error) {
		return kyc.Effects{}, s.SignIn(&anna.ID, noon)
	})
	admitted, completed := f.addAdmitted(anna.ID, kyc.Choice{Scope: "profile"}), f.addAdmitted(anna.ID, kyc.Choice{Scope: "profile"})
	code := f.addCode(admitted)
	_, _, err := f.redeem(f.addCode(completed), noon)
	f.ok(err)
	others := []kyc.Session{f.addAdmitted(otto.ID, kyc.Choice{Scope: "profile"}), f.addVisit()}
	when := noon.Add(time.Minute)
	f.ok(f.RemoveAccount(f.ctx, anna.ID, when))

	for _, s := range []kyc.Session{signedIn, admitted} {
		got := f.session(s.ID)
		s.Status, s.ErrorCode, s.FinishedAt, s.UpdatedAt = kyc.StatusExpired, "expired", at(micro(when)), micro(when)
		s.AccountID, s.SealedClaims, s.SealedRequest, s.NextCheck = nil, nil, nil, nil
		s.Version++
		f.same("session of who was removed", got, s)
	}
	_, _, err = f.redeem(code, noon)
	f.is(err, store.ErrConflict)
	f.same("status of what was over", f.session(completed.ID).Status, kyc.StatusCompleted)
	for _, s := range others {
		f.same("session of another", f.session(s.ID), s)
	}
}

// removeOrRedeem would fail with a deadlock if the two took their rows in different
// orders.
func removeOrRedeem(f *fixture) {
	f.addClient("kiosk")
	for i := range 20 {
		anna := f.addAccount(fmt.Sprint("anna", i))
		codes := make([]kyc.Code, 3)
		for j := range codes {
			codes[j] = f.addCode(f.addAdmitted(anna.ID, kyc.Choice{Scope: "profile"}))
		}
		tokens := make([]kyc.ID, len(codes))
		errs := together(len(codes)+1, func(i int) error {
			if i == len(codes) {
				return f.RemoveAccount(f.ctx, anna.ID, noon)
			}
			_, token, err := f.redeem(codes[i], noon)
			tokens[i] = token.ID
			return err
		})
		f.ok(errs[len(codes)])
		for j, code := range codes {
			f.same("claims of the session", f.session(code.SessionID).SealedClaims, []byte(nil))
			if errs[j] == nil {
				f.same("account of the grant", f.access(tokens[j]).Grant.AccountID, (*kyc.ID)(nil))
			} else {
				f.is(errs[j], store.ErrConflict)
			}
		}
	}
}

func removedMeanwhile(f *fixture) {
	f.addClient("kiosk")
	anna := f.addAccount("anna")
	s := f.addVisit()
	f.ok(s.SignIn(&anna.ID, noon))
	f.ok(f.RemoveAccount(f.ctx, anna.ID, noon))
	f.is(f.Apply(f.ctx, s, kyc.Effects{}), store.ErrNotFound)
	f.same("account of the session", f.session(s.ID).AccountID, (*kyc.ID)(nil))
}

func auditOfAccounts(f *fixture) {
	a := f.addAccount("anna")
	f.addSignIn(a.ID)
	f.ok(f.UpdateAccount(f.ctx, a, "account.password_set"))
	f.ok(f.SetPasswordHash(f.ctx, a.ID, a.PasswordHash, "stronger hash")) // the password is the same
	f.ok(f.RemoveAccount(f.ctx, a.ID, noon))
	trail, err := f.Audit(f.ctx, a.ID)
	f.ok(err)
	var got []string
	for _, e := range trail {
		f.same("client", e.ClientID, "")
		got = append(got, e.Actor+" "+e.Event)
	}
	f.same("trail", got, []string{
		"account account.added", "account account.signed_in", "account account.password_set", "account account.removed",
	})
}

func oneAccountIsMade(f *fixture) {
	made := make([]kyc.Account, 16)
	for i := range made {
		made[i] = f.newAccount("anna")
	}
	errs := together(len(made), func(i int) error { return f.CreateAccount(f.ctx, made[i]) })
	f.same("winners", count(errs, nil), 1)
	f.same("losers", count(errs, store.ErrConflict), 15)
	list, err := f.Accounts(f.ctx)
	f.ok(err)
	f.same("accounts", len(list), 1)
}
