package kyc

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"
	"unicode"
)

// The limits of TANs. Whoever guesses has TANTries for each TAN that was sent, and
// no more than AddressTries for one address in a window of TANWindow, over all
// sessions and clients. Two windows touch any day, so the chance to guess one right
// in a day is below 2*AddressTries/10^TANDigits.
const (
	TANDigits       = 8
	TANTries        = 3 // per TAN
	TANSends        = 3 // per address of a session
	TANAddresses    = 3 // per session
	AddressSessions = 5 // that send to one address in a window, of all clients
	AddressTries    = TANTries * TANSends * AddressSessions
	TANWindow       = 24 * time.Hour
)

// The times of TANs.
const (
	TANLifetime    = 15 * time.Minute
	LetterLifetime = 30 * 24 * time.Hour // of the TAN in a letter, and of the session that waits for it
	resendAfter    = time.Minute         // until a second message to an address; twice as long until the third
	letterAfter    = 24 * time.Hour      // until another letter
)

// Errors of a challenge.
var (
	// ErrNoTAN says that no TAN was sent.
	ErrNoTAN = errors.New("no TAN was sent")
	// ErrTriesUsedUp says that the TAN was entered as often as may be.
	ErrTriesUsedUp = errors.New("the tries of this TAN are used up")
	// ErrTANEnded says that the TAN's time is over.
	ErrTANEnded = errors.New("the TAN has expired")
	// ErrNoAddressesLeft says that the session has tried as many addresses as it may.
	ErrNoAddressesLeft = errors.New("no addresses left")
	// ErrNoSendsLeft says that as many messages went to the address as may.
	ErrNoSendsLeft = errors.New("no messages left")
	// ErrTooSoon says that the person has to wait before another message is sent.
	ErrTooSoon = errors.New("too soon for another message")
)

// Challenge is the proof under way that messages to an address reach the person: the
// address, the TAN that was sent there, and what is left of the session's tries. A
// session has one at most; changing the address replaces all but the counts. Its
// address, TAN and message are erased as soon as the session moves on.
type Challenge struct {
	SessionID     ID
	ClientID      string
	Method        Method
	Attempt       int64      // of the session; a challenge of an older one counts for nothing
	SealedAddress []byte     // the sealed Address
	AddressHash   []byte     // keyed hash of Address.Key
	Addresses     int64      // tried in this session, with the present one
	Sends         int64      // TANs made for this address
	Tries         int64      // of the present TAN
	TANHash       []byte     // keyed hash of the TAN; nil: none can be entered
	LetterHash    []byte     // keyed hash of the code that a letter's link has; nil without
	AskedAt       *time.Time // when the present message was asked for
	NextSend      *time.Time // another one may be asked for then
	ExpiresAt     *time.Time // of the TAN
	LockedAt      *time.Time // when nothing was left to try

	SealedMessage []byte     // the sealed Message until it has been sent or given up
	NextTry       *time.Time // when it is tried next to send it; nil: nothing is to be sent
	LeaseUntil    *time.Time // until then one replica sends it
	Deliveries    int64      // times that it was tried
	Delivery      Delivery   // of the present message
	UpdatedAt     time.Time
	Version       int64 // counts the writes; a write with an old version is refused
}

// Delivery says how far a message has come.
type Delivery string

// The states of a message.
const (
	DeliveryNone    Delivery = ""
	DeliveryQueued  Delivery = "queued"
	DeliverySent    Delivery = "sent"    // handed over
	DeliveryDelayed Delivery = "delayed" // will be tried again
	DeliveryRefused Delivery = "refused" // there is no such address; shown to nobody but the operator
	DeliveryFailed  Delivery = "failed"  // given up
)

// Shown is what the person is told. That an address was refused would tell anybody
// which addresses there are, so it looks like any other that gets no message.
func (d Delivery) Shown() Delivery {
	if d == DeliveryRefused {
		return DeliverySent
	}
	return d
}

// Message is a TAN on its way. It is sealed while it waits.
type Message struct {
	SessionID  ID        `json:"session_id"`
	Address    Address   `json:"address"`
	TAN        string    `json:"tan"`
	Language   string    `json:"language"` // en, de, fr or it
	ClientName string    `json:"client_name"`
	ExpiresAt  time.Time `json:"expires_at"`            // of the TAN
	Link       string    `json:"link,omitempty"`        // of a letter: where the person goes on
	LetterCode string    `json:"letter_code,omitempty"` // of a letter: the end of Link, to be typed
}

// Encode returns the message as the bytes that are sealed.
func (m Message) Encode() ([]byte, error) { return json.Marshal(m) }

// DecodeMessage reads what Encode returned.
func DecodeMessage(b []byte) (m Message, err error) {
	err = json.Unmarshal(b, &m)
	return m, err
}

// SpacedTAN returns the TAN as it is printed: in two groups of four.
func SpacedTAN(tan string) string {
	if len(tan) != TANDigits {
		return tan
	}
	return tan[:TANDigits/2] + " " + tan[TANDigits/2:]
}

// NewTAN returns a random TAN of TANDigits digits, each as likely as any other. The
// source must be a secure one; the error is its.
func NewTAN(source io.Reader) (string, error) {
	values := new(big.Int).Exp(big.NewInt(10), big.NewInt(TANDigits), nil)
	n, err := rand.Int(source, values)
	if err != nil {
		return "", fmt.Errorf("reading random bits: %w", err)
	}
	return fmt.Sprintf("%0*d", TANDigits, n), nil
}

// ErrBadTAN says that a text cannot be a TAN.
var ErrBadTAN = errors.New("a code has 8 digits")

// NormalizeTAN returns the digits of a TAN as a person types it: spaces and dashes
// do not count. Errors are ErrBadTAN.
func NormalizeTAN(s string) (string, error) {
	if len(s) > 100 {
		return "", ErrBadTAN
	}
	tan := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, s)
	if len(tan) != TANDigits || strings.Trim(tan, "0123456789") != "" {
		return "", ErrBadTAN
	}
	return tan, nil
}

// letterBytes is the length of the code in a letter's link: 80 bits, which nobody
// guesses and everybody can type.
const letterBytes = 10

// letterAlphabet is that of Crockford's base 32, which has no letters that look like
// digits.
var letterAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// NewLetterCode returns a random code for a letter's link: 16 characters in groups
// of four. The error is rand's.
func NewLetterCode(rand io.Reader) (string, error) {
	var b [letterBytes]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", fmt.Errorf("reading random bits: %w", err)
	}
	return letterCode(b[:]), nil
}

func letterCode(b []byte) string {
	c := letterAlphabet.EncodeToString(b)
	return c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
}

// ErrBadLetterCode says that a text cannot be the code of a letter.
var ErrBadLetterCode = errors.New("not the code of a letter")

// NormalizeLetterCode returns a letter's code in the form of NewLetterCode, however
// it was typed. Errors are ErrBadLetterCode.
func NormalizeLetterCode(s string) (string, error) {
	if len(s) > 100 {
		return "", ErrBadLetterCode
	}
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "-", " ")), "")
	s = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	if len(s) != letterAlphabet.EncodedLen(letterBytes) {
		return "", ErrBadLetterCode
	}
	b, err := letterAlphabet.DecodeString(s)
	if err != nil {
		return "", ErrBadLetterCode
	}
	return letterCode(b), nil
}

// NewChallenge returns the challenge of a session that has none, with no address
// yet.
func NewChallenge(s Session) Challenge { return Challenge{SessionID: s.ID, ClientID: s.ClientID} }

// Of says whether the challenge belongs to the present attempt and method of its
// session.
func (c *Challenge) Of(s Session) bool {
	return c.SessionID == s.ID && c.Attempt == s.Attempts && c.Method == s.Method && c.SealedAddress != nil
}

// To begins with an address: the first one of an attempt of the session, or another
// one. It returns ErrNoAddressesLeft if there were as many as there may be.
func (c *Challenge) To(s Session, sealed, hash []byte, now time.Time) error {
	if c.Addresses >= TANAddresses {
		return ErrNoAddressesLeft
	}
	*c = Challenge{
		SessionID: s.ID, ClientID: s.ClientID, Method: s.Method, Attempt: s.Attempts,
		SealedAddress: sealed, AddressHash: hash, Addresses: c.Addresses + 1, UpdatedAt: now, Version: c.Version,
	}
	return nil
}

// CanSend returns why no other message can be asked for: ErrNoSendsLeft or
// ErrTooSoon.
func (c *Challenge) CanSend(now time.Time) error {
	switch {
	case c.Sends >= TANSends:
		return ErrNoSendsLeft
	case c.NextSend != nil && now.Before(*c.NextSend):
		return ErrTooSoon
	}
	return nil
}

// Send replaces the TAN by one that is on its way in a sealed message, and returns
// when it ends. letterHash is nil for all but letters. Errors as for CanSend.
func (c *Challenge) Send(tanHash, letterHash, message []byte, now time.Time) error {
	if err := c.CanSend(now); err != nil {
		return err
	}
	end, next := now.Add(c.Method.TANLifetime()), now.Add(resendAfter<<c.Sends)
	if c.Method.Post() {
		next = now.Add(letterAfter)
	}
	c.Sends++
	c.Tries, c.TANHash, c.LetterHash = 0, tanHash, letterHash
	c.AskedAt, c.NextSend, c.ExpiresAt, c.LockedAt = &now, &next, &end, nil
	c.SealedMessage, c.NextTry, c.LeaseUntil, c.Deliveries, c.Delivery = message, &now, nil, 0, DeliveryQueued
	c.UpdatedAt = now
	return nil
}

// Matches says, in constant time, whether a keyed hash is that of the TAN.
func (c *Challenge) Matches(tanHash []byte) bool {
	return len(c.TANHash) > 0 && subtle.ConstantTimeCompare(c.TANHash, tanHash) == 1
}

// CanTry returns why no TAN can be entered in a session: ErrNoTAN, ErrTriesUsedUp or
// ErrTANEnded.
func (c *Challenge) CanTry(s Session, now time.Time) error {
	switch {
	case !c.Of(s) || c.TANHash == nil && c.LockedAt == nil:
		return ErrNoTAN
	case c.TANHash == nil || c.Tries >= TANTries:
		return ErrTriesUsedUp
	case c.TriesLeft(now) == 0:
		return ErrTANEnded
	}
	return nil
}

// Lock makes the present TAN void, and its message if that has not been sent.
func (c *Challenge) Lock(now time.Time) {
	c.TANHash, c.LockedAt, c.UpdatedAt = nil, &now, now
	c.SealedMessage, c.NextTry, c.LeaseUntil = nil, nil, nil
}

// TriesLeft says how often the present TAN may still be entered; 0 without one or
// after its end.
func (c *Challenge) TriesLeft(now time.Time) int64 {
	if c.TANHash == nil || c.ExpiresAt == nil || !now.Before(*c.ExpiresAt) {
		return 0
	}
	return max(TANTries-c.Tries, 0)
}

// SendsLeft says how many messages may still go to the address.
func (c *Challenge) SendsLeft() int64 { return max(TANSends-c.Sends, 0) }

// AddressesLeft says how often the address may still be changed.
func (c *Challenge) AddressesLeft() int64 { return max(TANAddresses-c.Addresses, 0) }

// WaitsFor says how long no other message can be asked for; 0 if one can.
func (c *Challenge) WaitsFor(now time.Time) time.Duration {
	if c.NextSend == nil || !now.Before(*c.NextSend) {
		return 0
	}
	return c.NextSend.Sub(now)
}

// UsedUp says that the person has nothing left to try. fixed is for an address that
// cannot be changed.
func (c *Challenge) UsedUp(fixed bool, now time.Time) bool {
	return c.TriesLeft(now) == 0 && c.SendsLeft() == 0 && (fixed || c.AddressesLeft() == 0)
}

// Adopt returns what the challenge of a letter becomes in the session of the browser in
// which the person goes on, in place of own. It keeps the letter's counts, and of the
// addresses the larger number. The address has to be sealed anew for the session.
func (c Challenge) Adopt(s Session, own Challenge, now time.Time) Challenge {
	a := c
	a.SessionID, a.Attempt, a.Method = s.ID, s.Attempts, s.Method
	a.Addresses, a.Version, a.UpdatedAt = max(a.Addresses, own.Addresses), own.Version, now
	a.SealedMessage, a.NextTry, a.LeaseUntil, a.Delivery = nil, nil, nil, DeliveryNone
	return a
}
