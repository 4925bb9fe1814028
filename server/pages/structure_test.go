package pages

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// element is an element of a page, as the strict reader finds it.
type element struct {
	name string
	attr map[string]string
	text string // all text inside
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
		if e.attr["method"] != "post" || !strings.HasPrefix(e.attr["action"], "/") {
			t.Errorf("form does not post to us: %v", e.attr)
		}
	case "a", "button":
		if strings.TrimSpace(e.text) == "" {
			t.Errorf("<%s> without a name", e.name)
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
		if id := e.attr["aria-labelledby"]; id != "" && !ids[id] {
			t.Errorf("label %q is missing", id)
		}
		if id, ok := strings.CutPrefix(e.attr["href"], "#"); ok && !ids[id] {
			t.Errorf("link to %q leads nowhere", id)
		}
	}
}

func TestEveryPageIsSound(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, lang := range Languages {
		for name, page := range samplePages(t, p, lang) {
			t.Run(string(lang)+"/"+name, func(t *testing.T) {
				t.Parallel()
				checkStructure(t, lang, page)
				if strings.Contains(page, "{client}") || strings.Contains(page, "{n}") || strings.Contains(page, "{duration}") {
					t.Error("a placeholder was left")
				}
				if strings.Contains(page, "<img") || strings.Contains(page, "<script>") {
					t.Error("a client's name became markup")
				}
			})
		}
	}
}

func TestSessionPagesNameTheClient(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, lang := range Languages {
		for name, page := range samplePages(t, p, lang) {
			if strings.HasPrefix(name, "error-") || name == "authorized-hostile" {
				continue
			}
			if !strings.Contains(words(t, page), "Example Bank") {
				t.Errorf("%s in %s does not name the client", name, lang)
			}
		}
	}
}
