package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// Env is a running gateway with its surroundings.
type Env struct {
	Engine   e2e.Engine
	Gateway  *e2e.Gateway
	Data     *e2e.Data
	Verifier *e2e.Verifier
	Webhooks *e2e.Receiver
	Outbox   *e2e.Outbox // where TANs arrive

	mu      sync.Mutex
	made    map[string]*slot
	number  int
	secrets map[string]string // what must not be found anywhere, and what it is
}

// slot is something that is made once and shared.
type slot struct {
	sync.Mutex
	value any
}

// Person is somebody with an account and, under the same key, a wallet.
type Person struct {
	UserName string
	Password string
	Claims   map[string]string // of the account, by their own names
}

// settings of all gateways: limits that cases of one machine would run into
// together are far away. A case about a limit starts a gateway of its own.
var settings = []string{"--log-level=debug", "--request-rate=10000"}

// newEnv starts a gateway. Flags are of serve, and win over the settings.
func newEnv(t testing.TB, engine e2e.Engine, flags ...string) *Env {
	t.Helper()
	e := &Env{
		Engine: engine, Data: e2e.NewData(t, engine), Webhooks: e2e.NewReceiver(t), Outbox: e2e.NewOutbox(t),
		Verifier: e2e.NewVerifier(t, swiyutest.Config{}), made: map[string]*slot{}, secrets: map[string]string{},
	}
	e.start(t, flags)
	e.Verifier.Tell(e.Gateway)
	return e
}

// start starts the gateway of an Env that has everything else.
func (e *Env) start(t testing.TB, flags []string) {
	t.Helper()
	program := e.Outbox.Helper(t, refusing)
	all := append([]string{
		"--verifier-url=" + e.Verifier.URL, "--email-helper=" + program, "--phone-helper=" + program, "--postal-helper=" + program,
	}, settings...)
	e.Gateway = e2e.Start(t, e2e.Options{Data: e.Data, Flags: merge(all, flags)})
}

// merge returns the flags, --name=value each, of both lists, without those of the
// first that the second has too.
func merge(first, second []string) []string {
	var kept []string
	for _, flag := range first {
		name, _, _ := strings.Cut(flag, "=")
		if !slices.ContainsFunc(second, func(other string) bool { return strings.HasPrefix(other, name+"=") }) {
			kept = append(kept, flag)
		}
	}
	return append(kept, second...)
}

// shared returns what was made under a key, or makes it.
func shared[V any](e *Env, key string, make func() V) V {
	e.mu.Lock()
	s := e.made[key]
	if s == nil {
		s = &slot{}
		e.made[key] = s
	}
	e.mu.Unlock()
	s.Lock()
	defer s.Unlock()
	if s.value == nil {
		s.value = make()
	}
	return s.value.(V)
}

// next returns a name that nobody had before.
func (e *Env) next(prefix string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.number++
	return fmt.Sprintf("%s%d", prefix, e.number)
}

// Secret notes a value that must not be found in the log or the database, and what
// it is. Short and empty values are not noted: they are found everywhere.
func (e *Env) Secret(what, value string) {
	if len(value) >= 16 {
		e.note(what, value)
	}
}

func (e *Env) note(what, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secrets[value] = what
}

// Secrets returns all values that were noted, with what they are.
func (e *Env) Secrets() map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]string{}
	for value, what := range e.secrets {
		all[value] = what
	}
	return all
}

// addClient registers a client of its own name. Its redirect URI is the first of
// the flags, if they have one.
func (e *Env) addClient(t testing.TB, hooks *e2e.Receiver, flags []string) e2e.Client {
	t.Helper()
	o := e2e.ClientOptions{ID: e.next("client-"), Webhooks: hooks}
	for _, flag := range flags {
		if uri, ok := strings.CutPrefix(flag, "--redirect-uri="); ok && o.Redirect == "" {
			o.Redirect = uri
			continue
		}
		o.Flags = append(o.Flags, flag)
	}
	c := e.Data.AddClient(t, o)
	e.Secret("client secret", c.Secret)
	e.Secret("webhook secret", c.WebhookSecret)
	return c
}

// accountClaims are what the shared person's account holds.
var accountClaims = map[string]string{
	"given_name": "Mira Lea", "family_name": "Testfrau", "birth_date": "1991-04-17",
}

// addPerson makes an account.
func (e *Env) addPerson(t testing.TB, claims map[string]string) Person {
	t.Helper()
	p := Person{UserName: e.next("person"), Claims: claims}
	p.Password = "the long password of " + p.UserName
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(p.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"account", "add", "--user-name", p.UserName, "--password-file", file}
	for name, value := range claims {
		args = append(args, "--claim", name+"="+value)
	}
	ran, err := e.Data.Run(t.Context(), args...)
	if err != nil || ran.Code != 0 {
		t.Fatalf("adding an account: exit code %d, %v\n%s", ran.Code, err, ran.Stderr)
	}
	e.Secret("password", p.Password)
	return p
}
