package storetest

import (
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var challengeTests = []test{
	{"AChallengeIsKeptAsItIs", keepChallenge},
	{"AnOldVersionIsNotKept", putStaleChallenge},
	{"AChallengeBelongsToASession", challengeOrphans},
	{"ADeliveryThatDoesNotExistIsRefused", refuseDelivery},
	{"ATryIsCountedBeforeTheTANIsCompared", countTANTry},
	{"NoTryIsCountedWithoutATANToTry", refuseTANTry},
	{"TriesSideBySideAreNoMoreThanThereMayBe", triesTogether},
	{"AnOpenSessionIsHeldAsItWasRead", holdOpen},
	{"WhatIsOverOrProvedIsErased", eraseChallenge},
	{"WhoChoosesAnotherMethodLeavesNoAddress", eraseUnchosen},
	{"WhatIsBegunAnewIsErased", eraseBegunAnew},
	{"AnotherAddressOrTryErasesNothing", keepWhileOpen},
	{"WritersOfASessionAndItsChallengeDoNotBlockEachOther", writeBothTogether},
}

// addProving keeps a session of the client kiosk that proves an address by a method.
func (f *fixture) addProving(method kyc.Method) kyc.Session {
	f.t.Helper()
	return f.move(f.addSession("kiosk").ID, func(s *kyc.Session) (kyc.Effects, error) {
		if err := s.Choose(method, noon); err != nil {
			return kyc.Effects{}, err
		}
		return s.Open(addressBinding(), kyc.Verification{}, noon, noon)
	})
}

// addressBinding is that of a request for what addresses prove as well.
func addressBinding() kyc.Binding {
	b := binding
	b.Scope = "profile email phone address"
	return b
}

// newChallenge returns a challenge that fills every field, not kept yet.
func (f *fixture) newChallenge(s kyc.Session, now time.Time) kyc.Challenge {
	f.t.Helper()
	c := kyc.NewChallenge(s)
	f.ok(c.To(s, []byte{0, 1, 255}, []byte("hash"), micro(now)))
	f.ok(c.Send([]byte("TAN of "+s.ID.String()), []byte("letter of "+s.ID.String()), []byte("message"), micro(now)))
	return c
}

// addMessage keeps a challenge of a session with a message that is due at a time.
func (f *fixture) addMessage(s kyc.Session, now time.Time) kyc.Challenge {
	f.t.Helper()
	f.ok(f.PutChallenge(f.ctx, f.newChallenge(s, now)))
	return f.challenge(s.ID)
}

func (f *fixture) challenge(session kyc.ID) kyc.Challenge {
	f.t.Helper()
	c, err := f.Challenge(f.ctx, session)
	f.ok(err)
	return c
}

func keepChallenge(f *fixture) {
	f.addClient("kiosk")
	s := f.addProving(kyc.MethodPostal)
	_, err := f.Challenge(f.ctx, s.ID)
	f.is(err, store.ErrNotFound)
	c := f.newChallenge(s, noon)
	c.Tries, c.LockedAt, c.LeaseUntil, c.Deliveries = 2, at(noon.In(zones[1])), at(noon.Add(time.Minute)), 3
	f.full(c, "Version")
	f.ok(f.PutChallenge(f.ctx, c))
	c.LockedAt, c.LeaseUntil, c.Version = at(micro(noon)), at(micro(noon.Add(time.Minute))), 1
	f.same("kept", f.challenge(s.ID), c)

	bare := kyc.NewChallenge(s)
	bare.Addresses, bare.UpdatedAt, bare.Version = 1, micro(noon), 1
	f.ok(f.PutChallenge(f.ctx, bare))
	bare.Version = 2
	f.same("replaced", f.challenge(s.ID), bare)
}

func putStaleChallenge(f *fixture) {
	f.addClient("kiosk")
	first := f.addMessage(f.addProving(kyc.MethodEmail), noon)
	for _, version := range []int64{0, 2, 7} { // a new one, and ones that do not exist
		other := first
		other.Sends, other.Version = 9, version
		f.is(f.PutChallenge(f.ctx, other), store.ErrStale)
	}
	f.same("kept", f.challenge(first.SessionID), first)
	second := first
	second.Sends = 2
	f.ok(f.PutChallenge(f.ctx, second))
	f.is(f.PutChallenge(f.ctx, second), store.ErrStale)
	_, err := f.CountTANTry(f.ctx, first.SessionID, first.Attempt, noon)
	f.ok(err)
	second.Version = 2
	f.is(f.PutChallenge(f.ctx, second), store.ErrStale) // a try was counted
}

func challengeOrphans(f *fixture) {
	f.addClient("kiosk")
	s := f.addProving(kyc.MethodEmail)
	stranger := s
	stranger.ID = f.newID()
	f.is(f.PutChallenge(f.ctx, f.newChallenge(stranger, noon)), store.ErrNotFound)
	f.addMessage(s, noon)
	f.ok(f.RemoveClient(f.ctx, "kiosk", noon))
	_, err := f.Challenge(f.ctx, s.ID)
	f.is(err, store.ErrNotFound)
}

func refuseDelivery(f *fixture) {
	f.addClient("kiosk")
	c := f.newChallenge(f.addProving(kyc.MethodEmail), noon)
	c.Delivery = "lost"
	if err := f.PutChallenge(f.ctx, c); err == nil {
		f.t.Error("a delivery that does not exist was kept")
	}
	c.Delivery, c.SealedMessage = kyc.DeliveryQueued, nil
	if err := f.PutChallenge(f.ctx, c); err == nil {
		f.t.Error("a time to send was kept without a message")
	}
}

func countTANTry(f *fixture) {
	f.addClient("kiosk")
	want := f.addMessage(f.addProving(kyc.MethodEmail), noon)
	for range kyc.TANTries {
		now := noon.Add(time.Minute)
		got, err := f.CountTANTry(f.ctx, want.SessionID, want.Attempt, now)
		f.ok(err)
		want.Tries++
		want.Version++
		want.UpdatedAt = micro(now)
		f.same("returned", got, want)
		f.same("kept", f.challenge(want.SessionID), want)
	}
	_, err := f.CountTANTry(f.ctx, want.SessionID, want.Attempt, noon)
	f.is(err, store.ErrNotFound)
	f.same("kept", f.challenge(want.SessionID), want)
}

func refuseTANTry(f *fixture) {
	f.addClient("kiosk")
	end := micro(noon).Add(kyc.TANLifetime)
	for name, row := range map[string]struct {
		change  func(*kyc.Challenge)
		attempt int64
		now     time.Time
		counted bool
	}{
		"in time":                {func(*kyc.Challenge) {}, 1, noon, true},
		"just before the end":    {func(*kyc.Challenge) {}, 1, end.Add(-time.Microsecond), true},
		"at the end":             {func(*kyc.Challenge) {}, 1, end, false},
		"in an earlier attempt":  {func(*kyc.Challenge) {}, 0, noon, false},
		"in a later attempt":     {func(*kyc.Challenge) {}, 2, noon, false},
		"with one try left":      {func(c *kyc.Challenge) { c.Tries = kyc.TANTries - 1 }, 1, noon, true},
		"with no try left":       {func(c *kyc.Challenge) { c.Tries = kyc.TANTries }, 1, noon, false},
		"without a TAN":          {func(c *kyc.Challenge) { c.TANHash = nil }, 1, noon, false},
		"with a TAN without end": {func(c *kyc.Challenge) { c.ExpiresAt = nil }, 1, noon, false},
	} {
		c := f.newChallenge(f.addProving(kyc.MethodEmail), noon)
		row.change(&c)
		f.ok(f.PutChallenge(f.ctx, c))
		before := f.challenge(c.SessionID)
		_, err := f.CountTANTry(f.ctx, c.SessionID, row.attempt, row.now)
		if row.counted {
			f.ok(err)
			f.same(name, f.challenge(c.SessionID).Tries, c.Tries+1)
			continue
		}
		f.is(err, store.ErrNotFound)
		f.same(name, f.challenge(c.SessionID), before)
	}
	_, err := f.CountTANTry(f.ctx, f.newID(), 1, noon)
	f.is(err, store.ErrNotFound)
}

func triesTogether(f *fixture) {
	f.addClient("kiosk")
	s := f.addProving(kyc.MethodEmail)
	f.addMessage(s, noon)
	errs := together(200, func(int) error {
		_, err := f.CountTANTry(f.ctx, s.ID, s.Attempts, noon)
		return err
	})
	f.same("counted", count(errs, nil), kyc.TANTries)
	f.same("refused", count(errs, store.ErrNotFound), 200-kyc.TANTries)
	f.same("tries", f.challenge(s.ID).Tries, int64(kyc.TANTries))
}

func holdOpen(f *fixture) {
	f.addClient("kiosk")
	for name, row := range map[string]struct {
		change func(s kyc.Session) kyc.Session // to what is held
		want   error
	}{
		"as it was read":            {func(s kyc.Session) kyc.Session { return s }, nil},
		"written since":             {func(s kyc.Session) kyc.Session { f.meddle(s.ID); return s }, store.ErrStale},
		"not read":                  {func(s kyc.Session) kyc.Session { s.Version++; return s }, store.ErrStale},
		"that does not exist":       {func(s kyc.Session) kyc.Session { s.ID = f.newID(); return s }, store.ErrStale},
		"that nobody has opened":    {func(kyc.Session) kyc.Session { return f.addSession("kiosk") }, store.ErrStale},
		"that was proved since":     {func(s kyc.Session) kyc.Session { f.prove(s.ID, noon); return s }, store.ErrStale},
		"that was proved":           {func(s kyc.Session) kyc.Session { return f.prove(s.ID, noon) }, store.ErrStale},
		"of somebody with a wallet": {func(kyc.Session) kyc.Session { return f.open(f.addSession("kiosk").ID, noon) }, nil},
	} {
		s := row.change(f.addProving(kyc.MethodEmail))
		err := f.Together(f.ctx, func(st *store.Store) error {
			if err := st.HoldOpen(f.ctx, s, noon.Add(time.Minute)); err != nil {
				return err
			}
			s.Checks = 7
			return st.Apply(f.ctx, s, kyc.Effects{})
		})
		f.is(err, row.want)
		if err == nil {
			f.same("written, "+name, f.session(s.ID).Checks, int64(7))
		}
	}
}

// erased is what is left of a challenge: what was counted, and what became of it.
func erased(c kyc.Challenge) kyc.Challenge {
	c.SealedAddress, c.AddressHash, c.TANHash, c.LetterHash, c.SealedMessage, c.NextTry, c.LeaseUntil = nil, nil, nil, nil, nil, nil, nil
	c.Version++
	return c
}

func eraseChallenge(f *fixture) {
	f.addClient("kiosk")
	type move = func(*kyc.Session) (kyc.Effects, error)
	for status, end := range map[kyc.Status]move{
		kyc.StatusVerified: func(s *kyc.Session) (kyc.Effects, error) { return s.Prove("", []byte("sealed"), noon) },
		kyc.StatusFailed:   func(s *kyc.Session) (kyc.Effects, error) { return s.Refuse("", kyc.FailureUsedUp, noon) },
		kyc.StatusExpired:  func(s *kyc.Session) (kyc.Effects, error) { return s.Expire(noon) },
		kyc.StatusDenied:   func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon) },
	} {
		for _, method := range kyc.AddressMethods {
			s, other := f.addProving(method), f.addMessage(f.addProving(method), noon)
			c := f.addMessage(s, noon)
			f.claimMessages(method, noon, 10)
			other = f.challenge(other.SessionID)
			f.same("status", f.move(s.ID, end).Status, status)
			f.same("challenge of a session that is "+string(status), f.challenge(s.ID), erased(c))
			f.same("that of another", f.challenge(other.SessionID), other)
			_, err := f.CountTANTry(f.ctx, s.ID, 1, noon)
			f.is(err, store.ErrNotFound)
			_, err = f.ChallengeOfLetter(f.ctx, c.LetterHash)
			f.is(err, store.ErrNotFound)
			f.is(f.PutChallenge(f.ctx, c), store.ErrStale) // by who read it before
			f.ok(f.FinishMessage(f.ctx, other, kyc.DeliverySent, noon))
		}
	}
	f.same("to be sent", f.claimMessages(kyc.MethodEmail, noon.Add(day), 100), []kyc.ID(nil))
}

func eraseUnchosen(f *fixture) {
	f.addClient("kiosk")
	for _, method := range []kyc.Method{kyc.MethodOpen, kyc.MethodSwiyu, kyc.MethodAccount} {
		s := f.addProving(kyc.MethodEmail)
		c := f.addMessage(s, noon)
		f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) { return kyc.Effects{}, s.Choose(method, noon) })
		f.same("challenge of who chose "+string(method), f.challenge(s.ID), erased(c))
	}
}

// What was on its way when a session is begun anew must not go out, but for a letter that
// was handed over.
func eraseBegunAnew(f *fixture) {
	f.addClient("kiosk")
	anew := func(s *kyc.Session) (kyc.Effects, error) {
		return s.Open(addressBinding(), kyc.Verification{}, noon, noon)
	}
	for _, method := range kyc.AddressMethods {
		c := f.addMessage(f.addProving(method), noon)
		f.move(c.SessionID, anew)
		f.same("challenge by "+string(method), f.challenge(c.SessionID), erased(c))
	}
	c := f.addMessage(f.addProving(kyc.MethodPostal), noon)
	c.SealedMessage, c.NextTry = nil, nil
	f.ok(f.PutChallenge(f.ctx, c))
	c.Version++
	f.move(c.SessionID, anew)
	f.same("challenge of a letter that is out", f.challenge(c.SessionID), c)
}

func keepWhileOpen(f *fixture) {
	f.addClient("kiosk")
	s := f.addProving(kyc.MethodEmail)
	c := f.addMessage(s, noon)
	for name, move := range map[string]func(*kyc.Session) (kyc.Effects, error){
		"waiting for the TAN":     func(s *kyc.Session) (kyc.Effects, error) { return kyc.Effects{}, s.Await(noon.Add(30*day), noon) },
		"another kind of address": func(s *kyc.Session) (kyc.Effects, error) { return kyc.Effects{}, s.Choose(kyc.MethodPhone, noon) },
	} {
		f.move(s.ID, move)
		f.same("challenge after "+name, f.challenge(s.ID), c)
	}
}

// writeBothTogether would fail with a deadlock if some of these took their rows in
// different orders.
func writeBothTogether(f *fixture) {
	f.addClient("kiosk")
	for range 20 {
		s := f.addProving(kyc.MethodEmail)
		c := f.addMessage(s, noon)
		errs := together(12, func(i int) error {
			switch i % 4 {
			case 0:
				_, err := f.UpdateSession(f.ctx, s.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Expire(noon) })
				return err
			case 1:
				_, err := f.CountTANTry(f.ctx, s.ID, s.Attempts, noon)
				return err
			case 2:
				list, err := f.ClaimDueMessages(f.ctx, kyc.MethodEmail, noon, noon.Add(time.Minute), 10)
				for _, taken := range list {
					err = errors.Join(err, f.FinishMessage(f.ctx, taken, kyc.DeliverySent, noon))
				}
				return err
			}
			return f.Together(f.ctx, func(st *store.Store) error {
				if err := st.HoldOpen(f.ctx, s, noon); err != nil {
					return err
				}
				if err := st.PutChallenge(f.ctx, c); err != nil {
					return err
				}
				awaiting := s
				f.is(awaiting.Await(noon.Add(30*day), noon), nil)
				return st.Apply(f.ctx, awaiting, kyc.Effects{})
			})
		})
		for _, err := range errs {
			lost := errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrNotFound) || errors.Is(err, kyc.ErrIllegalMove)
			if err != nil && !lost {
				f.t.Errorf("ended otherwise: %v", err)
			}
		}
		f.same("status", f.session(s.ID).Status, kyc.StatusExpired)
		f.same("address", f.challenge(s.ID).SealedAddress, []byte(nil))
	}
}
