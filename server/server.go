package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/seal"
	"vouchgate/server/jose"
	"vouchgate/server/keyed"
	"vouchgate/server/pages"
	"vouchgate/server/password"
	"vouchgate/store"
)

// Verifier makes verifications. Package verify/swiyu has one.
type Verifier interface {
	// Create starts a verification of the claims that a scope asks for, at the
	// client's verifier. A claim's name is also a scope.
	Create(ctx context.Context, client kyc.Client, scope string) (kyc.Verification, error)
}

// Background is told what it could do sooner. Package worker has one.
type Background interface {
	// Notified says that the verifier has something to tell about a verification. It
	// returns before that is looked at, and reports whether the verification is an
	// open one. An error means that it could not be found out.
	Notified(ctx context.Context, requestID string) (open bool, err error)
	// Opened says that a session has a new verification, of which a notification may
	// have come already. It returns at once.
	Opened(session kyc.Session)
	// Wake says that a webhook or a message was queued. It returns at once.
	Wake()
}

// AddressReader brings what a person types into its one form. Package verify/address
// has one.
type AddressReader interface {
	// Read returns the address in the fields of a method, by the names of
	// kyc.Method.Fields. Errors are *kyc.AddressError.
	Read(method kyc.Method, fields map[string]string) (kyc.Address, error)
}

// Config is what a Server needs. Fields without a remark must be set.
type Config struct {
	Store      *store.Store
	Ring       *seal.Ring
	Verifier   Verifier
	Background Background
	Keys       *jose.Keys       // sign ID tokens
	Fetcher    *jose.Fetcher    // reads clients' keys where they are published
	Passwords  *password.Hasher // checks passwords
	Addresses  AddressReader    // reads addresses; nil if none can be proved here
	Sendable   []kyc.Method     // methods whose messages can be sent
	PublicURL  *url.URL         // how browsers and clients reach the server; without path. It is the issuer
	Version    string           // of the program

	NotificationKeyHeader string // header that carries the verifier's key; empty: X-API-Key
	NotificationKey       string // empty: notifications need no key

	// TrustedProxies may say by X-Forwarded-For whom they speak for. Nil: nobody.
	TrustedProxies []netip.Prefix
	// MaxOpenSessions bounds the sessions of one client that are not over. 0: 100,000.
	MaxOpenSessions int64
	// RefreshWindow is how long a refresh token that was used gets the same answer
	// again, for a client that lost it.
	RefreshWindow time.Duration
	// RequestRate bounds the requests per second of one address, and the reads of one
	// token; ten times as many may come at once. 0: no bound.
	RequestRate int
	// SignInTries bounds the tries to sign in with one user name from one address in
	// a quarter of an hour. 0: 5.
	SignInTries int64
	// MessagesPerNetwork bounds the messages with TANs that callers of one network (an
	// IPv4 address, or /64 of IPv6) ask for in an hour. 0: no bound.
	MessagesPerNetwork int64
	// ConfigFor is the client for whose address type /config answers as GNU Taler
	// Challenger does; empty: it tells what this server is.
	ConfigFor string

	Now      func() time.Time // UTC, to the microsecond
	Rand     io.Reader
	Log      *slog.Logger
	Registry prometheus.Registerer // nil: no metrics
}

// Server answers the requests of clients, browsers and the verifier.
type Server struct {
	Config
	pages    *pages.Pages
	docs     func() ([]byte, error) // drawn when first asked for
	hub      *hub
	opening  *turns
	failures *limiter // wrong credentials, by client and address
	polls    *limiter // status requests, by session
	pace     *limiter // requests by address and reads by token; nil: any number
	origins  origins
	subjects *keyed.Key
	tans     *keyed.Key
	budget   openSessions
	metrics  *metrics
	outer    http.Handler
}

// The pace of what is limited: a burst, and one more each time that passed.
const (
	failureBurst, failureEvery = 10, 2 * time.Second
	pollBurst, pollEvery       = 30, 200 * time.Millisecond
)

// New returns a server. It fails if the configuration or what is embedded in the
// program is faulty.
func New(c Config) (*Server, error) {
	if c.PublicURL == nil || c.PublicURL.Host == "" || strings.Trim(c.PublicURL.Path, "/") != "" {
		return nil, errors.New("public URL must be an absolute URL without path")
	}
	if c.NotificationKeyHeader == "" {
		c.NotificationKeyHeader = "X-API-Key"
	}
	if c.MaxOpenSessions == 0 {
		c.MaxOpenSessions = 100_000
	}
	if c.SignInTries == 0 {
		c.SignInTries = 5
	}
	if c.Keys == nil || c.Passwords == nil || c.Fetcher == nil {
		return nil, errors.New("keys, passwords and a fetcher are needed")
	}
	s := &Server{
		Config: c, hub: newHub(c.Now), opening: newTurns(),
		failures: newLimiter(failureBurst, failureEvery), polls: newLimiter(pollBurst, pollEvery),
		metrics:  newMetrics(c.Registry),
		subjects: keyed.New(subjectKeyName, c.Store, c.Ring, c.Rand),
		tans:     keyed.New(keyed.TansName, c.Store, c.Ring, c.Rand),
	}
	if c.RequestRate > 0 {
		s.pace = newLimiter(10*c.RequestRate, time.Second/time.Duration(c.RequestRate))
	}
	var err error
	if s.pages, err = pages.New(); err != nil {
		return nil, err
	}
	s.docs = sync.OnceValues(func() ([]byte, error) {
		spec, err := openapi3.NewLoader().LoadFromData(api.Contract)
		if err != nil {
			return nil, fmt.Errorf("reading the contract: %w", err)
		}
		return s.pages.Docs(spec)
	})
	s.outer, err = s.assemble()
	return s, err
}

// Handler returns the handler of the public listener.
func (s *Server) Handler() http.Handler { return s.outer }

// Close ends the streams of status, so that a listener can shut down.
func (s *Server) Close() { s.hub.close() }

// Watched says whether a page of the session is open somewhere near.
func (s *Server) Watched(session kyc.ID) bool { return s.hub.watched(session) }

// Changed tells the pages of a session that it has moved, and where to.
func (s *Server) Changed(session kyc.Session) { s.hub.changed(session) }

func (s *Server) issuer() string { return s.PublicURL.Scheme + "://" + s.PublicURL.Host }

func (s *Server) secure() bool { return s.PublicURL.Scheme == "https" }

var _ api.StrictServerInterface = (*Server)(nil)
