package storetest

import (
	"slices"
	"time"

	"vouchgate/store"
)

var countTests = []test{
	{"ThingsAreCountedUntilTheWindowOfTheFirstIsOver", countInWindows},
	{"CountingStartsAnewWhereItIsForgotten", forgetCounts},
	{"ThingsSideBySideAreCountedOnceEach", countTogether},
	{"ACountCanBeReadWithoutCounting", readCount},
	{"WindowsMayDiffer", countByWindows},
	{"WhatIsUndoneIsNotCounted", countUndone},
}

const window = 15 * time.Minute

func (f *fixture) count(key string, now time.Time) int64 {
	f.t.Helper()
	n, _, err := f.Count(f.ctx, []byte(key), now, window)
	f.ok(err)
	return n
}

func countInWindows(f *fixture) {
	end := micro(noon).Add(window)
	for _, row := range []struct {
		name  string
		key   string
		now   time.Time
		want  int64
		since time.Time
	}{
		{"the first", "anna", noon.In(zones[1]), 1, noon},
		{"the second", "anna", noon.Add(time.Minute), 2, noon},
		{"the first of another", "otto", noon.Add(time.Minute), 1, noon.Add(time.Minute)},
		{"just before the end of the window", "anna", end.Add(-time.Microsecond), 3, noon},
		{"at the end of the window", "anna", end.In(zones[2]), 1, end},
		{"after it", "anna", end.Add(time.Second), 2, end},
		{"the second of another, whose window is not over", "otto", end.Add(time.Second), 2, noon.Add(time.Minute)},
		{"long after", "otto", noon.Add(300 * day), 1, noon.Add(300 * day)},
		{"a key of other bytes", "\x00\xff", noon, 1, noon},
	} {
		n, since, err := f.Count(f.ctx, []byte(row.key), row.now, window)
		f.ok(err)
		f.same(row.name, n, row.want)
		f.same("beginning of "+row.name, since, micro(row.since))
	}
}

func forgetCounts(f *fixture) {
	for range 3 {
		f.count("anna", noon)
		f.count("otto", noon)
	}
	f.ok(f.ForgetCount(f.ctx, []byte("anna")))
	f.ok(f.ForgetCount(f.ctx, []byte("nobody")))
	f.same("the next", f.count("anna", noon), int64(1))
	f.same("the next of another", f.count("otto", noon), int64(4))
}

// countTogether counts at the end of a window, where each of them would start anew.
func countTogether(f *fixture) {
	const n = 64
	f.count("anna", noon.Add(-window))
	got := make([]int64, n)
	errs := together(n, func(i int) (err error) {
		got[i], _, err = f.Count(f.ctx, []byte("anna"), noon, window)
		return err
	})
	f.same("counted", count(errs, nil), n)
	slices.Sort(got)
	for i, c := range got {
		f.same("count", c, int64(i+1))
	}
}

func readCount(f *fixture) {
	_, _, err := f.Counted(f.ctx, []byte("anna"))
	f.is(err, store.ErrNotFound)
	for range 3 {
		f.count("anna", noon)
	}
	for range 2 {
		n, since, err := f.Counted(f.ctx, []byte("anna"))
		f.ok(err)
		f.same("count", n, int64(3))
		f.same("since", since, micro(noon))
	}
	f.ok(f.ForgetCount(f.ctx, []byte("anna")))
	_, _, err = f.Counted(f.ctx, []byte("anna"))
	f.is(err, store.ErrNotFound)
}

func countByWindows(f *fixture) {
	f.count("anna", noon)
	later := noon.Add(time.Hour)
	n, since, err := f.Count(f.ctx, []byte("anna"), later, day)
	f.ok(err)
	f.same("in a longer window", n, int64(2))
	f.same("since", since, micro(noon))
	f.same("in a shorter one", f.count("anna", later), int64(1))
}

func countUndone(f *fixture) {
	f.count("anna", noon)
	f.is(f.Together(f.ctx, func(s *store.Store) error {
		n, _, err := s.Count(f.ctx, []byte("anna"), noon, window)
		f.ok(err)
		f.same("within", n, int64(2))
		return store.ErrStale
	}), store.ErrStale)
	f.same("the next", f.count("anna", noon), int64(2))
}
