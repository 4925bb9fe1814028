package conformance

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"UI-09", "the consent page says who asks, who runs it, for what data, what for and how long; no is as prominent as yes", ui09},
	Row{"UI-11", "who has allowed as much is not asked again; more, another client, prompt=consent or a withdrawal ask again", ui11},
	Row{"UI-12", "people see what they allowed and end it: refresh, reading and the client's webhook show it at once", ui12},
)

var decisionButton = regexp.MustCompile(`<button class="([^"]*)"[^>]* name="decision" value="([a-z]+)"`)

func ui09(t *T) {
	for retention, says := range map[string]string{
		"--retention=720h": "can read this for 30 days", "--retention=once": "can read this once",
		"--retention=until-revoked": "until you withdraw it",
	} {
		client := t.NewClient(byAccount, question, refreshing, retention, "--name=The Bicycle Shop", "--operator=Wheels Cooperative", "--purpose=To rent out a bicycle")
		page := t.Open(t.SignedIn(), t.Ask(client, "scope", "given_name birth_date").Path())
		text := words(page.Body)
		for _, want := range []string{
			"The Bicycle Shop", "Wheels Cooperative", "To rent out a bicycle", says,
			"First name", t.Person().Claims["given_name"], "Date of birth", "17 April 1991",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not say %q: %s", retention, want, text)
			}
		}
		for _, other := range []string{"birth_date", "Last name", t.Person().Claims["family_name"]} {
			if strings.Contains(text, other) {
				t.Errorf("%s: the page says %q", retention, other)
			}
		}
		buttons := decisionButton.FindAllStringSubmatch(string(page.Body), -1)
		if len(buttons) != 2 || buttons[0][1] != buttons[1][1] || buttons[0][2] == buttons[1][2] {
			t.Errorf("the two answers do not look alike: %q", buttons)
		}
	}
}

// asks says whether a request of a client is answered by a consent page. If not,
// the person has to be sent home.
func (t *T) asks(b *e2e.Browser, ask Ask) bool {
	t.Helper()
	page := t.GoOnUntil(b, t.Open(b, ask.Path()), "/consent")
	if Has(page, "/consent") {
		return true
	}
	if page.Code() == "" {
		t.Errorf("neither asked nor sent home: %s", page)
	}
	return false
}

// GoOnUntil is GoOn, but stops at a page with a form whose action has a path with
// this end.
func (t *T) GoOnUntil(b *e2e.Browser, p e2e.Page, end string) e2e.Page {
	t.Helper()
	if Has(p, end) {
		return p
	}
	return t.GoOn(b, p)
}

func ui11(t *T) {
	client, other, b := t.NewClient(byAccount, question), t.NewClient(byAccount, question), t.SignedIn()
	first := t.Ask(client, "scope", "given_name family_name")
	if !t.asks(b, first) {
		t.Fatal("nobody is asked the first time")
	}
	unused := t.Home(b, first).Code() // a consent that came to nothing
	if !t.asks(b, t.Ask(client, "scope", "given_name family_name")) {
		t.Error("a consent counts before its code was used")
	}
	t.Swap(first, unused)
	for scope, want := range map[string]bool{
		"given_name family_name": false, "family_name given_name": false, "given_name": false,
		"given_name birth_date": true, "profile": true, "openid given_name": true,
	} {
		if t.asks(b, t.Ask(client, "scope", scope)) != want {
			t.Errorf("%s: asked is %t", scope, !want)
		}
	}
	if !t.asks(b, t.Ask(client, "scope", "given_name", "prompt", "consent")) {
		t.Error("prompt=consent does not ask")
	}
	if !t.asks(b, t.Ask(other, "scope", "given_name")) {
		t.Error("what one client may have counts for another")
	}
	stranger := e2e.NewBrowser()
	t.SignIn(stranger, t.NewPerson())
	if !t.asks(stranger, t.Ask(client, "scope", "given_name")) {
		t.Error("what one person allowed counts for another")
	}
	t.Do("session", "revoke", t.sessionOfGrant(client))
	if !t.asks(b, t.Ask(client, "scope", "given_name")) {
		t.Error("an ended grant still counts")
	}
}

// sessionOfGrant is the session that the only grant of a client came from.
func (t *T) sessionOfGrant(c e2e.Client) string {
	t.Helper()
	query := "SELECT CAST(session_id AS text) FROM grants WHERE revoked_at IS NULL AND client_id = '" + c.ID + "'"
	found := must[rowsOf](t)(scan(t, t.Data.Open(t.T), query))
	if len(found) != 1 {
		t.Fatalf("there are %d grants", len(found))
	}
	return found[0][0]
}

func ui12(t *T) {
	client := t.HookedClient(byAccount, question, refreshing, "--name=The Library")
	b, person := e2e.NewBrowser(), t.NewPerson()
	if text := words(t.SignIn(b, person).Body); strings.Contains(text, "The Library") {
		t.Fatalf("a new person has grants: %s", text)
	}
	ask := t.Ask(client)
	page := t.Open(b, ask.Path())
	session := t.sessionOf(page)
	g := t.Swap(ask, t.Submit(b, page, "/consent", "decision", "allow").Code())
	me := t.Open(b, "/me")
	if text := words(me.Body); !strings.Contains(text, "The Library") || !strings.Contains(text, "First name") {
		t.Errorf("the page does not say who reads what: %s", text)
	}
	t.othersCannot(must[e2e.Form](t)(me.Form("/me/withdraw")).Values.Get("grant"))
	t.OK(t.Info(g.Access))
	after := t.Submit(b, me, "/me/withdraw")
	if after.Status != http.StatusOK || strings.Contains(words(after.Body), "The Library") {
		t.Errorf("it is still there: %s", words(after.Body))
	}
	t.ended(g, session, "withdrawn")

	wallet := t.HookedClient(refreshing)
	b, ask = e2e.NewBrowser(), t.Ask(wallet)
	page = t.Open(b, ask.Path())
	session = page.Session()
	g = t.Swap(ask, t.GoOn(b, page).Code())
	t.Submit(b, t.Open(b, page.URL.Path), "/withdraw")
	t.ended(g, session, "withdrawn")
}

// ended fails the case unless a grant is of no use any more and its client was
// told why, once.
func (t *T) ended(g Grant, session, why string) {
	t.Helper()
	t.JSON(t.Refresh(g.Client, g.Refresh), http.StatusBadRequest, "invalid_grant")
	t.BadToken(t.Info(g.Access))
	event := must[e2e.Event](t)(t.Webhooks.AwaitEvent(t.Ctx, session, "grant.revoked"))
	if event.Data.Error != why {
		t.Errorf("the client is told %q", event.Data.Error)
	}
	again := func(e e2e.Event) bool { return e.Data.SessionID == session && e.Type == event.Type && e.ID != event.ID }
	if slices.ContainsFunc(t.Webhooks.Events(), again) {
		t.Error("the client is told twice")
	}
}

// othersCannot fails the case if somebody can withdraw what another person has
// allowed.
func (t *T) othersCannot(grant string) {
	t.Helper()
	b, ask := e2e.NewBrowser(), t.Ask(t.NewClient(byAccount, noQuestion))
	t.SignIn(b, t.NewPerson())
	t.Swap(ask, t.Home(b, ask).Code()) // for a form to withdraw with
	t.Status(t.Press(b, t.Open(b, "/me"), "/me/withdraw", "grant", grant), http.StatusNotFound)
	t.Status(t.Press(b, t.Open(b, "/me"), "/me/withdraw", "grant", "none"), http.StatusBadRequest)
}
