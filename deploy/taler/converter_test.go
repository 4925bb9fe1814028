// Package taler tests the converter helpers for GNU Taler exchanges.
package taler

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// convert runs the converter for the e-ID.
func convert(t *testing.T, input string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	return run(t, "vouchgate-swiyu-converter", "", input, args...)
}

// run runs a converter as an exchange does, names being its VOUCHGATE_TALER_NAMES.
// exit is its exit code.
func run(t *testing.T, script, names, input string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	if _, err := exec.LookPath("jq"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("jq is not installed")
		}
		fmt.Fprintln(os.Stderr, "\n*** NOT TESTED: the Taler converters, because jq is not installed ***")
		t.Skip("jq is not installed")
	}
	var out, errs strings.Builder
	cmd := exec.Command("sh", append([]string{"./" + script}, args...)...)
	cmd.Env = append(os.Environ(), "VOUCHGATE_TALER_NAMES="+names)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("running the converter: %v", err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestConverter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, input string
		want        map[string]string
	}{
		{"all that a Beta-ID has",
			`{"id":"s-1","sub":"s-1","scope":"profile nationality","method":"swiyu","given_name":"Mira Jolanda","family_name":"Beispiel-Müsterli",
			  "birth_date":"1990-03-14","nationality":"CH","age_over_18":true,"verified_at":"2026-11-22T10:00:00Z"}`,
			map[string]string{"id": "s-1", "full_name": "Beispiel-Müsterli, Mira Jolanda", "birthdate": "1990-03-14", "nationalities": "CH"}},
		{"an age only", `{"id":"s-2","age_over_18":true}`, map[string]string{"id": "s-2"}},
		{"a family name only", `{"id":"s-3","family_name":"D'Essai"}`, map[string]string{"id": "s-3", "full_name": "D'Essai"}},
		{"a given name only", `{"id":"s-3","given_name":"Zoë"}`, map[string]string{"id": "s-3", "full_name": "Zoë"}},
		{"a birth year", `{"id":"s-4","birth_date":"1948"}`, map[string]string{"id": "s-4", "birthdate": "1948-00-00"}},
		{"a birth month", `{"id":"s-4","birth_date":"1948-12"}`, map[string]string{"id": "s-4", "birthdate": "1948-12-00"}},
		{"several nationalities", `{"id":"s-5","nationality":"it, CH"}`, map[string]string{"id": "s-5", "nationalities": "CH,IT"}},
		{"a nationality in words", `{"id":"s-6","nationality":"Schweiz"}`, map[string]string{"id": "s-6"}},
		{"nulls and spaces", `{"id":" s-7 ","given_name":null,"family_name":"  "}`, map[string]string{"id": "s-7"}},
		{"quotes and dollars", `{"id":"s-8","family_name":"$(id) \"'\\","given_name":"` + "`id`" + `"}`,
			map[string]string{"id": "s-8", "full_name": "$(id) \"'\\, `id`"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, exit := convert(t, test.input)
			if exit != 0 || stderr != "" {
				t.Fatalf("exit code %d, standard error %q", exit, stderr)
			}
			var got map[string]string
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("output %q is not one JSON object of texts: %v", stdout, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConverterRefuses(t *testing.T) {
	t.Parallel()
	for name, input := range map[string]string{
		"nothing":                  "",
		"no JSON":                  "<html>",
		"half an object":           `{"id":"s-1","given_name":"Mi`,
		"two objects":              `{"id":"s-1"} {"id":"s-2"}`,
		"a list":                   `[{"id":"s-1"}]`,
		"an object without id":     `{"sub":"s-1"}`,
		"an empty id":              `{"id":""}`,
		"a number as id":           `{"id":7}`,
		"a birth date in words":    `{"id":"s-1","birth_date":"14. März 1990"}`,
		"a month that is none":     `{"id":"s-1","birth_date":"1990-13-01"}`,
		"a birth date as a number": `{"id":"s-1","birth_date":1990}`,
		"a name as an object":      `{"id":"s-1","given_name":{"x":"y"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, exit := convert(t, input)
			if exit == 0 || stdout != "" || stderr == "" {
				t.Errorf("exit code %d, output %q, standard error %q; want an error and no output", exit, stdout, stderr)
			}
			if strings.Contains(stderr, "März") || strings.Contains(stderr, "1990") {
				t.Errorf("standard error holds personal data: %q", stderr)
			}
		})
	}
}

func TestConverterListsItsOutputs(t *testing.T) {
	t.Parallel()
	stdout, _, exit := convert(t, "", "-o")
	if want := "id\nfull_name\nbirthdate\nnationalities\n"; exit != 0 || stdout != want {
		t.Errorf("exit code %d, output %q, want %q", exit, stdout, want)
	}
	if _, _, exit := convert(t, "{}", "--unknown"); exit != 2 {
		t.Errorf("exit code %d for an unknown option, want 2", exit)
	}
}
