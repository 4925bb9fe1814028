package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vouchgate/e2e"
)

func TestMain(m *testing.M) { os.Exit(e2e.Main(m)) }

func TestConformance(t *testing.T) {
	t.Parallel()
	table := newTable()
	t.Cleanup(func() { table.finish(t) })
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) { run(t, e, table) })
}

func TestEveryRequirementHasItsRow(t *testing.T) {
	t.Parallel()
	if n := len(requirements()); n != 260 {
		t.Errorf("there are %d requirements, not 260", n)
	}
	wanted, seen := map[string]bool{}, map[string]bool{}
	for _, r := range requirements() {
		wanted[r.id] = true
	}
	for _, r := range all() {
		switch {
		case !wanted[r.ID]:
			t.Errorf("%s is not asked for", r.ID)
		case seen[r.ID]:
			t.Errorf("%s is there twice", r.ID)
		case r.Case == nil || len(r.Says) < 20 || len(r.Says) > 200 || strings.ContainsAny(r.Says, "\n\r"):
			t.Errorf("%s has no case, or does not say in a line what it checks", r.ID)
		}
		seen[r.ID] = true
	}
	for _, r := range requirements() {
		if !seen[r.id] {
			t.Errorf("%s has no row", r.id)
		}
	}
}

func TestTheTableIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	list := []Row{{ID: "TOK-08", Says: "no code | no token"}, {ID: "OPS-01", Says: "the log keeps quiet"}}
	text := string(draw(list))
	if text != string(draw(list)) {
		t.Error("two tables of the same rows differ")
	}
	for _, want := range []string{
		"## Token endpoint\n",
		"| TOK-08 | 1 | no code \\| no token | passed | passed | `TestConformance/*/TOK-08` |\n",
		"## Operation and data protection\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestTheTableIsWrittenWhenItChanges(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "table.md")
	if err := keep(file, []byte("one"), false); err == nil {
		t.Error("a missing table is fine where it may not be written")
	}
	for _, text := range []string{"one", "one", "two"} {
		if err := keep(file, []byte(text), true); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("it says %q, %v", got, err)
		}
	}
	if err := keep(file, []byte("two"), false); err != nil {
		t.Errorf("a table that is as it should be: %v", err)
	}
}
