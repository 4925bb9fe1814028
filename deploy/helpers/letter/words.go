package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// words are the program's own words in one language. All else in a letter is the
// message's.
type words struct {
	code, link, reference, until string
	months                       [12]string
	day                          string // of the month, as a format
	first                        string // day 1, if it is written in another way
}

var wordsOf = map[string]words{
	"en": {"Your code", "Enter it at", "Letter code", "Valid until", [12]string{"January", "February", "March", "April",
		"May", "June", "July", "August", "September", "October", "November", "December"}, "%d", ""},
	"de": {"Ihr Code", "Eingeben unter", "Briefcode", "Gültig bis", [12]string{"Januar", "Februar", "März", "April",
		"Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}, "%d.", ""},
	"fr": {"Votre code", "À saisir sur", "Code de la lettre", "Valable jusqu’au", [12]string{"janvier", "février", "mars", "avril",
		"mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}, "%d", "1er"},
	"it": {"Il Suo codice", "Da inserire su", "Codice della lettera", "Valido fino al giorno", [12]string{"gennaio", "febbraio", "marzo", "aprile",
		"maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"}, "%d", "1º"},
}

// speak returns the words of a language; English for those that it does not know.
func speak(lang string) words {
	if w, ok := wordsOf[lang]; ok {
		return w
	}
	return wordsOf["en"]
}

// date is the day of a time, in UTC.
func (w words) date(t time.Time) string {
	t = t.UTC()
	day := fmt.Sprintf(w.day, t.Day())
	if t.Day() == 1 && w.first != "" {
		day = w.first
	}
	return fmt.Sprintf("%s %s %d", day, w.months[t.Month()-1], t.Year())
}

// ends says on which whole day, in UTC, the TAN counts for the last time.
func (w words) ends(t time.Time) string { return w.until + " " + w.date(t.AddDate(0, 0, -1)) }

// countryName is the name of a country as the last line of an address has it: in
// capitals, and in French or English, which post offices read everywhere (Universal
// Postal Union). It returns false for a code that is no country's.
func countryName(code, lang string) (name string, region language.Region, ok bool) {
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return "", region, false
	}
	names := display.Regions(language.English)
	if lang == "fr" {
		names = display.Regions(language.French)
	}
	return strings.ToUpper(names.Name(region)), region, true
}
