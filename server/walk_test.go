package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestWholeWalkByRedirect(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
		w := g.setUp("shop")
		w.params.Set("scope", "age_over_18 given_name")
		w.open()
		w.get(w.at("")).shows(http.StatusOK, `data-status="authorized"`, "Corner shop", "swiyu-verify://")
		g.prove(w.id)
		w.get(w.at("")).shows(http.StatusOK, `data-finish-url="`+w.at("/finish")+`"`)

		home := w.get(w.at("/finish")).leads("https://shop.example/cb?")
		w.code = home.Get("code")
		if home.Get("state") != "state of shop" || home.Get("iss") != issuer || len(home) != 3 {
			t.Errorf("answer is %v, want code, state and iss", home)
		}
		r := w.redeem().wants(http.StatusOK)
		if r.text("token_type") != "Bearer" || r.json()["expires_in"] != 3600.0 || r.text("scope") != "age_over_18 given_name" {
			t.Errorf("token answer is %s", r.body)
		}
		if r.header.Get("Pragma") != "no-cache" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("token answer may be kept: %v", r.header)
		}
		want := map[string]any{
			"given_name": "Kanarietta", "age_over_18": true, "id": w.id.String(), "sub": w.id.String(),
			"scope": "age_over_18 given_name", "method": "swiyu", "issuer": "did:example:issuer", "vct": "urn:vct:example",
			"verified_at": "2026-03-14T12:00:00Z", "expires_at": "2026-03-14T13:00:00Z",
		}
		if diff := cmp.Diff(want, g.info(r.text("access_token")).wants(http.StatusOK).json()); diff != "" {
			t.Errorf("info (-want +got):\n%s", diff)
		}
		if s := g.session(w.id); s.Status != kyc.StatusCompleted || s.SealedClaims != nil {
			t.Errorf("session is %s and keeps %d bytes of claims", s.Status, len(s.SealedClaims))
		}
		w.get(w.at("")).shows(http.StatusOK, "https://shop.example/cb?error=")
	})
}

func TestWholeWalkByWebhook(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop", func(c *kyc.Client) { c.CodeDelivery = kyc.DeliverByWebhook })
		w := g.setUp("shop")
		first := g.program().get(w.path()).wants(http.StatusOK)
		again := g.program().get(w.path()).wants(http.StatusOK)
		if first.body != again.body || g.verifier.count() != 1 {
			t.Errorf("a client that looks twice finds\n%s\n%s", first.body, again.body)
		}
		if !strings.HasPrefix(first.text("verification_deeplink"), "swiyu-verify://") || first.text("state") != "state of shop" {
			t.Errorf("answer is %s", first.body)
		}
		g.prove(w.id)
		if status := g.program().get(w.path()).wants(http.StatusOK).text("status"); status != "verified" {
			t.Errorf("status is %s, want verified", status)
		}
		body := g.webhooks()[0]
		_, w.code, _ = strings.Cut(body, `"code":"`)
		w.code, _, _ = strings.Cut(w.code, `"`)
		g.clock.advance(9 * time.Minute) // longer than a code lasts that goes by redirect
		token := w.redeem().wants(http.StatusOK).text("access_token")
		g.info(token).wants(http.StatusOK)
		if status := g.program().get(w.path()).wants(http.StatusOK).text("status"); status != "completed" {
			t.Errorf("status is %s, want completed", status)
		}
	})
}

// A walk may use another replica at each step, and a server that was started anew.
func TestReplicasWalkTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		a, b := newGateOn(t, st), newGateOn(t, st)
		b.contract.register(a.addClient("shop"))
		w := a.opened("shop")
		other := *w
		other.browser = &browser{g: b, client: w.browser.client, header: w.browser.header}
		b.listen()
		other.open()
		other.get(w.at("")).shows(http.StatusOK, "swiyu-verify://")
		b.prove(w.id)
		w.get(w.at("/finish")).leads("https://shop.example/cb?code=")
		other.finish()
		w.code = other.code
		token := w.redeem().wants(http.StatusOK).text("access_token")
		b.info(token).wants(http.StatusOK)
		other.redeem().refuses(http.StatusBadRequest, "invalid_grant")
		a.info(token).refuses(http.StatusUnauthorized, "invalid_token")
	})
}

func TestBrowserOfAWebhookClientIsNotSentHomeWithACode(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.CodeDelivery = kyc.DeliverByWebhook })
	w := g.proved("shop")
	w.get(w.at("")).shows(http.StatusOK).lacks("/finish")
	if query := w.get(w.at("/finish")).leads(w.at("")); query.Has("code") {
		t.Error("the code went to the browser as well")
	}
}

func TestTalerExchangeWalksUnchanged(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addExchange()
	// The exchange sends a compressed body without saying so, no scope and no
	// challenge, names its secret in the form and repeats the state there.
	b := g.browser().with("Authorization", "Bearer "+exchangeSecret)
	nonce := b.send(http.MethodPost, "/setup/exchange", "application/x-www-form-urlencoded", "x\x9c\xab\x56\x00\xff\xfe").
		wants(http.StatusOK).text("nonce")
	state := strings.Repeat("7Q5R9MJ2XK3V", 4) + "ABCD"
	path := "/authorize/" + nonce + "?response_type=code&client_id=exchange" +
		"&redirect_uri=https%3A%2F%2Fexchange.example%2Fkyc-proof%2Fswiyu&state=" + state
	handle, err := kyc.ParseHandle(nonce)
	must(t, err)
	person := g.browser()
	person.get(path).leads("/session/" + handle.ID.String())
	g.clock.advance(5 * 24 * time.Hour) // the exchange hands the same URL out for days
	person.get(path).leads("/session/" + handle.ID.String())
	g.prove(handle.ID)
	home := person.get("/session/" + handle.ID.String() + "/finish").leads("https://exchange.example/kyc-proof/swiyu?")

	body := "client_id=exchange&redirect_uri=https%3A%2F%2Fexchange.example%2Fkyc-proof%2Fswiyu&state=" + state +
		"&client_secret=secret-token%3Aexchange%3A0123456789abcdef&code=" + home.Get("code") + "&grant_type=authorization_code"
	token := g.browser().send(http.MethodPost, "/token", "application/x-www-form-urlencoded", body).wants(http.StatusOK)
	if !strings.EqualFold(token.text("token_type"), "bearer") || strings.ContainsAny(token.text("access_token"), "\r\n ;") {
		t.Errorf("token answer is %s", token.body)
	}
	info := g.info(token.text("access_token")).wants(http.StatusOK)
	if id, ok := info.json()["id"].(string); !ok || id == "" {
		t.Errorf("info lacks a string id: %s", info.body)
	}
}
