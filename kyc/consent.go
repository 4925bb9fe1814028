package kyc

import (
	"fmt"
	"slices"
	"time"
)

// Consent says whether the person has to be asked before a client gets data, and
// was.
type Consent string

// The states of consent.
const (
	ConsentNone     Consent = ""         // nobody has to be asked
	ConsentAsked    Consent = "asked"    // unless the client has as much already
	ConsentRequired Consent = "required" // in any case
	ConsentGiven    Consent = "given"
)

// NeedsConsent says whether the person has still to be asked.
func (s *Session) NeedsConsent() bool {
	return s.Consent == ConsentAsked || s.Consent == ConsentRequired
}

// Choice is what the person lets the client have.
type Choice struct {
	Scope  string  // granted, as a part of what was asked for; who leaves nothing of it cancels
	Claims Strings // of those that were asked for one by one
}

// Without is what is left of what was asked for when the person refuses some claims.
func (s *Session) Without(refused []string) Choice {
	lost := func(claim string) bool { return slices.Contains(refused, claim) }
	return Choice{Scope: narrowed(s.Granted(), lost), Claims: slices.DeleteFunc(slices.Clone(s.Claims), lost)}
}

// Agree records that the person lets the client have what was proved. It returns
// ErrIllegalMove unless the session is verified, the person was asked and something
// of the scope is left.
func (s *Session) Agree(c Choice, now time.Time) (Effects, error) {
	if s.Status != StatusVerified || !s.NeedsConsent() {
		return Effects{}, fmt.Errorf("%w: nobody is asked in a session that is %s", ErrIllegalMove, s.Status)
	}
	if err := s.choose(c); err != nil {
		return Effects{}, err
	}
	s.touch(now)
	return Effects{Event: s.event(EventVerified, now)}, nil
}

func (s *Session) choose(c Choice) error {
	granted := narrowed(c.Scope, s.beyond)
	if granted == "" && s.Granted() != "" { // which would stand for all of it
		return fmt.Errorf("%w: nothing of the scope is left", ErrIllegalMove)
	}
	if s.NeedsConsent() {
		s.Consent = ConsentGiven
	}
	s.Claims = c.Claims
	s.grant(granted)
	return nil
}

// grant keeps what the client gets where that is not all that it asked for.
func (s *Session) grant(scope string) {
	s.GrantedScope = ""
	if scope != s.Scope {
		s.GrantedScope = scope
	}
}

// Admit records that the person who is signed in lets the client have the sealed
// claims of the account. Errors as for Prove and Agree.
func (s *Session) Admit(sealed []byte, c Choice, now time.Time) (Effects, error) {
	admitted := *s
	if err := admitted.choose(c); err != nil {
		return Effects{}, err
	}
	effects, err := admitted.Prove("", sealed, now)
	if err == nil {
		*s = admitted
	}
	return effects, err
}

// Granted returns the scope that the client gets: as much as the person agreed to
// and the method can prove.
func (s *Session) Granted() string {
	scope := s.Scope
	if s.GrantedScope != "" {
		scope = s.GrantedScope
	}
	return narrowed(scope, s.beyond)
}

// Asked lists the claims that the client asks for, as far as the method can prove
// them.
func (s *Session) Asked() []string {
	return slices.DeleteFunc(Asked(s.Scope, s.Claims), s.beyond)
}

// beyond says whether a claim is none that the method can prove.
func (s *Session) beyond(claim string) bool { return !s.Method.Proves(claim) }
