package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Pages holds the parsed templates and the messages. It is safe for use by many
// goroutines.
type Pages struct {
	assets    *assets
	catalogue map[Lang]*messages
	scan      *template.Template // the page with the QR code
	notice    *template.Template // one message and what can be done about it
	docs      *template.Template
}

// New parses what is embedded in the program. It fails only if that is broken: a
// template that does not parse, a message that is missing in some language.
func New() (*Pages, error) {
	p := &Pages{}
	var err error
	if p.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if p.catalogue, err = loadCatalogue(); err != nil {
		return nil, err
	}
	for name, dst := range map[string]**template.Template{"scan": &p.scan, "notice": &p.notice, "docs": &p.docs} {
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
	Lang    Lang
	M       *messages
	Title   string
	Client  string // the client's name, empty where no client is known
	Refresh *refresh
	Live    bool // the page follows its session with the script

	Languages []languageLink
}

// refresh leads browsers without script on.
type refresh struct {
	Seconds int
	URL     string
}

// part is a piece of a message. Names are set apart, because a client's name may
// be written in another direction or look like a part of the sentence.
type part struct {
	Text string
	Name bool
}

// Say splits a message at its {client} placeholders.
func (v view) Say(message string) []part { return say(message, v.Client) }

func say(message, client string) []part {
	var parts []part
	for i, text := range strings.Split(message, "{client}") {
		if i > 0 {
			parts = append(parts, part{Text: client, Name: true})
		}
		if text != "" {
			parts = append(parts, part{Text: text})
		}
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
