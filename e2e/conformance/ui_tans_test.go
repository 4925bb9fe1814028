package conformance

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"UI-13", "guessing passwords and TANs and having TANs sent stops, over all clients and restarts, alike for what exists and what does not", ui13},
)

func ui13(t *T) {
	alone := t.Alone("--sign-in-tries=2")
	alone.guessPasswords()
	alone.guessTANs()
	alone.useUpTANs()
	alone.flood()
	alone.tellUnknown()
}

// trySignIn signs in with a password at a sign-in page and returns the answer.
func (t *T) trySignIn(b *e2e.Browser, name, password string) Answer {
	t.Helper()
	return t.Press(b, t.Open(b, "/login"), "/login", "user_name", name, "password", password)
}

// wait fails the case unless an answer is a refusal that says to come back in a
// time.
func (t *T) wait(a Answer, least, most time.Duration) {
	t.Helper()
	wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if after := time.Duration(wait) * time.Second; a.Status != http.StatusTooManyRequests || err != nil || after < least || after > most {
		t.Errorf("Retry-After is %q, %s", a.Header.Get("Retry-After"), a)
	}
}

// newStart starts the gateway anew.
func (t *T) newStart() {
	t.Helper()
	t.Gateway.Stop()
	t.Check(t.Gateway.Restart())
}

// guessPasswords is about a gateway that allows two wrong passwords.
func (t *T) guessPasswords() {
	t.Helper()
	known, unhurt := t.NewPerson(), t.NewPerson()
	guess := func(password string, check func(Answer)) {
		t.Helper()
		var answers []Answer
		for _, name := range []string{known.UserName, "nobody-has-this-name"} {
			a := t.trySignIn(e2e.NewBrowser(), name, password)
			if check(a); cookieOf(a, "vouchgate-login") != nil {
				t.Errorf("%s: signed in: %s", name, a)
			}
			a.Body = []byte(strings.ReplaceAll(string(a.Body), name, "somebody"))
			answers = append(answers, a)
		}
		t.Alike(answers[0], answers[1])
	}
	stopped := func(a Answer) { t.wait(a, time.Second, 15*time.Minute) }
	for range 2 {
		guess("a wrong password", func(a Answer) { t.Status(a, http.StatusUnprocessableEntity) })
	}
	guess(known.Password, stopped)
	t.newStart()
	guess(known.Password, stopped)
	t.SignIn(e2e.NewBrowser(), unhurt)
}

// guessTANs fails the case unless a TAN is void after three wrong ones, and another
// one has to be waited for.
func (t *T) guessTANs() {
	t.Helper()
	b, ask, where := e2e.NewBrowser(), t.Ask(t.Mailer()), t.Place("email")
	page := t.OpenTAN(b, ask, where)
	tan := t.TAN(where, 1)
	for _, status := range []int{http.StatusUnprocessableEntity, http.StatusUnprocessableEntity, http.StatusTooManyRequests} {
		t.Status(t.Press(b, page, "/pin", "pin", wrong(tan)), status)
	}
	void := func() {
		t.Helper()
		a := t.Press(b, page, "/pin", "pin", tan)
		if t.Status(a, http.StatusTooManyRequests); strings.Contains(string(a.Body), `name="pin"`) {
			t.Error("the page still asks for the TAN that is void")
		}
	}
	void()
	t.wait(t.Press(b, page, "/resend"), time.Second, time.Minute)
	t.newStart()
	void()
	if home := t.Open(b, "/session/"+t.sessionOf(page)+"/finish"); home.Away != nil {
		t.Errorf("somebody who guessed is %s", home)
	}

	t.Data.AgeTANs(t.T, time.Minute)
	page = t.Submit(b, page, "/resend")
	t.Status(t.Press(b, page, "/pin", "pin", tan), http.StatusUnprocessableEntity) // of the message before
	t.Status(t.Press(b, page, "/pin", "pin", "123"), http.StatusUnprocessableEntity)
	t.Swap(ask, t.Submit(b, page, "/pin", "pin", t.TAN(where, 2)).Code())
}

// useUpTANs fails the case unless a session ends when nothing is left to guess and to
// send, which takes nine wrong TANs for an address that cannot be changed.
func (t *T) useUpTANs() {
	t.Helper()
	client, where := t.HookedClient(byEmail), t.Place("email")
	b, ask := e2e.NewBrowser(), t.Ask(client)
	body := must[[]byte](t)(json.Marshal(map[string]any{"CONTACT_EMAIL": where.Mark, "read_only": true}))
	nonce := must[string](t)(client.SetupWith(t.Ctx, t.Issuer(), body))
	page := t.SendTo(b, t.Open(b, "/authorize/"+nonce+"?"+ask.Query()), where)
	session := t.sessionOf(page)
	for sent := 1; sent <= 3; sent++ {
		tan := t.TAN(where, sent)
		for range 3 {
			t.Press(b, page, "/pin", "pin", wrong(tan))
		}
		if sent < 3 {
			t.Data.AgeTANs(t.T, 3*time.Minute)
			page = t.Submit(b, page, "/resend")
		}
	}
	if event := must[e2e.Event](t)(t.Webhooks.AwaitEvent(t.Ctx, session, "verification.failed")); event.Data.Error != "attempts_used_up" {
		t.Errorf("the client is told %q", event.Data.Error)
	}
	over := t.Open(b, "/session/"+session)
	for _, end := range []string{"/pin", "/resend", "/retry", "/address"} {
		if Has(over, end) {
			t.Errorf("with nothing left to try there is a form for %s", end)
		}
	}
	if n := t.Outbox.Count(where.Mark); n != 3 {
		t.Errorf("%d messages went to one address", n)
	}
	t.denied(ask, t.Press(b, over, "/cancel"))
}

// flood fails the case unless five sessions are all that send to an address in a day,
// whatever client they are for and however it is written.
func (t *T) flood() {
	t.Helper()
	clients, name := []e2e.Client{t.NewClient(byEmail), t.NewClient(byEmail)}, t.next("flooded-")
	for i, spelling := range []string{name, strings.ToUpper(name), name + "+a", name + "+b", name} {
		t.OpenTAN(e2e.NewBrowser(), t.Ask(clients[i%2]), t.Mailbox(spelling))
	}
	for i, client := range append(clients, t.NewClient(byEmail)) {
		b, where := e2e.NewBrowser(), t.Mailbox(name+"+more"+strconv.Itoa(i))
		page := t.Open(b, t.Ask(client).Path())
		t.Status(t.Press(b, page, "/address", where.Fields...), http.StatusTooManyRequests)
		if !Has(t.Open(b, page.URL.Path), "/address") || t.Outbox.Count(where.Mark) > 0 {
			t.Error("a sixth session sends to an address")
		}
	}
}

// timer is what of a page depends on the moment.
var timer = regexp.MustCompile(`<span role="timer"[^>]*>[^<]*</span>`)

// tellUnknown fails the case if the pages say whether there is an address.
func (t *T) tellUnknown() {
	t.Helper()
	var steps [2][]Answer
	for i, where := range []Place{t.Place("email"), t.Mailbox(t.next(nobody))} {
		b := e2e.NewBrowser()
		page := t.OpenTAN(b, t.Ask(t.Mailer()), where)
		t.Check(b.AwaitDelivery(t.Ctx, t.Issuer(), t.sessionOf(page), "sent"))
		steps[i] = []Answer{
			t.Answer(t.Open(b, page.URL.Path)), t.Press(b, page, "/pin", "pin", "00000000"), t.Press(b, page, "/resend"),
		}
		for j, a := range steps[i] {
			text := timer.ReplaceAllString(string(a.Body), "")
			steps[i][j].Body = []byte(strings.ReplaceAll(text, where.Mark, "somebody"))
		}
	}
	for j := range steps[0] {
		t.Alike(steps[0][j], steps[1][j])
	}
}
