package kyc_test

import (
	"testing"
	"time"

	"vouchgate/kyc"
)

// visit is what somebody's browser brings to a client that asks for more than a
// scope.
var visit = kyc.Binding{
	RedirectURI: "https://kiosk.example/cb", State: "state", Scope: "openid profile age_over_18", Challenge: "challenge",
	BrowserHash: []byte("browser"), Claims: kyc.Strings{"sex", "nationality"}, ResponseMode: "form_post",
	SealedRequest: []byte("sealed request"),
}

var all = kyc.Choice{Scope: visit.Scope, Claims: visit.Claims}

// asked returns an open session, with a wallet, whose person has to be asked.
func asked(t *testing.T, consent kyc.Consent) *kyc.Session {
	t.Helper()
	s := kyc.NewVisit(kyc.Handle{ID: id(1)}, "kiosk", kyc.MethodSwiyu, visit, noon, kyc.VisitLifetime)
	s.Consent = consent
	_, err := s.Open(visit, verification, noon, noon)
	is(t, err, nil)
	return &s
}

// signedIn returns an open session in which somebody with an account is signed in
// and has to be asked.
func signedIn(t *testing.T) *kyc.Session {
	t.Helper()
	s := kyc.NewVisit(kyc.Handle{ID: id(1)}, "kiosk", kyc.MethodAccount, visit, noon, kyc.VisitLifetime)
	s.Consent = kyc.ConsentRequired
	_, err := s.Open(visit, kyc.Verification{}, noon, noon)
	is(t, err, nil)
	person := id(7)
	is(t, s.SignIn(&person, noon), nil)
	return &s
}

func TestTheClientIsToldWhenThePersonAgrees(t *testing.T) {
	t.Parallel()
	for consent, needed := range map[kyc.Consent]bool{
		kyc.ConsentNone: false, kyc.ConsentAsked: true, kyc.ConsentRequired: true, kyc.ConsentGiven: false,
	} {
		s := asked(t, consent)
		if consent == kyc.ConsentGiven { // which opening takes back
			s.Consent = consent
		}
		same(t, "needed when "+string(consent), s.NeedsConsent(), needed)
		effects, err := s.Prove("r1", []byte("sealed"), noon)
		is(t, err, nil)
		same(t, "told of the proof when "+string(consent), effects.Event != nil, !needed)
		same(t, "status", s.Status, kyc.StatusVerified)
		if !needed {
			_, err = s.Agree(all, noon)
			is(t, err, kyc.ErrIllegalMove)
			continue
		}
		now, before := noon.Add(time.Minute), *s
		effects, err = s.Agree(all, now)
		is(t, err, nil)
		same(t, "effects", effects, kyc.Effects{Event: &kyc.Event{
			Type: kyc.EventVerified, At: now, SessionID: s.ID, ClientID: "kiosk", VerificationID: "r1",
			Status: kyc.StatusVerified, Method: kyc.MethodSwiyu, Attempt: 1,
		}})
		before.Consent, before.UpdatedAt = kyc.ConsentGiven, now
		same(t, "session", *s, before)
		_, err = s.Agree(all, now) // a second time
		is(t, err, kyc.ErrIllegalMove)
	}
}

func TestOnlyAProofCanBeAgreedTo(t *testing.T) {
	t.Parallel()
	for _, status := range kyc.Statuses {
		s := in(t, status)
		s.Consent = kyc.ConsentRequired
		before := *s
		effects, err := s.Agree(kyc.Choice{Scope: s.Scope}, noon)
		if status == kyc.StatusVerified {
			is(t, err, nil)
			continue
		}
		is(t, err, kyc.ErrIllegalMove)
		same(t, "session that is "+string(status), *s, before)
		same(t, "effects", effects, kyc.Effects{})
	}
}

func TestTheClientGetsWhatThePersonLeft(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		choice  kyc.Choice
		granted string // empty: refused
		narrow  string
		claims  []string
	}{
		{"all of it", all, visit.Scope, "",
			[]string{"given_name", "family_name", "birth_date", "age_over_18", "sex", "nationality"}},
		{"a part of the scope", kyc.Choice{Scope: "openid age_over_18", Claims: kyc.Strings{"sex"}}, "openid age_over_18", "openid age_over_18",
			[]string{"age_over_18", "sex"}},
		{"a part of the claims", kyc.Choice{Scope: visit.Scope, Claims: kyc.Strings{"sex"}}, visit.Scope, "",
			[]string{"given_name", "family_name", "birth_date", "age_over_18", "sex"}},
		{"nothing but who it is", kyc.Choice{Scope: "openid"}, "openid", "openid", nil},
		{"nothing", kyc.Choice{}, "", "", nil},
		{"nothing of the scope", kyc.Choice{Claims: kyc.Strings{"sex"}}, "", "", nil},
	} {
		wallet, account := asked(t, kyc.ConsentAsked), signedIn(t)
		_, err := wallet.Prove("r1", []byte("sealed"), noon)
		is(t, err, nil)
		for name, move := range map[*kyc.Session]func() (kyc.Effects, error){
			wallet:  func() (kyc.Effects, error) { return wallet.Agree(row.choice, noon) },
			account: func() (kyc.Effects, error) { return account.Admit([]byte("sealed"), row.choice, noon) },
		} {
			s, before := name, *name
			effects, err := move()
			if row.granted == "" {
				is(t, err, kyc.ErrIllegalMove)
				same(t, "session of who leaves "+row.name, *s, before)
				same(t, "effects", effects, kyc.Effects{})
				continue
			}
			is(t, err, nil)
			same(t, "granted of "+row.name, s.Granted(), row.granted)
			same(t, "kept of "+row.name, s.GrantedScope, row.narrow)
			same(t, "asked for", s.Scope, visit.Scope)
			same(t, "read of "+row.name, kyc.Grant{Scope: s.Granted(), Claims: s.Claims}.Asked(""), row.claims)
			same(t, "scope of its code", s.NewCode(kyc.Handle{}, 1, noon, time.Minute).Scope, row.granted)
		}
	}
}

func TestAClientWithoutAScopeCanBeAgreedTo(t *testing.T) {
	t.Parallel()
	s := asked(t, kyc.ConsentRequired)
	s.Scope = ""
	_, err := s.Prove("r1", []byte("sealed"), noon)
	is(t, err, nil)
	_, err = s.Agree(kyc.Choice{Claims: kyc.Strings{"sex"}}, noon)
	is(t, err, nil)
	same(t, "granted", s.Granted(), "")
	same(t, "asked", s.Asked(), []string{"sex"})
}

func TestOnlyAnOpenSessionWithAnAccountIsSignedInTo(t *testing.T) {
	t.Parallel()
	person := id(7)
	for _, method := range kyc.Methods {
		for _, status := range kyc.Statuses {
			s := in(t, status)
			s.Method = method
			before := *s
			err := s.SignIn(&person, noon.Add(time.Minute))
			if method == kyc.MethodAccount && status == kyc.StatusAuthorized {
				is(t, err, nil)
				before.AccountID, before.UpdatedAt = &person, noon.Add(time.Minute)
			} else {
				is(t, err, kyc.ErrIllegalMove)
			}
			same(t, string(method)+" session that is "+string(status), *s, before)
		}
	}
	s := signedIn(t)
	is(t, s.SignIn(nil, noon), nil)
	same(t, "after signing out", s.AccountID, (*kyc.ID)(nil))
}

func TestAdmitProvesByTheAccount(t *testing.T) {
	t.Parallel()
	s, now, sealed := signedIn(t), noon.Add(time.Minute), []byte("sealed")
	want := *s
	effects, err := s.Admit(sealed, all, now)
	is(t, err, nil)
	sealed[0] = 'X' // the caller may use its bytes again
	want.Status, want.SealedClaims, want.VerifiedAt, want.UpdatedAt = kyc.StatusVerified, []byte("sealed"), &now, now
	want.Consent, want.NextCheck = kyc.ConsentGiven, at(now.Add(kyc.HandoverLifetime))
	same(t, "session", *s, want)
	same(t, "effects", effects, kyc.Effects{Event: &kyc.Event{
		Type: kyc.EventVerified, At: now, SessionID: s.ID, ClientID: "kiosk",
		Status: kyc.StatusVerified, Method: kyc.MethodAccount, Attempt: 1,
	}})
}

func TestNobodyAgreesWhereNobodyIsAsked(t *testing.T) {
	t.Parallel()
	s := signedIn(t)
	s.Consent = kyc.ConsentNone
	effects, err := s.Admit([]byte("sealed"), all, noon)
	is(t, err, nil)
	same(t, "told", effects.Event != nil, true)
	same(t, "consent", s.Consent, kyc.ConsentNone)
	_, err = s.Expire(noon)
	is(t, err, nil)
	_, err = s.Open(visit, kyc.Verification{}, noon, noon)
	is(t, err, nil)
	same(t, "needed when it is opened again", s.NeedsConsent(), false)
}

func TestAdmitIsRefused(t *testing.T) {
	t.Parallel()
	person := id(7)
	for name, s := range map[string]*kyc.Session{
		"when nobody is signed in": func() *kyc.Session { s := signedIn(t); s.AccountID = nil; return s }(),
		"when a wallet is asked":   func() *kyc.Session { s := asked(t, kyc.ConsentNone); s.AccountID = &person; return s }(),
		"a second time":            func() *kyc.Session { s := signedIn(t); _, err := s.Admit(nil, all, noon); is(t, err, nil); return s }(),
		"after the end":            func() *kyc.Session { s := signedIn(t); _, err := s.Expire(noon); is(t, err, nil); return s }(),
		"after cancelling":         func() *kyc.Session { s := signedIn(t); _, err := s.Cancel(noon); is(t, err, nil); return s }(),
	} {
		before := *s
		effects, err := s.Admit([]byte("sealed"), kyc.Choice{Scope: "openid"}, noon.Add(time.Minute))
		is(t, err, kyc.ErrIllegalMove)
		same(t, "session "+name, *s, before)
		same(t, "effects "+name, effects, kyc.Effects{})
	}
}

// TestOpeningAgainAsksAgain is about another person at the same link.
func TestOpeningAgainAsksAgain(t *testing.T) {
	t.Parallel()
	other := visit
	other.BrowserHash = []byte("another browser")
	s := signedIn(t)
	_, err := s.Admit([]byte("sealed"), kyc.Choice{Scope: "openid"}, noon)
	is(t, err, nil)
	_, err = s.Expire(noon)
	is(t, err, nil)
	_, err = s.Open(other, kyc.Verification{}, noon, noon)
	is(t, err, nil)
	same(t, "who is signed in", s.AccountID, (*kyc.ID)(nil))
	same(t, "granted", s.Granted(), visit.Scope)
	same(t, "claims", s.Claims, visit.Claims)
	same(t, "consent", s.Consent, kyc.ConsentRequired)
	_, err = s.Admit([]byte("sealed"), all, noon)
	is(t, err, kyc.ErrIllegalMove)

	for before, want := range map[kyc.Consent]kyc.Consent{
		kyc.ConsentNone: kyc.ConsentNone, kyc.ConsentAsked: kyc.ConsentAsked,
		kyc.ConsentRequired: kyc.ConsentRequired, kyc.ConsentGiven: kyc.ConsentRequired,
	} {
		s := in(t, kyc.StatusExpired)
		s.Consent = before
		_, err := s.Open(binding, verification, noon, noon)
		is(t, err, nil)
		same(t, "consent that was "+string(before), s.Consent, want)
	}
}

func TestNewVisitIsBoundToARequestAndToNoBrowser(t *testing.T) {
	t.Parallel()
	b := visit
	b.BrowserHash = nil
	nonce := kyc.Handle{ID: id(1), Secret: [32]byte{7}}
	s := kyc.NewVisit(nonce, "kiosk", kyc.MethodAccount, b, noon, kyc.PushedLifetime)
	want := kyc.NewSession(nonce, "kiosk", kyc.MethodAccount, noon, kyc.PushedLifetime)
	want.Binding = b
	same(t, "session", s, want)
	same(t, "bound", s.Bound(), true)
	same(t, "taken", s.Taken(), false)
	same(t, "owned", s.OwnedBy([]byte("browser")), false)
	other := b
	other.State = "other"
	is(t, s.CanOpen(other, noon), kyc.ErrOtherBinding)
}

func TestOpeningWhatWasPushedGivesItTheLifeOfAVisit(t *testing.T) {
	t.Parallel()
	unbound := visit
	unbound.BrowserHash = nil
	pushed := kyc.NewVisit(kyc.Handle{ID: id(1)}, "kiosk", kyc.MethodSwiyu, unbound, noon, kyc.PushedLifetime)
	visited := kyc.NewVisit(kyc.Handle{ID: id(1)}, "kiosk", kyc.MethodSwiyu, visit, noon, kyc.VisitLifetime)
	setUp := pending()
	for name, row := range map[string]struct {
		session kyc.Session
		after   time.Duration
		err     error
		life    time.Duration // from noon
	}{
		"pushed, opened at once":      {pushed, 0, nil, kyc.VisitLifetime},
		"pushed, opened in time":      {pushed, kyc.PushedLifetime - 1, nil, kyc.PushedLifetime - 1 + kyc.VisitLifetime},
		"pushed, opened too late":     {pushed, kyc.PushedLifetime, kyc.ErrSessionOver, kyc.PushedLifetime},
		"made by a visit":             {visited, time.Minute, nil, kyc.VisitLifetime},
		"set up":                      {setUp, time.Minute, nil, kyc.SetupLifetime},
		"set up, opened near the end": {setUp, kyc.SetupLifetime - 1, nil, kyc.SetupLifetime},
	} {
		s, now := row.session, noon.Add(row.after)
		_, err := s.Open(visit, verification, now, now)
		is(t, err, row.err)
		same(t, "end of a session "+name, s.ExpiresAt, noon.Add(row.life))
		if err != nil {
			continue
		}
		_, err = s.Open(visit, verification, now, now)
		is(t, err, nil)
		same(t, "end after opening again "+name, s.ExpiresAt, noon.Add(row.life))
	}
}

func TestAPushedRequestThatRanOutStaysSo(t *testing.T) {
	t.Parallel()
	unbound := visit
	unbound.BrowserHash = nil
	s := kyc.NewVisit(kyc.Handle{ID: id(1)}, "kiosk", kyc.MethodSwiyu, unbound, noon, kyc.PushedLifetime)
	_, err := s.Expire(noon.Add(kyc.PushedLifetime))
	is(t, err, nil)
	_, err = s.Open(visit, verification, noon.Add(kyc.PushedLifetime), noon)
	is(t, err, kyc.ErrSessionOver)
}

func TestASignInThatWasNotFinishedExpires(t *testing.T) {
	t.Parallel()
	s, now := signedIn(t), noon.Add(kyc.VisitLifetime)
	same(t, "deadline", s.Deadline(), &now)
	effects, err := s.Expire(now)
	is(t, err, nil)
	same(t, "status", s.Status, kyc.StatusExpired)
	same(t, "effects", effects, kyc.Effects{DropCode: true, Event: &kyc.Event{
		Type: kyc.EventExpired, At: now, SessionID: s.ID, ClientID: "kiosk", Status: kyc.StatusExpired,
		Method: kyc.MethodAccount, Error: "expired", Attempt: 1,
	}})
}

func TestASignInIsNotTriedAgainInItsSession(t *testing.T) {
	t.Parallel()
	for _, status := range kyc.Statuses {
		s := in(t, status)
		s.Method = kyc.MethodAccount
		same(t, "when "+string(status), s.CanRetry(noon), false)
	}
}

func TestASessionAsksForScopeAndClaims(t *testing.T) {
	t.Parallel()
	s := asked(t, kyc.ConsentNone)
	same(t, "asked", s.Asked(), []string{"given_name", "family_name", "birth_date", "age_over_18", "sex", "nationality"})
	s.Claims = kyc.Strings{"given_name", "shoe_size", "", "profile"}
	same(t, "asked twice, and for what there is not", s.Asked(), []string{"given_name", "family_name", "birth_date", "age_over_18"})
}

func TestWhatIsLeftWithoutTheRefusedClaims(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, scope string
		claims      kyc.Strings
		refused     []string
		want        kyc.Choice
	}{
		{"nothing refused", "openid profile", kyc.Strings{"sex"}, nil, kyc.Choice{Scope: "openid profile", Claims: kyc.Strings{"sex"}}},
		{"one of a group", "profile age_over_18", nil, []string{"birth_date"}, kyc.Choice{Scope: "given_name family_name age_over_18"}},
		{"one that stands twice", "profile given_name", nil, []string{"birth_date"}, kyc.Choice{Scope: "given_name family_name"}},
		{"a single claim", "openid", kyc.Strings{"sex", "nationality"}, []string{"sex"}, kyc.Choice{Scope: "openid", Claims: kyc.Strings{"nationality"}}},
		{"what nobody asked for", "given_name", nil, []string{"portrait"}, kyc.Choice{Scope: "given_name"}},
		{"everything", "given_name", nil, []string{"given_name"}, kyc.Choice{}},
	} {
		s := kyc.Session{Binding: kyc.Binding{Scope: row.scope, Claims: row.claims}}
		got := s.Without(row.refused)
		same(t, row.name+": scope", got.Scope, row.want.Scope)
		same(t, row.name+": claims", len(got.Claims), len(row.want.Claims))
		for i := range got.Claims {
			same(t, row.name+": claim", got.Claims[i], row.want.Claims[i])
		}
	}
}

func TestASessionForAnAccountIsDueAndReusableUntilItsEnd(t *testing.T) {
	t.Parallel()
	s := kyc.NewVisit(kyc.Handle{ID: kyc.FirstID(noon)}, "shop", kyc.MethodAccount, kyc.Binding{RedirectURI: "https://shop.example/cb"}, noon, time.Hour)
	s.ExpiresAt = noon.Add(time.Hour)
	b := s.Binding
	b.BrowserHash = []byte("browser")
	_, err := s.Open(b, kyc.Verification{}, noon, noon.Add(time.Second))
	is(t, err, nil)
	same(t, "next check", *s.NextCheck, s.ExpiresAt)
	same(t, "reusable", s.Reusable([]byte("browser"), s.ExpiresAt.Add(-1)), true)
	same(t, "reusable at its end", s.Reusable([]byte("browser"), s.ExpiresAt), false)
	same(t, "reusable by another browser", s.Reusable([]byte("other"), noon), false)
}
