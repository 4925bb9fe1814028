package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"PAR-05", "client_id and request_uri alone start what was pushed, with its state, scope and challenge (RFC 9126, section 4)", par05},
	Row{"PAR-06", "a request_uri with the name of another client, or of none, gets a page (RFC 9126, section 2.2)", par06},
	Row{"PAR-07", "a request_uri that was not opened in time is refused, one that was goes on (RFC 9126, section 2.2)", par07},
	Row{"PAR-08", "a reload works, a second use after the end does not, and of 50 browsers one is let in (RFC 9126, section 7.3)", par08},
	Row{"PAR-09", "what stands beside a request_uri counts for nothing: the pushed values win (RFC 9101, section 5)", par09},
	Row{"PAR-10", "a client that has to push its requests is told so when it does not (RFC 9126, sections 5 and 6)", par10},
)

// byReference is the path of the authorization endpoint for a pushed request.
func byReference(clientID, uri string) string {
	query := url.Values{"client_id": {clientID}, "request_uri": {uri}}
	return "/authorize?" + query.Encode()
}

// used fails the case unless a visit to a path gets a page and leads nowhere.
func (t *T) used(path string, b *e2e.Browser) {
	t.Helper()
	page := t.Open(b, path)
	if page.Away != nil {
		t.Fatalf("it leads on: %s", page)
	}
	t.ErrPage(t.Answer(page), http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusGone)
}

func par05(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet(), t.Public()} {
		ask := t.Ask(c, "scope", "openid given_name", "nonce", "a nonce")
		b := t.SignedIn()
		home := t.GoOn(b, t.Open(b, byReference(c.ID, t.pushed(ask))))
		if home.Away == nil {
			t.Fatalf("it does not lead home: %s", home)
		}
		t.HomeWith(ask, home.Away.String())
		g := t.Swap(ask, home.Code())
		if got := g.Answer.Text("scope"); got != "openid given_name" {
			t.Errorf("the scope is %q", got)
		}
		if got := t.Claims(g)["nonce"]; got != "a nonce" {
			t.Errorf("the nonce is %v", got)
		}
	}
	ask := t.Ask(t.App())
	form := strings.TrimPrefix(byReference(ask.Client.ID, t.pushed(ask)), "/authorize?")
	t.started(t.Post("/authorize", form))
}

func par06(t *T) {
	ask, other := t.Ask(t.App()), t.Wallet()
	uri := t.pushed(ask)
	twin := t.Client(byAccount, noQuestion, "--redirect-uri="+ask.Client.RedirectURI) // goes to the same place
	for _, path := range []string{
		byReference(other.ID, uri), byReference(twin.ID, uri), byReference("nobody", uri), byReference("", uri),
		"/authorize?request_uri=" + url.QueryEscape(uri),
		byReference(ask.Client.ID, uri) + "&client_id=" + other.ID,
		t.Ask(other).Path() + "&request_uri=" + url.QueryEscape(uri),
		byReference(ask.Client.ID, uri[:len(uri)-4]+"AAAA"),
		byReference(ask.Client.ID, requestURIPrefix),
		byReference(ask.Client.ID, requestURIPrefix+"%00"),
	} {
		a := t.VisitPath(path)
		t.ErrPage(a)
		t.NoLink(a, ask.Client.RedirectURI)
	}
	t.started(t.VisitPath(byReference(ask.Client.ID, uri))) // nobody has used it up
}

func par07(t *T) {
	c := t.NewClient(byAccount, question)
	first, second := t.Push(t.Ask(c)), t.Push(t.Ask(c))
	life := time.Duration(first.JSON["expires_in"].(float64)) * time.Second
	b, opened := t.SignedIn(), byReference(c.ID, first.Text("request_uri"))
	page := t.Open(b, opened)
	if !Has(page, "/consent") {
		t.Fatalf("no consent page: %s", page)
	}
	t.older(c, life+time.Second)
	path := byReference(c.ID, second.Text("request_uri"))
	t.ErrPage(t.VisitPath(path))
	t.used(path, t.SignedIn())

	// The lifetime is that until the opening. Who reads slowly is not sent away.
	if page = t.Open(b, opened); !Has(page, "/consent") {
		t.Errorf("an opened request has ended: %s", page)
	}
	if home := t.GoOn(b, page); home.Code() == "" {
		t.Errorf("an opened request gives no code: %s", home)
	}
}

// older makes the sessions of a client older, as if some time had passed.
func (t *T) older(c e2e.Client, by time.Duration) {
	t.Helper()
	shift := fmt.Sprintf("- %d", by.Microseconds())
	if t.Engine == e2e.Postgres {
		shift = fmt.Sprintf("- interval '%d microseconds'", by.Microseconds())
	}
	var set []string
	for _, column := range []string{"created_at", "authorized_at", "expires_at", "updated_at", "next_check"} {
		set = append(set, column+" = "+column+" "+shift)
	}
	query := "UPDATE verification_sessions SET " + strings.Join(set, ", ") + " WHERE client_id = '" + c.ID + "'"
	if _, err := t.Data.Open(t.T).ExecContext(t.Ctx, query); err != nil {
		t.Fatalf("making sessions older: %v", err)
	}
}

func par08(t *T) {
	t.onceOnly(t.Ask(t.App()))
	t.onceOnly(t.Ask(t.Wallet()))
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		t.oneOfMany(t.Ask(c), 50)
	}
}

// onceOnly uses one request_uri again and again.
func (t *T) onceOnly(ask Ask) {
	t.Helper()
	path, b := byReference(ask.Client.ID, t.pushed(ask)), t.SignedIn()
	var page e2e.Page
	for range 3 {
		page = t.Open(b, path)
		t.Status(t.Answer(page), http.StatusOK, http.StatusSeeOther)
	}
	t.used(path, t.SignedIn())
	home := t.GoOn(b, page)
	if again := t.GoOn(b, t.Open(b, path)); again.Away != nil && again.Code() != home.Code() {
		t.Error("the second use has another code than the first")
	}
	t.Swap(ask, home.Code())
	t.used(path, b)
	t.used(path, t.SignedIn())
}

// oneOfMany has many browsers open one request_uri at the same time.
func (t *T) oneOfMany(ask Ask, many int) {
	t.Helper()
	path := byReference(ask.Client.ID, t.pushed(ask))
	browsers, pages := make([]*e2e.Browser, many), make([]e2e.Page, many)
	errs := make([]error, many)
	var running sync.WaitGroup
	for i := range browsers {
		browsers[i] = t.SignedIn()
		running.Go(func() { pages[i], errs[i] = browsers[i].Get(t.Ctx, t.Issuer()+path) })
	}
	running.Wait()
	let := 0
	for i, page := range pages {
		t.Check(errs[i])
		if page.Status != http.StatusOK && page.Away == nil {
			t.ErrPage(t.Answer(page), http.StatusConflict)
			continue
		}
		let++
		if home := t.GoOn(browsers[i], page); home.Code() == "" {
			t.Errorf("the one that is let in gets no code: %s", home)
		} else {
			t.Swap(ask, home.Code())
		}
	}
	if let != 1 {
		t.Errorf("of %d browsers %d are let in", many, let)
	}
}

func par09(t *T) {
	c := t.App()
	ask := t.Ask(c, "scope", "given_name")
	path := byReference(c.ID, t.pushed(ask)) + "&" + url.Values{
		"scope": {"openid profile"}, "state": {"another"}, "redirect_uri": {"https://evil.example/cb"}, "response_type": {"token"},
		"response_mode": {"form_post"}, "code_challenge": {Challenge("another")}, "prompt": {"none"}, "claims": {"{"},
	}.Encode()
	b := t.SignedIn()
	home := t.GoOn(b, t.Open(b, path))
	if home.Away == nil {
		t.Fatalf("it does not lead home: %s", home)
	}
	t.HomeWith(ask, home.Away.String())
	if got := t.Swap(ask, home.Code()).Answer.Text("scope"); got != "given_name" {
		t.Errorf("the scope is %q", got)
	}
}

func par10(t *T) {
	c := t.Client(byAccount, noQuestion, "--require-par")
	ask := t.Ask(c)
	t.Redir(ask, t.Visit(ask), "invalid_request")
	t.Redir(ask, t.Post("/authorize", ask.Query()), "invalid_request")
	b := t.SignedIn()
	home := t.GoOn(b, t.Open(b, byReference(c.ID, t.pushed(ask))))
	if home.Code() == "" {
		t.Fatalf("the pushed request gives no code: %s", home)
	}
	t.Swap(ask, home.Code())
	if m := t.Metadata(); m["require_pushed_authorization_requests"] == true {
		t.Error("the metadata says that all clients have to push")
	}
	t.started(t.Visit(t.Ask(t.App())))
}
