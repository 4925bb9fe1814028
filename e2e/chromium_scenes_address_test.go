package e2e_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vouchgate/e2e"
)

// helperOfScenes are flags of serve by which everything is sent to an outbox, but
// what goes to somebody who is called Late is tried again later.
func helperOfScenes(t *testing.T, o *e2e.Outbox) []string {
	t.Helper()
	return e2e.HelperFlags(o.Helper(t, `case $message in *late@*) exit 75 ;; esac`))
}

// everyMethod is what a client lets a person choose from.
var everyMethod = []string{"--method", "swiyu", "--method", "account", "--method", "email", "--method", "phone", "--method", "postal-ch"}

// hintsOfScenes are in the languages of the pages.
const hintsOfScenes = `{
	"CONTACT_PHONE": {"regex": "^\\+417", "hint": "A Swiss mobile number", "hint_i18n": {"de": "Eine Schweizer Mobilnummer"}},
	"ADDRESS_COUNTRY": {"regex": "^(AT|DE|LI)$", "hint": "Liechtenstein and its neighbours"}
}`

// prover registers a client for one method. Without flags it is the same each time.
func (s *scenes) prover(method string, flags ...string) e2e.Client {
	s.t.Helper()
	if len(flags) > 0 {
		return s.client(s.t, strings.ToLower(rand.Text()), method, append(flags, "--name", "Muster Shop")...)
	}
	if _, there := s.provers[method]; !there {
		s.provers[method] = s.client(s.t, method, method, "--name", "Muster Shop")
	}
	return s.provers[method]
}

// opened is the first page of a new session of the person.
func (s *scenes) opened(c e2e.Client, rest ...string) e2e.Page {
	s.t.Helper()
	return s.begin(s.t, e2e.Patient(s.t), c, s.person, rest...)
}

// is adds a page of a session as a scene.
func (s *scenes) is(name string, p e2e.Page, step string) *scene {
	s.t.Helper()
	return s.add(name, s.URL+"/session/"+sessionOf(s.t, p)+step, http.StatusOK)
}

// ofAddresses adds the pages on which a person chooses a method and enters an
// address.
func (s *scenes) ofAddresses() {
	t := s.t
	all := s.stage.client(t, "all", append(everyMethod, "--name", "Muster Shop", "--scope", "profile age_over_18 email phone address")...)
	s.is("choose", s.opened(all), "/choose").main = true
	wide := s.stage.client(t, "all-wide", "--method", "email", "--method", "phone", "--name", longName)
	s.is("choose-wide", s.opened(wide), "/choose")
	for _, method := range addressMethods {
		c := s.prover(method)
		s.is("address-"+method, s.opened(c), "/address").main = method == "email" || method == "postal"
		s.fault("address-"+method+"-fault", s.opened(c), newPlace(method))
	}
	hints := filepath.Join(t.TempDir(), "hints.json")
	check(t, os.WriteFile(hints, []byte(hintsOfScenes), 0o600))
	phone := s.prover("phone", "--address-restrictions", hints, "--address-hint", "+41 79 123 45 67")
	s.is("address-phone-hinted", s.opened(phone), "/address")
	letter := s.prover("postal", "--address-restrictions", hints, "--address-hint", "Weg 1, 9490 Vaduz")
	s.is("address-postal-hinted", s.opened(letter), "/address")
	s.is("address-way-back", s.chosen(all, "email"), "/address")
	for _, method := range addressMethods {
		s.fixed("address-"+method+"-fixed", s.prover(method), newPlace(method))
	}
	s.limited()
}

// chosen is the first page of a session whose method the person has chosen.
func (s *scenes) chosen(c e2e.Client, method string) e2e.Page {
	s.t.Helper()
	return must[e2e.Page](s.t)(s.person.Submit(e2e.Patient(s.t), s.opened(c), "/choose", "method", method))
}

// fault adds the page that comes back when an address is none.
func (s *scenes) fault(name string, page e2e.Page, p place) {
	values := map[string]string{}
	for i := 0; i < len(p.fields); i += 2 {
		values[p.fields[i]] = p.fields[i+1]
	}
	for field := range values {
		if field != "CONTACT_NAME" {
			values[field] = "x"
		}
	}
	at := s.is(name, page, "/address")
	at.status, at.pose = http.StatusUnprocessableEntity, func(b *tab) { b.submit("/address", values) }
}

// fixed adds the page with an address that the client has given.
func (s *scenes) fixed(name string, c e2e.Client, p place) {
	ctx := e2e.Patient(s.t)
	nonce := must[string](s.t)(c.SetupWith(ctx, s.URL, []byte(p.json(s.t, true))))
	page := must[e2e.Page](s.t)(s.person.Get(ctx, c.AuthorizeURL(s.URL, nonce, "my state")))
	s.is(name, page, "/address")
}

// limited adds the pages that say that enough was sent or tried.
func (s *scenes) limited() {
	few := s.prover("email", "--daily-messages", "1")
	first, second := s.opened(few), s.opened(few)
	first = s.sent(first, newPlace("email"))
	s.release(first)
	at := s.is("pin-limited", first, "/pin")
	at.status, at.pose = http.StatusTooManyRequests, func(b *tab) { b.submit("/resend", nil) }
	at = s.is("address-limited", second, "/address")
	at.status, at.pose = http.StatusTooManyRequests, func(b *tab) {
		b.submit("/address", map[string]string{"CONTACT_EMAIL": "anna@example.org"})
	}

	again := s.sent(s.opened(s.prover("email")), newPlace("email"))
	s.is("address-change", again, "/address")
	last := s.sent(s.opened(s.prover("email")), newPlace("email"))
	s.set(last, "addresses = 2")
	s.is("address-last", last, "/address")
	spent := s.sent(s.opened(s.prover("email")), newPlace("email"))
	s.set(spent, "addresses = 3")
	s.is("address-none-left", spent, "/address")
}

// sent enters an address and returns the page for the TAN when the message is out.
func (s *scenes) sent(page e2e.Page, p place) e2e.Page {
	s.t.Helper()
	page, _ = s.order(s.t, e2e.Patient(s.t), s.person, page, p)
	check(s.t, s.person.AwaitDelivery(e2e.Patient(s.t), s.URL, sessionOf(s.t, page), "sent"))
	return page
}

// set changes what is kept of a session's proof under way, as time or the person
// would.
func (s *scenes) set(page e2e.Page, to string) {
	s.t.Helper()
	db := s.Data.Open(s.t)
	defer db.Close()
	_, err := db.ExecContext(context.Background(), fmt.Sprintf("UPDATE tan_challenges SET %s WHERE session_id = '%s'", to, sessionOf(s.t, page)))
	check(s.t, err)
}

// release lets another message be asked for at once.
func (s *scenes) release(page e2e.Page) { s.set(page, "next_send = asked_at") }

// submit posts the form that leads to some page of a session, with values as they
// are, and waits for the answer. A page without that form may send it nevertheless:
// it had the form before something happened elsewhere.
func (b *tab) submit(end string, values map[string]string) {
	b.t.Helper()
	var set strings.Builder
	for name, value := range values {
		fmt.Fprintf(&set, "set(%q, %q);", name, value)
	}
	b.turn(fmt.Sprintf(`(() => {
		let form = [...document.forms].find(f => new URL(f.action).pathname.endsWith(%[1]q));
		if (!form) {
			form = document.forms[0];
			form.action = location.pathname.replace(/[^/]*$/, %[1]q.slice(1)) + location.search;
		}
		const set = (name, value) => {
			let e = form.elements[name];
			if (!e) form.append(e = Object.assign(document.createElement('input'), {type: 'hidden', name}));
			e.value = value;
		};
		%[2]s
		HTMLFormElement.prototype.submit.call(form);
	})()`, end, set.String()))
}

// turn runs a script that leads to another page, and waits for that.
func (b *tab) turn(script string) {
	b.t.Helper()
	ask[bool](b, "window.stillHere = true")
	ask[any](b, script)
	b.until("!window.stillHere && document.readyState === 'complete'")
}
