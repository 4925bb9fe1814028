package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// scene is a page that somebody sees, again and again if need be.
type scene struct {
	name    string
	address string
	status  int

	by     *e2e.Browser // who sees it; nil: the person of the scenes
	before func(b *tab) // what is to be done before the address is opened; nil: nothing
	pose   func(b *tab) // what the person does there: the page that comes of it is the scene; nil: nothing
	main   bool         // most people see it
	once   bool         // it takes long to come there
	turns  *sync.Mutex  // of the scenes that are posed, one after the other
}

// scenes is a gateway with sessions in every state, most of them of one person.
type scenes struct {
	*addressStage
	t      *testing.T
	person *e2e.Browser
	turns  sync.Mutex
	all    []scene

	provers map[string]e2e.Client // of addresses, by method
}

// longName has no place to break, and would make a narrow page scroll.
const longName = "Genossenschaftsverbandsgeschäftsstellenverwaltungszentrale Röthenbach"

// scenes returns the scenes that all tests share.
func (c *chromium) scenes(t *testing.T) *scenes {
	t.Helper()
	c.staging.Do(func() {
		over := make(chan struct{})
		go func() { // which alone ends if the scenes cannot be made
			defer close(over)
			c.staged = newScenes(c.t)
		}()
		<-over
	})
	if c.staged == nil {
		t.Fatal("there are no scenes")
	}
	return c.staged
}

// newScenes brings sessions into every state, without Chromium.
func newScenes(t *testing.T) *scenes {
	t.Helper()
	v := e2e.NewVerifier(t, swiyutest.Config{}) // whose links are long, and those of an app
	s := &scenes{t: t, person: e2e.NewBrowser(), provers: map[string]e2e.Client{}, addressStage: &addressStage{
		stage: &stage{verifier: v, webhooks: e2e.NewReceiver(t)}, outbox: e2e.NewOutbox(t),
	}}
	s.Gateway = e2e.Start(t, e2e.Options{
		Data: e2e.NewData(t, e2e.SQLite), Flags: append(helperOfScenes(t, s.outbox), "--verifier-url", v.URL),
	})
	v.Tell(s.Gateway)
	s.ofSessions()
	s.ofErrors()
	s.ofAddresses()
	s.ofTANs()
	s.ofLetters()
	s.ofAccounts()
	s.add("docs", s.URL+"/docs", http.StatusOK)
	return s
}

func (s *scenes) add(name, address string, status int) *scene {
	s.all = append(s.all, scene{name: name, address: address, status: status, by: s.person, turns: &s.turns})
	return &s.all[len(s.all)-1]
}

func (s *scenes) ofSessions() {
	t, ctx := s.t, e2e.Patient(s.t)
	shop := s.stage.client(t, "shop", "--name", "Muster Shop")
	wide := s.stage.client(t, "wide", "--name", longName, "--scope", everyScope)
	quiet := s.stage.client(t, "quiet", "--name", "Muster Shop", "--code-delivery", "webhook")
	open := func(c e2e.Client) e2e.Page { page, _ := s.open(t, ctx, c, s.person); return page }
	is := func(name string, page e2e.Page, status string) {
		if status != "" {
			must[string](t)(s.person.Await(ctx, s.URL, page.Session(), status))
		}
		s.add(name, s.URL+page.URL.Path, http.StatusOK)
	}
	is("session", open(shop), "")
	s.all[0].main = true
	is("session-wide", open(wide), "")

	failed := open(shop)
	check(t, s.verifier.Reject(failed.Verification(), "client_rejected"))
	is("failed", failed, "failed")

	last := open(wide)
	for range 4 {
		check(t, s.verifier.Reject(last.Verification(), ""))
		must[string](t)(s.person.Await(ctx, s.URL, last.Session(), "failed"))
		last = must[e2e.Page](t)(s.person.Post(ctx, s.URL+last.URL.Path+"/retry"))
	}
	check(t, s.verifier.Reject(last.Verification(), ""))
	is("failed-for-good", last, "failed")

	late := open(shop)
	check(t, s.verifier.Expire(late.Verification()))
	is("expired", late, "expired")

	done := open(quiet)
	check(t, s.verifier.Accept(done.Verification(), ""))
	is("verified", done, "verified")

	over := open(shop)
	check(t, s.verifier.Accept(over.Verification(), ""))
	must[e2e.Answer](t)(shop.Read(ctx, s.URL, goHome(t, ctx, s.person, over).Code()))
	is("completed", over, "")
	s.add("finished", s.URL+over.URL.Path+"/finish", http.StatusConflict)

	denied := open(shop)
	must[e2e.Page](t)(s.person.Post(ctx, s.URL+denied.URL.Path+"/cancel"))
	is("denied", denied, "")
}

// everyScope asks for as much as a page may have to list.
const everyScope = "profile age_over_16 age_over_18 age_over_65 age_birth_year birth_place place_of_origin sex nationality " +
	"personal_administrative_number document_number issuing_authority"

func (s *scenes) ofErrors() {
	t, ctx := s.t, e2e.Patient(s.t)
	client := s.Data.AddClient(t, e2e.ClientOptions{ID: "club", Flags: []string{"--pkce", "optional", "--name", "Muster Club"}})
	nonce := must[string](t)(client.Setup(ctx, s.URL))
	taken := client.AuthorizeURL(s.URL, nonce, "my state")
	must[e2e.Page](t)(e2e.NewBrowser().Get(ctx, taken))
	s.add("other-browser", taken, http.StatusConflict)

	_, own := s.open(t, ctx, client, s.person)
	s.add("other-request", strings.Replace(own, "my+state", "another+state", 1), http.StatusConflict)
	s.add("unknown-client", strings.Replace(taken, "client_id=club", "client_id=nobody", 1), http.StatusBadRequest)
	s.add("bad-redirect-uri", strings.Replace(taken, "callback", "elsewhere", 1), http.StatusBadRequest)
	s.add("unknown-session", s.URL+"/session/00000000-0000-7000-8000-000000000000", http.StatusNotFound)
	s.add("not-found", s.URL+"/session/x/y/z", http.StatusNotFound)

	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	cut := s.Data.AddClient(t, e2e.ClientOptions{ID: "cut", Flags: []string{"--pkce", "optional", "--verifier-url", down.URL}})
	s.add("unavailable", cut.AuthorizeURL(s.URL, must[string](t)(cut.Setup(ctx, s.URL)), "my state"), http.StatusServiceUnavailable)
}

// in is the scene in a language, chosen by the parameter of OpenID Connect.
func (s scene) in(language string) string {
	if strings.Contains(s.address, "?") {
		return s.address + "&ui_locales=" + language
	}
	return s.address + "?ui_locales=" + language
}

// visitor is the person of the scenes in Chromium.
func (s *scenes) visitor(t *testing.T, c *chromium) *tab {
	t.Helper()
	b := c.person(t)
	b.become(s.URL, s.person.Cookies(s.URL))
	return b
}

// see brings a scene about: it opens the address and poses.
func (s scene) see(b *tab, address string) {
	b.t.Helper()
	if s.pose != nil {
		s.turns.Lock()
		defer s.turns.Unlock()
	}
	order(b, network.ClearBrowserCookies, struct{}{})
	b.become(origin(address), s.by.Cookies(address))
	if s.before != nil {
		s.before(b)
	}
	b.open(address)
	if s.pose != nil {
		s.pose(b)
	}
	if status := b.status(); status != s.status {
		b.t.Fatalf("%s answers %d, want %d; the tab shows %s", s.name, status, s.status, b)
	}
}
