package server_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"vouchgate/kyc"
	"vouchgate/store"
)

// verifier is a verifier of which tests decide whether it works.
type verifier struct {
	now func() time.Time

	mu     sync.Mutex
	down   error
	once   func() // called during the next creation
	scopes []string
}

// Create implements server.Verifier.
func (v *verifier) Create(_ context.Context, _ kyc.Client, scope string) (kyc.Verification, error) {
	v.mu.Lock()
	meanwhile := v.once
	v.once = nil
	v.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down != nil {
		return kyc.Verification{}, v.down
	}
	v.scopes = append(v.scopes, scope)
	id, end := uuid.NewString(), v.now().Add(15*time.Minute)
	return kyc.Verification{
		RequestID: id, URL: "https://verifier.example/request/" + id,
		Deeplink: "swiyu-verify://?client_id=did%3Aexample&request_uri=https%3A%2F%2Fverifier.example%2Frequest%2F" + id, EndsAt: &end,
	}, nil
}

var errVerifierDown = errors.New("connection refused")

func (v *verifier) breakDown(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = err
}

// meanwhile has f called while the next verification is made.
func (v *verifier) meanwhile(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.once = f
}

// count is the number of verifications that were made.
func (v *verifier) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.scopes)
}

// scope is what the newest verification asked for.
func (v *verifier) scope() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.scopes) == 0 {
		return ""
	}
	return v.scopes[len(v.scopes)-1]
}

// background remembers what it was told.
type background struct {
	store *store.Store

	mu     sync.Mutex
	hints  []kyc.ID
	opened []kyc.ID
	wakes  int
}

// Notified implements server.Background.
func (b *background) Notified(ctx context.Context, requestID string) (bool, error) {
	session, err := b.store.SessionByRequest(ctx, requestID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hints = append(b.hints, session.ID)
	return true, nil
}

// Opened implements server.Background.
func (b *background) Opened(session kyc.Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened = append(b.opened, session.ID)
}

// Wake implements server.Background.
func (b *background) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wakes++
}

func (b *background) heard() (hints []kyc.ID, wakes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]kyc.ID(nil), b.hints...), b.wakes
}

// logs keeps what was logged.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all lines.
func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// lines returns the lines that hold a text.
func (l *logs) lines(text string) []string {
	var found []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// personNumber is the claim that names a person for good.
const personNumber = "personal_administrative_number"

// canaries are the claims of a made-up person whose data must turn up at /info
// and nowhere else.
func canaries() kyc.Claims {
	return kyc.Claims{
		"given_name": "Kanarietta", "family_name": "Zwitscher-Muster", "age_over_18": true,
		"birth_date": "1990-02-28", personNumber: "756.1234.5678.97",
	}
}

// traces are the canaries that the text holds.
func traces(text string) []string {
	var found []string
	for _, v := range canaries() {
		if s, ok := v.(string); ok && strings.Contains(text, s) {
			found = append(found, s)
		}
	}
	return found
}

// hooks look at what is read from a store and have its transactions fail.
type hooks struct {
	mu     sync.Mutex
	reads  int
	onRead func()
	txErr  error
}

// since returns how often was read since the last call.
func (h *hooks) since() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.reads
	h.reads = 0
	return n
}

// whenRead has f called before each read, nothing if f is nil.
func (h *hooks) whenRead(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.onRead = f
}

// failTx has all transactions fail, none if err is nil.
func (h *hooks) failTx(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.txErr = err
}

// hooked is a backend with hooks. Q is the generated query interface, which is
// none of the server's business.
type hooked[Q any] struct {
	store.Backend
	*hooks
	reader func() Q
	tx     func(context.Context, func(Q) error) error
}

func hook[Q any](b store.Backend, reader func() Q, tx func(context.Context, func(Q) error) error) *hooked[Q] {
	return &hooked[Q]{b, &hooks{}, reader, tx}
}

// Reader implements store.Backend.
func (h *hooked[Q]) Reader() Q {
	h.mu.Lock()
	h.reads++
	f := h.onRead
	h.mu.Unlock()
	if f != nil {
		f()
	}
	return h.reader()
}

// Tx implements store.Backend.
func (h *hooked[Q]) Tx(ctx context.Context, fn func(Q) error) error {
	h.mu.Lock()
	err := h.txErr
	h.mu.Unlock()
	if err != nil {
		return err
	}
	return h.tx(ctx, fn)
}
