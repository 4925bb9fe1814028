package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/seal"
	"vouchgate/server"
	"vouchgate/server/jose"
	"vouchgate/server/password"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

var ctx = context.Background()

// noon is when tests begin.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// refreshWindow is how long a refresh token that was used gets its answer again.
const refreshWindow = 5 * time.Second

// issuer is how the world reaches the server, whatever its listener is.
const issuer = "http://gate.example"

// gate is a server with everything around it, and ways to look into it.
type gate struct {
	*server.Server
	t          testing.TB
	store      *store.Store
	ring       *seal.Ring
	clock      *clock
	verifier   *verifier
	background *background
	logs       *logs
	contract   *contract
	url        string // of the listener, empty until listen
}

// newGate returns a server on an empty SQLite database.
func newGate(t testing.TB, edits ...func(*server.Config)) *gate {
	t.Helper()
	return newGateOn(t, storetest.Open(t), edits...)
}

func newGateOn(t testing.TB, st *store.Store, edits ...func(*server.Config)) *gate {
	t.Helper()
	ring, err := seal.NewRing("k1", map[string][]byte{"k1": bytes.Repeat([]byte{7}, seal.KeySize)}, rand.Reader)
	must(t, err)
	public, err := url.Parse(issuer)
	must(t, err)
	g := &gate{
		t: t, store: st, ring: ring, clock: &clock{now: noon}, verifier: &verifier{}, background: &background{store: st}, logs: &logs{},
	}
	g.verifier.now = g.clock.Now
	log := slog.New(slog.NewJSONHandler(g.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys, err := jose.New(jose.Config{Store: st, Seal: ring.Seal, Open: ring.Open, Now: g.clock.Now, Rand: rand.Reader, Log: log})
	must(t, err)
	config := server.Config{
		Store: st, Ring: ring, Verifier: g.verifier, Background: g.background, PublicURL: public, Version: "1.2.3",
		Keys: keys, Fetcher: jose.NewFetcher(jose.FetcherConfig{Now: g.clock.Now}), Passwords: password.New(rand.Reader),
		RefreshWindow: refreshWindow, Now: g.clock.Now, Rand: rand.Reader, Log: log,
	}
	for _, edit := range edits {
		edit(&config)
	}
	g.Server, err = server.New(config)
	must(t, err)
	g.contract = newContract(t, config.PublicURL)
	return g
}

// newHookedGate returns a server whose store has hooks.
func newHookedGate(t testing.TB, edits ...func(*server.Config)) (*gate, *hooks) {
	t.Helper()
	b := storetest.OpenBackend(t, "sqlite")
	h := hook(b, b.Reader, b.Tx)
	st := store.New(h)
	_, err := st.Migrate(ctx)
	must(t, err)
	return newGateOn(t, st, edits...), h.hooks
}

// withKey has the verifier send a key.
func withKey(c *server.Config) { c.NotificationKey = "key-0123" }

// overHTTPS has the world reach the server by https.
func overHTTPS(c *server.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "gate.example"} }

// handler is the server, each answer of which is checked against the contract.
func (g *gate) handler() http.Handler { return g.contract.checked(g.Handler()) }

// listen starts a listener and returns where it is. Its limit of headers is that
// of the program.
func (g *gate) listen() string {
	g.t.Helper()
	if g.url == "" {
		s := httptest.NewUnstartedServer(g.handler())
		s.Config.MaxHeaderBytes = 16 << 10
		s.Start()
		g.t.Cleanup(func() {
			g.Close()
			s.Close()
		})
		g.url = s.URL
	}
	return g.url
}

// exchangeSecret has the form of RFC 8959, with colons.
const exchangeSecret = "secret-token:exchange:0123456789abcdef"

// secretOf is the secret of a client that addClient made.
func secretOf(clientID string) string {
	if clientID == "exchange" {
		return exchangeSecret
	}
	return clientID + "-secret-0123456789abcdef0123456789"
}

// addClient registers a client: a shop unless edited.
func (g *gate) addClient(id string, edits ...func(*kyc.Client)) kyc.Client {
	g.t.Helper()
	c := kyc.Client{
		ID: id, Name: "Corner " + id,
		RedirectURIs: kyc.Strings{"https://" + id + ".example/cb", "https://" + id + ".example/cb?tenant=7"},
		Scopes:       kyc.Strings{"given_name", "family_name", "age_over_18"},
		CodeDelivery: kyc.DeliverByRedirect, WebhookURL: "https://" + id + ".example/hook",
		CodeLifetime: time.Minute, TokenLifetime: time.Hour, CreatedAt: noon, UpdatedAt: noon,
	}
	for _, edit := range edits {
		edit(&c)
	}
	secret := kyc.ClientSecret{ID: g.newID(), ClientID: id, Hash: kyc.HashSecret(kyc.SecretClient, secretOf(id)), CreatedAt: noon}
	var webhook *kyc.WebhookSecret
	if c.WebhookURL != "" {
		webhook = &kyc.WebhookSecret{ID: g.newID(), ClientID: id, Sealed: []byte("sealed"), CreatedAt: noon}
	}
	must(g.t, g.store.CreateClient(ctx, c, secret, webhook))
	g.contract.register(c)
	return c
}

// addExchange registers a client that behaves as a GNU Taler exchange does.
func (g *gate) addExchange() kyc.Client {
	g.t.Helper()
	return g.addClient("exchange", func(c *kyc.Client) {
		c.RedirectURIs = kyc.Strings{"https://exchange.example/kyc-proof/swiyu"}
		c.ErrorProfile, c.WebhookURL = "taler", ""
	})
}

// change edits a client.
func (g *gate) change(id string, edit func(*kyc.Client)) {
	g.t.Helper()
	c, err := g.store.Client(ctx, id)
	must(g.t, err)
	edit(&c)
	must(g.t, g.store.UpdateClient(ctx, c, "client.updated"))
	g.contract.register(c)
}

func (g *gate) disable(id string) {
	g.t.Helper()
	now := g.clock.Now()
	g.change(id, func(c *kyc.Client) { c.DisabledAt = &now })
}

func (g *gate) newID() kyc.ID {
	g.t.Helper()
	id, err := kyc.NewID(g.clock.Now(), rand.Reader)
	must(g.t, err)
	return id
}

// move moves a session as the background does, with what the client is told.
func (g *gate) move(id kyc.ID, m func(*kyc.Session) (kyc.Effects, error)) {
	g.t.Helper()
	moved, err := g.store.UpdateSession(ctx, id, func(s *kyc.Session) (kyc.Effects, error) {
		effects, err := m(s)
		if err != nil {
			return effects, err
		}
		return effects, g.tell(s, &effects)
	})
	must(g.t, err)
	g.Changed(moved)
}

func (g *gate) tell(s *kyc.Session, e *kyc.Effects) error {
	client, err := g.store.Client(ctx, s.ClientID)
	if err != nil || client.WebhookURL == "" || e.Event == nil {
		return err
	}
	if e.Event.Type == kyc.EventVerified && client.CodeDelivery == kyc.DeliverByWebhook {
		handle := s.DeriveCode(s.FirstGeneration(), g.ring.MAC)
		code := s.NewCode(handle, s.FirstGeneration(), e.Event.At, kyc.WebhookCodeLifetime)
		e.Code, e.Event.Code, e.Event.State = &code, handle.String(), s.State
	}
	id := g.newID()
	e.Webhook, err = e.Event.Queue(id, client, g.ring.Seal)
	return err
}

// prove gives a session the proof of the canary person, whose number is part of it
// only if it was asked for.
func (g *gate) prove(id kyc.ID) {
	g.t.Helper()
	claims, session := canaries(), g.session(id)
	if !slices.Contains(session.Asked(), personNumber) {
		delete(claims, personNumber)
	}
	g.proveWith(id, claims)
}

func (g *gate) proveWith(id kyc.ID, claims kyc.Claims) {
	g.t.Helper()
	now := g.clock.Now()
	g.move(id, func(s *kyc.Session) (kyc.Effects, error) {
		plain, err := kyc.Proof{
			Method: kyc.MethodSwiyu, Issuer: "did:example:issuer", Type: "urn:vct:example", VerifiedAt: now, Claims: claims,
		}.Encode()
		if err != nil {
			return kyc.Effects{}, err
		}
		sealed, err := g.ring.Seal(kyc.PurposeClaims, kyc.ClaimsContext(s.ID, s.ClientID), plain)
		if err != nil {
			return kyc.Effects{}, err
		}
		return s.Prove(s.RequestID, sealed, now)
	})
}

func (g *gate) refuse(id kyc.ID) {
	g.t.Helper()
	g.move(id, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Refuse(s.RequestID, kyc.FailureRefusedByWallet, g.clock.Now())
	})
}

func (g *gate) expire(id kyc.ID) {
	g.t.Helper()
	g.move(id, func(s *kyc.Session) (kyc.Effects, error) { return s.Expire(g.clock.Now()) })
}

func (g *gate) session(id kyc.ID) kyc.Session {
	g.t.Helper()
	s, err := g.store.Session(ctx, id)
	must(g.t, err)
	return s
}

// webhooks returns the bodies of the webhooks that wait, the newest first.
func (g *gate) webhooks() []string {
	g.t.Helper()
	rows, err := g.store.Webhooks(ctx, store.WebhookFilter{})
	must(g.t, err)
	var bodies []string
	for _, row := range rows {
		body, err := g.ring.Open(kyc.PurposeWebhookBody, row.ID[:], row.SealedBody)
		must(g.t, err)
		bodies = append(bodies, string(body))
	}
	return bodies
}

// everything prints what the store holds, to show that a request changed nothing.
func (g *gate) everything() string {
	g.t.Helper()
	var b bytes.Buffer
	sessions, err := g.store.Sessions(ctx, store.SessionFilter{Limit: 1000})
	must(g.t, err)
	for _, s := range sessions {
		fmt.Fprintf(&b, "%s %s v%d attempts %d %q %x\n", s.ID, s.Status, s.Version, s.Attempts, s.Binding, s.SealedClaims)
		if code, err := g.store.Code(ctx, s.ID); err == nil {
			fmt.Fprintf(&b, "  code %d used %v until %v\n", code.Generation, code.UsedAt, code.ExpiresAt)
		}
		trail, err := g.store.Audit(ctx, s.ID)
		must(g.t, err)
		fmt.Fprintf(&b, "  %d audit events\n", len(trail))
	}
	fmt.Fprintf(&b, "webhooks %q\nverifications %d\n", g.webhooks(), g.verifier.count())
	return b.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// clock is the time of a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) { c.set(c.Now().Add(d)) }

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}
