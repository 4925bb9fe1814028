package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/kyc"
	"vouchgate/server"
)

// everyStep walks all ways through the server and returns what was answered, but
// for /info, and which secrets were in use.
func everyStep(g *gate) (answers []reply, secrets []string) {
	g.t.Helper()
	g.contract.expectFailures()
	note := func(r reply) reply { answers = append(answers, r); return r }
	w := g.setUp("shop")
	note(w.get(w.path()))
	note(w.get(w.at("")))
	note(w.get(w.at("/status")))
	note(g.browser().notify(notice(g.session(w.id).RequestID)))
	g.prove(w.id)
	note(w.get(w.at("")))
	note(w.get(w.at("/status")))
	note(w.get(w.at("/finish")))
	w.finish()
	form := w.form()
	form.Set("client_secret", "wrong-secret-0123")
	note(g.redeem(form))
	w.token = note(w.redeem()).text("access_token")
	g.info(w.token).wants(http.StatusOK)
	note(w.get(w.at("")))
	note(w.get(w.at("/finish")))
	note(w.redeem())
	note(g.info(w.token))
	note(w.get("/info?access_token=" + w.token))
	note(w.get("/authorize/" + w.nonce + "?broken=%zz"))
	note(g.browser().get(w.path()))

	lost := g.proved("shop")
	note(lost.post(lost.at("/cancel")))
	note(lost.get(lost.at("")))
	g.verifier.breakDown(errVerifierDown)
	down := g.setUp("shop")
	note(down.get(down.path()))
	g.verifier.breakDown(nil)
	return answers, []string{w.nonce, w.code, w.token, secretOf("shop"), "wrong-secret-0123", w.secret, lost.nonce, down.nonce, "key-0123"}
}

func TestPersonalDataTurnUpAtInfoAlone(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	g := newGate(t, func(c *server.Config) { c.Registry, c.NotificationKey = registry, "" })
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	answers, secrets := everyStep(g)
	for _, r := range answers {
		if found := traces(r.body + r.header.Get("Location") + strings.Join(r.header.Values("Set-Cookie"), "")); len(found) > 0 {
			t.Errorf("an answer of %d holds %q", r.status, found)
		}
	}
	if found := traces(strings.Join(g.webhooks(), "")); len(found) > 0 {
		t.Errorf("a webhook holds %q", found)
	}
	logged := g.logs.String()
	if found := traces(logged); len(found) > 0 {
		t.Errorf("the log holds %q", found)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(logged, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	families, err := registry.Gather()
	must(t, err)
	for _, f := range families {
		text := f.String()
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("metric %s holds %q", f.GetName(), secret)
			}
		}
		if found := traces(text); len(found) > 0 {
			t.Errorf("metric %s holds %q", f.GetName(), found)
		}
	}
	if len(families) < 2 {
		t.Errorf("%d metrics", len(families))
	}
}

func TestWebhookOfARedirectClientHoldsNoCode(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.finished("shop")
	for _, body := range g.webhooks() {
		if strings.Contains(body, "code") || strings.Contains(body, "state") || strings.Contains(body, w.code) {
			t.Errorf("webhook is %s", body)
		}
	}
}

func TestStoredSessionsAreSealed(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.proved("shop")
	if found := traces(string(g.session(w.id).SealedClaims)); len(found) > 0 {
		t.Errorf("the store holds %q", found)
	}
}

func TestClaimsOfAnotherSessionDoNotOpen(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.contract.expectFailures()
	a, b := g.proved("shop"), g.opened("shop")
	stolen := g.session(a.id).SealedClaims
	g.move(b.id, func(s *kyc.Session) (kyc.Effects, error) { return s.Prove(s.RequestID, stolen, noon) })
	b.finish()
	before := g.everything()
	r := b.redeem().refuses(http.StatusInternalServerError, "server_error")
	if len(traces(r.body)) > 0 || g.everything() != before {
		t.Error("data were swapped between sessions")
	}
}

func TestPagesOfFailuresNameTheLineInTheLog(t *testing.T) {
	t.Parallel()
	g, store := newHookedGate(t)
	g.contract.expectFailures()
	g.addClient("shop")
	w := g.opened("shop")
	store.whenRead(func() { panic("x") })
	r := w.get(w.at("")).shows(http.StatusInternalServerError)
	_, rest, _ := strings.Cut(r.body, `class="reference"`)
	_, rest, _ = strings.Cut(rest, "<code>")
	reference, _, _ := strings.Cut(rest, "</code>")
	if len(reference) != 10 || len(g.logs.lines(reference)) == 0 {
		t.Errorf("reference %q is not in the log", reference)
	}
}
