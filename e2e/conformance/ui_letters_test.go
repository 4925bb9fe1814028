package conformance

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"UI-16", "a letter can take weeks: its TAN is entered after the browser was closed, or in another one, for that one's own flow alone", ui16},
)

// startPage is where the client of letters begins.
const startPage = "https://client-of-letters.example/start?from=letter"

func ui16(t *T) {
	alone := t.Alone()
	client := alone.NewClient(byLetter, "--name=The Bicycle Shop", "--initiate-login-uri="+startPage)
	alone.comeBack(client)
	alone.goOnElsewhere(client)
	alone.nextLetter(client)
	for _, code := range []string{"7K3F-9QWX-2MTD-8HJP", "7k3f", "%00", "..%2f..%2fme"} {
		t.ErrPage(alone.Get("/letter/"+code, asPage...), http.StatusNotFound)
	}
}

// link is the path of a letter's link.
func (t *T) link(letter e2e.Sent) string {
	t.Helper()
	path, ours := strings.CutPrefix(letter.Link, t.Issuer())
	if !ours || !strings.HasSuffix(path, letter.LetterCode) {
		t.Fatalf("the link of a letter leads to %q", letter.Link)
	}
	return path
}

// comeBack is about somebody who closes the browser and goes on in it weeks later.
func (t *T) comeBack(client e2e.Client) {
	t.Helper()
	b, ask, where := e2e.NewBrowser(), t.Ask(client, "scope", "openid address"), t.Place("postal-ch")
	page := t.OpenTAN(b, ask, where)
	if text := words(page.Body); !strings.Contains(text, "two to five working days") || !strings.Contains(text, "You can close this page") {
		t.Errorf("the page does not say how to go on: %s", text)
	}
	letter := t.Message(where, 1)
	t.Data.AgeTANs(t.T, 29*24*time.Hour)
	t.newStart()
	for _, path := range []string{"", "/finish", "/consent"} {
		if p := t.Open(b, "/session/"+t.sessionOf(page)+path); p.Away != nil || !Has(p, "/pin") {
			t.Errorf("before the letter has come %s leads to %s", path, p)
		}
	}
	if n := e2e.Count(t.T, t.Data.Open(t.T), "SELECT count(*) FROM grants"); n != 0 {
		t.Error("before the letter has come there is something to read")
	}

	reopened := e2e.NewBrowser()
	reopened.Take(t.Issuer(), b, "vouchgate")
	here := t.Open(reopened, t.link(letter))
	if t.sessionOf(here) != t.sessionOf(page) || !Has(here, "/pin") {
		t.Fatalf("in the browser that ordered it, the letter leads to %s", here)
	}
	g := t.Swap(ask, t.Submit(reopened, here, "/pin", "pin", letter.TAN).Code())
	told := t.Told(g)
	delete(told, "sub")
	t.Same("the address", told, where.claims())
	t.ErrPage(t.Get(t.link(letter), t.As(reopened)...), http.StatusNotFound) // it is used up
}

// goOnElsewhere is about somebody who opens the letter's link in another browser.
func (t *T) goOnElsewhere(client e2e.Client) {
	t.Helper()
	first, second, where := e2e.NewBrowser(), e2e.NewBrowser(), t.Place("postal-ch")
	ordered := t.OpenTAN(first, t.Ask(client), where)
	letter := t.Message(where, 1)
	shown := t.Open(second, t.link(letter))
	start := startPage + "&iss=" + url.QueryEscape(t.Issuer())
	for text, want := range map[string]bool{
		"The Bicycle Shop": true, strings.ReplaceAll(start, "&", "&amp;"): true,
		t.sessionOf(ordered): false, letter.TAN: false, "Teststrasse": false, client.RedirectURI: false,
	} {
		if strings.Contains(string(shown.Body), text) != want {
			t.Errorf("in another browser the letter's page has %q: %t", text, !want)
		}
	}
	if c := cookieOf(t.Answer(shown), "vouchgate-letter"); c == nil || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge > 24*60*60 {
		t.Errorf("the letter's cookie is %v", c)
	}
	if p := t.Open(second, t.Ask(t.NewClient(byLetter)).Path()); !Has(p, "/address") {
		t.Errorf("for another client the letter leads to %s", p)
	}

	ask := t.Ask(client)
	here := t.Open(second, ask.Path())
	if !Has(here, "/pin") || t.sessionOf(here) == t.sessionOf(ordered) {
		t.Fatalf("what the person begins in this browser does not ask for the TAN: %s", here)
	}
	if p := t.Submit(first, ordered, "/pin", "pin", letter.TAN); p.Away != nil || !Has(p, "/address") {
		t.Errorf("the first browser goes on with a letter that was opened elsewhere: %s", p)
	}
	t.Swap(ask, t.Submit(second, here, "/pin", "pin", letter.TAN).Code())
	if p := t.Open(first, "/session/"+t.sessionOf(ordered)+"/finish"); p.Away != nil {
		t.Errorf("a TAN that was entered elsewhere sends the first browser home: %s", p)
	}
}

// nextLetter is about letters that do not come, or are opened too late.
func (t *T) nextLetter(client e2e.Client) {
	t.Helper()
	const day = 24 * time.Hour
	b, where := e2e.NewBrowser(), t.Place("postal-ch")
	page := t.OpenTAN(b, t.Ask(client), where)
	lost := t.Message(where, 1)
	t.wait(t.Press(b, page, "/resend"), day-time.Hour, day)
	t.Data.AgeTANs(t.T, day)
	page = t.Submit(b, page, "/resend")
	letter := t.Message(where, 2)
	t.ErrPage(t.Get(t.link(lost), t.As(b)...), http.StatusNotFound)
	t.Status(t.Press(b, page, "/pin", "pin", lost.TAN), http.StatusUnprocessableEntity)

	t.Data.AgeTANs(t.T, 30*day)
	late := t.Press(b, page, "/pin", "pin", letter.TAN)
	if t.Status(late, http.StatusUnprocessableEntity); !strings.Contains(words(late.Body), "The code has expired") {
		t.Errorf("too late it says %s", words(late.Body))
	}
	gone := t.Get(t.link(letter), t.As(e2e.NewBrowser())...)
	t.ErrPage(gone, http.StatusNotFound)
	if !strings.Contains(words(gone.Body), "letter") {
		t.Errorf("the link of a letter that has expired says %s", words(gone.Body))
	}
}
