package server_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// infoRefusals are what no data are given for; {words} stand for secrets of a walk.
var infoRefusals = []struct {
	name   string
	path   string
	auth   []string
	status int
	word   string
	named  bool // the challenge names the error
}{
	{"no token", "/info", nil, 401, "invalid_token", false},
	{"Basic", "/info", []string{basic("shop", shopSecret)}, 401, "invalid_token", false},
	{"an empty header", "/info", []string{""}, 401, "invalid_token", false},
	{"only the scheme", "/info", []string{"Bearer"}, 401, "invalid_token", true},
	{"the scheme and a space", "/info", []string{"Bearer "}, 401, "invalid_token", true},
	{"two words", "/info", []string{"Bearer a b"}, 401, "invalid_token", true},
	{"two headers", "/info", []string{"Bearer {token}", "Bearer {token}"}, 400, "invalid_request", true},
	{"the token in the query", "/info?access_token={token}", nil, 401, "invalid_token", false},
	{"the token one short", "/info", []string{"Bearer {short}"}, 401, "invalid_token", true},
	{"the token one longer", "/info", []string{"Bearer {token}A"}, 401, "invalid_token", true},
	{"the token with another end", "/info", []string{"Bearer {short}{last}"}, 401, "invalid_token", true},
	{"the token with another beginning", "/info", []string{"Bearer B{tail}"}, 401, "invalid_token", true},
	{"the token in quotes", "/info", []string{`Bearer "{token}"`}, 401, "invalid_token", true},
	{"a code that was used", "/info", []string{"Bearer {used}"}, 401, "invalid_token", true},
	{"a code that was not", "/info", []string{"Bearer {code}"}, 401, "invalid_token", true},
	{"a nonce", "/info", []string{"Bearer {nonce}"}, 401, "invalid_token", true},
	{"a client's secret", "/info", []string{"Bearer " + shopSecret}, 401, "invalid_token", true},
	{"8 kB", "/info", []string{"Bearer " + strings.Repeat("A", 8<<10)}, 401, "invalid_token", true},
}

func TestInfoRefusals(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.redeemed("shop")
	unused := g.finished("shop")
	token := w.token
	last := "A"
	if strings.HasSuffix(token, "A") {
		last = "B"
	}
	fill := strings.NewReplacer("{token}", token, "{short}", token[:63], "{last}", last, "{tail}", token[1:],
		"{used}", w.code, "{code}", unused.code, "{nonce}", w.nonce)
	for _, row := range infoRefusals {
		t.Run(row.name, func(t *testing.T) {
			b := g.browser()
			for _, value := range row.auth {
				b.header.Add("Authorization", fill.Replace(value))
			}
			r := b.get(fill.Replace(row.path)).refuses(row.status, row.word)
			challenge := r.header.Get("WWW-Authenticate")
			if !strings.HasPrefix(challenge, `Bearer realm="vouchgate"`) || strings.Contains(challenge, `error="`+row.word+`"`) != row.named {
				t.Errorf("WWW-Authenticate is %q", challenge)
			}
		})
	}
	if strings.Contains(g.logs.String(), token) {
		t.Error("the log holds a token")
	}
	g.info(token).wants(http.StatusOK)
}

func TestInfoAsOftenAsWanted(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.redeemed("shop")
	first := g.info(w.token).wants(http.StatusOK)
	for name, header := range map[string][2]string{
		"again": {"X", "y"}, "as HTML": {"Accept", "text/html"}, "compressed": {"Accept-Encoding", "br, gzip"},
		"a part of it": {"Range", "bytes=0-3"}, "if it is new": {"If-None-Match", "*"},
	} {
		r := g.browser().with("Authorization", "bearer "+w.token).with(header[0], header[1]).get("/info").wants(http.StatusOK)
		if r.body != first.body || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v %s", name, r.header, r.body)
		}
	}
}

func TestInfoHoldsTheGrantedScopeAlone(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	w.params.Set("scope", "age_over_18")
	w.open()
	g.prove(w.id) // the proof holds more than was asked for
	w.finish()
	r := g.info(w.redeem().text("access_token")).wants(http.StatusOK)
	if found := traces(r.body); len(found) > 0 {
		t.Errorf("info holds %q", found)
	}
	if r.json()["age_over_18"] != true {
		t.Errorf("info is %s", r.body)
	}
}

func TestTokenReadsItsOwnGrantAlone(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	a, b := g.redeemed("shop"), g.redeemed("shop")
	if id := g.info(a.token).text("id"); id != a.id.String() {
		t.Errorf("id is %s, want %s", id, a.id)
	}
	mixed := a.token[:22] + b.token[22:] // a's row with b's secret, as nearly as base64 lets
	g.info(mixed).refuses(http.StatusUnauthorized, "invalid_token")
}

func TestTokenEndsExactly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w := g.redeemed("shop")
		g.clock.set(noon.Add(time.Hour - time.Microsecond))
		g.info(w.token).wants(http.StatusOK)
		g.clock.set(noon.Add(time.Hour))
		g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
	})
}

func TestEndedTokensAreAllAlike(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("closed")
	revoked, purged, expired, closed := g.redeemed("shop"), g.redeemed("shop"), g.redeemed("shop"), g.redeemed("closed")
	unknown := g.info(strings.Repeat("A", 64)).refuses(http.StatusUnauthorized, "invalid_token")
	same := func(what string, w *walk) {
		t.Helper()
		r := g.info(w.token)
		if r.status != unknown.status || r.body != unknown.body || r.header.Get("WWW-Authenticate") != unknown.header.Get("WWW-Authenticate") {
			t.Errorf("a token that was %s is told apart: %d %s", what, r.status, r.body)
		}
	}
	g.disable("closed")
	same("its disabled client's", closed)
	grant, err := g.store.GrantOfSession(ctx, revoked.id)
	must(t, err)
	_, err = g.store.RevokeGrant(ctx, grant, kyc.RevokedByOperator, nil, noon)
	must(t, err)
	same("revoked", revoked)
	g.clock.advance(time.Hour)
	same("expired", expired)
	_, err = g.store.Purge(ctx, g.clock.Now(), store.DefaultRetention, 100)
	must(t, err)
	same("purged", purged)
}

func TestInfoWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w, open := g.redeemed("shop"), g.finished("shop")
		g.contract.expectFailures()
		must(t, st.Close())
		g.info(w.token).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
		open.redeem().refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
		open.get(open.at("")).shows(http.StatusServiceUnavailable)
		open.get(open.at("/finish")).shows(http.StatusServiceUnavailable)
		open.post(open.at("/cancel")).shows(http.StatusServiceUnavailable)
		open.get(open.at("/status")).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
		open.get(open.path()).shows(http.StatusServiceUnavailable)
	})
}

func TestManyReadersOfOneToken(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.redeemed("shop")
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() { g.info(w.token).wants(http.StatusOK) })
	}
	all.Wait()
}
