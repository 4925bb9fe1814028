package kyc_test

import (
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestNewSession(t *testing.T) {
	t.Parallel()
	nonce := kyc.Handle{ID: id(1), Secret: [32]byte{7}}
	end := noon.Add(kyc.SetupLifetime)
	same(t, "session", kyc.NewSession(nonce, "kiosk", kyc.MethodSwiyu, noon, kyc.SetupLifetime), kyc.Session{
		ID: id(1), ClientID: "kiosk", Method: kyc.MethodSwiyu, NonceHash: nonce.Hash(kyc.SecretNonce),
		Status: kyc.StatusPending, NextCheck: &end, CreatedAt: noon, UpdatedAt: noon, ExpiresAt: end, Version: 1,
	})
}

func TestOpenRecordsBindingAndVerification(t *testing.T) {
	t.Parallel()
	s := pending()
	s.LeaseUntil = at(noon.Add(time.Hour))
	now, first := noon.Add(time.Minute), noon.Add(2*time.Minute)
	effects, err := s.Open(binding, verification, now, first)
	is(t, err, nil)
	same(t, "effects", effects, kyc.Effects{})
	want := pending()
	want.Status, want.Binding, want.Verification, want.Attempts = kyc.StatusAuthorized, binding, verification, 1
	want.AuthorizedAt, want.NextCheck, want.UpdatedAt = &now, &first, now
	same(t, "session", s, want)
}

func TestOpeningAgainForgetsTheAttemptBefore(t *testing.T) {
	t.Parallel()
	for _, status := range []kyc.Status{kyc.StatusAuthorized, kyc.StatusFailed, kyc.StatusExpired} {
		s := in(t, status)
		s.Checks = 9
		other := binding
		other.BrowserHash = []byte("another browser")
		effects, err := s.Open(other, kyc.Verification{RequestID: "r2"}, noon.Add(time.Hour), noon.Add(2*time.Hour))
		is(t, err, nil)
		same(t, "effects", effects, kyc.Effects{DropCode: true})
		same(t, "verification", s.Verification, kyc.Verification{RequestID: "r2"})
		same(t, "browser", s.BrowserHash, []byte("another browser"))
		if s.Attempts != 2 || s.Checks != 0 || s.ErrorCode != "" || s.FinishedAt != nil {
			t.Errorf("opened after %s: %+v", status, s)
		}
		_, err = s.Prove("r1", []byte("sealed"), noon)
		is(t, err, kyc.ErrIllegalMove)
	}
}

func TestOpenIsRefused(t *testing.T) {
	t.Parallel()
	change := func(f func(*kyc.Binding)) kyc.Binding { b := binding; f(&b); return b }
	end := noon.Add(kyc.SetupLifetime)
	for name, row := range map[string]struct {
		status  kyc.Status
		attempt int64
		binding kyc.Binding
		now     time.Time
		want    error
	}{
		"AtTheEndOfItsLife":            {kyc.StatusPending, 0, binding, end, kyc.ErrSessionOver},
		"WithAnotherRedirectURI":       {kyc.StatusExpired, 1, change(func(b *kyc.Binding) { b.RedirectURI += "2" }), noon, kyc.ErrOtherBinding},
		"WithAnotherState":             {kyc.StatusExpired, 1, change(func(b *kyc.Binding) { b.State = "" }), noon, kyc.ErrOtherBinding},
		"WithAnotherScope":             {kyc.StatusFailed, 1, change(func(b *kyc.Binding) { b.Scope = "sex" }), noon, kyc.ErrOtherBinding},
		"WithAnotherChallenge":         {kyc.StatusAuthorized, 1, change(func(b *kyc.Binding) { b.Challenge = "" }), noon, kyc.ErrOtherBinding},
		"AfterAllAttempts":             {kyc.StatusFailed, kyc.MaxAttempts, binding, noon, kyc.ErrNoAttemptsLeft},
		"WhenVerified":                 {kyc.StatusVerified, 1, binding, noon, kyc.ErrIllegalMove},
		"WhenCompleted":                {kyc.StatusCompleted, 1, binding, noon, kyc.ErrIllegalMove},
		"WhenDenied":                   {kyc.StatusDenied, 1, binding, noon, kyc.ErrIllegalMove},
		"JustBeforeTheEndIsStillRight": {kyc.StatusPending, 0, binding, end.Add(-1), nil},
		"WithOneAttemptLeftIsRight":    {kyc.StatusFailed, kyc.MaxAttempts - 1, binding, noon, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := in(t, row.status)
			s.Attempts = row.attempt
			before := *s
			is(t, s.CanOpen(row.binding, row.now), row.want)
			same(t, "session after asking", *s, before)
			effects, err := s.Open(row.binding, verification, row.now, row.now)
			is(t, err, row.want)
			if row.want != nil {
				same(t, "session", *s, before)
				same(t, "effects", effects, kyc.Effects{})
			}
		})
	}
}

func TestProveKeepsTheClaimsForTheHandover(t *testing.T) {
	t.Parallel()
	s := in(t, kyc.StatusAuthorized)
	want, now, sealed := *s, noon.Add(time.Minute), []byte("sealed")
	effects, err := s.Prove("r1", sealed, now)
	is(t, err, nil)
	sealed[0] = 'X' // the caller may use its bytes again
	want.Status, want.SealedClaims, want.VerifiedAt, want.UpdatedAt = kyc.StatusVerified, []byte("sealed"), &now, now
	want.NextCheck = at(now.Add(kyc.HandoverLifetime))
	same(t, "session", *s, want)
	same(t, "effects", effects, kyc.Effects{Event: &kyc.Event{
		Type: kyc.EventVerified, At: now, SessionID: s.ID, ClientID: "kiosk", VerificationID: "r1",
		Status: kyc.StatusVerified, Method: kyc.MethodSwiyu, Attempt: 1,
	}})
}

func TestRefuseEndsTheAttempt(t *testing.T) {
	t.Parallel()
	s := in(t, kyc.StatusAuthorized)
	want, now := *s, noon.Add(time.Minute)
	effects, err := s.Refuse("r1", kyc.FailureCredential, now)
	is(t, err, nil)
	want.Status, want.ErrorCode, want.FinishedAt, want.UpdatedAt = kyc.StatusFailed, "credential_not_valid", &now, now
	want.NextCheck = nil
	same(t, "session", *s, want)
	same(t, "effects", effects, kyc.Effects{Event: &kyc.Event{
		Type: kyc.EventFailed, At: now, SessionID: s.ID, ClientID: "kiosk", VerificationID: "r1",
		Status: kyc.StatusFailed, Method: kyc.MethodSwiyu, Error: "credential_not_valid", Attempt: 1,
	}})
}

func TestTheFirstFinalAnswerOfTheOpenVerificationWins(t *testing.T) {
	t.Parallel()
	answers := map[string]func(s *kyc.Session, request string) error{
		"prove":  func(s *kyc.Session, r string) error { _, err := s.Prove(r, []byte("x"), noon); return err },
		"refuse": func(s *kyc.Session, r string) error { _, err := s.Refuse(r, kyc.FailureClaims, noon); return err },
	}
	for name, answer := range answers {
		for _, status := range kyc.Statuses {
			for _, request := range []string{"r1", "r2", ""} {
				s := in(t, status)
				before := *s
				err := answer(s, request)
				if right := status == kyc.StatusAuthorized && request == "r1"; right != (err == nil) {
					t.Errorf("%s of %q when %s: %v", name, request, status, err)
				}
				if err != nil {
					is(t, err, kyc.ErrIllegalMove)
					same(t, "session", *s, before)
				}
			}
		}
	}
}

func TestExpireAndCancelForgetTheClaims(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		move  func(*kyc.Session) (kyc.Effects, error)
		to    kyc.Status
		error string
		event kyc.EventType
		from  []kyc.Status
	}{
		{"expire", func(s *kyc.Session) (kyc.Effects, error) { return s.Expire(noon.Add(time.Hour)) }, kyc.StatusExpired,
			"expired", kyc.EventExpired, []kyc.Status{kyc.StatusPending, kyc.StatusAuthorized, kyc.StatusVerified}},
		{"cancel", func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon.Add(time.Hour)) }, kyc.StatusDenied,
			"cancelled", kyc.EventDenied, []kyc.Status{kyc.StatusPending, kyc.StatusAuthorized, kyc.StatusVerified, kyc.StatusFailed, kyc.StatusExpired}},
	} {
		legal := map[kyc.Status]bool{}
		for _, from := range row.from {
			legal[from] = true
		}
		for _, from := range kyc.Statuses {
			s := in(t, from)
			before := *s
			effects, err := row.move(s)
			if !legal[from] {
				is(t, err, kyc.ErrIllegalMove)
				same(t, "session", *s, before)
				same(t, "effects", effects, kyc.Effects{})
				continue
			}
			is(t, err, nil)
			want, now := before, noon.Add(time.Hour)
			want.Status, want.ErrorCode, want.SealedClaims, want.NextCheck = row.to, row.error, nil, nil
			want.FinishedAt, want.UpdatedAt = &now, now
			same(t, row.name+" when "+string(from), *s, want)
			same(t, "effects", effects, kyc.Effects{DropCode: true, Event: &kyc.Event{
				Type: row.event, At: now, SessionID: s.ID, ClientID: "kiosk", VerificationID: before.RequestID,
				Status: row.to, Method: kyc.MethodSwiyu, Error: row.error, Attempt: before.Attempts,
			}})
		}
	}
}

func TestOwnedBy(t *testing.T) {
	t.Parallel()
	s := in(t, kyc.StatusAuthorized)
	for browser, want := range map[string]bool{"browser": true, "browse": false, "browser2": false, "": false} {
		same(t, browser, s.OwnedBy([]byte(browser)), want)
	}
	unbound := pending()
	same(t, "a session without a browser, and none", unbound.OwnedBy(nil), false)
	same(t, "a session without a browser", unbound.OwnedBy([]byte("browser")), false)
}

func TestReusable(t *testing.T) {
	t.Parallel()
	ends := *verification.EndsAt
	for _, row := range []struct {
		name    string
		status  kyc.Status
		browser string
		now     time.Time
		want    bool
	}{
		{"by the same browser", kyc.StatusAuthorized, "browser", noon, true},
		{"just before the verifier forgets it", kyc.StatusAuthorized, "browser", ends.Add(-1), true},
		{"when the verifier has forgotten it", kyc.StatusAuthorized, "browser", ends, false},
		{"by another browser", kyc.StatusAuthorized, "other", noon, false},
		{"before it was opened", kyc.StatusPending, "browser", noon, false},
		{"after it was proved", kyc.StatusVerified, "browser", noon, false},
		{"after it failed", kyc.StatusFailed, "browser", noon, false},
	} {
		same(t, row.name, in(t, row.status).Reusable([]byte(row.browser), row.now), row.want)
	}
	s := in(t, kyc.StatusAuthorized)
	s.EndsAt = nil
	same(t, "with no known end", s.Reusable([]byte("browser"), noon), false)
}

func TestDeadlineAndTimeLeft(t *testing.T) {
	t.Parallel()
	life := noon.Add(kyc.SetupLifetime)
	for status, want := range map[kyc.Status]*time.Time{
		kyc.StatusPending: &life, kyc.StatusAuthorized: verification.EndsAt,
		kyc.StatusVerified: at(noon.Add(kyc.HandoverLifetime)), kyc.StatusFailed: &life,
		kyc.StatusCompleted: nil, kyc.StatusExpired: nil, kyc.StatusDenied: nil,
	} {
		s := in(t, status)
		same(t, "deadline of "+string(status), s.Deadline(), want)
		if want == nil {
			same(t, "time left of "+string(status), s.TimeLeft(noon), int64(0))
			continue
		}
		same(t, "time left at noon", s.TimeLeft(noon), int64(want.Sub(noon)/time.Second))
		same(t, "time left within the last second", s.TimeLeft(want.Add(-time.Millisecond)), int64(0))
		same(t, "time left in the end", s.TimeLeft(*want), int64(0))
		same(t, "time left after it", s.TimeLeft(want.Add(time.Hour)), int64(0))
	}
	s := in(t, kyc.StatusAuthorized)
	s.EndsAt = at(life.Add(time.Hour))
	same(t, "deadline of a verification that outlives the session", s.Deadline(), &life)
	s.EndsAt = nil
	same(t, "deadline of a verification with no known end", s.Deadline(), &life)
}

func TestCanRetry(t *testing.T) {
	t.Parallel()
	for _, status := range kyc.Statuses {
		s := in(t, status)
		want := status == kyc.StatusFailed || status == kyc.StatusExpired
		same(t, "when "+string(status), s.CanRetry(noon), want)
		same(t, "at the end of its life", s.CanRetry(s.ExpiresAt), false)
		s.Attempts = kyc.MaxAttempts
		same(t, "after all attempts", s.CanRetry(noon), false)
	}
}
