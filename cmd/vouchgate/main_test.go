package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files")

func TestMain(m *testing.M) {
	os.Unsetenv("COLUMNS") // the width of a terminal that the help would be set for
	os.Exit(m.Run())
}

// shell runs the program in this process.
type shell struct {
	t     testing.TB
	env   map[string]string
	stdin string
}

// newShell returns a shell whose data are in a folder of its own.
func newShell(t testing.TB) *shell {
	return &shell{t: t, env: map[string]string{"VOUCHGATE_DATA_DIR": filepath.Join(t.TempDir(), "data")}}
}

func (s *shell) lookup(name string) (string, bool) {
	value, ok := s.env[name]
	return value, ok
}

// result is what a run left behind.
type result struct {
	t              testing.TB
	args           []string
	stdout, stderr string
	code           int
}

func (s *shell) run(args ...string) result {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(s.t.Context(), args, strings.NewReader(s.stdin), &stdout, &stderr, s.lookup)
	return result{s.t, args, stdout.String(), stderr.String(), code}
}

// ok fails the test unless the run was good.
func (r result) ok() result {
	r.t.Helper()
	if r.code != exitDone {
		r.t.Fatalf("vouchgate %s: exit code %d, standard error:\n%s", strings.Join(r.args, " "), r.code, r.stderr)
	}
	return r
}

// fails fails the test unless the run ended with a code and said all of that on
// standard error, and nothing on standard output.
func (r result) fails(code int, says ...string) result {
	r.t.Helper()
	if r.code != code || r.stdout != "" {
		r.t.Errorf("vouchgate %s: exit code %d and output %q, want %d and none", strings.Join(r.args, " "), r.code, r.stdout, code)
	}
	for _, text := range says {
		if !strings.Contains(r.stderr, text) {
			r.t.Errorf("vouchgate %s: standard error lacks %q:\n%s", strings.Join(r.args, " "), text, r.stderr)
		}
	}
	return r
}

// into reads the one JSON document of the output.
func (r result) into(v any) {
	r.t.Helper()
	r.ok()
	d := json.NewDecoder(strings.NewReader(r.stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		r.t.Fatalf("output is not the JSON that was expected: %v\n%s", err, r.stdout)
	}
	if d.More() {
		r.t.Fatalf("output holds more than one JSON document:\n%s", r.stdout)
	}
}

// verbs lists all commands that do something.
func verbs(t *testing.T) [][]string {
	t.Helper()
	parser, err := kong.New(&cli{}, settingGroups)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for _, leaf := range parser.Model.Leaves(false) {
		var words []string
		for node := leaf; node.Parent != nil; node = node.Parent {
			words = append([]string{node.Name}, words...)
		}
		all = append(all, words)
	}
	return all
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, words := range append(verbs(t), nil) {
		name := strings.Join(append([]string{"help"}, words...), "-")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newShell(t).run(append(words, "--help")...).ok()
			if got.stderr != "" {
				t.Errorf("help writes to standard error: %q", got.stderr)
			}
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got.stdout), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.stdout); diff != "" {
				t.Errorf("help changed; if that is right, run the test with -update (-want +got):\n%s", diff)
			}
		})
	}
}

// A secret in an argument can be read by every process on the machine, and one in
// a help text's default would be no secret.
func TestNoFlagTakesASecret(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&cli{}, settingGroups)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		for _, flag := range leaf.Flags {
			if flag.Name == "signing-key-lifetime" {
				continue
			}
			secret := strings.Contains(flag.Name, "secret") || strings.Contains(flag.Name, "password") ||
				strings.Contains(flag.Name, "key") && !strings.Contains(flag.Name, "header")
			if secret && !strings.HasSuffix(flag.Name, "-file") {
				t.Errorf("%s takes a secret as an argument: --%s", leaf.FullPath(), flag.Name)
			}
		}
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no verb":                {nil, "expected one of"},
		"an unknown verb":        {[]string{"dance"}, "dance"},
		"an unknown flag":        {[]string{"serve", "--lisen", ":1"}, "--lisen"},
		"a verb without id":      {[]string{"client", "show"}, "id"},
		"client add without id":  {[]string{"client", "add"}, "--id"},
		"an id that is none":     {[]string{"session", "show", "7"}, "not a session's id"},
		"webhook id that is bad": {[]string{"webhook", "show", "msg_7"}, "not a webhook's id"},
		"replay of nothing":      {[]string{"webhook", "replay"}, "either ids or --dead"},
		"an unknown status":      {[]string{"session", "list", "--status", "gone"}, "status"},
		"a negative limit":       {[]string{"session", "list", "--limit=-1"}, "limit"},
		"remove without yes":     {[]string{"client", "remove", "shop"}, "yes: is needed"},
		"erase without yes":      {[]string{"account", "remove", "mira"}, "yes: is needed"},
		"an account without one": {[]string{"account", "add"}, "--user-name"},
		"a user name of two":     {[]string{"account", "show", "mira muster"}, "user-name: a user name has"},
		"changing no claim":      {[]string{"account", "set-claims", "mira"}, "claim: or claims-file must be given"},
		"revoking no session":    {[]string{"session", "revoke", "7"}, "not a session's id"},
		"an unknown algorithm":   {[]string{"key", "rotate", "--alg", "none"}, "alg: must be one of: ES256, RS256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.run(test.args...).fails(exitUsage, test.says)
			if _, err := os.Stat(s.env["VOUCHGATE_DATA_DIR"]); !os.IsNotExist(err) {
				t.Errorf("wrong usage made a data directory")
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if got := s.run("version").ok(); !strings.HasPrefix(got.stdout, "vouchgate ") {
		t.Errorf("version says %q", got.stdout)
	}
	var v struct{ Version, Go, Platform string }
	s.run("version", "--json").into(&v)
	if v.Version == "" || !strings.HasPrefix(v.Go, "go1.") || v.Platform == "" {
		t.Errorf("version is %+v", v)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	type migration struct {
		Version   int64   `json:"version"`
		Name      string  `json:"name"`
		AppliedAt *string `json:"applied_at"`
	}
	var got struct {
		AppliedNow []migration `json:"applied_now"`
		Versions   []migration `json:"versions"`
	}
	if out := s.run("migrate", "--status").ok().stdout; !strings.Contains(out, "not applied") {
		t.Errorf("status of a new database is %q", out)
	}
	s.run("migrate", "--json").into(&got)
	if len(got.AppliedNow) == 0 || len(got.AppliedNow) != len(got.Versions) || got.Versions[0].AppliedAt == nil {
		t.Errorf("the first run applied %+v", got)
	}
	if again := s.run("migrate").ok(); !strings.Contains(again.stderr, "nothing to do") || again.stdout != "" {
		t.Errorf("the second run said %q and printed %q", again.stderr, again.stdout)
	}
	if out := s.run("migrate", "--status").ok().stdout; strings.Contains(out, "not applied") {
		t.Errorf("status afterwards is %q", out)
	}
}
