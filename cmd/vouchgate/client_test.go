package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vouchgate/kyc"
	"vouchgate/seal"
)

const hookURL = "https://shop.example.org/hook"

// addShop registers a client and returns its secrets.
func (s *shell) addShop(more ...string) issued {
	s.t.Helper()
	var got issued
	s.run(append([]string{"client", "add", "--id", "shop", "--redirect-uri", "https://shop.example.org/cb", "--json"}, more...)...).into(&got)
	return got
}

// show returns the client as it is printed.
func (s *shell) show() clientView {
	s.t.Helper()
	var got clientView
	s.run("client", "show", "shop", "--json").into(&got)
	return got
}

// storage opens what the shell's commands work on.
func (s *shell) storage() *storage {
	s.t.Helper()
	var f faults
	settings := storageSettings{DataDir: s.env["VOUCHGATE_DATA_DIR"], Database: s.env["VOUCHGATE_DATABASE"]}
	p := &program{stderr: s.t.Output(), now: clock, rand: zeroRand{}}
	opened, err := settings.check(&f).visit(s.t.Context(), p)
	if err != nil || len(f) > 0 {
		s.t.Fatalf("opening the storage: %v %v", err, f)
	}
	s.t.Cleanup(func() { _ = opened.close() })
	return opened
}

// diffViews compares all of two clients but for some fields.
func diffViews(want, got clientView, but ...string) string {
	return cmp.Diff(want, got, cmp.AllowUnexported(clientView{}), cmpopts.IgnoreFields(clientView{}, but...))
}

// defaultProtocol is how a client talks for which nothing else was said.
func defaultProtocol() protocolView {
	return protocolView{
		ApplicationType: "web", AuthMethods: []string{"client_secret_basic", "client_secret_post"}, GrantTypes: []string{"authorization_code"},
		SubjectType: "pairwise", IDTokenAlg: "ES256",
	}
}

var defaultData = dataView{Method: kyc.MethodSwiyu, Methods: []kyc.Method{kyc.MethodSwiyu}, Consent: "implicit"}

type zeroRand struct{}

func (zeroRand) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// accepts says whether a secret is one of the client's that are valid now.
func (s *shell) accepts(secret string) bool {
	s.t.Helper()
	kept, err := s.storage().store.ClientSecrets(s.t.Context(), "shop")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, k := range kept {
		if string(k.Hash) == string(kyc.HashSecret(kyc.SecretClient, secret)) && (k.ExpiresAt == nil || clock().Before(*k.ExpiresAt)) {
			return true
		}
	}
	return false
}

func TestClientAddDefaults(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	got := s.addShop()
	if len(got.ClientSecret) != 43 || got.WebhookSecret != "" || got.ClientID != "shop" {
		t.Errorf("issued %+v", got)
	}
	want := clientView{
		ID: "shop", Name: "shop", Enabled: true, RedirectURIs: kyc.Strings{"https://shop.example.org/cb"},
		Scopes: kyc.Strings{"profile", "age_over_18"}, PKCE: "required", CodeDelivery: "redirect", ErrorProfile: "oauth",
		CodeLifetime: 60, TokenLifetime: 3600, protocolView: defaultProtocol(), dataView: defaultData,
	}
	if diff := diffViews(want, s.show(), "CreatedAt", "UpdatedAt"); diff != "" {
		t.Errorf("client (-want +got):\n%s", diff)
	}
	if !s.accepts(got.ClientSecret) || s.accepts("another secret") {
		t.Error("the secret that was printed is not the one that was kept")
	}
}

func TestClientAddEverything(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	got := s.addShop("--name", "Müster Shop", "--redirect-uri", "http://127.0.0.1/cb", "--scope", "given_name age_over_16",
		"--pkce", "optional", "--error-profile", "taler", "--code-delivery", "webhook", "--webhook-url", hookURL,
		"--code-lifetime", "5m", "--token-lifetime", "90", "--verifier-url", "https://v.example.org", "--verifier-management-api-path", "/m",
		"--accepted-issuer", "did:tdw:a,b", "--accepted-issuer", "did:tdw:c", "--credential-type", "t-1", "--claim-path", "given_name=person.first",
		"--claim-path", `age_over_16=["a.b","c"]`, "--response-mode", "direct_post", "--deeplink-scheme", "swiyu-verify")
	key, found := strings.CutPrefix(got.WebhookSecret, "whsec_")
	if raw, err := base64.StdEncoding.DecodeString(key); !found || err != nil || len(raw) != 32 {
		t.Errorf("webhook secret has the wrong form (error %v)", err)
	}
	want := clientView{
		ID: "shop", Name: "Müster Shop", Enabled: true,
		RedirectURIs: kyc.Strings{"https://shop.example.org/cb", "http://127.0.0.1/cb"}, Scopes: kyc.Strings{"given_name", "age_over_16"},
		PKCE: "optional", CodeDelivery: "webhook", ErrorProfile: "taler", WebhookURL: hookURL,
		VerifierURL: "https://v.example.org", VerifierPath: "/m", AcceptedIssuers: kyc.Strings{"did:tdw:a,b", "did:tdw:c"},
		CredentialTypes: kyc.Strings{"t-1"}, ClaimPaths: kyc.Paths{"given_name": {"person", "first"}, "age_over_16": {"a.b", "c"}},
		ResponseMode: "direct_post", DeeplinkScheme: "swiyu-verify", CodeLifetime: 300, TokenLifetime: 90,
		protocolView: defaultProtocol(), dataView: defaultData,
	}
	if diff := diffViews(want, s.show(), "CreatedAt", "UpdatedAt"); diff != "" {
		t.Errorf("client (-want +got):\n%s", diff)
	}
	st := s.storage()
	kept, err := st.store.WebhookSecrets(t.Context(), "shop")
	if err != nil || len(kept) != 1 {
		t.Fatalf("webhook secrets: %v, error %v", len(kept), err)
	}
	opened, err := st.ring.Open(kyc.PurposeWebhookSecret, []byte("shop"), kept[0].Sealed)
	if err != nil || whsec(opened) != got.WebhookSecret {
		t.Errorf("the webhook secret that was printed is not the one that was kept (error %v)", err)
	}
}

func TestClientAddSaysEveryFault(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.run("client", "add", "--id", "a b", "--redirect-uri", "http://shop.example.org/cb", "--redirect-uri", "https://x.example.org/*",
		"--scope", "openid email dance", "--pkce", "maybe", "--error-profile", "loud", "--code-delivery", "webhook", "--code-lifetime", "11m",
		"--token-lifetime", "1.5s", "--verifier-url", "ftp://x", "--response-mode", "shout", "--deeplink-scheme", "javascript",
		"--claim-path", "shoe_size=x", "--claim-path", "given_name=a..b", "--secret-file", writeFile(t, "s", "too short\n"), "--name", "a\x00b",
	).fails(exitUsage, "id: must be", "http is for 127.0.0.1", "wildcard", "scope: email is proved by none of the client's methods: swiyu", `there is no "dance"`, "pkce: must be", "error-profile: ", "webhook needs --webhook-url",
		"code-lifetime: must be a time", "token-lifetime: must be whole seconds", "verifier address must be", "response mode must be",
		"deep link scheme", `"shoe_size" is not a claim`, "the path of given_name", "secret-file: ", "name: must be")
	s.run("client", "add", "--id", "x").fails(exitUsage, "redirect-uri: must be given")
	s.run("client", "add", "--id", "x", "--redirect-uri", "https://x.example.org/cb", "--webhook-url", "http://10.0.0.7/hook").fails(exitUsage, "webhook-url: ")
	s.run("client", "add", "--id", "x", "--redirect-uri", "https://x.example.org/cb", "--webhook-url", "http://10.0.0.7/hook",
		"--webhook-allow-networks", "10.0.0.0/8").ok()
	s.run("client", "add", "--id", "x", "--redirect-uri", "https://x.example.org/cb").fails(exitFailed, `there is a client "x" already`)
}

func TestTalerProfileNeedsNoPKCE(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--error-profile", "taler")
	if got := s.show(); got.PKCE != "optional" {
		t.Errorf("PKCE is %s, and a Taler exchange cannot send a challenge", got.PKCE)
	}
}

func TestImportedSecret(t *testing.T) {
	t.Parallel()
	const secret = "secret-token:0123456789abcdef"
	s := newShell(t)
	if got := s.addShop("--secret-file", writeFile(t, "secret", secret+"\n")); got.ClientSecret != "" {
		t.Errorf("an imported secret was printed")
	}
	if !s.accepts(secret) {
		t.Error("the imported secret is not valid")
	}
	s.stdin = "secret-token:fedcba9876543210\n"
	s.run("client", "rotate-secret", "shop", "--secret-file", "-").ok()
	if !s.accepts(secret) || !s.accepts("secret-token:fedcba9876543210") {
		t.Error("during the grace both secrets must be valid")
	}
}

func TestRotateSecret(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	first := s.addShop("--webhook-url", hookURL)
	var second, hook issued
	s.run("client", "rotate-secret", "shop", "--grace", "0s", "--json").into(&second)
	if s.accepts(first.ClientSecret) || !s.accepts(second.ClientSecret) || second.WebhookSecret != "" {
		t.Error("without grace only the new secret is valid")
	}
	s.run("client", "rotate-secret", "shop", "--webhook", "--json").into(&hook)
	if hook.ClientSecret != "" || !strings.HasPrefix(hook.WebhookSecret, "whsec_") || hook.WebhookSecret == first.WebhookSecret {
		t.Errorf("rotating the webhook's secret gave %+v", hook)
	}
	kept, err := s.storage().store.WebhookSecrets(t.Context(), "shop")
	if err != nil || len(kept) != 2 || kept[0].ExpiresAt != nil || kept[1].ExpiresAt == nil {
		t.Errorf("kept webhook secrets: %+v, error %v", kept, err)
	}
	s.run("client", "rotate-secret", "shop", "--webhook", "--secret-file", "x").fails(exitUsage, "not with --webhook")
	s.run("client", "rotate-secret", "nobody").fails(exitFailed, `there is no client "nobody"`)
	s.run("client", "rotate-secret", "shop", "--grace", "-1s").fails(exitUsage, "grace")
}

func TestClientUpdate(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--verifier-url", "https://v.example.org", "--accepted-issuer", "did:a")
	before := s.show()
	var got struct {
		clientView
		WebhookSecret string `json:"webhook_secret"`
	}
	s.run("client", "update", "shop", "--name", "New", "--webhook-url", hookURL, "--verifier-url=", "--accepted-issuer=", "--json").into(&got)
	if !strings.HasPrefix(got.WebhookSecret, "whsec_") {
		t.Error("the first webhook URL comes without a secret")
	}
	want := before
	want.Name, want.WebhookURL, want.VerifierURL, want.AcceptedIssuers = "New", hookURL, "", nil
	if diff := diffViews(want, s.show(), "UpdatedAt"); diff != "" {
		t.Errorf("client (-want +got):\n%s", diff)
	}
	got.WebhookSecret = ""
	s.run("client", "update", "shop", "--webhook-url", hookURL+"2", "--json").into(&got)
	if got.WebhookSecret != "" {
		t.Error("another webhook URL made another secret")
	}
	s.run("client", "update", "shop", "--code-delivery", "webhook", "--webhook-url=").fails(exitUsage, "webhook needs")
	s.run("client", "update", "shop", "--redirect-uri", "ftp://x").fails(exitUsage, "redirect-uri")
	s.run("client", "update", "nobody", "--name", "x").fails(exitFailed, `there is no client "nobody"`)
	if diff := cmp.Diff(hookURL+"2", s.show().WebhookURL); diff != "" {
		t.Errorf("a refused update changed the client:\n%s", diff)
	}
}

func TestDisableEnableRemove(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--webhook-url", hookURL)
	s.run("client", "disable", "shop").ok()
	if got := s.show(); got.Enabled || got.DisabledAt == nil {
		t.Errorf("disabled client: %+v", got)
	}
	if out := s.run("client", "list").ok().stdout; !strings.Contains(out, "disabled") {
		t.Errorf("list says %q", out)
	}
	if err := s.storage().store.DisableWebhook(t.Context(), "shop", "410", clock()); err != nil {
		t.Fatal(err)
	}
	s.run("client", "enable", "shop").ok()
	if got := s.show(); !got.Enabled || got.WebhookDisabledAt != nil {
		t.Errorf("enabled client: %+v", got)
	}
	s.run("client", "remove", "shop", "--yes").ok()
	s.run("client", "show", "shop").fails(exitFailed, `there is no client "shop"`)
	s.run("client", "remove", "shop", "--yes").fails(exitFailed, `there is no client "shop"`)
	var none []clientView
	if s.run("client", "list", "--json").into(&none); none == nil || len(none) != 0 {
		t.Errorf("the list of no clients is %v, want an empty list", none)
	}
	if out := s.run("client", "list").ok().stdout; out != "none\n" {
		t.Errorf("the list of no clients is %q", out)
	}
}

// Secrets are printed when they are made and never again, nor can they be found
// in what is kept.
func TestSecretsAreNotShownAgain(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	got := s.addShop("--webhook-url", hookURL)
	for _, args := range [][]string{
		{"client", "list"}, {"client", "list", "--json"}, {"client", "show", "shop"}, {"client", "show", "shop", "--json"},
		{"client", "update", "shop", "--name", "x", "--json"}, {"client", "disable", "shop"}, {"client", "enable", "shop"},
	} {
		r := s.run(args...).ok()
		for _, secret := range []string{got.ClientSecret, strings.TrimPrefix(got.WebhookSecret, "whsec_")} {
			if strings.Contains(r.stdout+r.stderr, secret) {
				t.Errorf("vouchgate %s prints a secret", strings.Join(args, " "))
			}
		}
	}
	text := s.run("client", "rotate-secret", "shop").ok()
	if !strings.Contains(text.stdout, "client_secret") || !strings.Contains(text.stderr, "shown this once") {
		t.Errorf("rotate-secret prints %q and says %q", text.stdout, text.stderr)
	}
}

func TestNamesCannotMoveTheTerminal(t *testing.T) {
	t.Parallel()
	if got := printable("a\x1b[2Jb\tc\u009bd"); got != "a [2Jb c d" {
		t.Errorf("printed as %q", got)
	}
}

// A database that is in use never gets new keys, because nothing that is sealed
// in it could be read with them.
func TestLostKeysAreNotReplaced(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop()
	missing := filepath.Join(t.TempDir(), "keys.json")
	s.run("client", "list", "--key-file", missing).fails(exitFailed, "there is no key file", "--key-file")
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Errorf("new keys were made")
	}
	s.run("client", "list").ok()
}

func TestKeysOfAnotherDatabaseAreRefused(t *testing.T) {
	t.Parallel()
	s, other := newShell(t), newShell(t)
	s.addShop("--webhook-url", hookURL)
	other.addShop()
	keys := filepath.Join(other.env["VOUCHGATE_DATA_DIR"], "keys.json")
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"client", "list"}} {
		s.run(append(args, "--key-file", keys)...).fails(exitFailed, "are not those that this database was written with")
	}
}

func TestOldKeyCanBeRemovedAfterAChange(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop() // without a webhook: nothing but the check of keys is sealed
	file := filepath.Join(s.env["VOUCHGATE_DATA_DIR"], "keys.json")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var ring struct {
		Current string            `json:"current"`
		Keys    map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(content, &ring); err != nil {
		t.Fatal(err)
	}
	write := func() {
		t.Helper()
		changed, err := json.Marshal(ring)
		if err == nil {
			err = os.WriteFile(file, changed, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	old := ring.Current
	ring.Current = "k2"
	ring.Keys["k2"] = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, seal.KeySize))
	write()
	s.run("client", "list").ok()
	delete(ring.Keys, old)
	write()
	s.run("client", "list").ok()
}
