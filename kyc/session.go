package kyc

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"
)

// The limits of a session.
const (
	MaxAttempts      = 5                  // verifications per session
	SetupLifetime    = 7 * 24 * time.Hour // a session made by /setup; clients keep its URL for days
	VisitLifetime    = time.Hour          // a session made by /authorize, or opened after /par
	PushedLifetime   = 90 * time.Second   // a session made by /par, until it is opened (RFC 9126, section 2.2)
	HandoverLifetime = time.Hour          // how long a proved session waits for the browser to take its code home
)

// Errors of a session, beside ErrIllegalMove.
var (
	// ErrSessionOver says that the session's life has ended.
	ErrSessionOver = errors.New("session is over")
	// ErrNoAttemptsLeft says that the session has used up its verifications.
	ErrNoAttemptsLeft = errors.New("no attempts left")
	// ErrOtherBinding says that a later visit came with another redirect URI,
	// state, scope or code challenge than the first one.
	ErrOtherBinding = errors.New("session is bound to another request")
)

// Session is one walk of one person for one client, from setup to the code.
// Text fields are empty and times nil while unknown.
type Session struct {
	ID        ID
	ClientID  string
	Method    Method
	NonceHash []byte // SecretNonce of the handle that /setup gave out
	Status    Status
	Binding
	Verification
	Consent      Consent
	GrantedScope string     // narrower than Scope, by the person's choice; empty: Scope
	AccountID    *ID        // who is signed in
	LoginAfter   *time.Time // sign-ins before that do not count
	Attempts     int64      // verifications started
	Checks       int64      // times that the open verification was looked at
	NextCheck    *time.Time // when background work is due; nil once nothing is left to do
	LeaseUntil   *time.Time // until then one replica does that work
	SealedClaims []byte     // the sealed Proof, from verified until redeemed
	SealedHint   []byte     // the sealed AddressHint that the client gave, nil without
	ErrorCode    string     // why it failed, a FailureCode
	CreatedAt    time.Time
	AuthorizedAt *time.Time // of the newest attempt
	VerifiedAt   *time.Time
	FinishedAt   *time.Time // completed, denied, expired or failed
	ExpiresAt    time.Time  // end of the session's life
	UpdatedAt    time.Time
	Version      int64 // counts the writes; a write with an old version is refused
}

// Binding is what the first visit fixes.
type Binding struct {
	RedirectURI string
	State       string
	Scope       string // granted scope, in the order of the request
	Challenge   string // PKCE, always S256; empty without
	BrowserHash []byte // SecretBrowser of the cookie

	Claims        Strings // asked for one by one, beside those of the scope
	ResponseMode  string  // how the answer gets home; empty: in the query
	SealedRequest []byte  // the sealed Request, nil without
}

// Verification is an attempt at the verifier.
type Verification struct {
	RequestID string // the verifier's id of it
	URL       string
	Deeplink  string
	EndsAt    *time.Time // when the verifier forgets it
}

// NewSession returns a pending session with the given life. The nonce's row is
// the session.
func NewSession(nonce Handle, clientID string, method Method, now time.Time, life time.Duration) Session {
	end := now.Add(life)
	return Session{
		ID: nonce.ID, ClientID: clientID, Method: method, NonceHash: nonce.Hash(SecretNonce),
		Status: StatusPending, NextCheck: &end, CreatedAt: now, UpdatedAt: now, ExpiresAt: end, Version: 1,
	}
}

// NewVisit returns a pending session that is bound to an authorization request but
// to no browser yet. The nonce's row is the session.
func NewVisit(nonce Handle, clientID string, method Method, b Binding, now time.Time, life time.Duration) Session {
	s := NewSession(nonce, clientID, method, now, life)
	s.Binding = b
	return s
}

// Effects are what a move causes beside the new state of the session. The store
// writes them in the same transaction.
type Effects struct {
	Event    *Event   // what the client may be told
	Webhook  *Webhook // Event as a row of the queue, if the client has a webhook
	Code     *Code    // an authorization code to keep
	DropCode bool     // a code issued before is void
}

// Bound says whether a first visit has fixed the session's binding.
func (s *Session) Bound() bool { return s.RedirectURI != "" }

// Taken says whether a browser has opened the session.
func (s *Session) Taken() bool { return len(s.BrowserHash) > 0 }

// OwnedBy says, in constant time, whether the browser cookie is the one that the
// session is bound to.
func (s *Session) OwnedBy(browser []byte) bool {
	return s.Taken() && subtle.ConstantTimeCompare(s.BrowserHash, browser) == 1
}

// CheckBinding returns ErrOtherBinding if a visit's values differ from those of
// the first visit. The browser may differ; Open decides about that.
func (s *Session) CheckBinding(b Binding) error {
	if !s.Bound() {
		return nil
	}
	if s.RedirectURI != b.RedirectURI || s.State != b.State || s.Scope != b.Scope || s.Challenge != b.Challenge {
		return ErrOtherBinding
	}
	return nil
}

// Reusable says whether a visit by this browser can go on with what is open: the
// verification or, where the method needs none, the session.
func (s *Session) Reusable(browser []byte, now time.Time) bool {
	end := &s.ExpiresAt
	if s.Method.Visits() {
		end = s.EndsAt
	}
	return s.Status == StatusAuthorized && s.OwnedBy(browser) && end != nil && now.Before(*end)
}

// CanOpen says whether Open would succeed, so that no verification is made at
// the verifier in vain. Errors as for Open.
func (s *Session) CanOpen(b Binding, now time.Time) error {
	if _, err := s.Status.Next(ActionOpen); err != nil {
		return err
	}
	if !now.Before(s.ExpiresAt) {
		return ErrSessionOver
	}
	if err := s.CheckBinding(b); err != nil {
		return err
	}
	if s.Attempts >= MaxAttempts || s.UsedUp() {
		return ErrNoAttemptsLeft
	}
	return nil
}

// Open binds the session to the first visit and records a verification. firstCheck
// is when the background shall look at it for the first time; without anything to
// look at, that is the end of the session. A browser other
// than the bound one takes the session over with a verification of its own: what
// the first browser had open is forgotten, so no proof can change hands.
//
// It returns ErrIllegalMove, ErrSessionOver, ErrOtherBinding or ErrNoAttemptsLeft.
func (s *Session) Open(b Binding, v Verification, now, firstCheck time.Time) (Effects, error) {
	if err := s.CanOpen(b, now); err != nil {
		return Effects{}, err
	}
	if s.Status == StatusPending && s.Bound() && !s.Taken() {
		s.ExpiresAt = now.Add(VisitLifetime) // until now it was the life of what /par gave out
	}
	// What counts is what was begun. An attempt that ended counts too: the client was
	// told of its end, and must be able to tell another one from it.
	if s.Method != MethodOpen || s.Status == StatusFailed || s.Status == StatusExpired {
		s.Attempts++
	}
	s.Status = StatusAuthorized
	s.Binding, s.Verification = b, v
	s.Checks, s.ErrorCode, s.FinishedAt = 0, "", nil
	s.forgetPerson()
	if !s.Method.Visits() {
		firstCheck = s.ExpiresAt
	}
	s.AuthorizedAt, s.NextCheck = &now, &firstCheck
	s.touch(now)
	return Effects{DropCode: s.Attempts > 1}, nil
}

// forgetPerson makes sure that whoever comes now signs in and is asked: it need not
// be the one who did so in the attempt before.
func (s *Session) forgetPerson() {
	s.AccountID, s.GrantedScope = nil, ""
	if s.Consent == ConsentGiven {
		s.Consent = ConsentRequired
	}
}

// Prove records a proof of the verification requestID. It returns ErrIllegalMove
// unless that verification is the open one: the first final answer wins.
func (s *Session) Prove(requestID string, sealed []byte, now time.Time) (Effects, error) {
	switch {
	case s.Method == MethodOpen:
		return Effects{}, fmt.Errorf("%w: no method was chosen", ErrIllegalMove)
	case s.Method == MethodAccount && s.AccountID == nil:
		return Effects{}, fmt.Errorf("%w: nobody is signed in", ErrIllegalMove)
	case len(s.Asked()) == 0 && len(Asked(s.Scope, s.Claims)) > 0:
		return Effects{}, fmt.Errorf("%w: the method proves nothing of what is asked for", ErrIllegalMove)
	}
	if err := s.finishAttempt(ActionProve, requestID); err != nil {
		return Effects{}, err
	}
	s.grant(s.Granted())
	end := now.Add(HandoverLifetime)
	s.SealedClaims, s.VerifiedAt, s.NextCheck = bytes.Clone(sealed), &now, &end
	s.touch(now)
	if s.NeedsConsent() {
		return Effects{}, nil // the client is told when the person agrees
	}
	return Effects{Event: s.event(EventVerified, now)}, nil
}

// Choose records how the person wants to prove something. What was under way in
// another method is forgotten, and Open begins the new one. It returns
// ErrIllegalMove if the session cannot be opened.
func (s *Session) Choose(m Method, now time.Time) error {
	if _, err := s.Status.Next(ActionOpen); err != nil {
		return err
	}
	s.Method, s.Verification = m, Verification{}
	s.forgetPerson()
	s.UpdatedAt = now
	return nil
}

// Await makes the session live until a TAN that was sent ends, if that is later than
// its end. It returns ErrIllegalMove unless the session is open and proves an
// address.
func (s *Session) Await(end, now time.Time) error {
	if s.Status != StatusAuthorized || !s.Method.Addressed() {
		return fmt.Errorf("%w: no TAN is sent in a session that is %s", ErrIllegalMove, s.Status)
	}
	if end.After(s.ExpiresAt) {
		s.ExpiresAt, s.NextCheck = end, &end
	}
	s.touch(now)
	return nil
}

// SignIn records who is signed in to a session whose method is an account, or that
// nobody is any more (nil). It returns ErrIllegalMove unless the session is open.
func (s *Session) SignIn(account *ID, now time.Time) error {
	if s.Status != StatusAuthorized || s.Method != MethodAccount {
		return fmt.Errorf("%w: nobody signs in to a session that is %s", ErrIllegalMove, s.Status)
	}
	s.AccountID = account
	s.UpdatedAt = now
	return nil
}

// Refuse records that the verification requestID failed, and why. Errors as for
// Prove.
func (s *Session) Refuse(requestID string, why FailureCode, now time.Time) (Effects, error) {
	if err := s.finishAttempt(ActionRefuse, requestID); err != nil {
		return Effects{}, err
	}
	s.ErrorCode, s.FinishedAt, s.NextCheck = string(why), &now, nil
	if s.UsedUp() { // nobody begins anew
		s.SealedHint = nil
	}
	s.touch(now)
	return Effects{Event: s.event(EventFailed, now)}, nil
}

func (s *Session) finishAttempt(a Action, requestID string) error {
	next, err := s.Status.Next(a)
	if err != nil {
		return err
	}
	if s.RequestID != requestID {
		return fmt.Errorf("%w: another verification is open", ErrIllegalMove)
	}
	s.Status = next
	return nil
}

// Expire records that nobody proved anything in time, or took the proof home in
// time, and forgets the claims.
func (s *Session) Expire(now time.Time) (Effects, error) {
	return s.end(ActionExpire, FailureExpired, EventExpired, now)
}

// Cancel records that the person does not want to go on, and forgets the claims.
func (s *Session) Cancel(now time.Time) (Effects, error) {
	return s.end(ActionCancel, FailureCancelled, EventDenied, now)
}

func (s *Session) end(a Action, why FailureCode, event EventType, now time.Time) (Effects, error) {
	next, err := s.Status.Next(a)
	if err != nil {
		return Effects{}, err
	}
	s.Status, s.ErrorCode = next, string(why)
	s.SealedClaims, s.NextCheck, s.FinishedAt = nil, nil, &now
	if next.Final() || !now.Before(s.ExpiresAt) { // nobody begins anew
		s.SealedHint = nil
	}
	s.touch(now)
	return Effects{Event: s.event(event, now), DropCode: true}, nil
}

func (s *Session) touch(now time.Time) {
	s.LeaseUntil = nil
	s.UpdatedAt = now
}

// UsedUp says that the session failed because nothing was left to try, which is for
// good.
func (s *Session) UsedUp() bool { return s.ErrorCode == string(FailureUsedUp) }

// Deadline says when the present state ends by itself: the verification, the
// hand-over of the proof or the session. Nil in a state that stays.
func (s *Session) Deadline() *time.Time {
	switch {
	case s.Status == StatusAuthorized && s.EndsAt != nil && s.EndsAt.Before(s.ExpiresAt):
		return s.EndsAt
	case s.Status == StatusVerified:
		return s.NextCheck
	case s.Status == StatusPending, s.Status == StatusAuthorized, s.Status == StatusFailed:
		return &s.ExpiresAt
	}
	return nil
}

// TimeLeft says how long the present state lasts by itself, in whole seconds,
// never negative; 0 in a state that stays.
func (s *Session) TimeLeft(now time.Time) int64 {
	end := s.Deadline()
	if end == nil || !now.Before(*end) {
		return 0
	}
	return int64(end.Sub(now) / time.Second)
}

// RanOut says that the time of the open verification is up, although nobody has
// written that down yet.
func (s *Session) RanOut(now time.Time) bool {
	return s.Status == StatusAuthorized && s.EndsAt != nil && !now.Before(*s.EndsAt)
}

// CanRetry says whether the person may start another attempt.
func (s *Session) CanRetry(now time.Time) bool {
	switch {
	case s.Attempts >= MaxAttempts || !now.Before(s.ExpiresAt):
		return false
	case s.Method.Visits():
		return s.Status == StatusFailed || s.Status == StatusExpired || s.RanOut(now)
	}
	return s.Method.Addressed() && s.Status == StatusExpired // what failed has used up its tries
}
