package kyc

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// Settings are what is kept of a client as one document. The zero value is what a
// client has that was registered with defaults only.
type Settings struct {
	Methods         []Method        `json:"methods,omitempty"`          // empty: swiyu
	AuthMethod      string          `json:"auth_method,omitempty"`      // how it authenticates (RFC 7591, section 2); empty: a secret, by Basic or in the form
	GrantTypes      []string        `json:"grant_types,omitempty"`      // empty: authorization_code
	Native          bool            `json:"native,omitempty"`           // an app on the person's device (RFC 8252)
	JWKS            json.RawMessage `json:"jwks,omitempty"`             // its public keys, for private_key_jwt
	JWKSURI         string          `json:"jwks_uri,omitempty"`         // where they are, if not in JWKS
	Origins         []string        `json:"origins,omitempty"`          // web origins whose scripts may call
	OmitIssuer      bool            `json:"omit_issuer,omitempty"`      // answers without iss (RFC 9207)
	AskConsent      bool            `json:"ask_consent,omitempty"`      // the person is asked before data is handed over
	Purpose         string          `json:"purpose,omitempty"`          // what the data is for, shown to the person
	Operator        string          `json:"operator,omitempty"`         // who runs the client, shown to the person
	Retention       Retention       `json:"retention,omitempty"`        // how long the data can be read
	RefreshIdle     time.Duration   `json:"refresh_idle,omitempty"`     // an unused refresh token ends after that, in nanoseconds; 0: 30 days
	RefreshLifetime time.Duration   `json:"refresh_lifetime,omitempty"` // all of them end after that, in nanoseconds; 0: one year, or never with RetainUntilRevoked
	Ephemeral       bool            `json:"ephemeral,omitempty"`        // a new subject each time
	IDTokenAlg      string          `json:"id_token_alg,omitempty"`     // empty: ES256
	RequirePAR      bool            `json:"require_par,omitempty"`      // requests must be pushed (RFC 9126)
	Restrictions    Restrictions    `json:"restrictions,omitempty"`     // of addresses, by field
	AddressHint     string          `json:"address_hint,omitempty"`     // example of an address, for the form
	AddressValidity time.Duration   `json:"address_validity,omitempty"` // a proved address counts that long, in nanoseconds; 0: one year
	DailyMessages   int64           `json:"daily_messages,omitempty"`   // TANs sent for the client in 24 hours, letters counted apart; 0: 10,000, and 200 letters
	StartURI        string          `json:"start_uri,omitempty"`        // its initiate_login_uri (OpenID Connect Core, section 4)
}

// Value stores the settings as JSON text.
func (s Settings) Value() (driver.Value, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// Scan reads what Value stored.
func (s *Settings) Scan(src any) error { return scanJSON(src, s) }

// Uses says whether a method is among the client's.
func (s Settings) Uses(m Method) bool {
	return slices.Contains(s.Methods, m) || len(s.Methods) == 0 && m == MethodSwiyu
}

// The settings of addresses that are not set for a client.
const (
	defaultAddressValidity = 365 * 24 * time.Hour
	defaultDailyMessages   = 10_000
	defaultDailyLetters    = 200
)

// AddressValidFor says how long an address counts as proved.
func (s Settings) AddressValidFor() time.Duration {
	return cmp.Or(s.AddressValidity, defaultAddressValidity)
}

// MessagesPerWindow says how many TANs may be sent for the client in a TANWindow: by
// letter, or in all other ways together.
func (s Settings) MessagesPerWindow(m Method) int64 {
	if m.Post() {
		return cmp.Or(s.DailyMessages, defaultDailyLetters)
	}
	return cmp.Or(s.DailyMessages, defaultDailyMessages)
}

// grantRefresh is the grant type of RFC 6749, section 6.
const grantRefresh = "refresh_token"

// MayRefresh says whether the client gets refresh tokens.
func (s Settings) MayRefresh() bool { return slices.Contains(s.GrantTypes, grantRefresh) }

// The lifetimes of refresh tokens that are not set for a client.
const (
	DefaultRefreshIdle     = 30 * 24 * time.Hour
	DefaultRefreshLifetime = 365 * 24 * time.Hour
)

// RefreshLives returns how long a refresh token lasts unused, and all of them
// together.
func (s Settings) RefreshLives() (idle, all time.Duration) {
	idle, all = s.RefreshIdle, s.RefreshLifetime
	if idle == 0 {
		idle = DefaultRefreshIdle
	}
	switch {
	case all == 0 && s.Retention == RetainUntilRevoked:
		all = maxRetention
	case all == 0:
		all = DefaultRefreshLifetime
	}
	return idle, all
}

// Retention says how long a client may read what was proved: RetainWithTokens,
// RetainOnce, RetainUntilRevoked, or a duration as time.ParseDuration reads it.
type Retention string

// The retentions that are not a duration.
const (
	RetainWithTokens   Retention = ""              // as long as its tokens can last
	RetainOnce         Retention = "once"          // one read
	RetainUntilRevoked Retention = "until-revoked" // until the person or the operator ends it, or all tokens have
)

// The durations that can be set.
const (
	minRetention = time.Second
	maxRetention = 100 * 365 * 24 * time.Hour
)

// ErrBadRetention says that a text is no Retention.
var ErrBadRetention = errors.New("must be once, until-revoked or a duration from 1s to 876000h, such as 720h")

// ParseRetention reads a retention. Errors are ErrBadRetention.
func ParseRetention(s string) (Retention, error) {
	switch r := Retention(s); r {
	case RetainWithTokens, RetainOnce, RetainUntilRevoked:
		return r, nil
	}
	if d, err := time.ParseDuration(s); err != nil || d < minRetention || d > maxRetention {
		return "", ErrBadRetention
	}
	return Retention(s), nil
}

// ReadableFor returns how long data can be read that is handed over now, with or
// without a refresh token, and whether reading it once ends that. What no token can
// read any more is not kept, however long the retention is.
func (c Client) ReadableFor(refresh bool) (life time.Duration, once bool) {
	reach := c.TokenLifetime
	if refresh {
		_, reach = c.RefreshLives()
	}
	if d, err := time.ParseDuration(string(c.Retention)); err == nil {
		return min(d, reach), false
	}
	return reach, c.Retention == RetainOnce
}
