package main

import (
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestNextMessageIsShownWhereOneCanBeAskedFor(t *testing.T) {
	t.Parallel()
	now := clock()
	next, end := now.Add(time.Minute), now.Add(time.Hour)
	for _, test := range []struct {
		name    string
		session kyc.Session
		sends   int64
		shown   bool
	}{
		{"the session waits for a TAN", kyc.Session{Status: kyc.StatusAuthorized, ExpiresAt: end}, 1, true},
		{"all messages to the address were sent", kyc.Session{Status: kyc.StatusAuthorized, ExpiresAt: end}, kyc.TANSends, false},
		{"the TAN was entered", kyc.Session{Status: kyc.StatusVerified, ExpiresAt: end}, 1, false},
		{"all tries are used up", kyc.Session{Status: kyc.StatusFailed, ExpiresAt: end}, 1, false},
		{"the session is over, and nothing has looked at it since", kyc.Session{Status: kyc.StatusAuthorized, ExpiresAt: now}, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := viewChallenge(kyc.Challenge{Sends: test.sends, NextSend: &next}, test.session, now)
			if (v.NextSend != nil) != test.shown {
				t.Errorf("next message is %v", v.NextSend)
			}
		})
	}
}

func TestNextCheckIsThatOfTheVerifier(t *testing.T) {
	t.Parallel()
	now := clock()
	soon, forgets, end := now.Add(2*time.Second), now.Add(time.Minute), now.Add(time.Hour)
	for _, test := range []struct {
		name    string
		session kyc.Session
		check   *time.Time
		ends    *time.Time
	}{
		{
			"a wallet is waited for",
			kyc.Session{Method: kyc.MethodSwiyu, Status: kyc.StatusAuthorized, NextCheck: &soon, Verification: kyc.Verification{EndsAt: &forgets}, ExpiresAt: end},
			&soon, &forgets,
		},
		{"a TAN is waited for", kyc.Session{Method: kyc.MethodPhone, Status: kyc.StatusAuthorized, NextCheck: &end, ExpiresAt: end}, nil, &end},
		{"no method was chosen", kyc.Session{Status: kyc.StatusAuthorized, NextCheck: &end, ExpiresAt: end}, nil, &end},
		{"nobody has come", kyc.Session{Method: kyc.MethodSwiyu, Status: kyc.StatusPending, NextCheck: &end, ExpiresAt: end}, nil, &end},
		{"a proof is to be taken home", kyc.Session{Method: kyc.MethodSwiyu, Status: kyc.StatusVerified, NextCheck: &forgets, ExpiresAt: end}, nil, &forgets},
		{"it is over", kyc.Session{Method: kyc.MethodPhone, Status: kyc.StatusCompleted, ExpiresAt: end}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := viewSession(test.session)
			if !same(v.NextCheck, test.check) || !same(v.StateEndsAt, test.ends) {
				t.Errorf("next check is %v, the state ends %v; want %v and %v", v.NextCheck, v.StateEndsAt, test.check, test.ends)
			}
		})
	}
}

// same says whether two times are the same, or both none.
func same(a, b *time.Time) bool { return at(a) == at(b) }
