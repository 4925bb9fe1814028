package conformance

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchgate/e2e"
)

// Row is a requirement and the case that shows it.
type Row struct {
	ID   string   // one of ids.go
	Says string   // what is checked, in a line
	Case func(*T) // fails its T where the gateway does something else
}

var (
	registry []Row
	closings []Row
)

// rows registers cases. It returns a value so that it can be called where a
// package's variables are declared.
func rows(more ...Row) struct{} {
	registry = append(registry, more...)
	return struct{}{}
}

// closingRows registers cases that run after all others of their gateway.
func closingRows(more ...Row) struct{} {
	closings = append(closings, more...)
	return struct{}{}
}

// all returns every row in the order of ids.go.
func all() []Row {
	place := map[string]int{}
	for i, r := range requirements() {
		place[r.id] = i
	}
	return slices.SortedFunc(slices.Values(slices.Concat(registry, closings)), func(a, b Row) int {
		return cmp.Or(cmp.Compare(place[a.ID], place[b.ID]), strings.Compare(a.ID, b.ID))
	})
}

// sideBySide is how many cases of a gateway run at the same time. Many of them
// mostly wait.
const sideBySide = 8

// run runs every case on one gateway, the closing ones at the end.
func run(t *testing.T, e e2e.Engine, table *table) {
	env := newEnv(t, e)
	var running sync.WaitGroup
	turns := make(chan struct{}, sideBySide)
	for _, r := range registry {
		turns <- struct{}{}
		running.Go(func() {
			defer func() { <-turns }()
			env.run(t, r, table)
		})
	}
	running.Wait()
	for _, r := range closings {
		env.run(t, r, table)
	}
}

// run runs a case and writes down what came of it. A case that was not asked for
// (go test -run) does not count as one that ran.
func (e *Env) run(t *testing.T, r Row, table *table) {
	ran, skipped := false, false
	passed := t.Run(r.ID, func(t *testing.T) {
		ran = true
		defer func() { skipped = t.Skipped() }()
		r.Case(&T{T: t, Env: e, Ctx: e2e.Patient(t)})
	})
	if ran {
		table.note(r.ID, e.Engine.Name, passed && !skipped)
	}
}
