package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"regexp"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Pages holds the parsed templates and the messages. It is safe for use by many
// goroutines.
type Pages struct {
	assets    *assets
	catalogue map[Lang]*messages
	countries map[Lang][]country
	scan      *template.Template // the page with the QR code
	notice    *template.Template // one message and what can be done about it
	login     *template.Template
	consent   *template.Template
	choose    *template.Template // the methods
	address   *template.Template
	pin       *template.Template
	me        *template.Template // what a person sees about themselves
	formPost  *template.Template
	docs      *template.Template
}

// New parses what is embedded in the program. It fails only if that is broken: a
// template that does not parse, a message that is missing in some language.
func New() (*Pages, error) {
	p := &Pages{countries: make(map[Lang][]country)}
	for _, lang := range Languages {
		p.countries[lang] = countries(lang)
	}
	var err error
	if p.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if p.catalogue, err = loadCatalogue(); err != nil {
		return nil, err
	}
	for name, dst := range map[string]**template.Template{
		"scan": &p.scan, "notice": &p.notice, "login": &p.login, "consent": &p.consent,
		"choose": &p.choose, "address": &p.address, "pin": &p.pin, "me": &p.me, "formpost": &p.formPost, "docs": &p.docs,
	} {
		t := template.New(name).Funcs(template.FuncMap{"asset": p.assets.path})
		*dst, err = t.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parsing page %s: %w", name, err)
		}
	}
	return p, nil
}

// view is what the layout of every page needs.
type view struct {
	Lang     Lang
	M        *messages
	Title    string
	Client   string // the client's name, empty where no client is known
	Operator string // who runs the client
	User     string // who is signed in
	CSRF     string // goes into every form to us; empty leaves it out
	Refresh  *refresh
	Script   string // the script's asset, empty for none

	Languages []languageLink
}

// The scripts.
const (
	statusScript = "status.js" // follows the session that the page shows
	submitScript = "submit.js" // sends the page's form
)

// refresh leads browsers without script on.
type refresh struct {
	Seconds int
	URL     string
}

// part is a piece of a message. Names are set apart, because a name may be written
// in another direction or look like a part of the sentence.
type part struct {
	Text string
	Name bool
}

var namePlaceholder = regexp.MustCompile(`\{(client|operator|user)\}`)

// Say splits a message at its placeholders for names. A name is never searched for
// placeholders again.
func (v view) Say(message string) []part {
	names := map[string]string{"{client}": v.Client, "{operator}": v.Operator, "{user}": v.User}
	var parts []part
	rest := 0
	for _, at := range namePlaceholder.FindAllStringIndex(message, -1) {
		if rest < at[0] {
			parts = append(parts, part{Text: message[rest:at[0]]})
		}
		parts = append(parts, part{Text: names[message[at[0]:at[1]]], Name: true})
		rest = at[1]
	}
	if rest < len(message) {
		parts = append(parts, part{Text: message[rest:]})
	}
	return parts
}

func (p *Pages) view(lang Lang, title, client string) view {
	m, ok := p.catalogue[lang]
	if !ok {
		lang = fallback
		m = p.catalogue[lang]
	}
	if title == "" {
		title = "vouchgate"
	}
	return view{Lang: lang, M: m, Title: title, Client: client}
}

func render(t *template.Template, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", data); err != nil {
		return nil, fmt.Errorf("drawing page %s: %w", t.Name(), err)
	}
	return b.Bytes(), nil
}
