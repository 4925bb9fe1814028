package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"vouchgate/kyc"
)

// publicKeys is a key set with the point that RFC 7517, appendix A.1, has for its
// example.
const publicKeys = `{"keys": [{"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig",
	"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`

func TestClientAddProtocol(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--redirect-uri", "com.example.app:/cb", "--application-type", "native", "--auth-method", "client_secret_post",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token", "--refresh-idle", "48h", "--refresh-lifetime", "720h",
		"--origin", "https://app.example.org", "--origin", "http://localhost:5173", "--require-par", "--omit-iss",
		"--subject-type", "ephemeral", "--id-token-alg", "RS256", "--method", "account", "--retention", "until-revoked",
		"--purpose", "Opening an account", "--operator", "Müster AG", "--scope", "openid profile offline_access")
	got := s.show()
	want := protocolView{
		ApplicationType: "native", AuthMethods: []string{"client_secret_post"}, GrantTypes: []string{"authorization_code", "refresh_token"},
		RefreshIdle: 172800, RefreshLifetime: 2592000, Origins: []string{"https://app.example.org", "http://localhost:5173"},
		OmitIssuer: true, RequirePAR: true, SubjectType: "ephemeral", IDTokenAlg: "RS256",
	}
	data := dataView{
		Method: kyc.MethodAccount, Methods: []kyc.Method{kyc.MethodAccount}, Consent: "ask", Retention: kyc.RetainUntilRevoked, Purpose: "Opening an account", Operator: "Müster AG",
	}
	expect := got
	expect.protocolView, expect.dataView, expect.Scopes = want, data, kyc.Strings{"profile"}
	if diff := diffViews(expect, got); diff != "" {
		t.Errorf("client (-want +got):\n%s", diff)
	}
	text := s.run("client", "show", "shop").ok().stdout
	for _, says := range []string{"Opening an account", "Müster AG", "until-revoked", "172800 s unused, 2592000 s in all", "without iss", "RS256"} {
		if !strings.Contains(text, says) {
			t.Errorf("show lacks %q:\n%s", says, text)
		}
	}
}

// Every setting goes back to its default by an empty value, or the other word.
func TestClientUpdateBackToDefaults(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop()
	before := s.show()
	s.run("client", "update", "shop", "--application-type", "native", "--auth-method", "client_secret_basic", "--grant-type", "refresh_token",
		"--refresh-idle", "48h", "--refresh-lifetime", "720h", "--origin", "https://app.example.org", "--require-par", "--omit-iss",
		"--subject-type", "ephemeral", "--id-token-alg", "RS256", "--method", "account", "--retention", "once",
		"--purpose", "x", "--operator", "y").ok()
	if got := s.show(); got.RefreshIdle != 172800 || got.Consent != "ask" || got.Retention != kyc.RetainOnce || !got.OmitIssuer {
		t.Errorf("updated client: %+v", got)
	}
	s.run("client", "update", "shop", "--application-type=", "--auth-method=", "--grant-type=", "--refresh-idle=", "--refresh-lifetime=",
		"--origin=", "--no-require-par", "--no-omit-iss", "--subject-type=", "--id-token-alg=", "--method=", "--retention=",
		"--purpose=", "--operator=").ok()
	if diff := diffViews(before, s.show(), "UpdatedAt"); diff != "" {
		t.Errorf("client (-want +got):\n%s", diff)
	}
}

func TestConsentFollowsTheMethod(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop()
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"--method", "account"}, "ask"},
		{[]string{"--consent", "implicit"}, "implicit"},
		{[]string{"--method", "account"}, "implicit"}, // nothing changed, so what was said stays
		{[]string{"--consent="}, "ask"},
		{[]string{"--method", "swiyu"}, "implicit"},
		{[]string{"--consent", "ask"}, "ask"},
		{[]string{"--consent="}, "implicit"},
	} {
		s.run(append([]string{"client", "update", "shop"}, step.args...)...).ok()
		if got := s.show().Consent; got != step.want {
			t.Errorf("after %v consent is %s, want %s", step.args, got, step.want)
		}
	}
}

func TestProtocolSaysEveryFault(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	private := writeFile(t, "private.json", strings.Replace(publicKeys, `"x"`, `"d": "c2VjcmV0LWNhbmFyeQ", "x"`, 1))
	s.run("client", "add", "--id", "x", "--redirect-uri", "com.example.app:/cb", "--application-type", "desktop", "--auth-method", "tls_client_auth",
		"--grant-type", "password", "--refresh-idle", "0", "--refresh-lifetime", "soon", "--origin", "https://app.example.org/", "--origin", "null",
		"--subject-type", "public", "--id-token-alg", "none", "--method", "post", "--consent", "never", "--retention", "a while",
		"--purpose", "a\x1bb", "--operator", strings.Repeat("x", 101), "--jwks-file", private,
	).fails(exitUsage, `"com.example.app:/cb": a scheme of its own is for --application-type native`, "application-type: must be one of: web, native",
		"auth-method: must be one of: client_secret_basic, client_secret_post, private_key_jwt, none", `grant-type: there is no "password"`,
		"refresh-idle: must be a time", "refresh-lifetime: must be a time", `origin: "https://app.example.org/": `, `origin: "null": `,
		"subject-type: must be one of", "id-token-alg: must be one of: ES256, RS256", "method: must be one of: swiyu, account", "consent: must be one of",
		"retention: must be once, until-revoked or a duration", "purpose: must be at most 500", "operator: must be at most 100", "jwks-file: ")

	add := []string{"client", "add", "--id", "x", "--redirect-uri", "https://x.example.org/cb"}
	file := writeFile(t, "keys.json", publicKeys)
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"a public client without PKCE", []string{"--auth-method", "none", "--pkce", "optional"}, "pkce: must be required"},
		{"a public Taler exchange", []string{"--auth-method", "none", "--error-profile", "taler"}, "pkce: must be required"},
		{"a public client with a secret", []string{"--auth-method", "none", "--secret-file", writeFile(t, "s", "0123456789abcdef")}, "such a client has no secret"},
		{"signing without keys", []string{"--auth-method", "private_key_jwt"}, "needs --jwks-file or --jwks-uri"},
		{"keys without signing", []string{"--jwks-file", file}, "goes with --auth-method private_key_jwt"},
		{"keys in two places", []string{"--auth-method", "private_key_jwt", "--jwks-file", file, "--jwks-uri", "https://x.example.org/jwks"}, "the keys are in one place"},
		{"keys over http", []string{"--auth-method", "private_key_jwt", "--jwks-uri", "http://10.0.0.7/jwks"}, "jwks-uri: "},
		{"keys that are none", []string{"--auth-method", "private_key_jwt", "--jwks-file", writeFile(t, "none", "{}")}, "jwks-file: "},
		{"keys that are not there", []string{"--auth-method", "private_key_jwt", "--jwks-file", "/does/not/exist"}, "jwks-file: "},
		{"asking, and a code by webhook", []string{"--consent", "ask", "--code-delivery", "webhook", "--webhook-url", hookURL}, "consent: ask does not go with"},
		{"an account, and a code by webhook", []string{"--method", "account", "--code-delivery", "webhook", "--webhook-url", hookURL}, "consent: ask does not go with"},
		{"idle for longer than it lives", []string{"--refresh-idle", "48h", "--refresh-lifetime", "24h"}, "refresh-idle: is longer"},
		{"an origin twice", []string{"--origin", "https://a.example.org", "--origin", "https://a.example.org"}, "comes twice"},
		{"a scope of no data", []string{"--scope", "openid offline_access"}, "scope: must name at least one of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			shell := newShell(t)
			if got := shell.run(append(add, test.args...)...).fails(exitUsage, test.says); strings.Contains(got.stderr, "canary") {
				t.Errorf("a key was printed:\n%s", got.stderr)
			}
		})
	}
}

// The redirect URIs that may not be registered, whatever the client says it is.
func TestBadRedirectURIs(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, uri := range []string{
		"", "/cb", "https://c.example/cb#x", "http://c.example/cb", "https://*.c.example/cb", "https://u@c.example/cb", "https://c.example/a/../cb",
		"https://c.example/..;/cb", `https://c.example\cb`, "https://c.example/%0a", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "myapp:/cb",
	} {
		for _, kind := range []string{"web", "native"} {
			s.run("client", "add", "--id", "x", "--application-type", kind, "--redirect-uri", uri).fails(exitUsage, "redirect-uri: ")
		}
	}
	s.run("client", "add", "--id", "x", "--redirect-uri", "http://127.0.0.1:8080/cb").ok()
	s.run("client", "add", "--id", "y", "--redirect-uri", "http://127.0.0.1/cb", "--redirect-uri", "com.example.app:/cb", "--application-type", "native").ok()
	s.run("client", "update", "y", "--application-type", "web").fails(exitUsage, "is for --application-type native")
}

func TestClientsWithoutSecret(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		args []string
	}{
		{"public", []string{"--auth-method", "none"}},
		{"with keys in a file", []string{"--auth-method", "private_key_jwt", "--jwks-file", writeFile(t, "keys.json", publicKeys)}},
		{"with keys at a URI", []string{"--auth-method", "private_key_jwt", "--jwks-uri", "https://shop.example.org/jwks"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			added := s.run(append([]string{"client", "add", "--id", "shop", "--redirect-uri", "https://shop.example.org/cb", "--json"}, test.args...)...).ok()
			if strings.Contains(added.stdout, "client_secret") || !strings.Contains(added.stderr, "it starts at /authorize or /par") {
				t.Errorf("add prints %s and says %s", added.stdout, added.stderr)
			}
			if n := s.liveSecrets(); n != 0 {
				t.Errorf("it has %d secrets", n)
			}
			s.run("client", "rotate-secret", "shop").fails(exitFailed, `client "shop" has no secret`)
			s.run("client", "rotate-secret", "shop", "--webhook").ok()

			var updated struct {
				clientView
				ClientSecret string `json:"client_secret"`
			}
			s.run("client", "update", "shop", "--auth-method=", "--json").into(&updated)
			if !s.accepts(updated.ClientSecret) || s.liveSecrets() != 1 || updated.JWKS != nil || updated.JWKSURI != "" {
				t.Errorf("with a secret it is %+v, with %d secrets", updated.clientView, s.liveSecrets())
			}
			updated.ClientSecret = ""
			s.run("client", "update", "shop", "--auth-method", "client_secret_basic", "--json").into(&updated)
			if updated.ClientSecret != "" {
				t.Error("a client that has a secret got another one")
			}
			s.run(append([]string{"client", "update", "shop"}, test.args...)...).ok()
			if n := s.liveSecrets(); n != 0 {
				t.Errorf("without a secret again it has %d", n)
			}
		})
	}
}

// liveSecrets counts the client's secrets that are valid now.
func (s *shell) liveSecrets() int {
	s.t.Helper()
	kept, err := s.storage().store.ClientSecrets(s.t.Context(), "shop")
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, k := range kept {
		if k.ExpiresAt == nil || clock().Before(*k.ExpiresAt) {
			n++
		}
	}
	return n
}

func TestKeysOfAClient(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := writeFile(t, "keys.json", publicKeys)
	s.addShop("--auth-method", "private_key_jwt", "--jwks-file", file)
	if got := s.show(); !strings.Contains(string(got.JWKS), "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4") || got.JWKSURI != "" {
		t.Errorf("keys are %s at %q", got.JWKS, got.JWKSURI)
	}
	if out := s.run("client", "show", "shop").ok().stdout; !strings.Contains(out, "private_key_jwt") || !strings.Contains(out, "registered") {
		t.Errorf("show prints:\n%s", out)
	}
	s.run("client", "update", "shop", "--jwks-file=").fails(exitUsage, "needs --jwks-file or --jwks-uri")
	s.run("client", "update", "shop", "--jwks-uri", "http://10.0.0.7/jwks").fails(exitUsage, "jwks-uri: ")
	s.run("client", "update", "shop", "--jwks-uri", "http://10.0.0.7/jwks", "--webhook-allow-networks", "10.0.0.0/8").ok()
	if got := s.show(); got.JWKS != nil || got.JWKSURI != "http://10.0.0.7/jwks" {
		t.Errorf("keys are %s at %q", got.JWKS, got.JWKSURI)
	}
	s.run("client", "update", "shop", "--jwks-file", file).ok()
	if got := s.show(); got.JWKS == nil || got.JWKSURI != "" {
		t.Errorf("keys are %s at %q", got.JWKS, got.JWKSURI)
	}
}

// A made secret survives any reading of HTTP Basic, encoded or not.
func TestSecretsNeedNoEncoding(t *testing.T) {
	t.Parallel()
	secret := newShell(t).addShop().ClientSecret
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err != nil || len(raw) < 32 {
		t.Errorf("a secret of %d bytes, error %v", len(raw), err)
	}
}
