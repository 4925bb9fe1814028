package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"vouchgate/e2e"
)

var fourLanguages = []string{"de", "fr", "it", "en"}

func languages(t *testing.T, c *chromium) {
	s := c.scenes(t)
	b := s.visitor(t, c)
	headings := map[string]bool{}
	for _, test := range []struct{ name, accept, locales, want string }{
		{"German as spoken here", "de-CH,de;q=0.9,en;q=0.5", "", "de"},
		{"French", "fr-CH, fr;q=0.9", "", "fr"},
		{"Italian after something unknown", "rm, it;q=0.8, en;q=0.2", "", "it"},
		{"English", "en-GB", "", "en"},
		{"nothing that there is", "ja", "", "en"},
		{"the address says more than the browser", "de-CH", "fr", "fr"},
		{"the first that there is of the address", "de-CH", "ja it de", "it"},
	} {
		b.reads(test.accept)
		to := s.all[0].address
		if test.locales != "" {
			to = s.all[0].in(strings.ReplaceAll(test.locales, " ", "+"))
		}
		b.open(to)
		if got := ask[string](b, "document.documentElement.lang"); got != test.want {
			t.Errorf("%s: the page is in %q, want %q", test.name, got, test.want)
		}
		headings[ask[string](b, "document.querySelector('h1').textContent")] = true
	}
	if len(headings) != len(fourLanguages) {
		t.Errorf("the heading has %d versions", len(headings))
	}
	// The choice on the page itself.
	b.click(".languages a[lang=de]")
	b.until("document.documentElement.lang === 'de'")
}

// narrow fails the test if the page is wider than the narrowest phone (WCAG 2.2,
// success criterion 1.4.10), which is also a computer's screen at four times the
// size.
func (b *tab) narrow(name string) {
	b.t.Helper()
	b.screen(320, 640, 1)
	// Within a mobile screen a page that is too wide is shown smaller, so the window
	// is as wide as the page.
	if wide := ask[int](b, "Math.max(document.scrollingElement.scrollWidth, innerWidth)"); wide > 320 {
		b.t.Errorf("%s is %d wide", name, wide)
	}
}

// outline is what the wellBuilt looks at, in one question.
type outline struct {
	H1, Mains, Unlabelled, Styles, Tiny int
	Live, Title, Lang                   string
}

const outlineScript = `({
  H1: document.querySelectorAll('h1').length,
  Mains: document.querySelectorAll('main').length,
  Unlabelled: [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, nav, [role=img]')].filter(e =>
    !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).length,
  Styles: document.querySelectorAll('style, [style]').length,
  Tiny: [...document.querySelectorAll('.button')].filter(e => e.getBoundingClientRect().height < 44).length,
  Live: document.querySelector('[role=status]')?.textContent.trim() || '',
  Title: document.title,
  Lang: document.documentElement.lang,
})`

// wellBuilt fails the test if the page lacks what all pages have.
func (b *tab) wellBuilt(name, language string) {
	b.t.Helper()
	o := ask[outline](b, outlineScript)
	if o.H1 != 1 || o.Mains != 1 || o.Unlabelled != 0 || o.Styles != 0 || o.Tiny != 0 || o.Title == "" || o.Lang != language {
		b.t.Errorf("%s is built as %+v", name, o)
	}
	if ask[bool](b, "document.querySelector('main[data-status=authorized]') !== null") && o.Live == "" {
		b.t.Errorf("%s tells a screen reader nothing of its status", name)
	}
}

// focused is what has the focus, and whether one sees it.
type focused struct {
	Text string
	Seen bool
}

const focusedScript = `(e => ({
  Text: e.textContent.trim(),
  Seen: (s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)(getComputedStyle(e)),
}))(document.activeElement)`

func keyboardAlone(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.start(o.b)
	for _, want := range []string{"Open the swiyu app", "Cancel"} {
		o.b.press(kb.Tab)
		if got := ask[focused](o.b, focusedScript); got.Text != want || !got.Seen {
			t.Fatalf("tab comes to %+v, want to see %s", got, want)
		}
	}
	for range len(fourLanguages) - 1 { // the page is in one of them
		o.b.press(kb.Tab)
		if got := ask[focused](o.b, focusedScript); !got.Seen {
			t.Errorf("one does not see that %s has the focus", got.Text)
		}
	}
	o.phone(t, c, o.b.wallet()).reject()
	o.b.shows("That did not work")
	o.b.press(kb.Tab)
	if got := ask[focused](o.b, focusedScript); got.Text != "Try again" || !got.Seen {
		t.Fatalf("tab comes to %+v", got)
	}
	o.b.press(kb.Enter)
	o.b.awaitStatus("authorized")
	o.b.press(kb.Tab)
	o.b.press(kb.Tab)
	o.b.press(kb.Enter)
	o.home(o.b)
	if q := o.brought(t); q.Get("error") != "access_denied" {
		t.Errorf("came back with %v", q)
	}
}
