package conformance

import (
	"net/url"
	"regexp"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"UI-14", "pages speak de, fr, it and en as the client or browser asks, and work by keyboard and without script", ui14},
)

// headings are what the pages of sign-in, consent, scanning, choosing, of an address
// and of an error call themselves.
var headings = map[string][]string{
	"en": {"Sign in", "read your details?", "Confirm your details", "How would you like", "Which e-mail address", "Page not found"},
	"de": {"Anmelden", "Angaben", "Angaben", "Wie möchten Sie", "An welche E-Mail-Adresse", "nicht gefunden"},
	"fr": {"connecter", "données", "données", "Comment souhaitez-vous", "À quelle adresse e-mail", "introuvable"},
	"it": {"Acced", "dati", "dati", "Come desidera", "A quale indirizzo e-mail", "non trovata"},
}

func ui14(t *T) {
	asking, wallet, choosing, mailing := t.Asking(), t.Wallet(), t.Chooser(), t.Mailer()
	for lang, says := range headings {
		for how, header := range map[string]string{"?ui_locales=" + lang: "pt-PT", "?ui_locales=tlh+" + lang + "-CH": "ja", "": lang + "-CH, en;q=0.5"} {
			values, err := url.ParseQuery(strings.TrimPrefix(how, "?"))
			t.Check(err)
			ask := func(c e2e.Client) Ask { return t.Ask(c, "ui_locales", values.Get("ui_locales"), "prompt", "consent") }
			for i, a := range []Answer{
				t.followAs(e2e.NewBrowser(), ask(asking).Path(), header), t.followAs(t.SignedIn(), ask(asking).Path(), header),
				t.followAs(e2e.NewBrowser(), ask(wallet).Path(), header), t.followAs(e2e.NewBrowser(), ask(choosing).Path(), header),
				t.followAs(e2e.NewBrowser(), ask(mailing).Path(), header), t.Get("/nowhere"+how, "Accept", "text/html", "Accept-Language", header),
			} {
				if text := words(a.Body); !strings.Contains(string(a.Body), `<html lang="`+lang+`"`) || !strings.Contains(text, says[i]) {
					t.Errorf("%s, %q, %q: the page %d is %.200s", lang, how, header, i, text)
				}
			}
		}
	}
	t.speakOfTANs()
	t.withoutScript()
	t.byKeyboard()
}

// speakOfTANs fails the case unless the page for a TAN and the message with it are in
// the person's language, and lead home without script.
func (t *T) speakOfTANs() {
	t.Helper()
	for lang, says := range map[string]string{
		"en": "Enter the code", "de": "Geben Sie den Code", "fr": "Saisissez le code", "it": "Inserisca il codice",
	} {
		b, ask, where := e2e.NewBrowser(), t.Ask(t.Mailer(), "ui_locales", lang), t.Place("email")
		page := t.OpenTAN(b, ask, where)
		if !strings.Contains(string(page.Body), `<html lang="`+lang+`"`) || !strings.Contains(words(page.Body), says) {
			t.Errorf("%s: the page for the TAN is %.200s", lang, words(page.Body))
		}
		m := t.Message(where, 1)
		if m.Language != lang || !strings.Contains(m.Text, m.TAN) || m.Subject == "" {
			t.Errorf("%s: the message is in %q: %q", lang, m.Language, m.Subject)
		}
		t.Swap(ask, t.Submit(b, page, "/pin", "pin", m.TAN).Code())
	}
}

// followAs opens a path with a wish for languages, and follows redirects.
func (t *T) followAs(b *e2e.Browser, path, languages string) Answer {
	t.Helper()
	var cookies []string
	for _, c := range b.Cookies(t.Issuer()) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	for range 5 {
		a := t.Get(path, "Accept", "text/html", "Accept-Language", languages, "Cookie", strings.Join(cookies, "; "))
		if path = a.Header.Get("Location"); path == "" {
			return a
		}
		if c := cookieOf(a, "vouchgate"); c != nil {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
	}
	t.Fatalf("too many redirects")
	return Answer{}
}

var metaRefresh = regexp.MustCompile(`<noscript><meta http-equiv="refresh" content="([0-9]+); url=([^"]+)"`)

// withoutScript fails the case unless a page that waits leads on by itself in a
// browser without script.
func (t *T) withoutScript() {
	t.Helper()
	b, ask := e2e.NewBrowser(), t.Ask(t.Wallet())
	page := t.Open(b, ask.Path())
	again := metaRefresh.FindSubmatch(page.Body)
	if again == nil || !strings.HasPrefix(string(again[2]), page.URL.Path) {
		t.Fatalf("the page does not come back by itself: %q", again)
	}
	t.Accept(page)
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "verified"))
	proved := t.Open(b, string(again[2]))
	onward := metaRefresh.FindSubmatch(proved.Body)
	if onward == nil || !strings.Contains(string(proved.Body), `href="`+string(onward[2])+`"`) {
		t.Fatalf("the page does not lead on by itself, or has no link: %q", onward)
	}
	t.Swap(ask, t.Open(b, string(onward[2])).Code())
}
