package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text, want string
		ok               bool
	}{
		{"Latin with accents", "Žofie Łukasiewicz", "Žofie Łukasiewicz", true},
		{"Greek", "Δημήτρης", "Δημήτρης", true},
		{"Cyrillic", "Дмитрий", "Дмитрий", true},
		{"accents as characters of their own", "Zu\u0308rich", "Zürich", true},
		{"accents that the font lacks", "Nguyễn Thị", "Nguyên Thi", true},
		{"narrow spaces and hyphens of typographers", "a\u202fb\u2011c", "a\u00a0b-c", true},
		{"Han", "李", "李", false},
		{"an emoji", "a😀", "a😀", false},
		{"a line break", "a\nb", "a\nb", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := regular.printable(row.text); got != row.want || ok != row.ok {
				t.Errorf("got %q, %t, want %q, %t", got, ok, row.want, row.ok)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	m := mono.width("m", 10)
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"at spaces", "aaa bbb ccc", []string{"aaa bbb", "ccc"}},
		{"not at hard spaces", "aaa bbb\u00a0ccc", []string{"aaa", "bbb\u00a0ccc"}},
		{"long words anywhere", "abcdefghijk", []string{"abcdefgh", "ijk"}},
		{"URLs after dots and slashes", "abcde.fg/hijklmnopq", []string{"abcde.", "fg/hijkl", "mnopq"}},
		{"nothing", "", []string{""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, mono.wrap(row.text, 10, 8.1*m)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("Dear Sir or Madam", 20.0)
	f.Add("https://gate.example/letter/AB", 5.0)
	f.Add("  \u00a0 é", 0.1)
	f.Fuzz(func(t *testing.T, text string, width float64) {
		if !utf8.ValidString(text) || len(text) > 500 || !(width > 0) {
			t.Skip()
		}
		lines := regular.wrap(text, 10, width)
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := bare(strings.Join(lines, "")); got != bare(text) {
			t.Errorf("%q became %q", text, lines)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > 1 && regular.width(line, 10) > width+1e-9 {
				t.Errorf("%q is wider than %g mm", line, width)
			}
		}
	})
}
