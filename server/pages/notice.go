package pages

import "html/template"

// notice is a page with one message and what can be done about it. The
// pages of a session are notices but that with the QR code, and so are the error
// pages and the farewells.
type notice struct {
	view
	Icon      icon
	Heading   []part
	Body      [][]part // paragraphs
	Actions   []action // the first one is the one most people want
	Reference string
	FinishURL string // where the script goes on by itself
}

// icon names the picture above a notice.
type icon string

const (
	iconDone   icon = "done"
	iconStop   icon = "stop"
	iconTime   icon = "time"
	iconLetter icon = "letter"
)

// action is a link, or a button that posts a form.
type action struct {
	Label []part
	Href  template.URL
	Post  string
	CSRF  string
	Quiet bool // never the one most people want
}

// paragraphs makes paragraphs of messages and leaves empty ones out.
func (v view) paragraphs(texts ...string) [][]part {
	var out [][]part
	for _, text := range texts {
		if text != "" {
			out = append(out, v.Say(text))
		}
	}
	return out
}

// actions collects what can be done.
type actions struct {
	view
	list []action
}

func (a *actions) link(label string, href template.URL) {
	if href != "" {
		a.list = append(a.list, action{Label: a.Say(label), Href: href})
	}
}

func (a *actions) post(label, path string) {
	if path != "" {
		a.list = append(a.list, action{Label: a.Say(label), Post: path, CSRF: a.CSRF})
	}
}

// quietly adds a button that is never the first choice, even if it is the only
// one.
func (a *actions) quietly(label, path string) {
	if path != "" {
		a.list = append(a.list, action{Label: a.Say(label), Post: path, CSRF: a.CSRF, Quiet: true})
	}
}
