package main

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"vouchgate/store"
	"vouchgate/verify/swiyu"
)

// storageConfig says where everything is kept. One of sqlite and postgres is set.
type storageConfig struct {
	dataDir  string
	sqlite   string // path
	postgres string // URL, with its password
	keyFile  string
}

func (s storageSettings) check(f *faults) storageConfig {
	c := storageConfig{dataDir: s.DataDir, keyFile: s.KeyFile}
	if s.DataDir == "" {
		f.add("data-dir", "must not be empty")
	}
	if c.keyFile == "" {
		c.keyFile = filepath.Join(s.DataDir, "keys.json")
	}
	path, isSQLite := strings.CutPrefix(s.Database, "sqlite:")
	switch {
	case s.Database == "":
		c.sqlite = filepath.Join(s.DataDir, "vouchgate.db")
	case isSQLite && path != "" && !strings.Contains(path, "://"):
		c.sqlite = path
	case strings.HasPrefix(s.Database, "postgres://"), strings.HasPrefix(s.Database, "postgresql://"):
		c.postgres = s.Database
	default:
		f.add("database", "must be sqlite:PATH or postgres://...") // the value may hold a password
	}
	return c
}

type logConfig struct {
	level slog.Level
	text  bool
}

func (s logSettings) check(f *faults) logConfig {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	return logConfig{
		level: levels[f.oneOf("log-level", s.LogLevel, "debug", "info", "warn", "error")],
		text:  f.oneOf("log-format", s.LogFormat, "json", "text") == "text",
	}
}

func (s allowSettings) check(f *faults) []netip.Prefix {
	return f.networks("webhook-allow-networks", s.WebhookAllowNetworks)
}

// backgroundConfig is what background work needs, with or without a gateway.
type backgroundConfig struct {
	allow     []netip.Prefix
	retention store.Retention
	admin     string // empty: no admin listener
	migrate   bool
}

// century bounds how long something may be kept.
const century = 100 * 366 * 24 * time.Hour

func (s backgroundSettings) check(f *faults) backgroundConfig {
	c := backgroundConfig{
		allow: s.allowSettings.check(f), admin: s.AdminListen, migrate: s.Migrate,
		retention: store.Retention{
			Sessions:  f.duration("retain-sessions", s.RetainSessions, time.Minute, century),
			Delivered: f.duration("retain-deliveries", s.RetainDeliveries, time.Minute, century),
			Dead:      f.duration("retain-dead", s.RetainDead, time.Minute, century),
			Audit:     f.duration("retain-audit", s.RetainAudit, time.Minute, century),
		},
	}
	if c.admin == "off" {
		c.admin = ""
	} else {
		f.address("admin-listen", c.admin)
	}
	return c
}

// check returns the client of verifiers, but for clock, random source and log.
func (s verifierSettings) check(f *faults, p *program) swiyu.Config {
	c := swiyu.Config{
		Now: p.now, Rand: p.rand,
		DefaultVerifierURL: s.VerifierURL, DefaultManagementPath: s.VerifierManagementAPIPath,
		APIKeyHeader: s.VerifierAPIKeyHeader, APIKey: f.secretFile("verifier-api-key-file", s.VerifierAPIKeyFile),
		TokenURL: s.VerifierTokenURL, ClientID: s.VerifierTokenClientID,
		ClientSecret:      f.secretFile("verifier-token-client-secret-file", s.VerifierTokenClientSecretFile),
		Scopes:            strings.Fields(s.VerifierTokenScope),
		CredentialOrigins: list(s.VerifierCredentialOrigins),
		TTL:               f.duration("verifier-ttl", s.VerifierTTL, time.Minute, 24*time.Hour),
		DefaultProfile: swiyu.Profile{
			AcceptedIssuers: list(s.VerifierIssuers), CredentialTypes: list(s.VerifierCredentialTypes),
			ResponseMode: s.VerifierResponseMode, DeeplinkScheme: s.VerifierDeeplinkScheme,
		},
	}
	if s.VerifierAPIKeyHeader != "" {
		f.headerName("verifier-api-key-header", s.VerifierAPIKeyHeader)
	}
	if (s.VerifierAPIKeyHeader == "") != (s.VerifierAPIKeyFile == "") {
		f.add("verifier-api-key-file", "goes with verifier-api-key-header: both or none")
	}
	if s.VerifierTokenURL != "" {
		f.webURL("verifier-token-url", s.VerifierTokenURL)
		if c.ClientID == "" || s.VerifierTokenClientSecretFile == "" {
			f.add("verifier-token-url", "needs verifier-token-client-id and verifier-token-client-secret-file")
		}
	}
	for _, origin := range c.CredentialOrigins {
		f.webURL("verifier-credential-origins", origin)
	}
	_, err := swiyu.New(c)
	f.verifier(err)
	return c
}

// verifier adds the faults that the client of verifiers finds itself, each on a
// line of its own.
func (f *faults) verifier(err error) {
	if err == nil {
		return
	}
	text := strings.TrimPrefix(err.Error(), "configuring the verifier client: ")
	for line := range strings.SplitSeq(text, "\n") {
		f.add("verifier", "%s", line)
	}
}

// listenConfig is what the public listener needs.
type listenConfig struct {
	address         string
	publicURL       *url.URL // nil: from the address, once that is known
	certFile        string
	keyFile         string
	proxies         []netip.Prefix
	maxOpenSessions int64
	notifyHeader    string
	notifyKey       string
	refreshWindow   time.Duration
	requestRate     int
	signInTries     int64
	networkMessages int64 // 0: any number
	keyLifetime     time.Duration
	configFor       string // id of a client, or empty
}

// The limits of settings of the public listener.
const (
	maxRefreshWindow = time.Minute
	maxRequestRate   = 1_000_000
	maxSignInTries   = 1000
	maxMessages      = 1_000_000
	minKeyLifetime   = 48 * time.Hour // a key is published for a day before it signs
	maxKeyLifetime   = 10 * 365 * 24 * time.Hour
)

// check returns nil for an address that is not given or faulty.
func (s publicSettings) check(f *faults) *url.URL {
	if s.PublicURL == "" {
		return nil
	}
	return f.publicURL("public-url", s.PublicURL, s.InsecurePublicURL)
}

func (s listenSettings) check(f *faults) listenConfig {
	c := listenConfig{
		address: s.Listen, certFile: s.TLSCertFile, keyFile: s.TLSKeyFile,
		proxies:         f.networks("trusted-proxies", s.TrustedProxies),
		maxOpenSessions: f.number("max-open-sessions", s.MaxOpenSessions, 1, 1_000_000_000),
		notifyHeader:    s.NotificationKeyHeader,
		notifyKey:       f.secretFile("notification-key-file", s.NotificationKeyFile),
		refreshWindow:   f.duration("refresh-retry-window", s.RefreshRetryWindow, 0, maxRefreshWindow),
		requestRate:     int(f.number("request-rate", s.RequestRate, 0, maxRequestRate)),
		signInTries:     f.number("sign-in-tries", s.SignInTries, 1, maxSignInTries),
		networkMessages: f.number("messages-per-network", s.MessagesPerNetwork, 0, maxMessages),
		keyLifetime:     f.duration("signing-key-lifetime", s.SigningKeyLifetime, minKeyLifetime, maxKeyLifetime),
		configFor:       s.ConfigFor,
	}
	if c.configFor != "" && !clientIDForm.MatchString(c.configFor) {
		f.add("config-for", "is not the id of a client")
	}
	f.address("listen", s.Listen)
	f.headerName("notification-key-header", s.NotificationKeyHeader)
	f.keyPair(s.TLSCertFile, s.TLSKeyFile)
	host, _, err := net.SplitHostPort(s.Listen)
	switch {
	case s.PublicURL != "":
		c.publicURL = s.publicSettings.check(f)
	case err == nil && !loopback(host):
		f.add("public-url", "must be given unless --listen is a loopback address")
	}
	return c
}
