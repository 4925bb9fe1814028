package swiyu

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"vouchgate/kyc"
)

// The defaults of a Config.
const (
	DefaultManagementPath = "/management/api/verifications" // since verifier 2.0.0
	DefaultTTL            = 900 * time.Second               // the verifier's VERIFICATION_TTL_SEC
	DefaultCallTimeout    = 10 * time.Second
)

// Config is what a Client needs. Now and Rand are required, the rest has
// defaults.
type Config struct {
	HTTP *http.Client     // nil: one with NewTransport. Redirects are never followed, whatever it says
	Now  func() time.Time // UTC
	Rand io.Reader        // for the made-up ids of Probe
	Log  *slog.Logger     // nil: no logs

	DefaultVerifierURL    string // for clients without their own, such as https://verifier.example.org
	DefaultManagementPath string // for clients without their own; empty: DefaultManagementPath
	DefaultProfile        Profile

	TTL         time.Duration // life of a verification at the verifier; 0: DefaultTTL
	CallTimeout time.Duration // of one call, its token included; 0: DefaultCallTimeout

	APIKeyHeader string // header for a gateway in front of the verifier; empty: none
	APIKey       string

	// Client credentials (RFC 6749, section 4.4) for a verifier that wants a
	// bearer token. Empty TokenURL: no token.
	TokenURL     string
	ClientID     string
	ClientSecret string
	Scopes       []string

	// CredentialOrigins lists further origins (scheme, host and port) that may
	// see the API key and the bearer token. The default verifier always may; a
	// client's own verifier may belong to somebody else.
	CredentialOrigins []string
}

// Client talks to verifiers. It is safe for concurrent use.
type Client struct {
	cfg    Config
	http   *http.Client
	tokens *tokens // nil: no bearer token
}

// New returns a Client, or an error that lists everything wrong with the
// configuration.
func New(cfg Config) (*Client, error) {
	var faults []error
	if cfg.Now == nil || cfg.Rand == nil {
		faults = append(faults, errors.New("now and rand are needed"))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.DefaultManagementPath == "" {
		cfg.DefaultManagementPath = DefaultManagementPath
	}
	if cfg.TTL == 0 {
		cfg.TTL = DefaultTTL
	}
	if cfg.CallTimeout == 0 {
		cfg.CallTimeout = DefaultCallTimeout
	}
	cfg.DefaultProfile = cfg.DefaultProfile.or(BetaID())
	if err := cfg.DefaultProfile.check(); err != nil {
		faults = append(faults, err)
	}
	if cfg.DefaultVerifierURL != "" {
		if _, err := managementURL(cfg.DefaultVerifierURL, cfg.DefaultManagementPath); err != nil {
			faults = append(faults, err)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("configuring the verifier client: %w", err)
	}
	c := &Client{cfg: cfg, http: httpClient(cfg.HTTP)}
	if cfg.TokenURL != "" {
		c.tokens = newTokens(cfg, c.http)
	}
	return c, nil
}

// Profile says which credential is asked for, and how.
type Profile struct {
	CredentialID    string    // our name of the credential in query and answer: [A-Za-z0-9_-]+
	Format          string    // dc+sd-jwt
	CredentialTypes []string  // accepted vct values
	AcceptedIssuers []string  // accepted issuer DIDs
	ResponseMode    string    // direct_post.jwt, the only one that present wallets take, or direct_post
	DeeplinkScheme  string    // replaces the scheme of the verifier's deep link; empty: as the verifier says
	ClaimPaths      kyc.Paths // where claims are found, if not under their own names
	Purpose         *Purpose  // what the wallet shows as the reason; nil: nothing
}

// Purpose is the verifier's verification_purpose. The maps go from language tag
// to text and need a "default".
type Purpose struct {
	Scope       string            `json:"scope"`
	Name        map[string]string `json:"purpose_name"`
	Description map[string]string `json:"purpose_description"`
}

// BetaID returns the profile of the Swiss Beta-ID, the public test twin of the
// e-ID. Both credential types and both issuers are accepted because holders keep
// credentials from before the change of September 2026
// (https://swiyu-admin-ch.github.io).
func BetaID() Profile {
	const registry = ":identifier-reg.trust-infra.swiyu-int.admin.ch:api:v1:did:"
	return Profile{
		CredentialID:    "identity",
		Format:          "dc+sd-jwt",
		CredentialTypes: []string{"betaid-sdjwt", "urn:vct:ch.admin.bcs.betaid"},
		AcceptedIssuers: []string{
			"did:tdw:QmPEZPhDFR4nEYSFK5bMnvECqdpf1tPTPJuWs9QrMjCumw" + registry + "9a5559f0-b81c-4368-a170-e7b4ae424527",
			"did:webvh:QmdPxnNc9MzGYZ6qcHuvi8YpDVYWW7mmefnCTPcKapNEL5" + registry + "5f8a3c95-1772-4ebf-ada0-c88bafb258e1",
		},
		ResponseMode: "direct_post.jwt",
	}
}

// or fills the empty fields of p from another profile.
func (p Profile) or(d Profile) Profile {
	p.CredentialID = orText(p.CredentialID, d.CredentialID)
	p.Format = orText(p.Format, d.Format)
	p.ResponseMode = orText(p.ResponseMode, d.ResponseMode)
	p.DeeplinkScheme = orText(p.DeeplinkScheme, d.DeeplinkScheme)
	if len(p.CredentialTypes) == 0 {
		p.CredentialTypes = d.CredentialTypes
	}
	if len(p.AcceptedIssuers) == 0 {
		p.AcceptedIssuers = d.AcceptedIssuers
	}
	if len(p.ClaimPaths) == 0 {
		p.ClaimPaths = d.ClaimPaths
	}
	if p.Purpose == nil {
		p.Purpose = d.Purpose
	}
	return p
}

func orText(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

var (
	credentialIDForm = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)          // OpenID4VP 1.0, section 6.1
	schemeForm       = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`) // RFC 3986, section 3.1
)

func (p Profile) check() error {
	var faults []error
	if !credentialIDForm.MatchString(p.CredentialID) {
		faults = append(faults, errors.New("credential id may hold letters, digits, _ and - only"))
	}
	if p.ResponseMode != "direct_post.jwt" && p.ResponseMode != "direct_post" {
		faults = append(faults, errors.New("response mode must be direct_post.jwt or direct_post"))
	}
	if p.DeeplinkScheme != "" && !safeScheme(p.DeeplinkScheme) {
		faults = append(faults, errors.New("deep link scheme is not usable"))
	}
	if slices.Contains(p.CredentialTypes, "") || slices.Contains(p.AcceptedIssuers, "") {
		faults = append(faults, errors.New("empty credential type or issuer"))
	}
	return errors.Join(faults...)
}

// profileOf returns the profile that applies to a client of the gateway, or
// ErrRejected if it makes no sense.
func (c *Client) profileOf(client kyc.Client) (Profile, error) {
	p := Profile{
		CredentialTypes: client.CredentialTypes,
		AcceptedIssuers: client.AcceptedIssuers,
		ResponseMode:    client.VerifierResponseMode,
		DeeplinkScheme:  client.DeeplinkScheme,
		ClaimPaths:      client.ClaimPaths,
	}.or(c.cfg.DefaultProfile)
	if err := p.check(); err != nil {
		return Profile{}, fmt.Errorf("%w: profile of client %s: %w", ErrRejected, client.ID, err)
	}
	return p, nil
}

// endpoint returns the address of the management API for a client of the
// gateway, or ErrRejected.
func (c *Client) endpoint(client kyc.Client) (string, error) {
	base := orText(client.VerifierURL, c.cfg.DefaultVerifierURL)
	if base == "" {
		return "", fmt.Errorf("%w: no verifier is configured for client %s", ErrRejected, client.ID)
	}
	endpoint, err := managementURL(base, orText(client.VerifierPath, c.cfg.DefaultManagementPath))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRejected, err)
	}
	return endpoint, nil
}

// managementURL joins base and path with exactly one slash. User info, query and
// fragment have no meaning here and mostly are mistakes.
func managementURL(base, path string) (string, error) {
	u, err := url.Parse(strings.TrimRight(base, "/") + "/" + strings.Trim(path, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || strings.ContainsAny(base+path, "?#") {
		return "", errors.New("verifier address must be an http or https URL of host and path only")
	}
	return u.String(), nil
}

// mayHaveCredentials says whether an endpoint may see our API key and token.
func (c *Client) mayHaveCredentials(endpoint string) bool {
	own := origin(endpoint)
	return own == origin(c.cfg.DefaultVerifierURL) || slices.ContainsFunc(c.cfg.CredentialOrigins, func(o string) bool {
		return origin(o) == own
	})
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
