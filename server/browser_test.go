package server_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"vouchgate/kyc"
)

// browser calls the server and keeps its cookies. It follows nothing by itself.
type browser struct {
	g      *gate
	client *http.Client
	header http.Header // of every request
}

func (g *gate) browser() *browser {
	g.t.Helper()
	g.listen()
	jar, err := cookiejar.New(nil)
	must(g.t, err)
	return &browser{g: g, header: http.Header{}, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// with returns the browser with another header on its requests.
func (b *browser) with(name, value string) *browser {
	c := *b
	c.header = b.header.Clone()
	c.header.Set(name, value)
	return &c
}

// program returns a caller that wants JSON.
func (g *gate) program() *browser { return g.browser().with("Accept", "application/json") }

// reply is an answer that was read to its end.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (b *browser) send(method, path, contentType, body string) reply {
	b.g.t.Helper()
	r, err := http.NewRequest(method, b.g.url+path, strings.NewReader(body))
	must(b.g.t, err)
	r.Header = b.header.Clone()
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := b.client.Do(r)
	must(b.g.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(b.g.t, err)
	return reply{b.g.t, response.StatusCode, response.Header, string(text)}
}

func (b *browser) get(path string) reply {
	b.g.t.Helper()
	return b.send(http.MethodGet, path, "", "")
}

// post presses the button of a form that was drawn for this browser some time ago.
func (b *browser) post(path string) reply {
	b.g.t.Helper()
	fields := url.Values{}
	if of := formOf(path); of != "" {
		fields.Set("csrf", b.csrf(of))
	}
	return b.postForm(path, fields)
}

func (b *browser) postForm(path string, fields url.Values) reply {
	b.g.t.Helper()
	return b.send(http.MethodPost, path, "application/x-www-form-urlencoded", fields.Encode())
}

// formOf says what the form is for that is posted to a path.
func formOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	rest, ofSession := strings.CutPrefix(path, "/session/")
	id, _, _ := strings.Cut(rest, "/")
	switch {
	case ofSession:
		return id
	case path == "/login":
		return "account"
	case path == "/logout", strings.HasPrefix(path, "/me/"):
		return "me"
	}
	return ""
}

// csrf is what the forms of this browser hold.
func (b *browser) csrf(of string) string {
	if of == "me" { // for whoever is signed in
		of = "account"
		if in, err := kyc.ParseHandle(b.cookie(signInCookie)); err == nil {
			of += in.ID.String()
		}
	}
	return base64.RawURLEncoding.EncodeToString(b.g.ring.MAC("form", []byte(of), []byte(b.cookie("vouchgate"))))
}

// cookie returns the value of a cookie, empty without.
func (b *browser) cookie(name string) string {
	b.g.t.Helper()
	u, err := url.Parse(b.g.url)
	must(b.g.t, err)
	r := &http.Request{Header: http.Header{"Cookie": b.header.Values("Cookie")}}
	for _, c := range append(r.Cookies(), b.client.Jar.Cookies(u)...) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// wants checks the status.
func (r reply) wants(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("status is %d, want %d; Location %q, body %s", r.status, status, r.header.Get("Location"), clip(r.body))
	}
	return r
}

// refuses checks the status and error word of a JSON answer.
func (r reply) refuses(status int, word string) reply {
	r.t.Helper()
	r.wants(status)
	if got := r.json()["error"]; got != word {
		r.t.Errorf("error is %v, want %s: %s", got, word, clip(r.body))
	}
	return r
}

// shows checks that the answer is a page with a text in its source, and leads
// nowhere.
func (r reply) shows(status int, texts ...string) reply {
	r.t.Helper()
	r.wants(status)
	if location := r.header.Get("Location"); location != "" {
		r.t.Errorf("a page that leads to %s", location)
	}
	if kind := r.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		r.t.Errorf("content type is %s, want a page", kind)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			r.t.Errorf("page lacks %q:\n%s", text, r.body)
		}
	}
	return r
}

// lacks checks that a text is not part of the body.
func (r reply) lacks(texts ...string) reply {
	r.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) {
			r.t.Errorf("body holds %q:\n%s", text, r.body)
		}
	}
	return r
}

// leads checks that the answer is a 303 to a URI and returns its parameters.
func (r reply) leads(to string) url.Values {
	r.t.Helper()
	r.wants(http.StatusSeeOther)
	location := r.header.Get("Location")
	if !strings.HasPrefix(location, to) {
		r.t.Fatalf("leads to %q, want %q", location, to)
	}
	u, err := url.Parse(location)
	must(r.t, err)
	query, err := url.ParseQuery(u.RawQuery)
	must(r.t, err)
	return query
}

func (r reply) json() map[string]any {
	r.t.Helper()
	if kind := r.header.Get("Content-Type"); kind != "application/json" {
		r.t.Fatalf("status %d, content type %q, want JSON: %s", r.status, kind, clip(r.body))
	}
	var members map[string]any
	must(r.t, json.Unmarshal([]byte(r.body), &members))
	return members
}

// text returns a member of a JSON answer.
func (r reply) text(member string) string {
	r.t.Helper()
	s, _ := r.json()[member].(string)
	return s
}

// walk is a person on the way to a proof, step by step.
type walk struct {
	*browser
	client kyc.Client
	params url.Values
	secret string // PKCE verifier, empty without
	id     kyc.ID
	nonce  string
	code   string
	token  string
}

const (
	pkceVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	pkceChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// setUp makes a session for a registered client.
func (g *gate) setUp(clientID string) *walk {
	g.t.Helper()
	client, err := g.store.Client(ctx, clientID)
	must(g.t, err)
	w := &walk{browser: g.browser(), client: client, params: url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {client.RedirectURIs[0]}, "state": {"state of " + clientID},
	}}
	if client.PKCERequired {
		w.secret = pkceVerifier
		w.params.Set("code_challenge", pkceChallenge)
		w.params.Set("code_challenge_method", "S256")
	}
	r := g.browser().with("Authorization", "Bearer "+secretOf(clientID)).post("/setup/" + clientID).wants(http.StatusOK)
	w.nonce = r.text("nonce")
	handle, err := kyc.ParseHandle(w.nonce)
	must(g.t, err)
	w.id = handle.ID
	return w
}

// path is that of the authorize URL.
func (w *walk) path() string { return "/authorize/" + w.nonce + "?" + w.params.Encode() }

// at is the path of the session, or of a step below it.
func (w *walk) at(step string) string { return "/session/" + w.id.String() + step }

// opened is a walk whose person has opened the page.
func (g *gate) opened(clientID string) *walk {
	g.t.Helper()
	w := g.setUp(clientID)
	w.open()
	return w
}

func (w *walk) open() {
	w.g.t.Helper()
	w.get(w.path()).leads(w.at(""))
}

// proved is a walk whose person has shown a credential.
func (g *gate) proved(clientID string) *walk {
	g.t.Helper()
	w := g.opened(clientID)
	g.prove(w.id)
	return w
}

// finished is a walk whose person has taken the code home.
func (g *gate) finished(clientID string) *walk {
	g.t.Helper()
	w := g.proved(clientID)
	w.finish()
	return w
}

func (w *walk) finish() {
	w.g.t.Helper()
	w.code = w.get(w.at("/finish")).leads(w.params.Get("redirect_uri")).Get("code")
	if w.code == "" {
		w.g.t.Fatal("no code")
	}
}

// redeemed is a walk whose client has its token.
func (g *gate) redeemed(clientID string) *walk {
	g.t.Helper()
	w := g.finished(clientID)
	w.token = w.redeem().wants(http.StatusOK).text("access_token")
	return w
}

// form is the right token request of the walk.
func (w *walk) form() url.Values {
	f := url.Values{
		"grant_type": {"authorization_code"}, "code": {w.code}, "redirect_uri": {w.params.Get("redirect_uri")},
		"client_id": {w.client.ID}, "client_secret": {secretOf(w.client.ID)},
	}
	if w.secret != "" {
		f.Set("code_verifier", w.secret)
	}
	return f
}

func (w *walk) redeem() reply {
	w.g.t.Helper()
	return w.g.redeem(w.form())
}

// redeem posts a form to the token endpoint.
func (g *gate) redeem(form url.Values) reply {
	g.t.Helper()
	return g.browser().send(http.MethodPost, "/token", "application/x-www-form-urlencoded", form.Encode())
}

// info reads the proved data with a token.
func (g *gate) info(token string) reply {
	g.t.Helper()
	return g.browser().with("Authorization", "Bearer "+token).get("/info")
}
