package kyc_test

import (
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestChoosingForgetsWhatWasUnderWay(t *testing.T) {
	t.Parallel()
	for _, status := range []kyc.Status{kyc.StatusPending, kyc.StatusAuthorized, kyc.StatusFailed, kyc.StatusExpired} {
		s, person := in(t, status), id(7)
		s.AccountID, s.GrantedScope, s.Consent = &person, "given_name", kyc.ConsentGiven
		want, now := *s, noon.Add(time.Minute)
		is(t, s.Choose(kyc.MethodEmail, now), nil)
		want.Method, want.Verification, want.UpdatedAt = kyc.MethodEmail, kyc.Verification{}, now
		want.AccountID, want.GrantedScope, want.Consent = nil, "", kyc.ConsentRequired
		same(t, "when "+string(status), *s, want)
		_, err := s.Prove("r1", []byte("sealed"), now)
		is(t, err, kyc.ErrIllegalMove)
	}
	for _, status := range []kyc.Status{kyc.StatusVerified, kyc.StatusCompleted, kyc.StatusDenied} {
		s := in(t, status)
		before := *s
		is(t, s.Choose(kyc.MethodEmail, noon.Add(time.Minute)), kyc.ErrIllegalMove)
		same(t, "when "+string(status), *s, before)
	}
}

func TestChoosingIsNoAttempt(t *testing.T) {
	t.Parallel()
	s := pending()
	for _, row := range []struct {
		name   string
		method kyc.Method
		want   int64
	}{
		{"who is still to choose", kyc.MethodOpen, 0},
		{"who chose", kyc.MethodEmail, 1},
		{"who chooses again", kyc.MethodOpen, 1},
		{"who chose otherwise", kyc.MethodPhone, 2},
	} {
		is(t, s.Choose(row.method, noon), nil)
		_, err := s.Open(binding, kyc.Verification{}, noon, noon)
		is(t, err, nil)
		same(t, row.name, s.Attempts, row.want)
		same(t, "next check", *s.NextCheck, s.ExpiresAt)
	}
	_, err := s.Expire(noon)
	is(t, err, nil)
	is(t, s.Choose(kyc.MethodOpen, noon), nil)
	_, err = s.Open(binding, kyc.Verification{}, noon, noon)
	is(t, err, nil)
	same(t, "after an attempt of whose end the client was told", s.Attempts, int64(3))
}

func TestNothingIsProvedByNoMethod(t *testing.T) {
	t.Parallel()
	s := proving(t, kyc.MethodOpen)
	before := *s
	effects, err := s.Prove("", []byte("sealed"), noon)
	is(t, err, kyc.ErrIllegalMove)
	same(t, "session", *s, before)
	same(t, "effects", effects, kyc.Effects{})
}

func TestAnAddressIsProvedWithoutAVerification(t *testing.T) {
	t.Parallel()
	for _, m := range kyc.AddressMethods {
		s := proving(t, m)
		same(t, "next check", *s.NextCheck, s.ExpiresAt)
		same(t, "reusable", s.Reusable(binding.BrowserHash, s.ExpiresAt.Add(-1)), true)
		same(t, "reusable at its end", s.Reusable(binding.BrowserHash, s.ExpiresAt), false)
		s.SealedHint = []byte("hint")
		effects, err := s.Prove("", []byte("sealed"), noon)
		is(t, err, nil)
		same(t, "method of the event", effects.Event.Method, m)
		same(t, "hint", s.SealedHint, []byte("hint"))
	}
}

func TestTheHintGoesInTheEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []kyc.Status{kyc.StatusAuthorized, kyc.StatusFailed, kyc.StatusExpired} {
		s := in(t, status)
		s.SealedHint = []byte("hint")
		if status == kyc.StatusAuthorized {
			_, err := s.Expire(noon)
			is(t, err, nil)
			same(t, "when it may be opened again", s.SealedHint, []byte("hint"))
		}
		_, err := s.Cancel(noon)
		is(t, err, nil)
		same(t, "after cancelling", s.SealedHint, []byte(nil))
	}
}

func TestASessionWaitsForItsTAN(t *testing.T) {
	t.Parallel()
	for _, m := range append([]kyc.Method{kyc.MethodOpen}, kyc.Methods...) {
		s := proving(t, m)
		s.LeaseUntil = at(noon)
		before, now := *s, noon.Add(time.Minute)
		later := s.ExpiresAt.Add(time.Hour)
		err := s.Await(later, now)
		if !m.Addressed() {
			is(t, err, kyc.ErrIllegalMove)
			same(t, string(m), *s, before)
			continue
		}
		is(t, err, nil)
		want := before
		want.ExpiresAt, want.NextCheck, want.LeaseUntil, want.UpdatedAt = later, &later, nil, now
		same(t, "a TAN that outlives "+string(m), *s, want)
		is(t, s.Await(noon, now), nil)
		same(t, "a TAN that ends before", *s, want)
	}
	for _, status := range kyc.Statuses {
		s := in(t, status)
		s.Method = kyc.MethodEmail
		before := *s
		if err := s.Await(s.ExpiresAt.Add(1), noon); status != kyc.StatusAuthorized {
			is(t, err, kyc.ErrIllegalMove)
			same(t, "when "+string(status), *s, before)
		}
	}
}

func TestWhoMayTryAgain(t *testing.T) {
	t.Parallel()
	for method, again := range map[kyc.Method]map[kyc.Status]bool{
		kyc.MethodSwiyu:    {kyc.StatusFailed: true, kyc.StatusExpired: true},
		kyc.MethodAccount:  {},
		kyc.MethodOpen:     {},
		kyc.MethodEmail:    {kyc.StatusExpired: true},
		kyc.MethodPhone:    {kyc.StatusExpired: true},
		kyc.MethodPostal:   {kyc.StatusExpired: true},
		kyc.MethodPostalCH: {kyc.StatusExpired: true},
	} {
		for _, status := range kyc.Statuses {
			s := in(t, status)
			s.Method = method
			what := string(method) + " when " + string(status)
			same(t, what, s.CanRetry(noon), again[status])
			same(t, what+", at the end of its life", s.CanRetry(s.ExpiresAt), false)
			s.Attempts = kyc.MaxAttempts
			same(t, what+", after all attempts", s.CanRetry(noon), false)
		}
	}
}

func TestTheScopeIsNarrowedByTheProof(t *testing.T) {
	t.Parallel()
	b := binding
	b.Scope = "openid profile email"
	for method, row := range map[kyc.Method]struct{ proved, agreed string }{
		kyc.MethodEmail: {"openid email", "openid email"},
		kyc.MethodSwiyu: {"openid profile", "openid profile"},
	} {
		s := pending()
		is(t, s.Choose(method, noon), nil)
		_, err := s.Open(b, kyc.Verification{}, noon, noon)
		is(t, err, nil)
		s.Consent = kyc.ConsentRequired
		same(t, "kept before the proof", s.GrantedScope, "")
		_, err = s.Prove("", []byte("sealed"), noon)
		is(t, err, nil)
		same(t, "kept of what "+string(method)+" proves", s.GrantedScope, row.proved)
		_, err = s.Agree(kyc.Choice{Scope: b.Scope}, noon) // more than there is
		is(t, err, nil)
		same(t, "kept of what was agreed to", s.GrantedScope, row.agreed)
		same(t, "scope of the code", s.NewCode(kyc.Handle{}, 1, noon, time.Minute).Scope, row.agreed)
	}
}
