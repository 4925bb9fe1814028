package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vouchgate/e2e"
)

// tableFile is written by a run of everything in which everything passes.
var tableFile = filepath.Join("..", "..", "docs", "conformance.md")

// table is what came of each case.
type table struct {
	mu      sync.Mutex
	results map[string]map[string]bool // id, engine: whether it passed
}

func newTable() *table { return &table{results: map[string]map[string]bool{}} }

func (b *table) note(id, engine string, passed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.results[id] == nil {
		b.results[id] = map[string]bool{}
	}
	b.results[id][engine] = passed
}

// finish writes the table if it is whole. A row that did not run fails the test,
// unless somebody asked for some of them only.
func (b *table) finish(t *testing.T) {
	t.Helper()
	if filtered() {
		return
	}
	whole := true
	for _, r := range all() {
		for _, e := range e2e.Engines {
			passed, ran := b.results[r.ID][e.Name]
			if !ran {
				t.Errorf("%s did not run on %s", r.ID, e.Name)
			}
			whole = whole && passed
		}
	}
	if !whole || t.Failed() {
		return
	}
	if err := keep(tableFile, draw(all()), os.Getenv("CI") == ""); err != nil {
		t.Error(err)
	}
}

// filtered says whether go test was asked for some of the cases only.
func filtered() bool {
	run := flag.Lookup("test.run").Value.String()
	return strings.Contains(run, "/") || flag.Lookup("test.skip").Value.String() != ""
}

// keep writes a file unless it says the same already. Where it may not be written,
// in continuous integration, where nobody would see the change, an old one is an
// error.
func keep(file string, text []byte, mayWrite bool) error {
	old, err := os.ReadFile(file)
	switch {
	case err == nil && bytes.Equal(old, text):
		return nil
	case !mayWrite:
		return fmt.Errorf("%s is not what the tests say: run them (go test ./e2e/conformance) and commit it", filepath.Base(file))
	}
	return os.WriteFile(file, text, 0o644)
}

const preamble = `# Conformance

What the specifications ask of a server like this one, and the test that shows each
point. The tests run the built program and speak HTTP with it, on SQLite and on
PostgreSQL. This file is written by them when all have passed:

    go test ./e2e/conformance

Priority 1 is what no client can do without, 2 what is modern and secure. 3 need not
be offered; the test shows then that it is refused cleanly. One row alone:

    go test ./e2e/conformance -run 'TestConformance/.*/TOK-12$'

`

// draw writes the table of rows that have all passed. It is the same at every run.
func draw(list []Row) []byte {
	var out bytes.Buffer
	out.WriteString(preamble)
	priority := map[string]byte{}
	for _, r := range requirements() {
		priority[r.id] = r.priority
	}
	fmt.Fprintf(&out, "%d rows.\n", len(list))
	group := ""
	for _, r := range list {
		if groupOf(r.ID) != group {
			group = groupOf(r.ID)
			fmt.Fprintf(&out, "\n## %s\n\n| Row | Priority | What is checked | SQLite | PostgreSQL | Test |\n", aboutGroup(group))
			out.WriteString("| --- | --- | --- | --- | --- | --- |\n")
		}
		fmt.Fprintf(&out, "| %s | %c | %s | passed | passed | `TestConformance/*/%s` |\n",
			r.ID, priority[r.ID], strings.ReplaceAll(r.Says, "|", "\\|"), r.ID)
	}
	return out.Bytes()
}

func aboutGroup(name string) string {
	for _, g := range groups {
		if g.name == name {
			return g.about
		}
	}
	return name
}
