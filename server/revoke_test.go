package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func (g *gate) revoke(clientID, token string, fields ...string) reply {
	g.t.Helper()
	return g.ask("/revoke", g.credentials(clientID, append([]string{"token", token}, fields...)...))
}

func (g *gate) introspect(clientID, token string) reply {
	g.t.Helper()
	return g.ask("/introspect", g.credentials(clientID, "token", token))
}

func TestRevokedRefreshTokenTakesItsGrantAlong(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		for name, hint := range map[string]string{"with the right hint": "refresh_token", "with a wrong one": "access_token", "with an odd one": "x"} {
			w, tokens := g.member("scope", "profile", "prompt", "consent")
			r := g.revoke("app", tokens.text("refresh_token"), "token_type_hint", hint).wants(http.StatusOK)
			if r.body != "" || r.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: answer is %v %q", name, r.header, r.body)
			}
			g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
			g.refresh("app", tokens.text("refresh_token")).refuses(http.StatusBadRequest, "invalid_grant")
			grant, err := st.GrantOfSession(ctx, w.id)
			must(t, err)
			if len(grant.SealedClaims) != 0 {
				t.Errorf("%s: the data are still there", name)
			}
			g.revoke("app", tokens.text("refresh_token")).wants(http.StatusOK)
		}
		if told := g.revoked(); len(told) != 0 {
			t.Errorf("a client is told of its own doing: %v", told)
		}
	})
}

func TestRevokedAccessToken(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w, tokens := g.member("scope", "profile")
	g.revoke("app", w.token).wants(http.StatusOK)
	g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
	g.introspectsNothing("app", w.token)
	next := g.refresh("app", tokens.text("refresh_token")).wants(http.StatusOK) // the way to the data is still there
	g.info(next.text("access_token")).wants(http.StatusOK)

	last, plain := g.member("scope", "openid profile", "prompt", "consent")
	if plain.json()["refresh_token"] != nil {
		t.Fatal("there is a refresh token")
	}
	g.revoke("app", last.token).wants(http.StatusOK)
	grant, err := g.store.GrantOfSession(ctx, last.id)
	must(t, err)
	if grant.RevokedAt == nil || len(grant.SealedClaims) != 0 {
		t.Error("data are kept that nobody can read")
	}
}

func TestRevokingWhatIsNotOnesOwnChangesNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addApp("other")
	w, tokens := g.member("scope", profileScope, "scope", "openid profile offline_access")
	for name, token := range map[string]string{
		"access token": w.token, "refresh token": tokens.text("refresh_token"), "unknown": strings.Repeat("A", 64), "a code": w.code, "rubbish": "x y",
	} {
		g.revoke("other", token).wants(http.StatusOK)
		if name != "access token" && name != "refresh token" {
			g.revoke("app", token).wants(http.StatusOK)
		}
	}
	g.info(w.token).wants(http.StatusOK)
	g.revoke("app", tokens.text("id_token")).refuses(http.StatusBadRequest, "unsupported_token_type")
	g.revoke("app", "").refuses(http.StatusBadRequest, "invalid_request")
	g.ask("/revoke", g.credentials("app", "token", w.token, "client_secret", "wrong")).refuses(http.StatusUnauthorized, "invalid_client")
	g.ask("/revoke", url.Values{"token": {w.token}}).refuses(http.StatusUnauthorized, "invalid_client")
	g.browser().get("/revoke?token=" + w.token).wants(http.StatusMethodNotAllowed)
	g.browser().postForm("/revoke?token="+w.token, g.credentials("app")).refuses(http.StatusBadRequest, "invalid_request")
	g.info(w.token).wants(http.StatusOK)
	g.refresh("app", tokens.text("refresh_token")).wants(http.StatusOK)
}

func (g *gate) introspectsNothing(clientID, token string) {
	g.t.Helper()
	if diff := cmp.Diff(map[string]any{"active": false}, g.introspect(clientID, token).wants(http.StatusOK).json()); diff != "" {
		g.t.Errorf("introspection (-want +got):\n%s", diff)
	}
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		g.addApp("other")
		w, tokens := g.member("scope", "openid profile offline_access")
		refresh := tokens.text("refresh_token")
		sub := g.info(w.token).text("sub")
		want := map[string]any{
			"active": true, "scope": "openid profile offline_access", "client_id": "app", "sub": sub, "token_type": "Bearer",
			"exp": float64(noon.Add(time.Hour).Unix()), "iat": float64(noon.Unix()), "iss": issuer,
		}
		if diff := cmp.Diff(want, g.introspect("app", w.token).wants(http.StatusOK).json()); diff != "" {
			t.Errorf("access token (-want +got):\n%s", diff)
		}
		want["token_type"], want["exp"] = "refresh_token", float64(noon.Add(kyc.DefaultRefreshIdle).Unix())
		if diff := cmp.Diff(want, g.introspect("app", refresh).wants(http.StatusOK).json()); diff != "" {
			t.Errorf("refresh token (-want +got):\n%s", diff)
		}
		for _, token := range []string{w.token, refresh} {
			g.introspectsNothing("other", token)
		}
		for _, token := range []string{strings.Repeat("A", 64), w.code, "x", tokens.text("id_token")} {
			g.introspectsNothing("app", token)
		}
		g.introspect("app", "").refuses(http.StatusBadRequest, "invalid_request")
		g.ask("/introspect", g.credentials("app", "token", w.token, "client_secret", "wrong")).refuses(http.StatusUnauthorized, "invalid_client")
		g.refresh("app", refresh, "scope", "openid").wants(http.StatusOK)
		g.introspectsNothing("app", refresh)
		g.clock.set(noon.Add(time.Hour))
		g.introspectsNothing("app", w.token)
	})
}

func TestDataThatCanBeReadOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp(func(c *kyc.Client) { c.Retention = kyc.RetainOnce })
		w, tokens := g.member("scope", "openid profile offline_access")
		g.introspect("app", w.token).wants(http.StatusOK) // is not reading
		read := 0
		for r := range side(20, func() reply { return g.info(w.token) }) {
			if r.status == http.StatusOK {
				read++
				continue
			}
			if r.refuses(http.StatusUnauthorized, "invalid_token"); len(traces(r.body)) > 0 {
				t.Error("a refusal holds the data")
			}
		}
		if read != 1 {
			t.Errorf("%d readers, want 1", read)
		}
		g.userinfo(w.token).refuses(http.StatusUnauthorized, "invalid_token")
		g.refresh("app", tokens.text("refresh_token")).refuses(http.StatusBadRequest, "invalid_grant")
		g.introspectsNothing("app", w.token)
		grant, err := st.GrantOfSession(ctx, w.id)
		must(t, err)
		if len(grant.SealedClaims) != 0 {
			t.Error("the data are still there")
		}
	})
}

func TestRefusedReadingsUseNothingUp(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp(func(c *kyc.Client) { c.Retention = kyc.RetainOnce })
	w, _ := g.member("scope", "profile")
	g.userinfo(w.token).refuses(http.StatusForbidden, "insufficient_scope")
	g.info(w.token[:60]+"AAAA").refuses(http.StatusUnauthorized, "invalid_token")
	g.browser().with("Authorization", "Bearer "+w.token).send(http.MethodHead, "/info", "", "").wants(http.StatusOK)
	g.info(w.token).wants(http.StatusOK)
}

func TestRetention(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		retention kyc.Retention
		scope     string
		readable  time.Duration
		end       string // as /info says it
	}{
		{"as long as an access token", kyc.RetainWithTokens, "openid profile", time.Hour, "2026-03-14T13:00:00Z"},
		{"as long as refresh tokens", kyc.RetainWithTokens, "profile", 365 * 24 * time.Hour, "2027-03-14T12:00:00Z"},
		{"for ten minutes", "10m", "profile", 10 * time.Minute, "2026-03-14T12:10:00Z"},
		{"for two hours", "2h", "profile", 2 * time.Hour, "2026-03-14T14:00:00Z"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t).withApp(func(c *kyc.Client) {
				c.Retention, c.RefreshIdle = row.retention, 400*24*time.Hour
			})
			w, tokens := g.member("scope", row.scope)
			if end := g.info(w.token).text("expires_at"); end != row.end {
				t.Errorf("the data end at %s, want %s", end, row.end)
			}
			token, refresh := w.token, tokens.text("refresh_token")
			g.clock.set(noon.Add(row.readable - time.Second))
			if refresh != "" {
				next := g.refresh("app", refresh).wants(http.StatusOK)
				token, refresh = next.text("access_token"), next.text("refresh_token")
			}
			g.info(token).wants(http.StatusOK)
			g.clock.set(noon.Add(row.readable))
			g.info(token).refuses(http.StatusUnauthorized, "invalid_token")
			if refresh != "" {
				g.refresh("app", refresh).refuses(http.StatusBadRequest, "invalid_grant")
			}
		})
	}
}

func TestDataUntilTheyAreWithdrawn(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp(func(c *kyc.Client) {
		c.Retention, c.RefreshIdle, c.RefreshLifetime = kyc.RetainUntilRevoked, 1e5*time.Hour, 1e5*time.Hour
	})
	w, tokens := g.member("scope", "profile")
	g.clock.advance(5 * 365 * 24 * time.Hour)
	next := g.refresh("app", tokens.text("refresh_token")).wants(http.StatusOK)
	g.info(next.text("access_token")).wants(http.StatusOK)
	w.signInAt("/login", "mira", goodPassword, false).leads("/me")
	me := w.get("/me").shows(http.StatusOK, "Corner app")
	w.postForm("/me/withdraw", me.form("/me/withdraw")).shows(http.StatusOK)
	g.info(next.text("access_token")).refuses(http.StatusUnauthorized, "invalid_token")
}
