package e2e_test

import (
	"os"
	"testing"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

func TestMain(m *testing.M) { os.Exit(e2e.Main(m)) }

// stage is a gateway with its surroundings.
type stage struct {
	*e2e.Gateway
	verifier *e2e.Verifier
	webhooks *e2e.Receiver
}

// newStage starts a gateway on an empty database, its verifier, and a receiver of
// webhooks. Flags are of serve.
func newStage(t *testing.T, e e2e.Engine, flags ...string) *stage {
	t.Helper()
	v := e2e.NewVerifier(t, swiyutest.Config{})
	s := &stage{verifier: v, webhooks: e2e.NewReceiver(t)}
	s.Gateway = e2e.Start(t, e2e.Options{Data: e2e.NewData(t, e), Flags: append([]string{"--verifier-url", v.URL}, flags...)})
	v.Tell(s.Gateway)
	return s
}

// second starts another gateway beside the first, on the same database and with
// the same verifier.
func (s *stage) second(t *testing.T) *e2e.Gateway {
	t.Helper()
	return e2e.Start(t, e2e.Options{Data: s.Data, Flags: []string{"--verifier-url", s.verifier.URL}})
}

// client registers a client that gets webhooks and needs no PKCE.
func (s *stage) client(t *testing.T, id string, flags ...string) e2e.Client {
	t.Helper()
	return s.Data.AddClient(t, e2e.ClientOptions{
		ID: id, Webhooks: s.webhooks, Flags: append([]string{"--pkce", "optional"}, flags...),
	})
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person is what a made-up person's credential says, as far as the default scope
// asks for it.
func person(t *testing.T, key string) map[string]any {
	t.Helper()
	for _, p := range swiyutest.Persons() {
		if p.Key == key {
			return map[string]any{"given_name": p.GivenName, "family_name": p.FamilyName, "birth_date": p.BirthDate}
		}
	}
	t.Fatalf("there is no %s", key)
	return nil
}

// says fails the test unless an answer of /info holds what a person's credential
// says.
func says(t *testing.T, info e2e.Answer, key string) {
	t.Helper()
	for name, value := range person(t, key) {
		if info.JSON[name] != value {
			t.Errorf("%s is %v, not %v", name, info.JSON[name], value)
		}
	}
}
