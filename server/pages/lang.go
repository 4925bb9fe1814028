package pages

import (
	"html/template"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Lang is a language that the pages speak, as a BCP 47 tag.
type Lang string

// The languages.
const (
	English Lang = "en"
	German  Lang = "de" // with the spelling of Switzerland
	French  Lang = "fr"
	Italian Lang = "it"
)

// fallback is spoken to those who understand none of the Languages.
const fallback = English

// Languages lists all languages, the fallback first.
var Languages = []Lang{English, German, French, Italian}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German, language.French, language.Italian})

// maxLanguages limits, in bytes, how much of a wish for languages is read.
const maxLanguages = 1024

// Match picks the language of a page. What the client asks for goes first
// (ui_locales of OpenID Connect Core 1.0, section 3.1.2.1: tags parted by
// spaces), then what the browser asks for (Accept-Language, RFC 9110, section
// 12.5.4). Neighbours count: who reads Swiss German or Romansh gets German.
// Whatever cannot be read is passed over; English is what remains.
func Match(uiLocales, acceptLanguage string) Lang {
	var wished []language.Tag
	for _, s := range strings.Fields(clip(uiLocales)) {
		if tag, err := language.Parse(s); err == nil {
			wished = append(wished, tag)
		}
	}
	if lang, ok := match(wished); ok {
		return lang
	}
	accepted, _, err := language.ParseAcceptLanguage(clip(acceptLanguage))
	if err != nil {
		return fallback
	}
	lang, _ := match(accepted)
	return lang
}

func match(tags []language.Tag) (Lang, bool) {
	tags = slices.DeleteFunc(tags, func(t language.Tag) bool { return t == language.Und })
	_, i, confidence := matcher.Match(tags...)
	if len(tags) == 0 || confidence == language.No {
		return fallback, false
	}
	return Languages[i], true
}

func clip(s string) string {
	if len(s) > maxLanguages {
		return ""
	}
	return s
}

// languageNames are what the languages call themselves.
var languageNames = map[Lang]string{English: "English", German: "Deutsch", French: "Français", Italian: "Italiano"}

// languageLink leads to the same page in another language.
type languageLink struct {
	Lang Lang
	Name string
	URL  template.URL
}

func languageLinks(shown Lang, urls map[Lang]string) []languageLink {
	var links []languageLink
	for _, lang := range []Lang{German, French, Italian, English} {
		if link := ownURL(urls[lang]); link != "" && lang != shown {
			links = append(links, languageLink{Lang: lang, Name: languageNames[lang], URL: link})
		}
	}
	return links
}

// one says whether a count takes the singular. French counts none as one.
func (l Lang) one(n int64) bool { return n == 1 || l == French && n == 0 }
