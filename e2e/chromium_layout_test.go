package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"vouchgate/e2e"
)

var fourLanguages = []string{"de", "fr", "it", "en"}

func languages(t *testing.T, c *chromium) {
	s := newScenes(t)
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

// Nothing is wider than the narrowest phone (WCAG 2.2, success criterion 1.4.10),
// which is also a computer's screen at four times the size.
func narrowScreens(t *testing.T, c *chromium) {
	s := newScenes(t)
	b := s.visitor(t, c)
	b.screen(320, 640, 1)
	for _, scene := range s.all {
		for _, language := range fourLanguages {
			scene.see(b, scene.in(language))
			// Within a mobile screen a page that is too wide is shown smaller, so the
			// window is as wide as the page.
			wide := ask[int](b, "Math.max(document.scrollingElement.scrollWidth, innerWidth)")
			if wide > 320 {
				t.Errorf("%s in %s is %d wide", scene.name, language, wide)
			}
			if scene.name == "docs" {
				break // there is no other language
			}
		}
	}
}

// outline is what the test of wellBuilt looks at, in one question.
type outline struct {
	H1, Mains, Unlabelled, Styles, Tiny int
	Live, Title, Lang                   string
}

const outlineScript = `({
  H1: document.querySelectorAll('h1').length,
  Mains: document.querySelectorAll('main').length,
  Unlabelled: [...document.querySelectorAll('a, button, input:not([type=hidden]), nav, [role=img]')].filter(e =>
    !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).length,
  Styles: document.querySelectorAll('style, [style]').length,
  Tiny: [...document.querySelectorAll('.button')].filter(e => e.getBoundingClientRect().height < 44).length,
  Live: document.querySelector('[role=status]')?.textContent.trim() || '',
  Title: document.title,
  Lang: document.documentElement.lang,
})`

func wellBuilt(t *testing.T, c *chromium) {
	s := newScenes(t)
	b := s.visitor(t, c)
	for _, scene := range s.all {
		scene.see(b, scene.in("en"))
		o := ask[outline](b, outlineScript)
		if o.H1 != 1 || o.Mains != 1 || o.Unlabelled != 0 || o.Styles != 0 || o.Tiny != 0 || o.Title == "" || o.Lang != "en" {
			t.Errorf("%s is built as %+v", scene.name, o)
		}
		if waiting := scene.name == "session"; waiting && o.Live == "" {
			t.Errorf("%s tells a screen reader nothing of its status", scene.name)
		}
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
