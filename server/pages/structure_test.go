package pages

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// element is an element of a page, as the strict reader finds it.
type element struct {
	name   string
	attr   map[string]string
	text   string // all text inside
	parent *element
}

// inside says whether an element is below another.
func (e *element) inside(outer *element) bool {
	for ; e != nil; e = e.parent {
		if e == outer {
			return true
		}
	}
	return false
}

// readPage reads a page strictly, as XML with the entities of HTML, and fails the
// test where it is not well-formed.
func readPage(t testing.TB, page string) []*element {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Entity = xml.HTMLEntity
	var all, open []*element
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attr: make(map[string]string)}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			if len(open) > 0 {
				e.parent = open[len(open)-1]
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, e := range open {
				e.text += string(token)
			}
		}
	}
}

func named(all []*element, names ...string) (found []*element) {
	for _, e := range all {
		if slices.Contains(names, e.name) {
			found = append(found, e)
		}
	}
	return found
}

// words is the text of a page as a person reads it, with single spaces.
func words(t testing.TB, page string) string {
	t.Helper()
	return strings.Join(strings.Fields(named(readPage(t, page), "body")[0].text), " ")
}

// checkStructure asserts what holds for every page.
func checkStructure(t *testing.T, lang Lang, page string) {
	t.Helper()
	all := readPage(t, page)
	if got := named(all, "html")[0].attr["lang"]; got != string(lang) {
		t.Errorf("page says it is written in %q, want %q", got, lang)
	}
	for _, name := range []string{"h1", "main", "title"} {
		if got := named(all, name); len(got) != 1 || strings.TrimSpace(got[0].text) == "" {
			t.Errorf("page has %d of <%s>, want one with text", len(got), name)
		}
	}
	if len(named(all, "style", "iframe", "object", "base", "img")) > 0 {
		t.Error("page has an element that the policy forbids or that loads something")
	}
	ids := make(map[string]bool)
	for _, e := range all {
		checkElement(t, e)
		if id := e.attr["id"]; id != "" {
			if ids[id] {
				t.Errorf("id %q is there twice", id)
			}
			ids[id] = true
		}
	}
	checkReferences(t, all, ids)
	checkEntries(t, all)
	level := 0
	for _, e := range named(all, "h1", "h2", "h3", "h4") {
		n := int(e.name[1] - '0')
		if n > level+1 {
			t.Errorf("heading %q skips a level", e.text)
		}
		level = n
	}
}

func checkElement(t *testing.T, e *element) {
	t.Helper()
	for name := range e.attr {
		if name == "style" || strings.HasPrefix(name, "on") {
			t.Errorf("<%s> has inline %s", e.name, name)
		}
	}
	switch e.name {
	case "script":
		if e.text != "" || !strings.HasPrefix(e.attr["src"], AssetPrefix) {
			t.Errorf("script is inline or from elsewhere: %q", e.attr["src"])
		}
	case "link":
		if !strings.HasPrefix(e.attr["href"], AssetPrefix) {
			t.Errorf("page loads %q", e.attr["href"])
		}
	case "form":
		_, leaves := e.attr["data-submit"]
		if e.attr["method"] != "post" || strings.HasPrefix(e.attr["action"], "/") == leaves {
			t.Errorf("form does not post to us: %v", e.attr)
		}
	case "a", "button", "label", "legend", "summary", "dt":
		if strings.TrimSpace(e.text) == "" {
			t.Errorf("<%s> without text", e.name)
		}
		if e.name == "button" && e.attr["type"] != "submit" {
			t.Errorf("button %q does not say what it does", e.text)
		}
		if e.attr["target"] != "" && e.attr["rel"] != "noopener" {
			t.Errorf("link %q gives its page away", e.text)
		}
		if strings.Contains(e.attr["href"], "ZgotmplZ") {
			t.Errorf("link was filtered away: %s", e.text)
		}
	case "svg":
		if e.attr["aria-hidden"] != "true" && (e.attr["role"] != "img" || e.attr["aria-label"] == "") {
			t.Error("picture has no text alternative and is not hidden from those who need one")
		}
	}
}

func checkReferences(t *testing.T, all []*element, ids map[string]bool) {
	t.Helper()
	for _, e := range all {
		for _, id := range strings.Fields(e.attr["aria-labelledby"] + " " + e.attr["aria-describedby"] + " " + e.attr["for"]) {
			if !ids[id] {
				t.Errorf("<%s> refers to %q, which is missing", e.name, id)
			}
		}
		if id, ok := strings.CutPrefix(e.attr["href"], "#"); ok && !ids[id] {
			t.Errorf("link to %q leads nowhere", id)
		}
	}
}

// checkEntries asserts that each entry of a form has a name that is seen and read
// out, and that nothing upsets the order in which the keyboard goes.
func checkEntries(t *testing.T, all []*element) {
	t.Helper()
	labels := make(map[string]int)
	for _, e := range named(all, "label") {
		labels[e.attr["for"]]++
	}
	focused := 0
	for _, e := range all {
		if i := e.attr["tabindex"]; i != "" && i != "0" && i != "-1" {
			t.Errorf("<%s> comes at place %s", e.name, i)
		}
		if e.attr["autofocus"] != "" {
			focused++
		}
		if slices.Contains([]string{"input", "select", "textarea"}, e.name) && e.attr["type"] != "hidden" && labels[e.attr["id"]] != 1 {
			t.Errorf("entry %q has %d labels, want 1", e.attr["name"], labels[e.attr["id"]])
		}
		if e.name == "fieldset" && !slices.ContainsFunc(all, func(l *element) bool { return l.name == "legend" && l.parent == e }) {
			t.Error("group of entries without a name")
		}
	}
	if focused > 1 {
		t.Errorf("%d elements want the focus", focused)
	}
}

var leftover = regexp.MustCompile(`\{[a-z]+\}`)

func TestEveryPageIsSound(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, lang := range Languages {
		for name, page := range samplePages(t, p, lang) {
			t.Run(string(lang)+"/"+name, func(t *testing.T) {
				t.Parallel()
				checkStructure(t, lang, page)
				if left := leftover.FindString(page); left != "" {
					t.Errorf("placeholder %s was left", left)
				}
				if strings.Contains(page, "<img") || strings.Contains(page, "<script>") {
					t.Error("a name became markup")
				}
			})
		}
	}
}

// TestHostileTextIsInert holds for every page that shows what others have chosen:
// it is there as text, and the page has the elements of a harmless one.
func TestHostileTextIsInert(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	pages := samplePages(t, p, English)
	for name, page := range pages {
		plain, hostile := strings.CutSuffix(name, "-hostile")
		if !hostile {
			continue
		}
		if !strings.Contains(words(t, page), hostileName) {
			t.Errorf("%s does not show the text as it is", name)
		}
		known := make(map[string]bool)
		for _, e := range readPage(t, pages[plain]) {
			for attr := range e.attr {
				known[e.name+" "+attr] = true
			}
		}
		for _, e := range readPage(t, page) {
			for attr := range e.attr {
				if !known[e.name+" "+attr] {
					t.Errorf("%s has <%s %s>, which %s has not", name, e.name, attr, plain)
				}
			}
		}
	}
}

func TestEveryFormToUsCarriesItsToken(t *testing.T) {
	t.Parallel()
	for name, page := range samplePages(t, newPages(t), German) {
		all := readPage(t, page)
		for _, form := range named(all, "form") {
			var got []string
			for _, e := range named(all, "input") {
				if e.inside(form) && e.attr["name"] == "csrf" {
					got = append(got, e.attr["type"]+" "+e.attr["value"])
				}
			}
			want := []string{"hidden " + sampleCSRF}
			if strings.HasSuffix(name, "-hostile") && name != "authorized-hostile" {
				want = []string{"hidden " + hostileName}
			}
			if strings.HasPrefix(name, "formpost") {
				want = nil // the token is ours, the client must not learn it
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, form to %s (-want +got):\n%s", name, form.attr["action"], diff)
			}
		}
	}
}

// nameless are the pages that belong to no client.
var nameless = []string{"login-own", "signed-out", "erased", "me-erased"}

func TestPagesNameTheClient(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, lang := range Languages {
		for name, page := range samplePages(t, p, lang) {
			if strings.HasPrefix(name, "error-") || strings.HasSuffix(name, "-hostile") || slices.Contains(nameless, name) {
				continue
			}
			if !strings.Contains(words(t, page), "Example Bank") {
				t.Errorf("%s in %s does not name the client", name, lang)
			}
		}
	}
}
