package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"vouchgate/server/jose"
)

// parse returns the flags of serve as args, env and file give them.
func (s *shell) parse(args ...string) (serveCmd, *sources) {
	s.t.Helper()
	given := &sources{env: s.lookup}
	var c cli
	parser, err := kong.New(&c, settingGroups, kong.Resolvers(given))
	if err != nil {
		s.t.Fatal(err)
	}
	given.app = parser.Model
	if _, err := parser.Parse(append([]string{"serve"}, args...)); err != nil {
		s.t.Fatal(err)
	}
	return c.Serve, given
}

func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "vouchgate.yaml", "listen: 127.0.0.1:1\nverifier-ttl: 1m\nlog-level: debug\ninsecure-public-url: true\nmigrate: false\n")
	s := newShell(t)
	s.env["VOUCHGATE_CONFIG"] = file
	s.env["VOUCHGATE_LISTEN"] = "127.0.0.1:2"
	s.env["VOUCHGATE_VERIFIER_TTL"] = "2m"
	s.env["VOUCHGATE_LOG_FORMAT"] = "" // as if it were not set
	c, given := s.parse("--listen", "127.0.0.1:3")
	for _, test := range []struct{ why, got, want string }{
		{"the flag wins over variable and file", c.Listen, "127.0.0.1:3"},
		{"the variable wins over the file", c.VerifierTTL, "2m"},
		{"the file wins over the default", c.LogLevel, "debug"},
		{"the default is last, and an empty variable is none", c.LogFormat, "json"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.why, test.got, test.want)
		}
	}
	if !c.InsecurePublicURL || c.Migrate {
		t.Errorf("switches of the file: insecure-public-url %v, migrate %v; want true and false", c.InsecurePublicURL, c.Migrate)
	}
	if len(given.faults) > 0 {
		t.Errorf("faults: %v", given.faults)
	}
}

func TestConfigFlagWinsOverVariable(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["VOUCHGATE_CONFIG"] = writeFile(t, "a.yaml", "log-level: warn\n")
	c, _ := s.parse("--config", writeFile(t, "b.yaml", "log-level: error\n"))
	if c.LogLevel != "error" {
		t.Errorf("log-level is %q, want that of the file of the flag", c.LogLevel)
	}
}

// One file serves all verbs, and its settings are no flags of a client.
func TestConfigFileOfServeIsGoodForClientAdd(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["VOUCHGATE_CONFIG"] = writeFile(t, "vouchgate.yaml",
		"listen: 127.0.0.1:1\nverifier-url: https://server.example.org\nwebhook-allow-networks: [127.0.0.0/8]\n")
	s.env["VOUCHGATE_VERIFIER_URL"] = "https://variable.example.org"
	s.run("client", "add", "--id", "shop", "--redirect-uri", "https://shop.example.org/cb", "--webhook-url", "http://127.0.0.1:7/hook").ok()
	var got clientView
	s.run("client", "show", "shop", "--json").into(&got)
	if got.VerifierURL != "" || got.WebhookURL != "http://127.0.0.1:7/hook" {
		t.Errorf("verifier URL %q, webhook URL %q", got.VerifierURL, got.WebhookURL)
	}
}

func TestReadConfig(t *testing.T) {
	t.Parallel()
	known := []string{"listen", "trusted-proxies", "migrate"}
	for _, test := range []struct {
		name, content string
		want          map[string]string
		faults        faults
	}{
		{"nothing", "", nil, nil},
		{"only comments", "# listen: x\n", nil, nil},
		{"words that YAML reads as something else", "listen: no\nmigrate: 0o17\n", map[string]string{"listen": "no", "migrate": "0o17"}, nil},
		{"a list", "trusted-proxies:\n  - 10.0.0.1\n  - ::1\n", map[string]string{"trusted-proxies": "10.0.0.1,::1"}, nil},
		{"JSON, which is YAML", `{"listen": ":1", "trusted-proxies": ["10.0.0.1"]}`, map[string]string{"listen": ":1", "trusted-proxies": "10.0.0.1"}, nil},
		{"several faults", "lisen: x\nlisten: {a: b}\ntrusted-proxies: [[a]]\nmigrate:\n", nil, faults{
			`line 1: there is no setting "lisen"`, "line 2: listen: must be a value or a list of values",
			"line 3: trusted-proxies: must be a value or a list of values", "line 4: migrate: must be a value or a list of values",
		}},
		{"a name twice", "listen: a\nlisten: b\n", map[string]string{"listen": "a"}, faults{"line 2: listen comes twice"}},
		{"a list at the top", "- listen\n", nil, faults{"is not YAML of the form name: value"}},
		{"no YAML", "listen: [\n", nil, faults{"is not YAML of the form name: value"}},
		{"an alias", "listen: &a x\nmigrate: *a\n", map[string]string{"listen": "x"}, faults{"line 2: migrate: must be a value or a list of values"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, found := readConfig([]byte(test.content), known)
			if test.want == nil {
				test.want = map[string]string{}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.faults, found); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzReadConfig(f *testing.F) {
	for _, seed := range []string{"listen: 127.0.0.1:1", "listen: [a, b]", "{}", "a: &a [*a]", "listen: !!binary x", "? [a]\n: b", "---\n---\n", "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		values, found := readConfig(content, []string{"listen"})
		for name := range values {
			if name != "listen" {
				t.Errorf("an unknown setting %q got through", name)
			}
		}
		for _, text := range found {
			if strings.Contains(text, "\n") {
				t.Errorf("fault of more than one line: %q", text)
			}
		}
	})
}

// The sample has to go with the program: every name exists, also of those that
// are commented out, and it starts but for the files that it names.
func TestSampleConfigFile(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../deploy/vouchgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newShell(t)
	delete(s.env, "VOUCHGATE_DATA_DIR")
	c, given := s.parse("--config", "../../deploy/vouchgate.yaml", "--notification-key-file", writeFile(t, "key", "0123456789abcdef"))
	f := given.faults
	listen := c.listenSettings.check(&f)
	c.storageSettings.check(&f)
	c.backgroundSettings.check(&f)
	c.verifierSettings.check(&f, &program{now: clock, rand: strings.NewReader("")})
	c.logSettings.check(&f)
	if len(f) > 0 {
		t.Errorf("faults of the sample: %v", f)
	}
	if listen.publicURL.String() != "https://id.example.org" || len(listen.proxies) != 2 {
		t.Errorf("the sample gives %+v", listen)
	}
	known := given.known()
	for line := range strings.Lines(string(content)) {
		name, _, isSetting := strings.Cut(strings.TrimPrefix(line, "# "), ": ")
		if !strings.HasPrefix(line, "# ") || !isSetting || strings.Contains(name, " ") {
			continue
		}
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			t.Errorf("the sample mentions a setting that there is not: %q", name)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["VOUCHGATE_CONFIG"] = writeFile(t, "vouchgate.yaml", "lisen: x\nmax-open-sessions: many\n")
	s.env["VOUCHGATE_INSECURE_PUBLIC_URL"] = "perhaps"
	s.env["VOUCHGATE_VERIFIER_TTL"] = "soon"
	got := s.run("serve", "--listen", "nowhere", "--admin-listen", "also nowhere", "--public-url", "http://id.example.org/x",
		"--database", "mysql://user:hunter2hunter2@x", "--trusted-proxies", "10.0.0.1/8,x", "--verifier-url", "ftp://x",
		"--verifier-token-url", "https://t.example.org", "--notification-key-file", "/does/not/exist", "--tls-cert-file", "x.pem",
		"--webhook-allow-networks", "all", "--log-level", "loud", "--retain-dead", "0s", "--notification-key-header", "X Key",
		"--verifier-response-mode", "shout", "--verifier-api-key-header", "X-Key",
		"--refresh-retry-window", "2m", "--request-rate=-1", "--sign-in-tries", "0", "--messages-per-network=-1", "--signing-key-lifetime", "1h")
	got.fails(exitUsage,
		`vouchgate.yaml: line 1: there is no setting "lisen"`, "VOUCHGATE_INSECURE_PUBLIC_URL: must be true or false", "max-open-sessions: must be a number",
		"verifier-ttl: must be a time", "listen: must be host:port", "admin-listen: must be host:port", "public-url: must be scheme, host and port only",
		"database: must be sqlite:PATH or postgres://", "trusted-proxies: 10.0.0.1/8 has bits outside its mask", `trusted-proxies: "x" is not a network`,
		"verifier: verifier address must be", "verifier: response mode must be", "verifier-token-url: needs", "notification-key-file: ",
		"tls-cert-file: goes with tls-key-file", `webhook-allow-networks: "all"`, "log-level: must be one of", "retain-dead: must be a time",
		"notification-key-header: is not the name of a header", "verifier-api-key-file: goes with",
		"refresh-retry-window: must be a time such as 90s, 15m or 24h, from 0s to 1m", "request-rate: must be a number from 0", "sign-in-tries: must be a number from 1", "messages-per-network: must be a number from 0 to 1000000",
		"signing-key-lifetime: must be a time such as 90s, 15m or 24h, from 48h", "25 things are wrong")
	if strings.Contains(got.stderr, "hunter2") {
		t.Errorf("a password was printed:\n%s", got.stderr)
	}
	if _, err := os.Stat(s.env["VOUCHGATE_DATA_DIR"]); !os.IsNotExist(err) {
		t.Error("a start that was refused made a data directory")
	}
}

func TestListenDefaults(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["VOUCHGATE_REQUEST_RATE"] = "0"
	c, given := s.parse("--sign-in-tries", "9", "--messages-per-network", "0")
	f := given.faults
	got := c.listenSettings.check(&f)
	if got.refreshWindow != 5*time.Second || got.requestRate != 0 || got.signInTries != 9 || got.networkMessages != 0 || got.keyLifetime != jose.DefaultLifetime || len(f) > 0 {
		t.Errorf("settings are %+v, faults %v", got, f)
	}
	if c, _ = newShell(t).parse(); c.RequestRate != "500" || c.SignInTries != "5" || c.MessagesPerNetwork != "60" {
		t.Errorf("the defaults are %s requests, %s tries and %s messages", c.RequestRate, c.SignInTries, c.MessagesPerNetwork)
	}
}
