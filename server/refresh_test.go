package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/server"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		w, tokens := g.member("scope", "profile")
		first := tokens.text("refresh_token")
		g.clock.advance(30 * time.Minute)
		next := g.refresh("app", first).wants(http.StatusOK)
		second, access := next.text("refresh_token"), next.text("access_token")
		if second == first || access == w.token || len(second) != 64 || next.text("scope") != "profile" || next.json()["expires_in"] != 3600.0 {
			t.Errorf("answer is %s", next.body)
		}
		if next.header.Get("Cache-Control") != "no-store" || next.header.Get("Pragma") != "no-cache" {
			t.Errorf("the answer may be kept: %v", next.header)
		}
		for _, token := range []string{w.token, access} { // the first one lasts as long as it was promised
			g.info(token).wants(http.StatusOK)
		}
		g.clock.advance(30 * time.Minute)
		g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
		g.info(access).wants(http.StatusOK)
		for range 5 {
			g.clock.advance(time.Minute)
			next = g.refresh("app", second).wants(http.StatusOK)
			second = next.text("refresh_token")
		}
		g.info(next.text("access_token")).wants(http.StatusOK)
	})
}

func TestRefreshThatLostItsAnswerGetsItAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		_, tokens := g.member("scope", "openid profile offline_access")
		first := tokens.text("refresh_token")
		answer := g.refresh("app", first).wants(http.StatusOK)
		replica := newGateOn(t, st) // it may be asked elsewhere
		g.clock.advance(refreshWindow - time.Microsecond)
		replica.clock.set(g.clock.Now())
		again := replica.refresh("app", first).wants(http.StatusOK)
		for _, member := range []string{"access_token", "refresh_token", "scope"} {
			if answer.text(member) == "" || answer.text(member) != again.text(member) {
				t.Errorf("%s is %q, then %q", member, answer.text(member), again.text(member))
			}
		}
		if left := again.json()["expires_in"]; left != 3595.0 {
			t.Errorf("expires_in is %v", left)
		}
		// Once the next one was used, its owner has it.
		g.refresh("app", answer.text("refresh_token")).wants(http.StatusOK)
		g.refresh("app", first).refuses(http.StatusBadRequest, "invalid_grant")
		g.info(answer.text("access_token")).wants(http.StatusOK)
		if len(g.revoked()) != 0 {
			t.Error("the grant was revoked")
		}
	})
}

func TestReusedRefreshTokenEndsEverything(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		w, tokens := g.member("scope", "profile")
		first := tokens.text("refresh_token")
		next := g.refresh("app", first).wants(http.StatusOK)
		g.clock.advance(refreshWindow)
		g.refresh("app", first).refuses(http.StatusBadRequest, "invalid_grant")
		for _, token := range []string{w.token, next.text("access_token")} {
			g.info(token).refuses(http.StatusUnauthorized, "invalid_token")
		}
		g.refresh("app", next.text("refresh_token")).refuses(http.StatusBadRequest, "invalid_grant")
		g.refresh("app", first).refuses(http.StatusBadRequest, "invalid_grant")
		told := g.revoked()
		if len(told) != 1 || !strings.Contains(told[0], `"error":"reused"`) || !strings.Contains(told[0], `"method":"account"`) || len(traces(told[0])) > 0 {
			t.Errorf("the client is told %v", told)
		}
		grant, err := st.GrantOfSession(ctx, w.id)
		must(t, err)
		if grant.RevokedAt == nil || len(grant.SealedClaims) != 0 {
			t.Errorf("grant was revoked %v and keeps %d bytes", grant.RevokedAt, len(grant.SealedClaims))
		}
		if len(g.logs.lines("presented twice")) != 1 {
			t.Error("the operator is not told")
		}
	})
}

func TestReplayedCodeTellsTheClient(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w, tokens := g.member("scope", "profile")
	w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
	g.refresh("app", tokens.text("refresh_token")).refuses(http.StatusBadRequest, "invalid_grant")
	if told := g.revoked(); len(told) != 1 || !strings.Contains(told[0], `"error":"reused"`) {
		t.Errorf("the client is told %v", told)
	}
}

func TestManyRefreshesSideBySideAreOneChain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		_, tokens := g.member("scope", "profile")
		first := tokens.text("refresh_token")
		answers := map[string]bool{}
		var next string
		for r := range side(50, func() reply { return g.refresh("app", first) }) {
			r.wants(http.StatusOK)
			next = r.text("refresh_token")
			answers[next+r.text("access_token")] = true
		}
		if len(answers) != 1 {
			t.Errorf("%d answers to one refresh token", len(answers))
		}
		g.clock.advance(time.Hour)
		g.refresh("app", next).wants(http.StatusOK)
		if len(g.revoked()) != 0 {
			t.Error("the grant was revoked")
		}
	})
}

func TestWithoutAWindowOneOfManyRefreshesWins(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.RefreshWindow = 0 }).withApp()
	_, tokens := g.member("scope", "profile")
	won := 0
	for r := range side(20, func() reply { return g.refresh("app", tokens.text("refresh_token")) }) {
		if r.status == http.StatusOK {
			won++
			continue
		}
		r.refuses(http.StatusBadRequest, "invalid_grant")
	}
	if won != 1 || len(g.revoked()) != 1 {
		t.Errorf("%d answers, the client is told %d times", won, len(g.revoked()))
	}
}

func TestRefreshNarrowsAndNeverWidens(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w, tokens := g.member("scope", "openid profile age_over_18 offline_access", "claims", `{"userinfo":{"given_name":null}}`)
	token := tokens.text("refresh_token")
	for _, scope := range []string{"portrait", "openid profile portrait", "given_name", `"`, "profile profile"} {
		g.refresh("app", token, "scope", scope).refuses(http.StatusBadRequest, "invalid_scope")
	}
	narrow := g.refresh("app", token, "scope", "age_over_18 openid").wants(http.StatusOK)
	if narrow.text("scope") != "age_over_18 openid" {
		t.Errorf("scope is %q", narrow.text("scope"))
	}
	for path, read := range map[string]func(string) reply{"/info": g.info, "/userinfo": g.userinfo} {
		r := read(narrow.text("access_token")).wants(http.StatusOK)
		if found := traces(r.body); len(found) > 0 || r.json()["age_over_18"] != true {
			t.Errorf("%s of the narrower token is %s", path, r.body)
		}
		if r := read(w.token).wants(http.StatusOK); r.text("given_name") == "" {
			t.Errorf("%s of the first token is %s", path, r.body)
		}
	}
	bare := g.refresh("app", narrow.text("refresh_token"), "scope", "profile").wants(http.StatusOK)
	g.userinfo(bare.text("access_token")).refuses(http.StatusForbidden, "insufficient_scope")
	whole := g.refresh("app", bare.text("refresh_token")).wants(http.StatusOK) // the refresh token is as wide as ever
	if whole.text("scope") != "openid profile age_over_18 offline_access" {
		t.Errorf("scope is %q", whole.text("scope"))
	}
}

func TestWhatIsNoRefreshTokenOfTheClientIsRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addApp("other")
	w, tokens := g.member("scope", "profile")
	token := tokens.text("refresh_token")
	for name, wrong := range map[string]string{
		"an access token": w.token, "a code": w.code, "another secret": token[:60] + "AAAA", "another row": "B" + token[1:], "cut": token[:63],
		"with a space": token + " ", "rubbish": "x", "of SQL": "' OR 1=1 --",
	} {
		t.Run(name, func(t *testing.T) { g.refresh("app", wrong).refuses(http.StatusBadRequest, "invalid_grant") })
	}
	g.refresh("other", token).refuses(http.StatusBadRequest, "invalid_grant")
	g.info(token).refuses(http.StatusUnauthorized, "invalid_token")
	g.userinfo(token).refuses(http.StatusUnauthorized, "invalid_token")
	form := g.credentials("app", "grant_type", "refresh_token", "refresh_token", token, "client_secret", "wrong")
	g.redeem(form).refuses(http.StatusUnauthorized, "invalid_client")
	g.refresh("app", token).wants(http.StatusOK) // nothing of that spent it
}

func TestRefreshTokensEnd(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp(func(c *kyc.Client) { c.RefreshIdle, c.RefreshLifetime = 24*time.Hour, 48*time.Hour })
	_, tokens := g.member("scope", "profile")
	_, other := g.member("scope", "profile", "prompt", "consent")
	lying := other.text("refresh_token")
	token := tokens.text("refresh_token")
	g.clock.set(noon.Add(24*time.Hour - time.Microsecond))
	token = g.refresh("app", token).wants(http.StatusOK).text("refresh_token")
	g.clock.set(noon.Add(24 * time.Hour))
	g.refresh("app", lying).refuses(http.StatusBadRequest, "invalid_grant")
	g.clock.set(noon.Add(48*time.Hour - time.Second))
	last := g.refresh("app", token).wants(http.StatusOK)
	if last.json()["expires_in"] != 1.0 {
		t.Errorf("the last access token lasts %v s", last.json()["expires_in"])
	}
	g.clock.set(noon.Add(48 * time.Hour))
	g.info(last.text("access_token")).refuses(http.StatusUnauthorized, "invalid_token")
	g.refresh("app", last.text("refresh_token")).refuses(http.StatusBadRequest, "invalid_grant")
}

func TestWhoGetsRefreshTokens(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addApp("plain", func(c *kyc.Client) { c.GrantTypes = nil })
	for _, row := range []struct {
		name, client, scope, granted string
		refresh                      bool
	}{
		{"OAuth by its registration", "app", "profile", "profile", true},
		{"OpenID Connect that asks for it", "app", "openid offline_access", "openid offline_access", true},
		{"OpenID Connect that does not", "app", "openid profile", "openid profile", false},
		{"a client that may not, by OAuth", "plain", "profile", "profile", false},
		{"a client that may not, by OpenID Connect", "plain", "openid offline_access", "openid", false},
	} {
		w := g.admitted(row.client, "mira", "scope", row.scope, "prompt", "consent")
		r := w.swap()
		if (r.json()["refresh_token"] != nil) != row.refresh || r.text("scope") != row.granted {
			t.Errorf("%s: answer is %s", row.name, r.body)
		}
	}
	_, tokens := g.member("scope", "profile", "prompt", "consent")
	g.change("app", func(c *kyc.Client) { c.GrantTypes = nil })
	g.refresh("app", tokens.text("refresh_token")).refuses(http.StatusBadRequest, "unauthorized_client")
}

func TestRefreshAfterTheClientChanged(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	_, tokens := g.member("scope", "profile")
	token := tokens.text("refresh_token")
	g.change("app", func(c *kyc.Client) { c.Scopes = kyc.Strings{"age_over_18"} })
	g.refresh("app", token).refuses(http.StatusBadRequest, "invalid_grant")
	g.change("app", func(c *kyc.Client) { c.Scopes = kyc.Strings{"profile"} })
	g.refresh("app", token).wants(http.StatusOK)
	g.disable("app")
	g.refresh("app", token).refuses(http.StatusUnauthorized, "invalid_client")
}
