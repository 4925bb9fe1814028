package storetest

import (
	"context"
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var sessionTests = []test{
	{"AllFieldsComeBackAsTheyWereKept", sessionRoundTrip},
	{"AFreshSessionComesBackWithItsGapsUnset", freshSession},
	{"ASavedSessionHasEveryChange", saveSession},
	{"ATakenIDIsAConflict", takenSession},
	{"ASessionOfNobodyIsRefused", orphanSession},
	{"AnUnknownSessionIsNotFound", unknownSession},
	{"AWriteWithAnOldVersionIsStaleAndChangesNothing", staleSession},
	{"TheRulesOwnErrorEndsAnUpdateAndChangesNothing", refusedUpdate},
	{"AnUpdateReturnsWhatItWrote", updateReturns},
	{"AnUpdateStartsAgainWhenSomebodyWroteInBetween", updateRetries},
	{"AnUpdateThatAlwaysLosesIsStale", updateGivesUp},
	{"AVerificationLeadsToItsSessionWhileItIsOpen", sessionByRequest},
	{"AVerificationBelongsToOneSession", sharedRequest},
	{"SessionsWithoutAVerificationAreManyAndLedToByNothing", noRequest},
	{"ListsAreNewestFirstAndNarrowed", listSessions},
	{"CountsAreByClientAndByStatus", countSessions},
	{"ADeadlineThatPassedMeansUnavailable", deadline},
	{"AClosedStoreIsUnavailable", closedStore},
}

// fullSession fills every field, also those that no walk fills at the same time.
func fullSession(f *fixture) kyc.Session {
	s := kyc.NewSession(f.newHandle(), "kiosk", kyc.MethodSwiyu, micro(noon), time.Hour)
	s.Status, s.Binding, s.Attempts, s.Checks, s.Version = kyc.StatusVerified, visit, 3, 7, 42
	person := f.addAccount("anna").ID
	s.Consent, s.GrantedScope, s.AccountID = kyc.ConsentGiven, "openid", &person
	s.LoginAfter = at(micro(noon.Add(-time.Hour)))
	s.Verification = kyc.Verification{RequestID: "r", URL: "https://v.example/r", Deeplink: "w://r", EndsAt: at(micro(noon))}
	s.LeaseUntil, s.SealedClaims, s.ErrorCode = at(micro(noon.Add(time.Second))), []byte{0, 1, 255}, "expired"
	s.SealedHint = []byte{255, 0}
	s.AuthorizedAt, s.VerifiedAt = at(micro(noon.Add(2*time.Second))), at(micro(noon.Add(3*time.Second)))
	s.FinishedAt, s.UpdatedAt = at(micro(noon.Add(4*time.Second))), micro(noon.Add(5*time.Second))
	f.full(s)
	return s
}

func sessionRoundTrip(f *fixture) {
	f.addClient("kiosk")
	want := fullSession(f)
	f.ok(f.CreateSession(f.ctx, want))
	f.same("session", f.session(want.ID), want)
}

func freshSession(f *fixture) {
	f.addClient("kiosk")
	want := kyc.NewSession(f.newHandle(), "kiosk", kyc.MethodSwiyu, micro(noon), time.Hour)
	f.ok(f.CreateSession(f.ctx, want))
	got := f.session(want.ID)
	f.same("session", got, want)
	if got.Bound() || got.SealedClaims != nil || got.BrowserHash != nil {
		f.t.Error("a fresh session is bound or holds claims")
	}
}

func saveSession(f *fixture) {
	f.addClient("kiosk")
	fresh := f.addSession("kiosk")
	want := fullSession(f)
	// What a move cannot change stays.
	want.ID, want.ClientID, want.NonceHash = fresh.ID, fresh.ClientID, fresh.NonceHash
	want.CreatedAt, want.Version = fresh.CreatedAt, fresh.Version
	want.Method = kyc.MethodPhone
	f.ok(f.Apply(f.ctx, want, kyc.Effects{}))
	want.Version++
	f.same("session", f.session(want.ID), want)
}

func takenSession(f *fixture) {
	f.addClient("kiosk")
	f.is(f.CreateSession(f.ctx, f.addSession("kiosk")), store.ErrConflict)
}

func orphanSession(f *fixture) {
	s := kyc.NewSession(f.newHandle(), "nobody", kyc.MethodSwiyu, noon, time.Hour)
	f.is(f.CreateSession(f.ctx, s), store.ErrNotFound)
}

func unknownSession(f *fixture) {
	_, err := f.Session(f.ctx, f.newID())
	f.is(err, store.ErrNotFound)
	_, err = f.SessionByRequest(f.ctx, "nothing")
	f.is(err, store.ErrNotFound)
	_, err = f.UpdateSession(f.ctx, f.newID(), func(*kyc.Session) (kyc.Effects, error) {
		f.t.Error("the move of an unknown session was asked for")
		return kyc.Effects{}, nil
	})
	f.is(err, store.ErrNotFound)
}

func staleSession(f *fixture) {
	f.addClient("kiosk")
	old := f.addSession("kiosk")
	current := f.open(old.ID, noon)
	_, err := old.Cancel(noon)
	f.ok(err)
	f.is(f.Apply(f.ctx, old, kyc.Effects{}), store.ErrStale)
	f.is(f.Apply(f.ctx, old, kyc.Effects{DropCode: true}), store.ErrStale)
	f.same("session", f.session(old.ID), current)
}

var errRule = errors.New("rule says no")

func refusedUpdate(f *fixture) {
	f.addClient("kiosk")
	before := f.addSession("kiosk")
	_, err := f.UpdateSession(f.ctx, before.ID, func(s *kyc.Session) (kyc.Effects, error) {
		s.Status = kyc.StatusDenied
		return kyc.Effects{}, errRule
	})
	if err != errRule {
		f.t.Errorf("error is %v, want the rule's own", err)
	}
	f.same("session", f.session(before.ID), before)
}

func updateReturns(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	end := micro(noon.Add(time.Minute))
	got, err := f.UpdateSession(f.ctx, s.ID, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Open(binding, kyc.Verification{RequestID: "r", EndsAt: &end}, micro(noon), end)
	})
	f.ok(err)
	f.same("session", got, f.session(s.ID))
	f.same("version", got.Version, s.Version+1)
}

// meddle writes a session behind the back of whoever has read it.
func (f *fixture) meddle(id kyc.ID) {
	f.t.Helper()
	f.ok(f.Apply(f.ctx, f.session(id), kyc.Effects{}))
}

func updateRetries(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	tries := 0
	got, err := f.UpdateSession(f.ctx, s.ID, func(s *kyc.Session) (kyc.Effects, error) {
		if tries++; tries < 3 {
			f.meddle(s.ID)
		}
		return s.Cancel(noon)
	})
	f.ok(err)
	f.same("tries", tries, 3)
	f.same("version", got.Version, s.Version+3)
	f.same("status", f.session(s.ID).Status, kyc.StatusDenied)
}

func updateGivesUp(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	_, err := f.UpdateSession(f.ctx, s.ID, func(s *kyc.Session) (kyc.Effects, error) {
		f.meddle(s.ID)
		return s.Cancel(noon)
	})
	f.is(err, store.ErrStale)
	f.same("status", f.session(s.ID).Status, kyc.StatusPending)
}

func sessionByRequest(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	got, err := f.SessionByRequest(f.ctx, s.RequestID)
	f.ok(err)
	f.same("session", got, s)
	f.prove(s.ID, noon)
	_, err = f.SessionByRequest(f.ctx, s.RequestID)
	f.is(err, store.ErrNotFound)
}

func sharedRequest(f *fixture) {
	f.addClient("kiosk")
	first := f.open(f.addSession("kiosk").ID, noon)
	second := f.addSession("kiosk")
	_, err := f.UpdateSession(f.ctx, second.ID, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Open(binding, first.Verification, noon, noon)
	})
	f.is(err, store.ErrConflict)
	f.same("session", f.session(second.ID), second)
}

// noRequest is about sessions whose persons sign in here.
func noRequest(f *fixture) {
	f.addClient("kiosk")
	first, second := f.addVisit(), f.addVisit()
	for _, s := range []kyc.Session{first, second} {
		f.same("status", s.Status, kyc.StatusAuthorized)
		f.same("request", s.RequestID, "")
	}
	_, err := f.SessionByRequest(f.ctx, "")
	f.is(err, store.ErrNotFound)
	_, err = f.ClaimSessionByRequest(f.ctx, "", noon, noon.Add(time.Minute))
	f.is(err, store.ErrNotFound)
	f.same("after the claim", f.session(first.ID), first)
}

func listSessions(f *fixture) {
	f.addClient("kiosk")
	f.addClient("other")
	var made []kyc.ID
	for i := range 6 {
		id := f.idAt(noon.Add(time.Duration(i) * time.Second))
		client := []string{"kiosk", "other"}[i%2]
		f.ok(f.CreateSession(f.ctx, kyc.NewSession(kyc.Handle{ID: id}, client, kyc.MethodSwiyu, noon, time.Hour)))
		made = append(made, id)
	}
	f.open(made[2], noon)
	f.open(made[3], noon)
	for _, row := range []struct {
		name   string
		filter store.SessionFilter
		want   []kyc.ID
	}{
		{"all", store.SessionFilter{}, []kyc.ID{made[5], made[4], made[3], made[2], made[1], made[0]}},
		{"of a client", store.SessionFilter{ClientID: "other"}, []kyc.ID{made[5], made[3], made[1]}},
		{"in a state", store.SessionFilter{Status: kyc.StatusAuthorized}, []kyc.ID{made[3], made[2]}},
		{"of a client in a state", store.SessionFilter{ClientID: "kiosk", Status: kyc.StatusAuthorized}, []kyc.ID{made[2]}},
		{"a few", store.SessionFilter{Limit: 2}, []kyc.ID{made[5], made[4]}},
		{"of nobody", store.SessionFilter{ClientID: "nobody"}, nil},
	} {
		list, err := f.Sessions(f.ctx, row.filter)
		f.ok(err)
		var got []kyc.ID
		for _, s := range list {
			got = append(got, s.ID)
		}
		f.same(row.name, got, row.want)
	}
}

func countSessions(f *fixture) {
	f.addClient("kiosk")
	f.addClient("other")
	f.addSession("kiosk")
	f.open(f.addSession("kiosk").ID, noon)
	f.addVerified("other")
	over := f.addSession("other")
	f.move(over.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon) })

	open, err := f.OpenSessions(f.ctx)
	f.ok(err)
	f.same("open", open, map[string]int64{"kiosk": 2, "other": 1})
	byStatus, err := f.SessionsByStatus(f.ctx)
	f.ok(err)
	f.same("by status", byStatus, map[kyc.Status]int64{
		kyc.StatusPending: 1, kyc.StatusAuthorized: 1, kyc.StatusVerified: 1,
	})
}

func deadline(f *fixture) {
	f.addClient("kiosk")
	ctx, cancel := context.WithDeadline(f.ctx, time.Unix(0, 0))
	defer cancel()
	_, err := f.Client(ctx, "kiosk")
	f.is(err, store.ErrUnavailable)
	f.is(f.UpdateClient(ctx, newClient("kiosk"), "client.updated"), store.ErrUnavailable)

	// A caller who went away is not the database's fault.
	ctx, cancel = context.WithCancel(f.ctx)
	cancel()
	_, err = f.Client(ctx, "kiosk")
	f.is(err, context.Canceled)
	if errors.Is(err, store.ErrUnavailable) {
		f.t.Error("a cancelled read counts as a database that is down")
	}
}

func closedStore(f *fixture) {
	f.addClient("kiosk")
	f.ok(f.Close())
	_, err := f.Client(f.ctx, "kiosk")
	f.is(err, store.ErrUnavailable)
	f.is(f.RemoveClient(f.ctx, "kiosk", noon), store.ErrUnavailable)
}
