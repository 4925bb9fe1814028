package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var letterTests = []test{
	{"ALetterIsFoundByItsCode", findLetter},
	{"TwoLettersNeverHaveOneCode", uniqueLetter},
	{"ALetterMovesToAnotherSession", moveLetter},
	{"ALetterStaysInItsSession", moveLetterWithin},
	{"ALetterThatWasWrittenSinceDoesNotMove", moveStaleLetter},
}

func findLetter(f *fixture) {
	f.addClient("kiosk")
	c := f.addMessage(f.addProving(kyc.MethodPostalCH), noon)
	f.addMessage(f.addProving(kyc.MethodPostalCH), noon)
	got, err := f.ChallengeOfLetter(f.ctx, c.LetterHash)
	f.ok(err)
	f.same("challenge", got, c)
	for _, hash := range [][]byte{nil, {}, []byte("letter"), append(c.LetterHash, 0)} {
		_, err := f.ChallengeOfLetter(f.ctx, hash)
		f.is(err, store.ErrNotFound)
	}
}

func uniqueLetter(f *fixture) {
	f.addClient("kiosk")
	c := f.addMessage(f.addProving(kyc.MethodPostal), noon)
	other := f.newChallenge(f.addProving(kyc.MethodPostal), noon)
	other.LetterHash = c.LetterHash
	f.is(f.PutChallenge(f.ctx, other), store.ErrConflict)
	for range 2 { // without a letter there is nothing to tell apart
		other := f.newChallenge(f.addProving(kyc.MethodEmail), noon)
		other.LetterHash = nil
		f.ok(f.PutChallenge(f.ctx, other))
	}
}

// moveTo moves a letter to a session and returns what it becomes there.
func (f *fixture) moveTo(from kyc.Challenge, s kyc.Session, own kyc.Challenge) (kyc.Challenge, error) {
	to := from.Adopt(s, own, micro(noon.Add(time.Hour)))
	err := f.Together(f.ctx, func(st *store.Store) error { return st.MoveLetter(f.ctx, from, to) })
	to.Version++
	return to, err
}

func moveLetter(f *fixture) {
	f.addClient("kiosk")
	for name, challenge := range map[string]func(kyc.Session) kyc.Challenge{
		"with a challenge": func(s kyc.Session) kyc.Challenge { return f.addMessage(s, noon) },
		"without one":      kyc.NewChallenge,
	} {
		from, s := f.addMessage(f.addProving(kyc.MethodPostalCH), noon), f.addProving(kyc.MethodPostalCH)
		to, err := f.moveTo(from, s, challenge(s))
		f.ok(err)
		f.same("there, in a session "+name, f.challenge(s.ID), to)
		f.same("here", f.challenge(from.SessionID), erased(from))
		got, err := f.ChallengeOfLetter(f.ctx, from.LetterHash)
		f.ok(err)
		f.same("session of the letter", got.SessionID, s.ID)
	}
}

func moveLetterWithin(f *fixture) {
	f.addClient("kiosk")
	c := f.addMessage(f.addProving(kyc.MethodPostal), noon)
	c.SealedMessage, c.NextTry = nil, nil // it was sent
	f.ok(f.PutChallenge(f.ctx, c))
	c.Version++
	s := f.move(c.SessionID, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Open(addressBinding(), kyc.Verification{}, noon, noon)
	})
	to, err := f.moveTo(c, s, c)
	f.ok(err)
	f.same("challenge", f.challenge(s.ID), to)
	f.same("of the new attempt", to.Of(s), true)
}

func moveStaleLetter(f *fixture) {
	f.addClient("kiosk")
	from, to := f.addMessage(f.addProving(kyc.MethodPostal), noon), f.addMessage(f.addProving(kyc.MethodPostal), noon)
	session := f.session(to.SessionID)
	for name, versions := range map[string][2]int64{
		"the letter was written": {from.Version - 1, to.Version},
		"the other was written":  {from.Version, to.Version - 1},
	} {
		read, own := from, to
		read.Version, own.Version = versions[0], versions[1]
		_, err := f.moveTo(read, session, own)
		f.is(err, store.ErrStale)
		f.same("here, when "+name, f.challenge(from.SessionID), from)
		f.same("there, when "+name, f.challenge(to.SessionID), to)
	}
}
