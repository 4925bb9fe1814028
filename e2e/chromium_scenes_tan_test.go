package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"vouchgate/e2e"
)

// ofTANs adds the pages on which a TAN is entered.
func (s *scenes) ofTANs() {
	for _, method := range addressMethods {
		p := newPlace(method)
		if method == "email" { // for the picture
			p = place{method, []string{"CONTACT_EMAIL", "anna.muster@example.org"}, "anna.muster@example.org"}
		}
		page := s.sent(s.opened(s.prover(method)), p)
		s.is("pin-"+method, page, "/pin").main = method == "email" || method == "postal-ch"
	}
	many := s.prover("email")
	at := func(name, change string) {
		page := s.sent(s.opened(many), newPlace("email"))
		s.set(page, change)
		s.is(name, page, "/pin")
	}
	at("pin-queued", "delivery = 'queued'")
	at("pin-failed", "delivery = 'failed'")
	at("pin-spent", "tries = 3, next_send = asked_at")
	at("pin-last", "tries = 2, sends = 3, addresses = 3")
	late := must[e2e.Page](s.t)(s.person.Submit(e2e.Patient(s.t), s.opened(many), "/address", "CONTACT_EMAIL", "late@example.org"))
	check(s.t, s.person.AwaitDelivery(e2e.Patient(s.t), s.URL, sessionOf(s.t, late), "delayed"))
	s.is("pin-delayed", late, "/pin")

	s.entered("pin-wrong", "tries = 0", "/pin", map[string]string{"pin": "1234 5678"}, http.StatusUnprocessableEntity)
	s.entered("pin-wrong-for-good", "tries = 2", "/pin", map[string]string{"pin": "1234 5678"}, http.StatusTooManyRequests)
	s.entered("pin-malformed", "tries = 0", "/pin", map[string]string{"pin": "12"}, http.StatusUnprocessableEntity)
	s.entered("pin-expired", "expires_at = asked_at", "/pin", map[string]string{"pin": "1234 5678"}, http.StatusUnprocessableEntity)
	s.entered("pin-too-soon", "next_send = "+soon, "/resend", nil, http.StatusTooManyRequests)
	s.usedUp()
	s.afterTAN()
}

// soon stands for a time in a change of a proof under way: 45 seconds from then.
const soon = "soon"

// entered adds the page that comes back when something is sent from the page for a
// TAN, whose proof is changed to some state each time.
func (s *scenes) entered(name, state, end string, values map[string]string, status int) {
	page := s.sent(s.opened(s.prover("email")), newPlace("email"))
	at := s.is(name, page, "/pin")
	at.status, at.before = status, func(*tab) {
		at := strconv.FormatInt(time.Now().Add(45*time.Second).UnixMicro(), 10)
		s.set(page, strings.ReplaceAll(state, soon, at))
	}
	at.pose = func(b *tab) { b.submit(end, values) }
}

// usedUp adds the page of a session in which nothing is left to try.
func (s *scenes) usedUp() {
	t, ctx := s.t, e2e.Patient(s.t)
	page, sent := s.order(t, ctx, s.person, s.opened(s.prover("email")), newPlace("email"))
	s.set(page, "tries = 2, sends = 3, addresses = 3")
	must[e2e.Page](t)(s.person.Submit(ctx, page, "/pin", "pin", other(sent.TAN)))
	must[string](t)(s.person.Await(ctx, s.URL, sessionOf(t, page), "failed"))
	s.is("used-up", page, "")
}

// afterTAN adds the pages that come after the right TAN.
func (s *scenes) afterTAN() {
	t, ctx := s.t, e2e.Patient(s.t)
	prove := func(c e2e.Client, method string) e2e.Page {
		return s.prove(t, ctx, s.person, s.opened(c), newPlace(method))
	}
	asking := []string{"--consent", "ask", "--purpose", "Letters to members", "--operator", "Muster AG"}
	s.is("consent-email", prove(s.prover("email", asking...), "email"), "/consent")
	s.is("consent-postal", prove(s.prover("postal", asking...), "postal"), "/consent")

	keeps := s.prover("email", append(asking, "--retention", "until-revoked")...)
	for _, name := range []string{"readable", "withdrawn"} {
		page := prove(keeps, "email")
		id := sessionOf(t, page)
		home := must[e2e.Page](t)(s.person.Submit(ctx, page, "/consent", "decision", "allow"))
		must[e2e.Answer](t)(keeps.Read(ctx, s.URL, homeWithCode(t, home)))
		if name == "withdrawn" {
			page = must[e2e.Page](t)(s.person.Get(ctx, s.URL+"/session/"+id))
			must[e2e.Page](t)(s.person.Submit(ctx, page, "/withdraw"))
		}
		s.add(name, s.URL+"/session/"+id, http.StatusOK)
	}
}

// ofLetters adds the pages behind the link of a letter, in a browser that did not
// order it.
func (s *scenes) ofLetters() {
	t, ctx := s.t, e2e.Patient(s.t)
	link := func(c e2e.Client) string {
		_, sent := s.order(t, ctx, s.person, s.opened(c), newPlace("postal"))
		return sent.Link
	}
	stranger := func(name, address string, status int) *scene {
		at := s.add(name, address, status)
		at.by = e2e.NewBrowser()
		return at
	}
	known := link(s.prover("postal", "--initiate-login-uri", "https://shop.example/start"))
	stranger("letter", known, http.StatusOK).main = true
	stranger("letter-no-start", link(s.prover("postal")), http.StatusOK)
	stranger("letter-unknown", known[:strings.LastIndex(known, "/")]+"/0000-0000-0000-0000", http.StatusNotFound)
}
