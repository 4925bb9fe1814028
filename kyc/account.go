package kyc

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
)

// Account is a person who can sign in here.
type Account struct {
	ID           ID
	UserName     string // as NormalizeUserName returns it
	PasswordHash string // of package server/password
	SealedClaims []byte // sealed Claims
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DisabledAt   *time.Time
}

// Enabled says whether the person may sign in.
func (a Account) Enabled() bool { return a.DisabledAt == nil }

// SignIn is a browser in which somebody is signed in. Its row is named by the
// handle in a cookie.
type SignIn struct {
	ID              ID
	AccountID       ID
	Hash            []byte // SecretSignIn
	AuthenticatedAt time.Time
	ExpiresAt       time.Time
}

// Live says whether the sign-in holds at the given time.
func (s SignIn) Live(now time.Time) bool { return now.Before(s.ExpiresAt) }

// SigningKey is a key that signs ID tokens.
type SigningKey struct {
	ID         ID
	Algorithm  string // ES256 or RS256
	Generation int64  // counts the keys of an algorithm
	Sealed     []byte // the private key
	Public     []byte // as a JSON Web Key (RFC 7517)
	CreatedAt  time.Time
	SignsFrom  time.Time
}

// maxUserName is the length of the longest user name, in bytes.
const maxUserName = 128

// ErrBadUserName says that a text cannot be a user name.
var ErrBadUserName = errors.New("a user name has 1 to 128 bytes of letters, digits and marks, without spaces")

// NormalizeUserName returns the one form of a user name: in lower case, without
// space around it. What people type differs in both. Errors are ErrBadUserName.
func NormalizeUserName(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" || len(s) > maxUserName || !cleanText(s) || strings.ContainsFunc(s, unseen) {
		return "", ErrBadUserName
	}
	return s, nil
}

// unseen refuses, besides space, what two names can differ in that look the same.
func unseen(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }

// Encode returns the claims as the bytes that are sealed.
func (c Claims) Encode() ([]byte, error) { return json.Marshal(c) }

// DecodeClaims reads what Encode returned.
func DecodeClaims(b []byte) (c Claims, err error) {
	err = json.Unmarshal(b, &c)
	return c, err
}

// Request is what an authorization request asked beside what its session is bound
// to. It can hold personal data and is sealed before it is kept.
type Request struct {
	Nonce     string `json:"nonce,omitempty"`      // given back in the ID token (OpenID Connect Core, section 2)
	Claims    string `json:"claims,omitempty"`     // the claims parameter as it came (section 5.5)
	LoginHint string `json:"login_hint,omitempty"` // who the client thinks it is
	Silent    bool   `json:"silent,omitempty"`     // no page may be shown (prompt=none)
}

// Encode returns the request as the bytes that are sealed, or nil if it is empty.
func (r Request) Encode() ([]byte, error) {
	if r == (Request{}) {
		return nil, nil
	}
	return json.Marshal(r)
}

// DecodeRequest reads what Encode returned.
func DecodeRequest(b []byte) (r Request, err error) {
	if b == nil {
		return r, nil
	}
	err = json.Unmarshal(b, &r)
	return r, err
}
