// Package swiyutest is a swiyu generic verifier that needs no wallet, no trust
// registry and no keys: the mock for tests, demo, benchmark and the command
// mock-verifier. Its answers have the form of the real one (majors 4 and 5) and
// so do its bad habits: webhooks that come late, twice, early or never,
// verifications that hang, answers from a broken proxy.
//
// The idea: one Verifier serves four sides of one store. The management API is
// what the gateway calls, the OID4VP endpoints are what a wallet calls, /wallet/
// has pages on which a person clicks through as one of several made-up people,
// and /control/ lets another process steer all of it. Tests in the same process
// steer with the methods of Verifier, which do the same.
//
// Nothing is checked cryptographically and the control API is open to everybody
// who reaches it: never give a mock anything to protect.
package swiyutest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The defaults of a Config, those of the real verifier.
const (
	DefaultTTL            = 900 * time.Second
	DefaultNotifyInterval = 2 * time.Second
	DefaultScheme         = "swiyu-verify"
	DefaultClientID       = "decentralized_identifier:did:example:mock-verifier"
)

// cleanUpAfter is how long an expired verification is still known on the
// wallet's side, like the real clean-up interval.
const cleanUpAfter = 420 * time.Second

// Config is what a Verifier needs. Now and Rand are required, the rest has
// defaults.
type Config struct {
	Now  func() time.Time
	Rand io.Reader // used under a lock
	Log  *slog.Logger

	NotifyURL      string // where webhooks go; empty: nowhere. SetNotifyURL changes it
	APIKeyHeader   string // static header of webhooks; empty: none
	APIKey         string
	NotifyInterval time.Duration // between rounds of Run and before a webhook is sent again; 0: 2 s
	NotifyAtOnce   bool          // send each webhook as soon as it is recorded, many at a time, instead of in rounds

	TTL         time.Duration // of a verification, from its creation; 0: 900 s
	PublicURL   string        // own address in links; empty: as the request says
	Scheme      string        // of deep links; empty: swiyu-verify
	WalletLinks bool          // deep links are web links to /wallet/{id}, for walks without a phone
	ClientID    string        // the verifier's own; empty: DefaultClientID

	Major           int                     // 4 (0 means 4): unused members of wallet_response are null; 5: left out
	HideSubjectData bool                    // SUCCESS without claims: the default of the real one from major 5 on
	CheckToken      func(token string) bool // bearer check of the management API; nil: open
}

// Verification is a verification as the mock knows it.
type Verification struct {
	ID           string    `json:"id"`
	State        string    `json:"state"` // PENDING, SUCCESS, FAILED
	ErrorCode    string    `json:"error_code,omitempty"`
	Person       string    `json:"person,omitempty"` // who answered
	Asked        []string  `json:"asked"`            // claims, nested ones with dots
	ResponseMode string    `json:"response_mode"`
	Nonce        string    `json:"nonce"`
	WalletState  string    `json:"wallet_state"` // the state that a wallet must send back
	URL          string    `json:"verification_url"`
	Deeplink     string    `json:"verification_deeplink"`
	WalletPage   string    `json:"wallet_page"`
	CreatedAt    time.Time `json:"created_at"`
	ExpiresAt    time.Time `json:"expires_at"`
	Reads        int       `json:"reads"`  // answered by the management API
	Events       int       `json:"events"` // webhooks recorded
}

// Counters count what happened since New.
type Counters struct {
	Creates       int64 `json:"creates"`
	Reads         int64 `json:"reads"`
	Submissions   int64 `json:"submissions"` // answers of wallets, by page, endpoint, control API or method
	Notifications int64 `json:"notifications_recorded"`
	Sent          int64 `json:"notifications_sent"`  // tries
	Acked         int64 `json:"notifications_acked"` // answered below 400
	Trapped       int64 `json:"redirects_followed"`  // callers that followed FaultRedirect
}

// Errors of the methods that act for a wallet.
var (
	// ErrUnknown says that there is no such verification, or no such person.
	ErrUnknown = errors.New("unknown")
	// ErrClosed says that the verification is over or being checked. Trying it
	// anyway records a webhook, as with the real verifier.
	ErrClosed = errors.New("verification is closed")
)

// Call is a call to the management API, as a hook sees it.
type Call struct {
	Op string // create or read
	ID string // of the verification; of a create, the new one
}

// Verifier is the mock. It is an http.Handler and safe for concurrent use.
type Verifier struct {
	cfg    Config
	mux    *http.ServeMux
	client *http.Client // sends webhooks
	outbox outbox
	events chan Verification // of Created
	close  sync.Once
	closed chan struct{}

	mu        sync.Mutex
	records   map[string]*record
	checking  map[string]*record // those in phaseChecking
	order     []*record          // oldest first
	mode      Mode
	notifyURL string
	hook      func(context.Context, Call)
	counters  Counters
}

// New returns a Verifier. It panics without Now or Rand, which is a mistake of
// the program. Webhooks are sent by Run or Dispatch.
func New(cfg Config) *Verifier {
	if cfg.Now == nil || cfg.Rand == nil {
		panic("swiyutest: Config needs Now and Rand")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.NotifyInterval = orDefault(cfg.NotifyInterval, DefaultNotifyInterval)
	cfg.TTL = orDefault(cfg.TTL, DefaultTTL)
	cfg.Scheme = orDefault(cfg.Scheme, DefaultScheme)
	cfg.ClientID = orDefault(cfg.ClientID, DefaultClientID)
	cfg.Major = orDefault(cfg.Major, 4)
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	v := &Verifier{
		cfg: cfg, client: newWebhookClient(), notifyURL: cfg.NotifyURL,
		records: map[string]*record{}, checking: map[string]*record{},
		events: make(chan Verification, 4096), closed: make(chan struct{}),
	}
	v.outbox.wake = make(chan struct{}, 1)
	v.mux = v.routes()
	return v
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// ServeHTTP serves all sides of the mock.
func (v *Verifier) ServeHTTP(w http.ResponseWriter, r *http.Request) { v.mux.ServeHTTP(w, r) }

func (v *Verifier) routes() *http.ServeMux {
	mux := http.NewServeMux()
	v.managementRoutes(mux)
	v.oid4vpRoutes(mux)
	v.pageRoutes(mux)
	v.controlRoutes(mux)
	return mux
}

// Close ends Run.
func (v *Verifier) Close() { v.close.Do(func() { close(v.closed) }) }

// Created tells of each verification at its creation, before the create call is
// answered. It holds 4096 of them; what nobody takes beyond that is dropped.
func (v *Verifier) Created() <-chan Verification { return v.events }

// SetMode sets what happens to verifications that are created from now on.
func (v *Verifier) SetMode(m Mode) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.mode = m.clone()
}

// Mode returns what SetMode set.
func (v *Verifier) Mode() Mode {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.mode.clone()
}

// SetModeOf changes the mode of one verification, or returns ErrUnknown.
func (v *Verifier) SetModeOf(id string, m Mode) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, err := v.find(id)
	if err != nil {
		return err
	}
	r.mode = m.clone()
	return nil
}

// SetHook sets a function that each management call runs through after its work
// is stored and before it is answered. A hook that blocks is a slow verifier.
func (v *Verifier) SetHook(hook func(context.Context, Call)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.hook = hook
}

// SetNotifyURL sets where webhooks go from now on; empty: nowhere, they wait.
func (v *Verifier) SetNotifyURL(url string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.notifyURL = url
	v.outbox.put() // wakes Run
}

// Get returns a verification, also an expired one that was not cleaned up yet,
// or ErrUnknown.
func (v *Verifier) Get(id string) (Verification, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, err := v.find(id)
	if err != nil {
		return Verification{}, err
	}
	return r.Verification, nil
}

// List returns all verifications that are not cleaned up yet, newest first.
func (v *Verifier) List() []Verification {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := make([]Verification, 0, len(v.order))
	for _, r := range slices.Backward(v.order) {
		list = append(list, r.Verification)
	}
	return list
}

// Counters returns the counters as they are now.
func (v *Verifier) Counters() Counters {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.counters
}

// newUUID returns a random UUID (RFC 9562, version 4). The caller holds the lock.
func (v *Verifier) newUUID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(v.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("reading random bits: %w", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	parts := [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]}
	for i, p := range parts {
		parts[i] = []byte(hex.EncodeToString(p))
	}
	return string(bytes.Join(parts, []byte("-"))), nil
}
