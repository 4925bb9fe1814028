package kyc

import (
	"encoding/binary"
	"time"
)

// OutcomeKind says what a look at a verification found.
type OutcomeKind string

// The kinds of outcome. The zero value is the one that decides nothing.
const (
	OutcomePending OutcomeKind = ""        // nobody answered yet, or the answer is being checked
	OutcomeProved  OutcomeKind = "proved"  // Proof holds what was proved
	OutcomeRefused OutcomeKind = "refused" // Failure says why
	OutcomeGone    OutcomeKind = "gone"    // the verifier has forgotten it
)

// String returns the kind as a word for logs.
func (k OutcomeKind) String() string {
	if k == OutcomePending {
		return "pending"
	}
	return string(k)
}

// Outcome is what a look at a verification found. Only a method's package makes
// one, after its checks.
type Outcome struct {
	Kind    OutcomeKind
	Proof   Proof       // if proved
	Failure FailureCode // if refused
	Detail  string      // the verifier's own word for it, from a fixed list, for the log
}

// WebhookCodeLifetime is how long a code lasts that is delivered by webhook: the
// longest that RFC 6749, section 4.1.2 recommends.
const WebhookCodeLifetime = 10 * time.Minute

// FirstGeneration is the number of the first code of the session's present
// attempt. Codes of earlier attempts have lower numbers, so none ever comes back.
func (s *Session) FirstGeneration() int64 { return s.Attempts << 16 }

// DeriveCode returns the code of a generation. The code is a keyed hash (mac)
// over what it stands for, not a random number, so that asking for it twice
// gives the same code although the store keeps only its hash: a browser that
// sends its last step twice gets one code, and so do 64 that send it at once.
func (s *Session) DeriveCode(generation int64, mac func(purpose string, parts ...[]byte) []byte) Handle {
	h := Handle{ID: s.ID}
	sum := mac(string(SecretCode), s.ID[:], []byte(s.ClientID), binary.BigEndian.AppendUint64(nil, uint64(generation)))
	copy(h.Secret[:], sum)
	return h
}

// ClaimsContext binds sealed claims to their session and client, so that they
// cannot be moved to another row.
func ClaimsContext(sessionID ID, clientID string) []byte {
	return append(sessionID[:], clientID...)
}

// Queue returns the event as a row of the webhook queue, its body sealed by seal
// for PurposeWebhookBody and tied to the row, or nil if the client has no webhook. Rows for an endpoint that is off, and for a
// client that is disabled, are held.
func (e Event) Queue(id ID, c Client, seal func(purpose string, context, body []byte) ([]byte, error)) (*Webhook, error) {
	if c.WebhookURL == "" {
		return nil, nil
	}
	body, err := e.Body()
	if err != nil {
		return nil, err
	}
	sealed, err := seal(PurposeWebhookBody, id[:], body)
	if err != nil {
		return nil, err
	}
	w := &Webhook{
		ID: id, SessionID: e.SessionID, ClientID: e.ClientID, URL: c.WebhookURL, Event: e.Type,
		Attempt: e.Attempt, SealedBody: sealed, CreatedAt: e.At,
	}
	if c.WebhookDisabledAt == nil && c.Enabled() {
		w.NextAttempt = &e.At
	}
	return w, nil
}

// Purposes of sealed things (package seal).
const (
	PurposeClaims        = "claims"
	PurposeWebhookBody   = "webhook body"
	PurposeWebhookSecret = "webhook secret"
	PurposeRequest       = "request"
	PurposeAccount       = "account"
	PurposeSigningKey    = "signing key"
	PurposeServerSecret  = "server secret"
	PurposeAddress       = "address"
	PurposeAddressHint   = "address hint"
	PurposeMessage       = "message"
)
