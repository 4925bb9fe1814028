package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// site is the website of a client: a page with a link, and the page that persons
// come back to.
type site struct {
	URL  string
	shop e2e.Client

	gateway string
	extra   []string // further parameters of requests, names and values in turn
	onward  string   // where the browser is sent on from the callback; empty: nowhere

	mu   sync.Mutex
	back []url.Values // what browsers brought back
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	switch r.URL.Path {
	case "/":
		_, _ = io.WriteString(w, sitePage(`<h1>The shop</h1><p><a id="prove" href="/start">Prove who you are</a></p>`))
	case "/start":
		nonce, err := s.shop.Setup(r.Context(), s.gateway)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		http.Redirect(w, r, s.shop.AuthorizeURL(s.gateway, nonce, "my state", s.extra...), http.StatusSeeOther)
	case "/callback":
		s.mu.Lock()
		s.back = append(s.back, r.URL.Query())
		s.mu.Unlock()
		if s.onward != "" {
			http.Redirect(w, r, s.onward, http.StatusSeeOther)
			return
		}
		_, _ = io.WriteString(w, sitePage(`<h1>Back at the shop</h1>`))
	default:
		http.NotFound(w, r)
	}
}

func sitePage(body string) string {
	return `<!doctype html><html lang="en"><head><title>Shop</title><link rel="icon" href="data:,"></head><body>` + body + `</body></html>`
}

// brought is what the browser brought back, which it must have done once.
func (s *site) brought(t *testing.T) url.Values {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.back) != 1 {
		t.Fatalf("the browser came back %d times: %v", len(s.back), s.back)
	}
	return s.back[0]
}

// outing is a person in front of a browser, at a client's website.
type outing struct {
	*stage
	*site
	b *tab
}

func newOuting(t *testing.T, c *chromium, e e2e.Engine, flags ...string) *outing {
	t.Helper()
	v := e2e.NewVerifier(t, swiyutest.Config{WalletLinks: true})
	s := &stage{verifier: v, webhooks: e2e.NewReceiver(t)}
	s.Gateway = e2e.Start(t, e2e.Options{Data: e2e.NewData(t, e), Flags: []string{"--verifier-url", v.URL}})
	v.Tell(s.Gateway)
	return &outing{stage: s, site: s.site(t, "shop", flags...), b: c.person(t)}
}

// startOfSite stands for the address where a client's website begins.
const startOfSite = "start of the site"

// site opens a client's website. Flags are of client add.
func (s *stage) site(t *testing.T, id string, flags ...string) *site {
	t.Helper()
	w := &site{gateway: s.Gateway.URL}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.URL = server.URL
	for i, flag := range flags {
		if flag == startOfSite {
			flags[i] = w.URL + "/start"
		}
	}
	w.shop = s.Data.AddClient(t, e2e.ClientOptions{
		ID: id, Webhooks: s.webhooks, Redirect: w.URL + "/callback", Flags: append([]string{"--pkce", "optional"}, flags...),
	})
	return w
}

// start goes from the client's website to the page of a session.
func (o *outing) start(b *tab) (session string) {
	b.t.Helper()
	b.open(o.site.URL)
	b.click("#prove")
	b.awaitStatus("authorized")
	return o.sessionOf(b)
}

func (o *outing) sessionOf(b *tab) string {
	b.t.Helper()
	return ask[string](b, "location.pathname")[len("/session/"):]
}

// wallet is the address behind the page's button.
func (b *tab) wallet() string {
	b.t.Helper()
	return ask[string](b, "document.querySelector('a.open').href")
}

// accept answers in the wallet as somebody.
func (b *tab) accept(person string) {
	b.t.Helper()
	label := fmt.Sprintf("label:has(input[value=%s])", person)
	b.until("document.readyState === 'complete'")
	ask[any](b, "document.querySelector('"+label+"').scrollIntoView({block: 'center'})") // above the buttons, which stay in view
	b.click(label)
	b.click("button[value=accept]")
	b.shows("Shared")
}

func (b *tab) reject() {
	b.t.Helper()
	b.click("button[value=reject]")
	b.shows("Not shared")
}

// phone opens a link in another browser, as a phone does.
func (o *outing) phone(t *testing.T, c *chromium, link string) *tab {
	t.Helper()
	phone := c.person(t)
	phone.open(link)
	return phone
}

// home waits until the browser is back at the client.
func (o *outing) home(b *tab) {
	b.t.Helper()
	b.until(fmt.Sprintf("location.href.startsWith(%q) && document.readyState === 'complete'", o.site.URL+"/callback?"))
}

// homeProved is home with a code, with which the client reads what a person's
// credential says.
func (o *outing) homeProved(t *testing.T, b *tab, person string) {
	t.Helper()
	o.home(b)
	q := o.brought(t)
	if q.Get("state") != "my state" || q.Get("iss") != o.Gateway.URL || q.Get("error") != "" || q.Get("code") == "" {
		t.Fatalf("came back with %v", q)
	}
	says(t, must[e2e.Answer](t)(o.shop.Read(e2e.Patient(t), o.Gateway.URL, q.Get("code"))), person)
}
