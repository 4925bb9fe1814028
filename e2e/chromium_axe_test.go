package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// axe is the program that looks for what keeps people with disabilities from using
// a page (https://github.com/dequelabs/axe-core).
var axe = sync.OnceValues(func() (string, error) {
	program, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(clientPackages), "node_modules", "axe-core", "axe.min.js"))
	return string(program), err
})

// violation is something that axe found.
type violation struct {
	Rule   string
	Impact string
	Help   string
	At     []string // selectors of elements, each with what is wrong there
}

func (v violation) String() string {
	return fmt.Sprintf("%s (%s): %s\n    %s", v.Rule, v.Impact, v.Help, strings.Join(v.At, "\n    "))
}

// Rules for WCAG 2.2 up to level AA, and what is good practice beside. Those of the
// second list look at how a page is drawn: they hold or not for each screen.
const (
	allRules    = `{type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}`
	rulesOfLook = `{type: 'rule', values: ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size']}`
)

// What axe cannot judge by itself ("incomplete") is no violation. Target size is a
// rule that has to be switched on.
const axeScript = `axe.run(document, {runOnly: %s, rules: {'target-size': {enabled: true}}, resultTypes: ['violations'], preload: false})
	.then(found => JSON.stringify(found.violations.map(v => ({
		Rule: v.id, Impact: v.impact, Help: v.help + ' ' + v.helpUrl,
		At: v.nodes.map(n => n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' ')),
	}))))`

// violations runs axe in the page. Where axe cannot be installed the test is
// skipped.
func (b *tab) violations(rules string) (found []violation) {
	b.t.Helper()
	if !ask[bool](b, "Boolean(window.axe)") {
		packages(b.t, clientPackages)
		ask[any](b, must[string](b.t)(axe())+";0")
	}
	answer, err := try(b, chromedp.Evaluate[string](fmt.Sprintf(axeScript, rules), chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal([]byte(answer), &found)
	}
	if err != nil {
		b.t.Fatalf("running axe: %v; the tab shows %s", err, b)
	}
	return found
}

// view is how a page is drawn.
type view struct {
	scheme        string
	width, height int64
}

// The first two of these differ in all that matters.
var views = []view{{"light", 390, 844}, {"dark", 1280, 900}, {"dark", 390, 844}, {"light", 1280, 900}}

// accessible fails the test for everything that axe finds in the page, but for some
// rules, in as many views.
func (b *tab) accessible(name string, views []view, but ...string) {
	b.t.Helper()
	rules := allRules
	for _, view := range views {
		b.colours(view.scheme)
		b.screen(view.width, view.height, 1)
		for _, v := range b.violations(rules) {
			if !slices.Contains(but, v.Rule) {
				b.t.Errorf("%s, %s at %d: %s", name, view.scheme, view.width, v)
			}
		}
		rules = rulesOfLook
	}
}

// everyPage looks at the pages of every scene, or of one out of some: at the main
// ones in each language, at the others in one language each, and in German, which
// has the longest words.
func everyPage(part, parts int) func(*testing.T, *chromium) {
	return func(t *testing.T, c *chromium) {
		s := c.scenes(t)
		b := s.visitor(t, c)
		for i, scene := range s.all {
			if i%parts == part {
				scene.inspect(b, fourLanguages[i/parts%len(fourLanguages)])
			}
		}
	}
}

func (s scene) inspect(b *tab, language string) {
	languages, drawn := []string{language}, views[:2]
	switch {
	case s.name == "docs": // which is long, and in English
		languages, drawn = []string{"en"}, views[1:2]
	case s.main:
		languages, drawn = fourLanguages, views
	case language != "de" && !s.once:
		languages = append(languages, "de")
	}
	for _, language := range languages {
		name := s.name + " in " + language
		s.see(b, s.in(language))
		b.narrow(name)
		b.wellBuilt(name, language)
		b.accessible(name, drawn)
		if drawn = nil; s.main {
			drawn = views[:1]
		}
	}
}

// The test above is worth nothing if axe is blind.
func axeSees(t *testing.T, c *chromium) {
	b := c.person(t)
	b.open(foreign(t, "", `<main><h1>Faults</h1><input name="nameless"><p id="pale">Pale words</p>
		<h3>Too deep</h3></main><script>document.querySelector('#pale').style.color = '#ccc'</script>`))
	var rules []string
	for _, v := range b.violations(allRules) {
		rules = append(rules, v.Rule)
	}
	for _, want := range []string{"label", "color-contrast", "heading-order"} {
		if !slices.Contains(rules, want) {
			t.Errorf("axe does not see a fault of %s, but %q", want, rules)
		}
	}
}
