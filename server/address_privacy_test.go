package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// delivered records what became of the message of a walk, as the background does.
func (g *gate) delivered(w *walk, outcome kyc.Delivery) {
	g.t.Helper()
	now := g.clock.Now()
	due, err := g.store.ClaimDueMessages(ctx, g.session(w.id).Method, now, now.Add(time.Minute), 10)
	must(g.t, err)
	for _, c := range due {
		switch {
		case c.SessionID != w.id:
		case outcome == kyc.DeliveryDelayed:
			must(g.t, g.store.DelayMessage(ctx, c, now, now))
		default:
			must(g.t, g.store.FinishMessage(ctx, c, outcome, now))
		}
	}
	g.Changed(g.session(w.id))
}

func TestStatusTellsHowFarTheMessageIs(t *testing.T) {
	t.Parallel()
	for outcome, shown := range map[kyc.Delivery]string{
		kyc.DeliverySent: "sent", kyc.DeliveryRefused: "sent", kyc.DeliveryDelayed: "delayed", kyc.DeliveryFailed: "failed",
	} {
		g := newPost(t)
		w := g.prover("email")
		if got := w.get(w.at("/status")).wants(http.StatusOK).json()["delivery"]; got != nil {
			t.Errorf("before the address: %v", got)
		}
		w.mail(mailTyped).leads(w.at("/pin"))
		s := w.stream()
		s.wants(`{"delivery":"queued","expires_in":3600,"status":"authorized"}`)
		g.delivered(w, outcome)
		s.wants(`{"delivery":"` + shown + `","expires_in":3600,"status":"authorized"}`)
		if got := w.get(w.at("/status")).wants(http.StatusOK).text("delivery"); got != shown {
			t.Errorf("%s is told as %s", outcome, got)
		}
		w.get(w.at("/pin")).shows(http.StatusOK).lacks("refused")
	}
}

func TestStreamEndsWithTheProof(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	s := w.stream()
	s.wants(`{"delivery":"queued","expires_in":3600,"status":"authorized"}`)
	w.enter(w.tan()).leads(w.at("/finish"))
	s.wants(`{"expires_in":3600,"status":"verified"}`)
	s.wants("")
}

func TestAnAddressThatDoesNotExistLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	look := func(outcome kyc.Delivery) string { // the TAN is gone with its message, so a guess is as wrong as any
		w := g.mailed("email", "same@b.example")
		g.delivered(w, outcome)
		return w.words(w.get(w.at("/pin")).shows(http.StatusOK), "same@b.example") +
			w.words(w.enter("00000000").stays(http.StatusUnprocessableEntity), "same@b.example")
	}
	if a, b := look(kyc.DeliverySent), look(kyc.DeliveryRefused); a != b {
		t.Errorf("the pages differ:\n%s\n%s", a, b)
	}
}

// erased checks that nothing is left of the way to a proof but counts.
func (g *gate) erased(w *walk) {
	g.t.Helper()
	c := g.challenge(w.id)
	for name, kept := range map[string][]byte{
		"address": c.SealedAddress, "hash of the address": c.AddressHash, "TAN": c.TANHash, "letter's code": c.LetterHash, "message": c.SealedMessage,
	} {
		if kept != nil {
			g.t.Errorf("session is %s and keeps the %s", g.session(w.id).Status, name)
		}
	}
	if c.NextTry != nil {
		g.t.Error("a message is still to be sent")
	}
	if c.Addresses == 0 || c.Sends == 0 {
		g.t.Error("the counts are gone")
	}
}

func TestNothingIsLeftOfTheWayToAProof(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newPostOn(t, st)
		for name, end := range map[string]func(*walk){
			"proved": func(w *walk) {
				w.enter(w.tan()).leads(w.at("/finish"))
				g.erased(w)
				w.home(w.get(w.at("/finish")), "")
				w.swap()
			},
			"cancelled": func(w *walk) { w.home(w.fill("/cancel"), "access_denied") },
			"expired": func(w *walk) {
				g.clock.set(g.session(w.id).ExpiresAt)
				g.expire(w.id)
			},
			"failed": func(w *walk) {
				for sends := range 3 {
					if sends > 0 {
						g.clock.advance(24 * time.Hour)
						w.resend()
					}
					for range 3 {
						w.missed()
					}
				}
			},
		} {
			w := g.hinted("postal", `{"CONTACT_NAME":"Piepmatz Federli","ADDRESS_LINES":"Vogelweg 3","ADDRESS_COUNTRY":"FR","read_only":true}`)
			w.get(w.path()).leads(w.at("/pin"))
			w.fill("/address").leads(w.at("/pin"))
			end(w)
			g.erased(w)
			s := g.session(w.id)
			if s.SealedHint != nil {
				t.Errorf("%s: the client's address is kept", name)
			}
		}
	})
}

// traced are the secrets of walks, and where their answers lead.
type traced struct {
	g                  *gate
	secrets, locations []string
}

func (l *traced) note(w *walk, r reply) reply {
	l.g.t.Helper()
	l.locations = append(l.locations, r.header.Get("Location"))
	if c, err := l.g.store.Challenge(ctx, w.id); err == nil && c.SealedMessage != nil {
		m := l.g.message(w.id)
		l.secrets = append(l.secrets, m.TAN)
		if m.LetterCode != "" {
			l.secrets = append(l.secrets, m.LetterCode)
		}
	}
	return r
}

// walk goes wrong by a method in every way, and then right.
func (l *traced) walk(m kyc.Method) {
	g := l.g
	w := g.webApp(string(m), "")
	l.note(w, w.askFor(append(addressFields[m], kyc.FieldEmail, "federli@@", kyc.FieldPhone, "federli")...))
	l.note(w, w.askFor(addressFields[m]...))
	l.note(w, w.fill("/address", addressFields[m]...))
	l.note(w, w.solve(other(w.tan(), 1)))
	l.note(w, w.enter(other(w.tan(), 2)))
	if m.Post() {
		g.browser().get(w.letter()).shows(http.StatusOK)
		g.browser().get(w.letter() + "0").shows(http.StatusNotFound)
	}
	g.clock.advance(24 * time.Hour)
	g.expire(w.id)
	w = g.prover(string(m))
	l.note(w, w.fill("/address", addressFields[m]...))
	l.note(w, w.enter(w.tan())).leads(w.at("/finish"))
}

// Addresses and TANs are in pages of their own browser and at /info, and nowhere else.
func TestAddressesAndTANsTurnUpNowhereElse(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.change("email", func(c *kyc.Client) { c.Restrictions = kyc.Restrictions{kyc.FieldEmail: {Regex: "."}} })
	l := &traced{g: g, secrets: []string{"iepmatz", "federli", "Vogelweg", phoneKept, "79 000"}}
	for _, m := range kyc.AddressMethods {
		l.walk(m)
	}
	if len(l.secrets) < 15 {
		t.Errorf("the secrets are only %q", l.secrets)
	}
	for place, text := range map[string]string{
		"a log": g.logs.String(), "a redirect": strings.Join(l.locations, "\n"), "a webhook": strings.Join(g.webhooks(), "\n"),
	} {
		if text == "" {
			t.Errorf("%s was not looked at", place)
		}
		for _, secret := range l.secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s:\n%s", place, secret, text)
			}
		}
	}
}
