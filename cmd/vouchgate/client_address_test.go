package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

// swissPhones are restrictions as Challenger's documentation has them.
const swissPhones = `{"CONTACT_PHONE": {"regex": "^\\+41", "hint": "A Swiss number", "hint_i18n": {"de": "Eine Schweizer Nummer"}}}`

func TestClientOfAddresses(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--method", "phone", "--method", "account", "--address-restrictions", writeFile(t, "r.json", swissPhones),
		"--address-hint", "+41 79 123 45 67", "--address-validity", "720h", "--daily-messages", "500",
		"--initiate-login-uri", "https://shop.example.org/start?x=1")
	got := s.show()
	want := addressView{
		Restrictions: kyc.Restrictions{"CONTACT_PHONE": {Regex: `^\+41`, Hint: "A Swiss number", HintI18N: map[string]string{"de": "Eine Schweizer Nummer"}}},
		AddressHint:  "+41 79 123 45 67", AddressValidity: 2592000, DailyMessages: 500, StartURI: "https://shop.example.org/start?x=1",
		MessagesUsed: &countView{Most: 500},
	}
	if diff := cmp.Diff(want, got.addressView); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if got.Method != kyc.MethodPhone || !slices.Equal(got.Methods, []kyc.Method{"phone", "account"}) || got.Consent != "ask" {
		t.Errorf("method %s, methods %v, consent %s", got.Method, got.Methods, got.Consent)
	}
	text := s.run("client", "show", "shop").ok().stdout + s.run("client", "list").ok().stdout
	for _, says := range []string{"phone account", `CONTACT_PHONE: ^\+41`, "2592000 s", "0 of 500", "https://shop.example.org/start?x=1"} {
		if !strings.Contains(text, says) {
			t.Errorf("show and list lack %q:\n%s", says, text)
		}
	}

	s.run("client", "update", "shop", "--address-restrictions=", "--address-hint=", "--address-validity=", "--daily-messages=", "--initiate-login-uri=").ok()
	if diff := cmp.Diff(addressView{AddressValidity: 31536000, DailyMessages: 10000, MessagesUsed: &countView{Most: 10000}}, s.show().addressView); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestScopesFollowTheMethods(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--method", "postal", "--method", "postal-ch")
	for _, step := range []struct {
		why  string
		args []string
		want string
	}{
		{"letters prove an address", nil, "address"},
		{"the default of what is new comes in place of what cannot be proved", []string{"--method", "email"}, "email"},
		{"several methods ask for what all of them prove", []string{"--method", "swiyu", "--method", "email", "--method", "phone"}, "email profile age_over_18 phone"},
		{"what was said stays", []string{"--method", "swiyu", "--method", "email", "--scope", "given_name email"}, "given_name email"},
		{"what fits stays too", []string{"--method", "swiyu", "--method", "email", "--method", "postal"}, "given_name email address"},
		{"an account proves everything", []string{"--method", "account"}, "given_name email address"},
		{"the default takes the rest away", []string{"--method="}, "given_name"},
	} {
		if step.args != nil {
			s.run(append([]string{"client", "update", "shop"}, step.args...)...).ok()
		}
		if got := strings.Join(s.show().Scopes, " "); got != step.want {
			t.Errorf("%s: got %q, want %q", step.why, got, step.want)
		}
	}
	if got := s.run("client", "update", "shop", "--method", "phone").ok(); !strings.Contains(got.stderr, "follow its methods: phone") {
		t.Errorf("an update that changes the scopes says only %q", got.stderr)
	}
}

func TestConsentIsAskedForIfAnAccountIsAmongTheMethods(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--method", "swiyu", "--method", "email", "--method", "account")
	if got := s.show().Consent; got != "ask" {
		t.Errorf("consent is %s", got)
	}
	s.run("client", "update", "shop", "--method", "email", "--method", "phone").ok()
	if got := s.show().Consent; got != "implicit" {
		t.Errorf("without an account consent is %s", got)
	}
	s.run("client", "update", "shop", "--consent", "ask").ok()
	s.run("client", "update", "shop", "--method", "email").ok()
	if got := s.show().Consent; got != "ask" {
		t.Errorf("fewer methods made consent %s, though it was said to ask", got)
	}
}

func TestAddressFaultsOfClients(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.run("client", "add", "--id", "x", "--redirect-uri", "https://x.example.org/cb", "--method", "pigeon", "--method", "email", "--method", "email",
		"--address-restrictions", writeFile(t, "r", `{"CONTACT_FAX": {"regex": "x"}}`), "--address-hint", "a\x1bb", "--address-validity", "59m",
		"--daily-messages", "1000001", "--initiate-login-uri", "http://shop.example.org/start",
	).fails(exitUsage, "method: must be one of: swiyu, account, email, phone, postal, postal-ch", "method: email comes twice",
		"CONTACT_FAX is not a field", "address-hint: must be at most 300", "address-validity: must be a time", "daily-messages: must be a number from 1 to 1000000",
		"initiate-login-uri: must be an https URL")

	add := []string{"client", "add", "--id", "x", "--redirect-uri", "https://x.example.org/cb"}
	hook := []string{"--code-delivery", "webhook", "--webhook-url", hookURL}
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"a scope that no method proves", []string{"--method", "email", "--scope", "email phone"}, "scope: phone is proved by none of the client's methods: email"},
		{"a name by e-mail", []string{"--method", "email", "--scope", "profile email"}, "scope: profile is proved by none"},
		{"an e-mail address by wallet", []string{"--scope", "profile email"}, "scope: email is proved by none of the client's methods: swiyu"},
		{"a method that proves nothing", []string{"--method", "swiyu", "--method", "phone", "--scope", "profile"}, "method: phone proves nothing of the client's scopes: profile"},
		{"a TAN without a browser", append([]string{"--method", "phone"}, hook...), "method: phone does not go with --code-delivery webhook"},
		{"a letter without a browser", append([]string{"--method", "swiyu", "--method", "postal-ch"}, hook...), "method: postal-ch does not go with --code-delivery webhook"},
		{"restrictions that are not there", []string{"--method", "phone", "--address-restrictions", "/does/not/exist"}, "address-restrictions: "},
		{"restrictions that are none", []string{"--method", "phone", "--address-restrictions", writeFile(t, "none", "[]")}, "must be a JSON object"},
		{"a validity without a unit", []string{"--method", "phone", "--address-validity", "7"}, "address-validity: must be a time"},
		{"fewer messages than none", []string{"--method", "phone", "--daily-messages=-1"}, "daily-messages: must be a number"},
		{"no messages at all", []string{"--method", "phone", "--daily-messages", "0"}, "daily-messages: must be a number from 1 to 1000000"},
		{
			"an example that fits one of two forms", []string{"--method", "phone", "--method", "email", "--address-hint", "+41 79 123 45 67"},
			"address-hint: fits one kind of address, and the client takes 2 (phone, email)",
		},
		{"a start with a fragment", []string{"--initiate-login-uri", "https://x.example.org/#a"}, "initiate-login-uri: must not hold"},
		{"a start with a password", []string{"--initiate-login-uri", "https://a:b@x.example.org/"}, "initiate-login-uri: must not hold"},
		{"a start that is no page", []string{"--initiate-login-uri", "javascript:alert(1)"}, "initiate-login-uri: must be an https URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			other := newShell(t)
			got := other.run(append(slices.Clone(add), test.args...)...).fails(exitUsage, test.says)
			if strings.Contains(got.stderr, "things are wrong") {
				t.Errorf("more than that is said to be wrong:\n%s", got.stderr)
			}
		})
	}
}

func TestStartsOnThisMachineMayBeHTTP(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--initiate-login-uri", "http://127.0.0.1:8090/start")
	if got := s.show().StartURI; got != "http://127.0.0.1:8090/start" {
		t.Errorf("start is %q", got)
	}
}

// Letters are one kind of address, whatever their method, and what is no address has
// no form that an example could stand with.
func TestAddressHintGoesWithOneKindOfAddress(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--method", "swiyu", "--method", "postal-ch", "--method", "postal", "--address-hint", "Musterweg 7")
	update := []string{"client", "update", "shop", "--method", "postal", "--method", "email"}
	s.run(update...).fails(exitUsage, "address-hint: fits one kind of address, and the client takes 2 (postal, email)")
	if got := s.show(); got.AddressHint != "Musterweg 7" || len(got.Methods) != 3 {
		t.Errorf("an update that was refused left hint %q and methods %v", got.AddressHint, got.Methods)
	}
	s.run(append(update, "--address-hint=")...).ok()
	if got := s.show().AddressHint; got != "" {
		t.Errorf("hint is %q", got)
	}
}

// useMessages counts messages that were asked for by visits of the client shop.
func (s *shell) useMessages(post bool, n int, when time.Time) {
	s.t.Helper()
	st := s.storage()
	tans, err := (&program{now: clock, rand: zeroRand{}}).tans(s.t.Context(), st)
	if err != nil {
		s.t.Fatal(err)
	}
	for range n {
		if _, _, err := st.store.Count(s.t.Context(), tans.Messages("shop", post), when, kyc.TANWindow); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestClientShowSaysHowManyMessagesWereUsed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--method", "email", "--method", "postal")
	now := clock().Truncate(time.Microsecond)
	s.useMessages(false, 3, now)
	s.useMessages(true, 2, now)
	until := now.Add(24 * time.Hour)
	got := s.show().addressView
	want := addressView{
		AddressValidity: 31536000, DailyMessages: 10000, DailyLetters: 200,
		MessagesUsed: &countView{Count: 3, Most: 10000, Since: &now, Until: &until},
		LettersUsed:  &countView{Count: 2, Most: 200, Since: &now, Until: &until},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	text := s.run("client", "show", "shop").ok().stdout
	for _, says := range []string{"messages in 24 hours  3 of 10000, since ", "letters in 24 hours   2 of 200, since "} {
		if !strings.Contains(text, says) {
			t.Errorf("show lacks %q:\n%s", says, text)
		}
	}

	s.run("client", "update", "shop", "--daily-messages", "5").ok()
	if got := s.show(); got.MessagesUsed.Most != 5 || got.LettersUsed.Most != 5 {
		t.Errorf("a number that is given is the limit of %d messages and %d letters", got.MessagesUsed.Most, got.LettersUsed.Most)
	}
	s.run("client", "update", "shop", "--method", "postal").ok()
	if got := s.show(); got.MessagesUsed != nil || got.DailyMessages != 0 || got.LettersUsed.Count != 2 {
		t.Errorf("with letters alone it shows %+v", got.addressView)
	}
	s.run("client", "update", "shop", "--method", "swiyu").ok()
	if diff := cmp.Diff(addressView{}, s.show().addressView); diff != "" {
		t.Errorf("without addresses (-want +got):\n%s", diff)
	}
}

// A count of yesterday is none, and does not hold today's messages back.
func TestClientShowForgetsMessagesOfYesterday(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--method", "phone")
	s.useMessages(false, 3, clock().Add(-kyc.TANWindow))
	if diff := cmp.Diff(&countView{Most: 10000}, s.show().MessagesUsed); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}
