package swiyutest

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"label":    label,
	"initials": initials,
	"picture":  func(s string) template.URL { return template.URL(s) }, // only ever our own portrait
}).ParseFS(pageFiles, "pages/*.html"))

// pageRoutes are the pages for people: / lists what is open, /wallet/{id} is a
// phone's wallet in the browser.
func (v *Verifier) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", v.serveHome)
	mux.HandleFunc("GET /wallet/{id}", v.serveWallet)
	mux.HandleFunc("POST /wallet/{id}", v.serveDecision)
	mux.HandleFunc("GET /wallet.css", func(w http.ResponseWriter, _ *http.Request) {
		css, err := pageFiles.ReadFile("pages/wallet.css")
		if err != nil {
			http.Error(w, "no style sheet", http.StatusInternalServerError)
			return
		}
		writeRaw(w, http.StatusOK, "text/css; charset=utf-8", css)
	})
}

// walletView is what the wallet page shows.
type walletView struct {
	Verification
	People  []personView
	Over    bool // the time is up
	Waiting bool // answered, but the verifier still says PENDING
}

type personView struct {
	Person
	Age     int
	Default bool
	Shown   []shownClaim
}

type shownClaim struct{ Name, Value string }

func (v *Verifier) serveHome(w http.ResponseWriter, _ *http.Request) {
	var open []Verification
	for _, seen := range v.List() {
		if seen.State == statePending && v.cfg.Now().Before(seen.ExpiresAt) && len(open) < 50 {
			open = append(open, seen)
		}
	}
	writePage(w, http.StatusOK, "home.html", open)
}

func (v *Verifier) serveWallet(w http.ResponseWriter, r *http.Request) {
	view, err := v.view(strings.ToLower(r.PathValue("id")))
	if err != nil {
		writePage(w, http.StatusNotFound, "unknown.html", nil)
		return
	}
	writePage(w, http.StatusOK, "wallet.html", view)
}

func (v *Verifier) view(id string) (walletView, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, err := v.find(id)
	if err != nil {
		return walletView{}, err
	}
	view := walletView{
		Verification: r.Verification, Over: v.expired(r),
		Waiting: r.phase == phaseChecking || r.phase == phaseStuck,
	}
	now := v.cfg.Now()
	for i, p := range people {
		pv := personView{Person: p, Age: p.Age(now), Default: i == 0}
		all := p.Claims(now, FlagsAsText)
		for _, name := range r.Asked {
			value, known := all[name[strings.LastIndex(name, ".")+1:]].(string)
			if !known {
				value = "not in this credential"
			}
			pv.Shown = append(pv.Shown, shownClaim{Name: name, Value: value})
		}
		view.People = append(view.People, pv)
	}
	return view, nil
}

// serveDecision takes the form of the wallet page and shows the page again,
// which then says how it went.
func (v *Verifier) serveDecision(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	id := strings.ToLower(r.PathValue("id"))
	var err error
	switch r.PostFormValue("decision") {
	case "accept":
		err = v.Accept(id, r.PostFormValue("person"))
	case "reject":
		err = v.Reject(id, "access_denied")
	default:
		http.Error(w, "decide: accept or reject", http.StatusBadRequest)
		return
	}
	if errors.Is(err, ErrUnknown) {
		writePage(w, http.StatusNotFound, "unknown.html", nil)
		return
	}
	http.Redirect(w, r, "/wallet/"+id, http.StatusSeeOther)
}

func writePage(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, "cannot show the page", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	writeRaw(w, status, "text/html; charset=utf-8", page.Bytes())
}

// label makes a claim's name readable: given_name becomes Given name.
func label(name string) string {
	text := strings.ReplaceAll(strings.ReplaceAll(name, "_", " "), ".", ": ")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func initials(p Person) string {
	return string([]rune(p.GivenName)[:1]) + string([]rune(p.FamilyName)[:1])
}
