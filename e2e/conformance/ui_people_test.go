package conformance

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"UI-13", "guessing passwords is stopped, alike for names that exist and that do not, across restarts; no codes are sent by post or mail", ui13},
	Row{"UI-14", "pages speak de, fr, it and en as the client or browser asks, and work by keyboard and without script", ui14},
	Row{"UI-16", "proofs that rest for days, such as letters, are not offered: neither listed nor reachable", ui16},
)

// trySignIn signs in with a password at a sign-in page and returns the answer.
func (t *T) trySignIn(b *e2e.Browser, name, password string) Answer {
	t.Helper()
	return t.Press(b, t.Open(b, "/login"), "/login", "user_name", name, "password", password)
}

func ui13(t *T) {
	alone := t.Alone("--sign-in-tries=2")
	known, unhurt := alone.NewPerson(), alone.NewPerson()
	names := []string{known.UserName, "nobody-has-this-name"}
	stopped := func(when string) {
		t.Helper()
		var answers []Answer
		for _, name := range names {
			a := alone.trySignIn(e2e.NewBrowser(), name, known.Password)
			wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
			if a.Status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 15*60 || cookieOf(a, "vouchgate-login") != nil {
				t.Errorf("%s, %s: Retry-After is %q, %s", when, name, a.Header.Get("Retry-After"), a)
			}
			a.Body = []byte(strings.ReplaceAll(string(a.Body), name, "somebody"))
			answers = append(answers, a)
		}
		t.Alike(answers[0], answers[1])
	}
	for range 2 {
		var answers []Answer
		for _, name := range names {
			a := alone.trySignIn(e2e.NewBrowser(), name, "a wrong password")
			t.Status(a, http.StatusUnprocessableEntity)
			answers = append(answers, a)
		}
		t.Alike(answers[0], answers[1])
	}
	stopped("at once")
	alone.Gateway.Stop()
	t.Check(alone.Gateway.Restart())
	stopped("after a restart")
	alone.SignIn(e2e.NewBrowser(), unhurt)
	alone.absent("tan", "pin", "otp", "sms", "email")
}

// absent fails the case if a way to prove something is offered, or has an address.
func (t *T) absent(names ...string) {
	t.Helper()
	config := t.OK(t.Get("/config"))
	metadata := t.OK(t.Get("/.well-known/openid-configuration"))
	contract := t.OK(t.Get("/openapi.yaml"))
	session := "/session/" + t.sessionOf(t.Open(e2e.NewBrowser(), t.Ask(t.Asking()).Path()))
	for _, name := range names {
		word := regexp.MustCompile(`(?i)\b` + name + `\b`)
		for where, a := range map[string]Answer{"/config": config, "the metadata": metadata} {
			if word.Match(a.Body) {
				t.Errorf("%s speaks of %s", where, name)
			}
		}
		for _, path := range []string{"/" + name, session + "/" + name} {
			if regexp.MustCompile(`(?m)^  "?` + regexp.QuoteMeta(path) + `\b`).Match(contract.Body) {
				t.Errorf("the contract has %s", path)
			}
			t.ErrPage(t.Get(path, asPage...), http.StatusNotFound)
			t.ErrPage(t.PostForm(path, url.Values{"value": {"1234"}}, asPage...), http.StatusNotFound)
		}
	}
}

func ui16(t *T) {
	t.absent("letter", "post", "address", "pin", "tan", "resume", "upload")
	if methods := Texts(t.OK(t.Get("/config")).JSON, "methods"); len(methods) == 0 || strings.Contains(strings.Join(methods, " "), "letter") {
		t.Errorf("the methods are %q", methods)
	}
	t.Refused("method", "client", "add", "--id", t.next("refused-"), "--redirect-uri", "https://c.example/cb", "--method", "letter")
	for _, status := range []string{"pending", "deferred"} {
		ask := t.Ask(t.App(), "scope", status)
		t.Redir(ask, t.Visit(ask), "invalid_scope")
	}
}

// headings are what the pages of sign-in, consent, scanning and of an error call
// themselves.
var headings = map[string][]string{
	"en": {"Sign in", "read your details?", "Confirm your details", "Page not found"},
	"de": {"Anmelden", "Angaben", "Angaben", "nicht gefunden"},
	"fr": {"connecter", "données", "données", "introuvable"},
	"it": {"Acced", "dati", "dati", "non trovata"},
}

func ui14(t *T) {
	asking, wallet := t.Asking(), t.Wallet()
	for lang, says := range headings {
		for how, header := range map[string]string{"?ui_locales=" + lang: "pt-PT", "?ui_locales=tlh+" + lang + "-CH": "ja", "": lang + "-CH, en;q=0.5"} {
			values, err := url.ParseQuery(strings.TrimPrefix(how, "?"))
			t.Check(err)
			ask := func(c e2e.Client) Ask { return t.Ask(c, "ui_locales", values.Get("ui_locales"), "prompt", "consent") }
			for i, a := range []Answer{
				t.followAs(e2e.NewBrowser(), ask(asking).Path(), header), t.followAs(t.SignedIn(), ask(asking).Path(), header),
				t.followAs(e2e.NewBrowser(), ask(wallet).Path(), header), t.Get("/nowhere"+how, "Accept", "text/html", "Accept-Language", header),
			} {
				if text := words(a.Body); !strings.Contains(string(a.Body), `<html lang="`+lang+`"`) || !strings.Contains(text, says[i]) {
					t.Errorf("%s, %q, %q: the page %d is %.200s", lang, how, header, i, text)
				}
			}
		}
	}
	t.withoutScript()
	t.byKeyboard()
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
