package main

import (
	"testing"
	"time"
)

func TestDates(t *testing.T) {
	t.Parallel()
	first := time.Date(2027, 3, 1, 23, 30, 0, 0, time.FixedZone("", 3600))
	for lang, want := range map[string]string{
		"en": "1 March 2027", "de": "1. März 2027", "fr": "1er mars 2027", "it": "1º marzo 2027", "rm": "1 March 2027",
	} {
		if got := speak(lang).date(first); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	if got, want := speak("de").date(today), "22. November 2026"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEndIsTheLastWholeDay(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		end  time.Time
		want string
	}{
		{"at noon", time.Date(2026, 12, 22, 12, 0, 0, 0, time.UTC), "Gültig bis 21. Dezember 2026"},
		{"at midnight", time.Date(2026, 12, 22, 0, 0, 0, 0, time.UTC), "Gültig bis 21. Dezember 2026"},
		{"in another zone", time.Date(2026, 12, 22, 0, 30, 0, 0, time.FixedZone("", 3600)), "Gültig bis 20. Dezember 2026"},
		{"in the new year", time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC), "Gültig bis 31. Dezember 2026"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := speak("de").ends(row.end); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestEndInAllLanguages(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{
		"en": "Valid until 8 December 2026", "de": "Gültig bis 8. Dezember 2026",
		"fr": "Valable jusqu’au 8 décembre 2026", "it": "Valido fino al giorno 8 dicembre 2026",
	} {
		if got := speak(lang).ends(time.Date(2026, 12, 9, 12, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

func TestWordsFitTheFont(t *testing.T) {
	t.Parallel()
	for lang, w := range wordsOf {
		all := w.code + w.link + w.reference + w.until + w.first
		for _, month := range w.months {
			all += month
		}
		if !regular.has(all) {
			t.Errorf("%s has characters that the font lacks", lang)
		}
	}
}
