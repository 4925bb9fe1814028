package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchgate/e2e"
)

// asPage asks for a page where a program would get JSON.
var asPage = []string{"Accept", "text/html"}

// shown is a page that persons get to see.
type shown struct {
	name string
	Answer
	fault bool // it says that something went wrong
}

// gallery is every kind of page that the gateway draws.
func (t *T) gallery() []shown {
	t.Helper()
	return shared(t.Env, "gallery", func() []shown {
		return slices.Concat(t.faultPages(), t.accountPages(), t.walletPages(), t.setUpPages(), t.addressPages())
	})
}

// faultPages are the pages of errors.
func (t *T) faultPages() []shown {
	ask := t.Ask(t.Wallet())
	b := e2e.NewBrowser()
	login := t.Open(b, t.Ask(t.Asking()).Path()).URL.Path
	nobody := url.Values{"user_name": {"nobody"}, "password": {"nothing"}}
	pages := []shown{
		{name: "no such page", Answer: t.Get("/nowhere", asPage...)},
		{name: "a method that is not there", Answer: t.Send(http.MethodPut, "/authorize", "", asPage...)},
		{name: "an unknown client", Answer: t.VisitPath("/authorize?client_id=nobody")},
		{name: "a foreign redirect URI", Answer: t.Visit(ask.With("redirect_uri", "https://evil.example/"))},
		{name: "a broken query", Answer: t.VisitPath(ask.RawPath("&x=%zz"))},
		{name: "a query that is too long", Answer: t.VisitPath(ask.RawPath("&x=" + strings.Repeat("a", 12<<10)))},
		{name: "an unknown session", Answer: t.Get("/session/019a0000-0000-7000-8000-000000000000", asPage...)},
		{name: "a session that is none", Answer: t.Get("/session/none", asPage...)},
		{name: "an unknown pushed request", Answer: t.VisitPath("/authorize?client_id=" + ask.Client.ID +
			"&request_uri=urn:ietf:params:oauth:request_uri:" + strings.Repeat("x", 64))},
		{name: "a form without its key", Answer: t.PostForm(login, nobody, t.As(b, "Origin", t.Issuer())...)},
		{name: "a form of another site", Answer: t.PostForm(login, nobody, t.As(b, "Origin", "https://evil.example")...)},
	}
	for i := range pages {
		pages[i].fault = true
	}
	return pages
}

// accountPages are those of somebody who signs in.
func (t *T) accountPages() []shown {
	person, client := t.NewPerson(), t.NewClient(byAccount, question, "--purpose=For tests", "--operator=Nobody Ltd")
	b := e2e.NewBrowser()
	page := func(name string, p e2e.Page) shown { return shown{name: name, Answer: t.Answer(p)} }
	login := t.Open(b, t.Ask(client).Path())
	wrong := t.Submit(b, login, "/login", "user_name", person.UserName, "password", "wrong")
	consent := t.Submit(b, wrong, "/login", "user_name", person.UserName, "password", person.Password)
	denied := t.Ask(client, "prompt", "consent")
	refusing := t.Open(b, denied.Path())
	t.Submit(b, refusing, "/consent", "decision", "deny")
	ask := t.Ask(client, "response_mode", "form_post", "prompt", "consent")
	posted := t.GoOn(b, t.Open(b, ask.Path()))
	session := "/session/" + t.sessionOf(consent)
	allowed := t.Submit(b, consent, "/consent", "decision", "allow")
	t.Exchange(t.Ask(client), allowed.Code()) // with another verifier, so that it fails
	over := t.Open(b, session+"/finish")
	me := t.Open(b, "/me")
	out := t.Submit(b, me, "/logout")
	again := t.SignIn(b, person)
	return []shown{
		page("sign-in for a client", login), page("sign-in", t.Open(e2e.NewBrowser(), "/login")), page("wrong password", wrong),
		page("consent", consent), page("refused", t.Open(b, "/session/"+t.sessionOf(refusing))),
		page("answer by a form", posted), {name: "used up", Answer: t.Answer(over), fault: true}, page("about oneself", me), page("signed out", out),
		page("erased", t.Submit(b, again, "/me/erase")),
	}
}

// walletPages are those of somebody who shows a credential.
func (t *T) walletPages() []shown {
	b, client := e2e.NewBrowser(), t.Wallet()
	open := func() e2e.Page { return t.Open(b, t.Ask(client).Path()) }
	state := func(name string, p e2e.Page, state string) shown {
		must[string](t)(b.Await(t.Ctx, t.Issuer(), p.Session(), state))
		return shown{name: name, Answer: t.Answer(t.Open(b, p.URL.Path))}
	}
	waiting, failing, expiring, proving := open(), open(), open(), open()
	t.Check(t.Verifier.Reject(failing.Verification(), ""))
	t.Check(t.Verifier.Expire(expiring.Verification()))
	t.Accept(proving)
	ask := t.Ask(client)
	ended := t.Open(b, ask.Path())
	t.Swap(ask, t.GoOn(b, ended).Code())
	down := t.NewClient("--verifier-url=http://127.0.0.1:1")
	return []shown{
		{name: "waiting for the wallet", Answer: t.Answer(waiting)},
		state("refused in the wallet", failing, "failed"), state("ran out", expiring, "expired"),
		state("proved", proving, "verified"), state("completed", ended, "completed"),
		{name: "verifier out of reach", Answer: t.Answer(t.Open(b, t.Ask(down).Path()))},
		{name: "documentation", Answer: t.OK(t.Get("/docs", asPage...))},
	}
}

// addressPages are those of somebody who proves an address.
func (t *T) addressPages() []shown {
	b, client := e2e.NewBrowser(), t.NewClient(byEmail, byLetter, "--initiate-login-uri=https://client-start.example/")
	page := func(name string, p e2e.Page) shown { return shown{name: name, Answer: t.Answer(p)} }
	choice, mailbox, house := t.Open(b, t.Ask(client).Path()), t.Place("email"), t.Place("postal-ch")
	mailing := t.Submit(b, choice, "/choose", "method", "email")
	sent := t.SendTo(b, mailing, mailbox)
	pages := []shown{
		page("choice", choice), page("address for e-mails", mailing), page("TAN of an e-mail", sent),
		{name: "address that is none", Answer: t.Press(b, mailing, "/address", "CONTACT_EMAIL", "<script>")},
		{name: "TAN that is none", Answer: t.Press(b, sent, "/pin", "pin", "<script>")},
		{name: "too soon for another message", Answer: t.Press(b, sent, "/resend")},
	}
	for range 3 {
		pages = append(pages, shown{name: "wrong TAN", Answer: t.Press(b, sent, "/pin", "pin", wrong(t.TAN(mailbox, 1)))})
	}
	writing := t.Submit(b, t.Open(b, t.Ask(client).Path()), "/choose", "method", "postal-ch")
	ordered := t.SendTo(b, writing, house)
	return append(pages, page("address for letters", writing), page("TAN of a letter", ordered),
		page("a letter in another browser", t.Open(e2e.NewBrowser(), t.link(t.Message(house, 1)))),
		shown{name: "an unknown letter", Answer: t.Get("/letter/0000-0000-0000-0000", asPage...), fault: true},
		page("change of an address", t.Open(b, "/session/"+t.sessionOf(ordered)+"/address")))
}

// setUpPages are those of a session that its client has set up, which is opened in
// a second browser and with other values.
func (t *T) setUpPages() []shown {
	ask := t.Ask(t.Wallet())
	path := t.SetUp(ask)
	t.Open(e2e.NewBrowser(), path)
	return []shown{
		{name: "open in another browser", Answer: t.VisitPath(path), fault: true},
		{name: "opened with other values", Answer: t.VisitPath(strings.Replace(path, "state=", "state=x", 1)), fault: true},
	}
}

// SetUp makes a session by /setup and returns the path that a request visits it
// by.
func (t *T) SetUp(a Ask) string {
	t.Helper()
	nonce := must[string](t)(a.Client.Setup(t.Ctx, t.Issuer()))
	t.Secret("nonce of a session", nonce)
	return "/authorize/" + nonce + "?" + a.Query()
}
