package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vouchgate/kyc"
	"vouchgate/store"
)

// noon is when tests happen. It has nanoseconds, which databases do not keep.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 123456789, time.UTC)

// fixture is a store on a fresh database with ways to get to where a test begins.
type fixture struct {
	*store.Store
	t       testing.TB
	ctx     context.Context
	backend store.Backend
	rand    io.Reader
}

func newFixture(t testing.TB, b store.Backend) *fixture {
	t.Helper()
	f := &fixture{Store: store.New(b), t: t, ctx: context.Background(), backend: b, rand: newRandom()}
	_, err := f.Migrate(f.ctx)
	f.ok(err)
	return f
}

// random is the same sequence in each run, for many goroutines.
type random struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

func newRandom() *random { return &random{r: rand.NewChaCha8([32]byte{1})} }

// Read implements io.Reader.
func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.Read(p)
}

// ok ends the test if a step that it relies on failed.
func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("unexpected error: %v", err)
	}
}

// is checks which error a step ended with.
func (f *fixture) is(err, want error) {
	f.t.Helper()
	if !errors.Is(err, want) {
		f.t.Errorf("error is %v, want %v", err, want)
	}
}

// same checks that two values are equal, where an empty list is as good as none and
// the spaces of JSON do not count.
func (f *fixture) same(what string, got, want any) {
	f.t.Helper()
	if diff := cmp.Diff(want, got, equal); diff != "" {
		f.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var equal = cmp.Options{
	cmp.FilterPath(isJSON, cmp.Transformer("json", func(text json.RawMessage) (v any) {
		_ = json.Unmarshal(text, &v) // what is not JSON is seen as nothing
		return v
	})),
	cmp.FilterPath(func(p cmp.Path) bool { return !isJSON(p) }, cmpopts.EquateEmpty()),
}

func isJSON(p cmp.Path) bool { return p.Last().Type() == reflect.TypeFor[json.RawMessage]() }

// full checks that a value sets every field, so that a test which keeps it and reads
// it back proves something about each. Fields named in except may be zero.
func (f *fixture) full(v any, except ...string) {
	f.t.Helper()
	fields := reflect.ValueOf(v)
	for i := range fields.NumField() {
		name, field := fields.Type().Field(i).Name, fields.Field(i)
		if field.IsZero() && !slices.Contains(except, name) {
			f.t.Errorf("%T does not set %s", v, name)
		}
		if fields.Type().Field(i).Anonymous {
			f.full(field.Interface(), except...)
		}
	}
}

func (f *fixture) newID() kyc.ID {
	f.t.Helper()
	id, err := kyc.NewID(noon, f.rand)
	f.ok(err)
	return id
}

func (f *fixture) idAt(at time.Time) kyc.ID {
	f.t.Helper()
	id, err := kyc.NewID(at, f.rand)
	f.ok(err)
	return id
}

func (f *fixture) newHandle() kyc.Handle {
	f.t.Helper()
	h, err := kyc.NewHandle(f.newID(), f.rand)
	f.ok(err)
	return h
}

// newClient returns a client that fills every field, not kept yet.
func newClient(id string) kyc.Client {
	return kyc.Client{
		ID: id, Name: "Kiosk & Söhne", RedirectURIs: kyc.Strings{"https://kiosk.example/cb", "https://kiosk.example/<b>"},
		Scopes: kyc.Strings{"profile", "age_over_18"}, PKCERequired: true, ErrorProfile: "taler",
		CodeDelivery: kyc.DeliverByWebhook, VerifierURL: "https://verifier.example", VerifierPath: "/management/api",
		AcceptedIssuers: kyc.Strings{"did:example:1"}, CredentialTypes: kyc.Strings{"betaid"},
		ClaimPaths: kyc.Paths{"birth_place": {"place", "name"}}, VerifierResponseMode: "direct_post",
		DeeplinkScheme: "wallet", WebhookURL: "https://kiosk.example/hook", Settings: newSettings(),
		CodeLifetime: time.Minute, TokenLifetime: time.Hour, CreatedAt: noon, UpdatedAt: noon,
	}
}

// newSettings returns settings that fill every field.
func newSettings() kyc.Settings {
	return kyc.Settings{
		Methods: []kyc.Method{kyc.MethodAccount}, AuthMethod: "private_key_jwt",
		GrantTypes: []string{"authorization_code", "refresh_token"}, Native: true,
		JWKS: json.RawMessage(`{"keys":[{"kty":"EC","crv":"P-256","x":"<&>","n":[0.5,null]}]}`), JWKSURI: "https://kiosk.example/jwks",
		Origins: []string{"https://kiosk.example"}, OmitIssuer: true, AskConsent: true,
		Purpose: "Versand \"ü\" \u2028 <b>", Operator: "Söhne AG", Retention: "720h30m",
		RefreshIdle: 7*24*time.Hour + 1, RefreshLifetime: 100*365*24*time.Hour + 1,
		Ephemeral: true, IDTokenAlg: "RS256", RequirePAR: true,
		Restrictions: kyc.Restrictions{kyc.FieldPhone: {Regex: "^\\+41", Hint: "<Swiss>", HintI18N: map[string]string{"de": "ü"}}},
		AddressHint:  "+41 79 123 45 67", AddressValidity: 365*24*time.Hour + 1, DailyMessages: 3,
		StartURI: "https://kiosk.example/start?a=b&c",
	}
}

// addClient keeps a client, changed by edit, with a secret.
func (f *fixture) addClient(id string, edit ...func(*kyc.Client)) kyc.Client {
	f.t.Helper()
	c := newClient(id)
	for _, e := range edit {
		e(&c)
	}
	f.ok(f.CreateClient(f.ctx, c, f.newSecret(id), nil))
	return c
}

func (f *fixture) newSecret(clientID string) kyc.ClientSecret {
	return kyc.ClientSecret{ID: f.newID(), ClientID: clientID, Hash: []byte("hash"), CreatedAt: noon}
}

func (f *fixture) newWebhookSecret(clientID string) kyc.WebhookSecret {
	return kyc.WebhookSecret{ID: f.newID(), ClientID: clientID, Sealed: []byte("sealed"), CreatedAt: noon}
}

// addSession keeps a pending session.
func (f *fixture) addSession(clientID string) kyc.Session {
	f.t.Helper()
	s := kyc.NewSession(f.newHandle(), clientID, kyc.MethodSwiyu, noon, kyc.SetupLifetime)
	f.ok(f.CreateSession(f.ctx, s))
	return f.session(s.ID)
}

func (f *fixture) session(id kyc.ID) kyc.Session {
	f.t.Helper()
	s, err := f.Session(f.ctx, id)
	f.ok(err)
	return s
}

// binding is what the first visit of the tests' browser fixes.
var binding = kyc.Binding{
	RedirectURI: "https://kiosk.example/cb", State: "ü&=", Scope: "profile age_over_18",
	Challenge: "challenge", BrowserHash: []byte("browser"),
}

// open moves a session to authorized; its verification has the session's id.
func (f *fixture) open(id kyc.ID, now time.Time) kyc.Session {
	f.t.Helper()
	return f.move(id, func(s *kyc.Session) (kyc.Effects, error) {
		end := now.Add(15 * time.Minute)
		v := kyc.Verification{RequestID: s.ID.String(), URL: "https://verifier.example/1", Deeplink: "wallet://1", EndsAt: &end}
		return s.Open(binding, v, now, now.Add(time.Second))
	})
}

// prove moves an open session to verified, without a webhook.
func (f *fixture) prove(id kyc.ID, now time.Time) kyc.Session {
	f.t.Helper()
	return f.move(id, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Prove(s.RequestID, []byte("sealed claims"), now)
	})
}

func (f *fixture) move(id kyc.ID, move func(*kyc.Session) (kyc.Effects, error)) kyc.Session {
	f.t.Helper()
	_, err := f.UpdateSession(f.ctx, id, move)
	f.ok(err)
	return f.session(id)
}

// addVerified keeps a session and walks it to verified.
func (f *fixture) addVerified(clientID string) kyc.Session {
	f.t.Helper()
	s := f.addSession(clientID)
	f.open(s.ID, noon)
	return f.prove(s.ID, noon)
}

// addCode keeps the first code of a session.
func (f *fixture) addCode(s kyc.Session) kyc.Code {
	f.t.Helper()
	code := s.NewCode(f.newHandle(), s.FirstGeneration(), noon, time.Minute)
	kept, err := f.PutCode(f.ctx, code)
	f.ok(err)
	if !kept {
		f.t.Fatal("the first code was not kept")
	}
	return code
}

// redeem spends a code at a time for a grant and a token that last an hour.
func (f *fixture) redeem(code kyc.Code, at time.Time) (kyc.Grant, kyc.Token, error) {
	grant, token := f.newGrant(at)
	return grant, token, f.Redeem(f.ctx, code, grant, []kyc.Token{token}, at)
}

func (f *fixture) newGrant(at time.Time) (kyc.Grant, kyc.Token) {
	grantID, _ := kyc.NewID(at, f.rand)
	tokenID, _ := kyc.NewID(at, f.rand)
	end := at.Add(time.Hour)
	return kyc.Grant{ID: grantID, Subject: "subject", ExpiresAt: end},
		kyc.Token{ID: tokenID, GrantID: grantID, Kind: kyc.SecretAccessToken, Hash: tokenID[:], ExpiresAt: end}
}

// addWebhook queues an event of an own session, due at noon.
func (f *fixture) addWebhook(clientID string) kyc.Webhook {
	f.t.Helper()
	s := f.addSession(clientID)
	w := newWebhook(f.newID(), s)
	f.ok(f.Apply(f.ctx, s, kyc.Effects{Webhook: &w}))
	return w
}

// newWebhook returns the verified event of a session's attempt, due at noon.
func newWebhook(id kyc.ID, s kyc.Session) kyc.Webhook {
	due := micro(noon)
	return kyc.Webhook{
		ID: id, SessionID: s.ID, ClientID: s.ClientID, URL: "https://kiosk.example/hook", Event: kyc.EventVerified,
		Attempt: s.Attempts, SealedBody: []byte("sealed body"), NextAttempt: &due, CreatedAt: micro(noon),
	}
}

func (f *fixture) webhook(id kyc.ID) kyc.Webhook {
	f.t.Helper()
	w, err := f.Webhook(f.ctx, id)
	f.ok(err)
	return w
}

// micro is what a database keeps of a time.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func at(t time.Time) *time.Time { return &t }

// together runs fn n times at once and returns the errors in order.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// count says how many errors are of a kind; nil counts successes.
func count(errs []error, kind error) (n int) {
	for _, err := range errs {
		if errors.Is(err, kind) {
			n++
		}
	}
	return n
}
