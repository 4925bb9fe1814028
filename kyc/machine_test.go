package kyc_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

// machine drives a session with random operations at random times and checks
// after each what must hold of every session.
type machine struct {
	s       kyc.Session
	now     time.Time
	before  kyc.Session
	effects kyc.Effects
	err     error
	action  kyc.Action
	told    map[string]bool // events by attempt: a webhook row may exist once
	opened  int
}

func (m *machine) do(action kyc.Action, move func() (kyc.Effects, error)) {
	m.before, m.action = m.s, action
	m.effects, m.err = move()
}

func (m *machine) actions() map[string]func(*rapid.T) {
	someRequest := func(r *rapid.T) string {
		return rapid.SampledFrom([]string{m.s.RequestID, "stranger", ""}).Draw(r, "request")
	}
	return map[string]func(*rapid.T){
		"wait": func(r *rapid.T) {
			m.now = m.now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Hour)).Draw(r, "for")))
			m.do("", func() (kyc.Effects, error) { return kyc.Effects{}, nil })
		},
		"open": func(r *rapid.T) {
			b := binding
			b.State = rapid.SampledFrom([]string{"state", "state", "state", "other"}).Draw(r, "state")
			b.BrowserHash = []byte(rapid.SampledFrom([]string{"one", "two"}).Draw(r, "browser"))
			m.opened++
			var v kyc.Verification
			if m.s.Method.Visits() {
				v = kyc.Verification{RequestID: fmt.Sprint("r", m.opened), EndsAt: at(m.now.Add(15 * time.Minute))}
			}
			m.do(kyc.ActionOpen, func() (kyc.Effects, error) { return m.s.Open(b, v, m.now, m.now.Add(time.Second)) })
		},
		"choose": func(r *rapid.T) {
			method := rapid.SampledFrom(append(kyc.Methods, kyc.MethodOpen)).Draw(r, "method")
			m.do("", func() (kyc.Effects, error) { return kyc.Effects{}, m.s.Choose(method, m.now) })
		},
		"await": func(r *rapid.T) {
			end := m.now.Add(time.Duration(rapid.Int64Range(0, int64(kyc.LetterLifetime)).Draw(r, "tan")))
			m.do("", func() (kyc.Effects, error) { return kyc.Effects{}, m.s.Await(end, m.now) })
			if m.err == nil && m.s.ExpiresAt.Before(end) || m.s.ExpiresAt.Before(m.before.ExpiresAt) {
				r.Fatalf("the session ends at %v, the TAN at %v", m.s.ExpiresAt, end)
			}
		},
		"prove": func(r *rapid.T) {
			request := someRequest(r)
			m.do(kyc.ActionProve, func() (kyc.Effects, error) { return m.s.Prove(request, []byte("sealed"), m.now) })
		},
		"refuse": func(r *rapid.T) {
			request := someRequest(r)
			m.do(kyc.ActionRefuse, func() (kyc.Effects, error) { return m.s.Refuse(request, kyc.FailureIssuer, m.now) })
		},
		"sign in": func(*rapid.T) {
			person := id(7)
			m.do("", func() (kyc.Effects, error) { return kyc.Effects{}, m.s.SignIn(&person, m.now) })
		},
		"admit": func(r *rapid.T) {
			c := choice(r)
			m.do(kyc.ActionProve, func() (kyc.Effects, error) { return m.s.Admit([]byte("sealed"), c, m.now) })
		},
		"agree": func(r *rapid.T) {
			c := choice(r)
			m.do("", func() (kyc.Effects, error) { return m.s.Agree(c, m.now) })
			if agreed := m.before.NeedsConsent() && !m.s.NeedsConsent(); agreed != (m.effects.Event != nil) || agreed != (m.err == nil) {
				r.Fatalf("agreeing: %v, event is %v", m.err, m.effects.Event)
			}
			m.tell(r)
		},
		"expire": func(*rapid.T) {
			m.do(kyc.ActionExpire, func() (kyc.Effects, error) { return m.s.Expire(m.now) })
		},
		"cancel": func(*rapid.T) {
			m.do(kyc.ActionCancel, func() (kyc.Effects, error) { return m.s.Cancel(m.now) })
		},
		"": func(r *rapid.T) { m.check(r) },
	}
}

// choice is what a person leaves of the binding, which may be too little.
func choice(r *rapid.T) kyc.Choice {
	return kyc.Choice{Scope: rapid.SampledFrom([]string{binding.Scope, "given_name", ""}).Draw(r, "granted")}
}

func (m *machine) check(r *rapid.T) {
	want, illegal := m.before.Status.Next(m.action)
	switch {
	case m.action == "":
	case m.err != nil:
		if diff := m.s.Status != m.before.Status || m.s.UpdatedAt != m.before.UpdatedAt; diff {
			r.Fatalf("%s was refused and yet changed the session: %v", m.action, m.err)
		}
		if illegal != nil && !errors.Is(m.err, kyc.ErrIllegalMove) {
			r.Fatalf("%s of a session that is %s: %v", m.action, m.before.Status, m.err)
		}
	case illegal != nil || m.s.Status != want:
		r.Fatalf("%s led from %s to %s", m.action, m.before.Status, m.s.Status)
	default:
		m.checkEffects(r)
	}
	m.checkState(r)
	m.action = ""
}

func (m *machine) checkEffects(r *rapid.T) {
	waits := m.action == kyc.ActionProve && m.s.NeedsConsent()
	if (m.effects.Event == nil) != (waits || m.action == kyc.ActionOpen) {
		r.Fatalf("%s: event is %v", m.action, m.effects.Event)
	}
	again := m.action == kyc.ActionOpen && m.s.Attempts > 1
	if drop := again || m.action == kyc.ActionExpire || m.action == kyc.ActionCancel; m.effects.DropCode != drop {
		r.Fatalf("%s: DropCode is %v", m.action, m.effects.DropCode)
	}
	m.tell(r)
}

// tell checks what the client is told.
func (m *machine) tell(r *rapid.T) {
	if e := m.effects.Event; e != nil {
		key := fmt.Sprint(e.Attempt, e.Type)
		if m.told[key] {
			r.Fatalf("%s was told twice in attempt %d", e.Type, e.Attempt)
		}
		m.told[key] = true
		if e.Status != m.s.Status || e.Code != "" {
			r.Fatalf("event of a session that is %s: %+v", m.s.Status, e)
		}
	}
}

func (m *machine) checkState(r *rapid.T) {
	s := &m.s
	ended := slices.Contains([]kyc.Status{kyc.StatusFailed, kyc.StatusExpired, kyc.StatusDenied}, s.Status)
	switch {
	case !slices.Contains(kyc.Statuses, s.Status):
		r.Fatalf("status %s is not in the table", s.Status)
	case (s.SealedClaims != nil) != (s.Status == kyc.StatusVerified):
		r.Fatalf("claims of a session that is %s: %v", s.Status, s.SealedClaims)
	case (s.NextCheck == nil) != ended:
		r.Fatalf("next check of a session that is %s: %v", s.Status, s.NextCheck)
	case (s.FinishedAt != nil) != ended || (s.ErrorCode != "") != ended:
		r.Fatalf("end of a session that is %s: %v %q", s.Status, s.FinishedAt, s.ErrorCode)
	case s.Attempts > kyc.MaxAttempts || s.Attempts < m.before.Attempts:
		r.Fatalf("attempts went from %d to %d", m.before.Attempts, s.Attempts)
	case m.before.Status.Final() && s.Status != m.before.Status:
		r.Fatalf("%s is final and became %s", m.before.Status, s.Status)
	case s.Bound() && (s.State != "state" && m.before.Bound() && m.before.State == "state"):
		r.Fatalf("the binding changed to state %q", s.State)
	case s.Method == kyc.MethodOpen && m.action == kyc.ActionProve && m.err == nil:
		r.Fatal("something was proved by no method")
	case s.Method == kyc.MethodAccount && s.Status == kyc.StatusVerified && s.AccountID == nil:
		r.Fatal("somebody was verified without signing in")
	case s.Status == kyc.StatusAuthorized && (s.Consent == kyc.ConsentGiven || s.GrantedScope != ""):
		r.Fatalf("consent was given before the proof: %s of %q", s.Consent, s.GrantedScope)
	case m.told[fmt.Sprint(s.Attempts, kyc.EventVerified)] && s.NeedsConsent() && s.Status == kyc.StatusVerified:
		r.Fatal("the client was told of a proof that nobody agreed to")
	case s.TimeLeft(m.now) < 0:
		r.Fatal("time left is negative")
	case s.FirstGeneration() < m.before.FirstGeneration():
		r.Fatal("a later attempt begins with an earlier generation of codes")
	}
}

func TestASessionKeepsItsRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		m := &machine{s: pending(), now: noon, told: map[string]bool{}}
		m.s.Method = rapid.SampledFrom(append(kyc.Methods, kyc.MethodOpen)).Draw(r, "method")
		m.s.Consent = rapid.SampledFrom([]kyc.Consent{kyc.ConsentNone, kyc.ConsentAsked, kyc.ConsentRequired}).Draw(r, "consent")
		m.before = m.s
		r.Repeat(m.actions())
	})
}
