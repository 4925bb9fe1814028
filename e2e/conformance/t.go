package conformance

import (
	"context"
	"strings"
	"testing"

	"vouchgate/e2e"
)

// T is a running case: a test with the gateway that it is about. Its methods fail
// the test when something goes wrong that the case is not about.
type T struct {
	*testing.T
	*Env
	Ctx context.Context // ends with the case, and when patience does
}

// Alone starts another gateway, with flags of serve of its own, and an empty
// database. It costs a second or two.
func (t *T) Alone(flags ...string) *T {
	t.Helper()
	return &T{T: t.T, Env: newEnv(t.T, t.Engine, flags...), Ctx: t.Ctx}
}

// Issuer is the gateway's own URL.
func (t *T) Issuer() string { return t.Gateway.URL }

// Check fails the case if there is an error.
func (t *T) Check(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns a value, or fails the case.
func must[V any](t *T) func(V, error) V {
	t.Helper()
	return func(v V, err error) V {
		t.Helper()
		t.Check(err)
		return v
	}
}

// Until asks until the answer is yes.
func (t *T) Until(what string, ask func() (bool, error)) {
	t.Helper()
	t.Check(e2e.Until(t.Ctx, what, ask))
}

// Soon is Until for what a verb of the program has changed. Gateways on one
// Postgres are told of changes of clients by a message, which takes a moment; once
// one answer is by the change, all are.
func (t *T) Soon(what string, is func() bool) {
	t.Helper()
	t.Until(what, func() (bool, error) { return is(), nil })
}

// The flags of clients that many cases have.
const (
	byAccount  = "--method=account"
	byWallet   = "--method=swiyu"
	byEmail    = "--method=email"
	byPhone    = "--method=phone"
	byLetter   = "--method=postal-ch"
	noQuestion = "--consent=implicit"
	question   = "--consent=ask"
	refreshing = "--grant-type=refresh_token"
	publicly   = "--auth-method=none"
	natively   = "--application-type=native"
	freely     = "--pkce=optional"
)

// Client returns a registered client with these flags of client add, --name=value each. It is shared
// with other cases that ask for the same flags.
func (t *T) Client(flags ...string) e2e.Client {
	t.Helper()
	return shared(t.Env, "client "+strings.Join(flags, "\x00"), func() e2e.Client { return t.addClient(t.T, nil, flags) })
}

// NewClient returns a registered client that nobody else uses.
func (t *T) NewClient(flags ...string) e2e.Client {
	t.Helper()
	return t.addClient(t.T, nil, flags)
}

// HookedClient is NewClient whose webhooks go to the receiver.
func (t *T) HookedClient(flags ...string) e2e.Client {
	t.Helper()
	return t.addClient(t.T, t.Webhooks, flags)
}

// App is a shared client whose persons sign in to an account, with refresh tokens,
// and without a consent page: whoever is signed in is sent home at once.
func (t *T) App() e2e.Client {
	t.Helper()
	return t.Client(byAccount, noQuestion, refreshing)
}

// Asking is App with a consent page. The shared person has allowed it what others
// asked for: only a request with prompt=consent shows the page for certain.
func (t *T) Asking() e2e.Client {
	t.Helper()
	return t.Client(byAccount, question, refreshing)
}

// Wallet is a shared client whose persons show a credential, with refresh tokens.
func (t *T) Wallet() e2e.Client {
	t.Helper()
	return t.Client(refreshing)
}

// Mailer is a shared client whose persons prove an e-mail address, with refresh
// tokens.
func (t *T) Mailer() e2e.Client {
	t.Helper()
	return t.Client(byEmail, refreshing)
}

// Chooser is a shared client whose persons choose between wallet, e-mail, phone and
// letter, unless what is asked for leaves one only.
func (t *T) Chooser() e2e.Client {
	t.Helper()
	return t.Client(byWallet, byEmail, byPhone, byLetter, refreshing, "--scope=given_name family_name email phone address")
}

// Public is App without a secret.
func (t *T) Public() e2e.Client {
	t.Helper()
	return t.Client(byAccount, noQuestion, refreshing, publicly)
}

// Person is the shared person. Nobody may sign out as this person, or withdraw
// what others were granted.
func (t *T) Person() Person {
	t.Helper()
	return shared(t.Env, "person", func() Person { return t.addPerson(t.T, accountClaims) })
}

// NewPerson makes an account for this case, which costs a while. Claims are names
// and values in turn; none: those of the shared person.
func (t *T) NewPerson(claims ...string) Person {
	t.Helper()
	if len(claims) == 0 {
		return t.addPerson(t.T, accountClaims)
	}
	own := map[string]string{}
	for i := 0; i+1 < len(claims); i += 2 {
		own[claims[i]] = claims[i+1]
	}
	return t.addPerson(t.T, own)
}

// CLI runs a verb of the program on the gateway's data, whatever comes of it.
func (t *T) CLI(args ...string) e2e.Ran {
	t.Helper()
	return must[e2e.Ran](t)(t.Data.Run(t.Ctx, args...))
}

// Do is CLI for a verb that has to succeed.
func (t *T) Do(args ...string) e2e.Ran {
	t.Helper()
	ran := t.CLI(args...)
	if ran.Code != 0 {
		t.Fatalf("vouchgate %q: exit code %d\n%s", args, ran.Code, ran.Stderr)
	}
	return ran
}

// Refused fails the case unless a verb fails with a message that holds a text.
func (t *T) Refused(text string, args ...string) {
	t.Helper()
	ran := t.CLI(args...)
	if ran.Code == 0 || !strings.Contains(ran.Stderr, text) {
		t.Errorf("vouchgate %q: exit code %d, no word of %q in\n%s", args, ran.Code, text, ran.Stderr)
	}
}
