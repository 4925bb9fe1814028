package kyc

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// Strings is a list of texts, kept as a JSON array.
type Strings []string

// Value stores the list as JSON text.
func (s Strings) Value() (driver.Value, error) {
	if s == nil {
		return "[]", nil
	}
	b, err := json.Marshal([]string(s))
	return string(b), err
}

// Scan reads what Value stored.
func (s *Strings) Scan(src any) error { return scanJSON(src, s) }

// Paths says where in a credential a claim is found, for credentials that name
// their claims otherwise than we do: claim name to DCQL path.
type Paths map[string][]string

// Value stores the paths as JSON text.
func (p Paths) Value() (driver.Value, error) {
	if p == nil {
		return "{}", nil
	}
	b, err := json.Marshal(map[string][]string(p))
	return string(b), err
}

// Scan reads what Value stored.
func (p *Paths) Scan(src any) error { return scanJSON(src, p) }

func scanJSON(src, dst any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), dst)
	case []byte:
		return json.Unmarshal(v, dst)
	default:
		return fmt.Errorf("cannot read JSON from %T", src)
	}
}

// CodeDelivery says how a client gets its authorization code.
type CodeDelivery string

// The ways to hand over the code.
const (
	DeliverByRedirect CodeDelivery = "redirect" // the browser takes it home (RFC 6749, section 4.1.2)
	DeliverByWebhook  CodeDelivery = "webhook"  // in the signed webhook; there is no browser to send back
)

// Client is a registered OAuth client with its method settings.
type Client struct {
	ID           string // the client_id, [A-Za-z0-9_-]{1,64}
	Name         string // shown to the person
	RedirectURIs Strings
	Scopes       Strings // what it may ask for, and gets when it asks for nothing
	PKCERequired bool
	ErrorProfile string // an oauth.ErrorProfile
	CodeDelivery CodeDelivery

	VerifierURL          string  // empty: the server's default
	VerifierPath         string  // of the management API; empty: the server's default
	AcceptedIssuers      Strings // DIDs; empty: the default profile's
	CredentialTypes      Strings // vct values; empty: the default profile's
	ClaimPaths           Paths   // where claims are found, if not under their own names
	VerifierResponseMode string  // empty: direct_post.jwt
	DeeplinkScheme       string  // empty: as the verifier says

	WebhookURL        string // empty: no webhooks
	WebhookDisabledAt *time.Time

	CodeLifetime  time.Duration
	TokenLifetime time.Duration

	Settings

	CreatedAt  time.Time
	UpdatedAt  time.Time
	DisabledAt *time.Time
}

// maxClientID is the length of the longest client_id.
const maxClientID = 64

// ValidClientID says whether a text can be a client_id: 1 to 64 characters of
// [A-Za-z0-9_-], which every client sends alike, encoded or not. What cannot be one
// need not be looked up.
func ValidClientID(id string) bool {
	if id == "" || len(id) > maxClientID {
		return false
	}
	for _, c := range []byte(id) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// Enabled says whether the client may do anything.
func (c Client) Enabled() bool { return c.DisabledAt == nil }

// ClientSecret is one of the secrets of a client, several of which may be valid
// at once, so that they can be rotated.
type ClientSecret struct {
	ID        ID
	ClientID  string
	Hash      []byte // SecretClient
	CreatedAt time.Time
	ExpiresAt *time.Time // nil: until it is removed
}

// WebhookSecret is one of the keys that sign a client's webhooks. The newest
// signs first.
type WebhookSecret struct {
	ID        ID
	ClientID  string
	Sealed    []byte // the key, sealed
	CreatedAt time.Time
	ExpiresAt *time.Time
}
