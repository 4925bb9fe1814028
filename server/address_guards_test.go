package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/server"
)

func TestAWebAppCannotProveWhatTheScopeDoesNotAskFor(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("any", "", "scope", "email")
	w.askFor(kyc.FieldPhone, phoneTyped).numbered(http.StatusBadRequest, "invalid_request", 25)
	if s := g.session(w.id); s.Method == kyc.MethodPhone {
		t.Errorf("the session proves by %s", s.Method)
	}
	w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK)
}

func TestWhoSharesAHouseOrAMailProviderIsAnother(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	who := func(client string, fields ...string) any {
		w := g.prover(client)
		w.proveAddress(fields...)
		w.swap()
		return g.info(w.token).wants(http.StatusOK).json()["sub"]
	}
	letter := func(name string) any {
		return who("postal-ch", kyc.FieldName, name, kyc.FieldLines, "Weg 1\n8000 Zürich")
	}
	if letter("Anna Muster") == letter("Bruno Muster") {
		t.Error("two who live in one house have one subject")
	}
	if who("email", kyc.FieldEmail, "a@b.example") == who("email", kyc.FieldEmail, "a+c@b.example") {
		t.Error("two mailboxes have one subject")
	}
}

// A session in which nothing is left to try stays as it is, whoever looks.
func TestAUsedUpSessionIsNotOpenedAgain(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", `{"CONTACT_EMAIL":"a@b.example","read_only":true}`)
	for range kyc.TANSends {
		w.askFor().wants(http.StatusOK)
		for range kyc.TANTries {
			w.solve(other(w.tan(), 1))
		}
		g.clock.advance(5 * time.Minute)
	}
	for range 2 {
		if state := w.state(); state["status"] != "failed" {
			t.Fatalf("status is %v", state)
		}
	}
	w.askFor().numbered(http.StatusTooManyRequests, "access_denied", 9757)
	if s := g.session(w.id); s.ErrorCode != string(kyc.FailureUsedUp) || s.Attempts != 1 {
		t.Errorf("%s after %d attempts", s.ErrorCode, s.Attempts)
	}
}

func TestASessionWhoseLastTANHasEndedFails(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", `{"CONTACT_EMAIL":"a@b.example","read_only":true}`)
	for range kyc.TANSends {
		w.askFor().wants(http.StatusOK)
		g.clock.advance(5 * time.Minute)
	}
	last := w.tan()
	g.clock.advance(kyc.TANLifetime)
	w.solve(last).wants(http.StatusForbidden)
	if s := g.session(w.id); s.Status != kyc.StatusFailed || s.ErrorCode != string(kyc.FailureUsedUp) {
		t.Errorf("the session is %s: %s", s.Status, s.ErrorCode)
	}
}

func TestCallersOfOneNetworkAskForSoManyMessages(t *testing.T) {
	t.Parallel()
	g := newPost(t, func(c *server.Config) { c.MessagesPerNetwork = 3 })
	for _, mailbox := range []string{"a@b.example", "b@b.example", "c@b.example"} {
		g.mailed("email", mailbox)
	}
	w := g.prover("email")
	r := w.mail("d@b.example").wants(http.StatusTooManyRequests)
	if r.header.Get("Retry-After") != "3600" {
		t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
	}
	if lines := g.logs.lines(`"limit":"network"`); len(lines) != 1 || strings.Contains(lines[0], "b.example") {
		t.Errorf("the operator reads %q", lines)
	}
	g.clock.advance(time.Hour)
	w.mail("d@b.example").leads(w.at("/pin"))
}

// What was sent before a session is begun anew must not go out any more.
func TestTakingOverErasesWhatWasOnItsWay(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.hinted("email", "")
	w.get(w.path()).leads(w.at("/pin"))
	w.mail(mailTyped)
	second := g.browser()
	second.post(w.path()).leads(w.at("/pin"))
	c := g.challenge(w.id)
	if c.SealedAddress != nil || c.SealedMessage != nil || c.NextTry != nil || c.TANHash != nil || c.Addresses != 1 {
		t.Errorf("kept is %d %d bytes, next try %v, %d addresses", len(c.SealedAddress), len(c.SealedMessage), c.NextTry, c.Addresses)
	}
}
