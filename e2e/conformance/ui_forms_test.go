package conformance

import (
	"net/http"
	"net/url"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"UI-05", "each form works from its own page alone: without its key, with another's, or from another site it does nothing", ui05},
	Row{"UI-08", "opening an address never allows, refuses or ends anything: only a posted form does", ui08},
	Row{"UI-10", "ten identical consents at the same time make one code and one grant", ui10},
)

// guarded posts a form of a page in all the ways that it must not be posted in,
// and fails the case unless each is refused with a page that leads nowhere. key is
// that of another form.
func (t *T) guarded(b *e2e.Browser, page e2e.Page, end, key string, set ...string) {
	t.Helper()
	form := must[e2e.Form](t)(page.Form(end))
	change(form.Values, set)
	if own := form.Values.Get("csrf"); own == "" || own == key {
		t.Errorf("%s has the key %q, another form %q", end, own, key)
	}
	own := []string{"Origin", t.Issuer(), "Sec-Fetch-Site", "same-origin"}
	post := func(what, key string, header ...string) {
		t.Helper()
		values := url.Values{}
		for name, v := range form.Values {
			values[name] = v
		}
		change(values, []string{"csrf", key})
		a := t.PostForm(form.Action.String(), values, t.As(b, header...)...)
		if a.Status != http.StatusForbidden || len(a.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s %s: %s", end, what, a)
		}
		t.ErrPage(a, http.StatusForbidden)
	}
	post("without a key", Without, own...)
	post("with an empty key", "", own...)
	post("with the key of another form", key, own...)
	post("with a key that is cut", form.Values.Get("csrf")[1:], own...)
	post("from another site", form.Values.Get("csrf"), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	post("from a sister site", form.Values.Get("csrf"), "Origin", "https://evil.example", "Sec-Fetch-Site", "same-site")
	post("from nowhere", form.Values.Get("csrf"), "Origin", "null")
}

// keyOf is the key of a form.
func (t *T) keyOf(page e2e.Page, end string) string {
	t.Helper()
	return must[e2e.Form](t)(page.Form(end)).Values.Get("csrf")
}

func ui05(t *T) {
	t.guardedFlow()
	t.guardedWallet()
	t.guardedAccount()
	t.guardedTAN()
	t.guardedWebApp()
}

// guardedFlow is about the forms on the way of somebody with an account.
func (t *T) guardedFlow() {
	t.Helper()
	b, client, person := e2e.NewBrowser(), t.NewClient(byAccount, question), t.Person()
	login, other := t.Open(b, t.Ask(client).Path()), t.Open(b, t.Ask(client).Path())
	who := []string{"user_name", person.UserName, "password", person.Password}
	t.guarded(b, login, "/login", t.keyOf(other, "/login"), who...)
	t.guarded(b, login, "/cancel", t.keyOf(other, "/cancel"))
	if !Has(t.Open(b, login.URL.Path), "/login") {
		t.Error("a refused form has signed somebody in, or ended the flow")
	}
	consent := t.Submit(b, login, "/login", who...)
	another := t.Open(b, t.Ask(client).Path())
	t.guarded(b, consent, "/switch", t.keyOf(another, "/switch"))
	t.guarded(b, consent, "/consent", t.keyOf(another, "/consent"), "decision", "allow")
	t.guarded(b, consent, "/consent", t.keyOf(another, "/consent"), "decision", "deny")
	if !Has(t.Open(b, consent.URL.Path), "/consent") {
		t.Error("a refused form has answered for the person")
	}
	if t.Submit(b, consent, "/consent", "decision", "allow").Code() == "" {
		t.Error("the form does not work from its own page either")
	}
}

// guardedWallet is about the forms on the way of somebody with a wallet.
func (t *T) guardedWallet() {
	t.Helper()
	b, client := e2e.NewBrowser(), t.NewClient()
	other := t.Open(b, t.Ask(client).Path())
	ask := t.Ask(client)
	page := t.Open(b, ask.Path())
	t.guarded(b, page, "/cancel", t.keyOf(other, "/cancel"))
	t.Check(t.Verifier.Reject(page.Verification(), ""))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "failed"))
	failed := t.Open(b, page.URL.Path)
	t.guarded(b, failed, "/retry", t.keyOf(other, "/cancel"))
	if page = t.Open(b, page.URL.Path); !Has(page, "/retry") {
		t.Fatalf("a refused form has moved the session: %s", page)
	}
	page = t.Submit(b, page, "/retry")
	g := t.Swap(ask, t.GoOn(b, page).Code())
	done := t.Open(b, page.URL.Path)
	t.guarded(b, done, "/withdraw", t.keyOf(other, "/cancel"))
	t.OK(t.Info(g.Access))
	t.Submit(b, done, "/withdraw")
	t.BadToken(t.Info(g.Access))
}

// guardedAccount is about the forms of the page about oneself.
func (t *T) guardedAccount() {
	t.Helper()
	b, client, person := e2e.NewBrowser(), t.NewClient(byAccount, noQuestion), t.NewPerson()
	login := t.Open(b, "/login")
	foreign := t.keyOf(t.Open(b, t.Ask(client).Path()), "/login")
	t.guarded(b, login, "/login", foreign, "user_name", person.UserName, "password", person.Password)
	t.SignIn(b, person)
	ask := t.Ask(client)
	g := t.Swap(ask, t.Home(b, ask).Code())
	me := t.Open(b, "/me")
	for _, end := range []string{"/logout", "/me/withdraw", "/me/erase"} {
		t.guarded(b, me, end, foreign)
	}
	if now := t.Open(b, "/me"); now.URL.Path != "/me" || words(now.Body) != words(me.Body) {
		t.Errorf("a refused form has changed something: %s", words(now.Body))
	}
	t.OK(t.Info(g.Access))
	t.Submit(b, me, "/me/withdraw")
	t.BadToken(t.Info(g.Access))
}

// guardedTAN is about the forms on the way of somebody who proves an address.
func (t *T) guardedTAN() {
	t.Helper()
	b, client, where := e2e.NewBrowser(), t.NewClient(byWallet, byEmail, "--scope=given_name email"), t.Place("email")
	ask := t.Ask(client)
	choice := t.Open(b, ask.Path())
	foreign := t.keyOf(t.Open(b, t.Ask(client).Path()), "/choose")
	t.guarded(b, choice, "/choose", foreign, "method", "email")
	if choice = t.Open(b, choice.URL.Path); !Has(choice, "/choose") {
		t.Fatalf("a refused form has chosen: %s", choice)
	}
	address := t.Submit(b, choice, "/choose", "method", "email")
	t.guarded(b, address, "/address", foreign, where.Fields...)
	if p := t.Open(b, "/session/"+t.sessionOf(address)+"/pin"); !Has(p, "/address") {
		t.Fatalf("a refused form has sent something: %s", p)
	}
	page := t.SendTo(b, address, where)
	tan := t.TAN(where, 1)
	for range 2 { // as many as would use the tries up
		t.guarded(b, page, "/pin", foreign, "pin", wrong(tan))
	}
	t.guarded(b, page, "/pin", foreign, "pin", tan)
	t.guarded(b, page, "/resend", foreign)
	t.guarded(b, page, "/cancel", foreign)
	t.Swap(ask, t.Submit(b, page, "/pin", "pin", tan).Code())
	if n := t.Outbox.Count(where.Mark); n != 1 {
		t.Errorf("refused forms have sent %d messages", n-1)
	}
}

// guardedWebApp is about the calls of web apps, which have no key: they work from our
// own pages alone, though other sites could make the browser send its cookie along.
func (t *T) guardedWebApp() {
	t.Helper()
	b, ask, where := e2e.NewBrowser(), t.Ask(t.Mailer()), t.Place("email")
	path := t.SetUp(ask)
	t.Open(b, path)
	nonce, _, _ := strings.Cut(strings.TrimPrefix(path, "/authorize/"), "?")
	fields := url.Values{"CONTACT_EMAIL": {where.Mark}}
	foreign := [][]string{{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}}
	for _, header := range foreign {
		t.Status(t.PostForm("/challenge/"+nonce, fields, t.As(b, header...)...), http.StatusForbidden)
	}
	own := t.As(b, "Origin", t.Issuer(), "Sec-Fetch-Site", "same-origin")
	t.Status(t.PostForm("/challenge/"+nonce, fields, own...), http.StatusSeeOther)
	pin := url.Values{"pin": {t.TAN(where, 1)}}
	for _, header := range foreign {
		t.Status(t.PostForm("/solve/"+nonce, pin, t.As(b, header...)...), http.StatusForbidden)
	}
	t.Swap(ask, t.HomeWith(ask, t.PostForm("/solve/"+nonce, pin, own...).Header.Get("Location")).Get("code"))
	if n := t.Outbox.Count(where.Mark); n != 1 {
		t.Errorf("another site has sent %d messages", n-1)
	}
}

func ui08(t *T) {
	b, ask := t.SignedIn(), t.Ask(t.NewClient(byAccount, question))
	page := t.Open(b, ask.Path())
	if !Has(page, "/consent") {
		t.Fatalf("no consent page: %s", page)
	}
	form := must[e2e.Form](t)(page.Form("/consent"))
	form.Values.Set("decision", "allow")
	query := "?" + form.Values.Encode()
	session := "/session/" + t.sessionOf(page)
	for _, path := range []string{session + "/consent" + query, session + "/consent" + query + "&allow=1", session + query, session + "/finish" + query} {
		if p := t.Open(b, path); p.Away != nil || !Has(p, "/consent") {
			t.Errorf("opening %s did something: %s", path, p)
		}
	}
	for _, path := range []string{session + "/cancel", session + "/switch", session + "/retry", session + "/withdraw", session + "/resend", "/logout", "/me/erase", "/me/withdraw"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut} {
			a := t.Send(method, path+query, "", t.As(b)...)
			if a.Status != http.StatusMethodNotAllowed || !strings.Contains(a.Header.Get("Allow"), "POST") {
				t.Errorf("%s %s: %d, Allow is %q", method, path, a.Status, a.Header.Get("Allow"))
			}
		}
	}
	t.Status(t.Press(b, page, "/consent", "decision", "perhaps"), http.StatusBadRequest)
	if t.Submit(b, page, "/consent", "decision", "allow").Code() == "" {
		t.Error("the form itself does not work")
	}
	t.openTANs()
}

// openTANs fails the case if opening an address chooses a method, sends a TAN or
// enters one.
func (t *T) openTANs() {
	t.Helper()
	b, ask, where := e2e.NewBrowser(), t.Ask(t.Chooser()), t.Place("email")
	choice := t.Open(b, ask.Path())
	session := "/session/" + t.sessionOf(choice)
	if p := t.Open(b, session+"/choose?method=email&csrf="+t.keyOf(choice, "/choose")); !Has(p, "/choose") {
		t.Errorf("an address chooses: %s", p)
	}
	page := t.Submit(b, choice, "/choose", "method", "email")
	query := "?csrf=" + t.keyOf(page, "/address")
	if p := t.Open(b, session+"/address"+query+"&CONTACT_EMAIL="+url.QueryEscape(where.Mark)); !Has(p, "/address") || t.Outbox.Count(where.Mark) > 0 {
		t.Errorf("an address sends: %s", p)
	}
	page = t.SendTo(b, page, where)
	tan := t.TAN(where, 1)
	if p := t.Open(b, session+"/pin"+query+"&pin="+tan); !Has(p, "/pin") {
		t.Errorf("an address enters a TAN: %s", p)
	}
	t.Swap(ask, t.Submit(b, page, "/pin", "pin", tan).Code())
}

func ui10(t *T) {
	const many = 10
	b, ask := t.SignedIn(), t.Ask(t.NewClient(byAccount, question, refreshing))
	page := t.Open(b, ask.Path())
	answers := atOnce(many, func(int) Answer { return t.Press(b, page, "/consent", "decision", "allow") })
	codes := map[string]bool{}
	for _, a := range answers {
		if a.Status != http.StatusSeeOther {
			t.Errorf("a consent is answered by %s", a)
			continue
		}
		if home := t.GoOn(b, t.Open(b, a.Header.Get("Location"))); home.Away != nil {
			codes[home.Code()] = true
		}
	}
	if len(codes) != 1 {
		t.Fatalf("there are %d codes", len(codes))
	}
	for code := range codes {
		t.Swap(ask, code)
	}
	query := "SELECT count(*) FROM grants WHERE client_id = '" + ask.Client.ID + "'"
	if n := e2e.Count(t.T, t.Data.Open(t.T), query); n != 1 {
		t.Errorf("there are %d grants", n)
	}
}
