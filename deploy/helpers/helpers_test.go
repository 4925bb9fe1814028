// Package helpers tests the example helpers: the scripts beside this file, as the
// gateway runs them. The program letter has its own tests.
package helpers

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool returns the path of a program that the scripts need. Without it the test is
// skipped, but never in CI.
func tool(t *testing.T, name string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", name)
		}
		fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: helpers, because %s is not installed ***\n", name)
		t.Skipf("%s is not installed", name)
	}
	return file
}

// outcome is how a helper ended.
type outcome struct {
	exit   int
	stderr string
}

// start runs a script with the environment that the gateway gives it, and settings
// as NAME=value.
func start(t *testing.T, script, input string, settings ...string) outcome {
	t.Helper()
	tool(t, "jq")
	file, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd := exec.Command(file)
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}, settings...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(input), &errs
	var failed *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
		t.Fatalf("running %s: %v", script, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), errs.String()}
}

// with returns a message as JSON: one of the examples, with some members replaced. A
// nil value removes the member.
func with(t *testing.T, example string, members map[string]any) string {
	t.Helper()
	content, err := os.ReadFile("examples/" + example + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatalf("example %s: %v", example, err)
	}
	for name, value := range members {
		m[name] = value
		if value == nil {
			delete(m, name)
		}
	}
	changed, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(changed)
}

// fake writes a shell script to be run in the place of a program, and returns its
// path.
func fake(t *testing.T, name, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// silent fails the test if a helper's errors tell whom the message is for or what is
// in it.
func silent(t *testing.T, stderr string, secrets ...string) {
	t.Helper()
	for _, secret := range append(secrets, "12345678") {
		if strings.Contains(stderr, secret) {
			t.Errorf("standard error tells %q: %q", secret, stderr)
		}
	}
}

// noMessages are inputs that no script takes for a message.
var noMessages = map[string]string{
	"nothing":                    "",
	"no JSON":                    "tan=12345678",
	"half an object":             `{"version":1,"method":"phone","tan":"12345678`,
	"a list":                     `[{"version":1}]`,
	"a text":                     `"12345678"`,
	"an object without members":  `{}`,
	"two objects":                `{"version":1} {"version":1}`,
	"members of the wrong types": `{"version":1,"id":{},"method":"phone","address":"12345678","to":[],"text":7}`,
}

func TestMissingProgramsAreFaultsOfTheMachine(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, script, example string
		there                 []string // programs
		settings              []string
	}{
		{"jq, for SMS", sms, "phone", []string{"curl"}, []string{"VOUCHGATE_HELPER_SMS_URL=https://sms.example/"}},
		{"curl, for SMS", sms, "phone", []string{"jq"}, []string{"VOUCHGATE_HELPER_SMS_URL=https://sms.example/"}},
		{"jq, for mail", mailer, "email", []string{"date"}, newSendmail(t, 0).settings()},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range r.there {
				if err := os.Symlink(tool(t, name), filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			got := start(t, r.script, with(t, r.example, nil), append(r.settings, "PATH="+dir)...)
			if got.exit != 78 || !strings.Contains(got.stderr, "not installed") {
				t.Errorf("got %+v, want exit code 78 and why", got)
			}
		})
	}
}

// TestScriptsAreWrittenForAnyShell reads the scripts with the shells that are there.
func TestScriptsAreWrittenForAnyShell(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"vouchgate-sms-http", "vouchgate-sendmail"} {
		for _, shell := range []string{"sh", "dash", "bash", "busybox"} {
			if _, err := exec.LookPath(shell); err != nil {
				continue
			}
			args := []string{"-n", script}
			if shell == "busybox" {
				args = append([]string{"sh"}, args...)
			}
			if out, err := exec.Command(shell, args...).CombinedOutput(); err != nil {
				t.Errorf("%s refuses %s: %v: %s", shell, script, err, out)
			}
		}
		if info, err := os.Stat(script); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s is not executable (%v)", script, err)
		}
	}
}
