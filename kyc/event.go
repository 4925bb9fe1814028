package kyc

import (
	"encoding/json"
	"time"
)

// FailureCode says in one word why a session ended without a proof. It is part
// of webhooks and logs and never holds a claim.
type FailureCode string

// The failure codes.
const (
	FailureRefusedByWallet FailureCode = "refused_by_wallet"    // the person pressed no in the wallet
	FailureIssuer          FailureCode = "issuer_not_accepted"  // a credential of another issuer
	FailureCredential      FailureCode = "credential_not_valid" // revoked, suspended, expired or malformed
	FailureClaims          FailureCode = "claims_missing"       // SUCCESS without the claims that were asked for
	FailureVerification    FailureCode = "verification_failed"  // any other refusal by the verifier
	FailureUsedUp          FailureCode = "attempts_used_up"     // too many wrong TANs, messages and addresses
	FailureExpired         FailureCode = "expired"              // nobody proved anything in time
	FailureCancelled       FailureCode = "cancelled"            // the person pressed cancel
)

// EventType names a webhook event.
type EventType string

// The webhook events.
const (
	EventVerified EventType = "verification.verified"
	EventFailed   EventType = "verification.failed"
	EventExpired  EventType = "verification.expired"
	EventDenied   EventType = "verification.denied"
	EventRevoked  EventType = "grant.revoked"
)

// EventTypes lists all events.
var EventTypes = []EventType{EventVerified, EventFailed, EventExpired, EventDenied, EventRevoked}

// RevokeReason says in one word why a grant ended before its time.
type RevokeReason string

// The reasons.
const (
	RevokedByClient   RevokeReason = "revoked"   // the client gave it up; it is not told
	RevokedByPerson   RevokeReason = "withdrawn" // the person withdrew it
	RevokedByErasure  RevokeReason = "erased"    // the person's account was erased
	RevokedByReuse    RevokeReason = "reused"    // a code or refresh token came twice
	RevokedByOperator RevokeReason = "ended"     // the operator ended it
)

// Revoked returns the event that tells a client that a grant has ended.
func (g Grant) Revoked(why RevokeReason, now time.Time) Event {
	return Event{
		Type: EventRevoked, At: now, SessionID: g.SessionID, ClientID: g.ClientID,
		Status: StatusCompleted, Method: g.Method, Error: string(why),
	}
}

// Event is what a client is told by webhook: ids and a state, never a claim.
// A code is added only for clients that take it by webhook.
type Event struct {
	Type           EventType
	At             time.Time
	SessionID      ID
	ClientID       string
	VerificationID string
	Status         Status
	Method         Method
	Error          string
	Attempt        int64
	Code           string
	State          string
}

func (s *Session) event(t EventType, now time.Time) *Event {
	return &Event{
		Type: t, At: now, SessionID: s.ID, ClientID: s.ClientID, VerificationID: s.RequestID,
		Status: s.Status, Method: s.Method, Error: s.ErrorCode, Attempt: s.Attempts,
	}
}

type eventBody struct {
	Type      EventType `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      eventData `json:"data"`
}

type eventData struct {
	SessionID      ID     `json:"session_id"`
	ClientID       string `json:"client_id"`
	VerificationID string `json:"verification_id,omitempty"`
	Status         Status `json:"status"`
	Method         Method `json:"method"`
	Error          string `json:"error,omitempty"`
	Code           string `json:"code,omitempty"`
	State          string `json:"state,omitempty"`
}

// Body returns the JSON that is signed and sent, the same bytes at every try.
func (e Event) Body() ([]byte, error) {
	return json.Marshal(eventBody{Type: e.Type, Timestamp: e.At, Data: eventData{
		SessionID: e.SessionID, ClientID: e.ClientID, VerificationID: e.VerificationID,
		Status: e.Status, Method: e.Method, Error: e.Error, Code: e.Code, State: e.State,
	}})
}

// Webhook is an event on its way to a client.
type Webhook struct {
	ID          ID
	SessionID   ID
	ClientID    string
	URL         string
	Event       EventType
	Attempt     int64  // the session's attempt that the event is about; one row per session, attempt and event
	SealedBody  []byte // Body, sealed, because it may hold a code
	Tries       int64
	NextAttempt *time.Time // nil while held because the endpoint is off
	LeaseUntil  *time.Time
	LastOutcome string // of the newest try, such as "503" or "timeout"
	CreatedAt   time.Time
	DeliveredAt *time.Time
	DeadAt      *time.Time
}

// MessageID returns the webhook-id header (Standard Webhooks 1.0.0): the same for
// all tries and replays of one event.
func (w Webhook) MessageID() string { return "msg_" + w.ID.String() }

// Code is an authorization code as it is kept. Its row is the session, because a
// session has one code at most; Generation counts the codes that replaced one
// that ran out unused.
type Code struct {
	SessionID   ID
	Generation  int64
	Hash        []byte
	ClientID    string
	RedirectURI string
	State       string
	Challenge   string
	Scope       string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      *time.Time
}

// NewCode returns the session's code of a generation, to be redeemed before
// now+life, with the binding of the session.
func (s *Session) NewCode(h Handle, generation int64, now time.Time, life time.Duration) Code {
	return Code{
		SessionID: s.ID, Generation: generation, Hash: h.Hash(SecretCode), ClientID: s.ClientID,
		RedirectURI: s.RedirectURI, State: s.State, Challenge: s.Challenge, Scope: s.Granted(),
		CreatedAt: now, ExpiresAt: now.Add(life),
	}
}

// Live says whether the code can be redeemed at the given time: before its
// expiry, not at it.
func (c Code) Live(now time.Time) bool { return c.UsedAt == nil && now.Before(c.ExpiresAt) }
