package conformance

import (
	"net/http"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"RT-01", "a refresh token gives new tokens of both kinds and is replaced by the new one (RFC 9700, section 4.14.2)", rt01},
	Row{"RT-02", "a refresh token that comes again later ends the whole grant, from either side", rt02},
	Row{"RT-03", "a client that lost the answer gets the same one again, for a moment", rt03},
	Row{"RT-06", "scope narrows the access token and never the refresh token (RFC 6749, section 6)", rt06},
	Row{"RT-07", "scope cannot widen what was granted, and trying costs nothing", rt07},
	Row{"RT-11", "fifty refreshes with one token at the same time make one chain", rt11},
	Row{"RT-13", "an ID token that comes with refreshing has the same iss, sub, aud and auth_time, and no nonce (OpenID Connect Core, section 12.2)", rt13},
	Row{"RT-14", "refreshing works after the gateway was killed", rt14},
)

func rt01(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public(), t.Wallet()} {
		g := t.Grant(c)
		before := t.OK(t.Info(g.Access))
		for range 3 {
			next := t.Took(c, t.Refresh(c, g.Refresh))
			t.IsJSON(next.Answer)
			t.NoStore(next.Answer)
			if next.Access == g.Access || next.Refresh == g.Refresh || next.Refresh == "" || next.Access == next.Refresh {
				t.Error("the tokens are not new ones")
			}
			if next.Answer.Text("token_type") != "Bearer" || next.Answer.Text("scope") != g.Answer.Text("scope") || next.IDToken != "" {
				t.Errorf("the answer is %v of %v", next.Answer.Text("token_type"), next.Answer.JSON["scope"])
			}
			if after := t.OK(t.Info(next.Access)); string(after.Body) != string(before.Body) {
				t.Errorf("it reads %s, before %s", after.Body, before.Body)
			}
			if c.Secret != "" {
				t.inactive("the old one", t.Introspect(c, g.Refresh))
			}
			g = next
		}
	}
}

// window is how long the gateways of these cases repeat an answer.
const window = time.Second

func rt02(t *T) {
	alone := t.Alone("--refresh-retry-window=" + window.String())
	for _, c := range []e2e.Client{alone.App(), alone.Wallet()} {
		first := alone.Grant(c)
		second := alone.Took(c, alone.Refresh(c, first.Refresh))
		third := alone.Took(c, alone.Refresh(c, second.Refresh))
		alone.Pass(window + 100*time.Millisecond)
		alone.OK(alone.Info(first.Access))
		alone.OK(alone.Info(third.Access))
		alone.JSON(alone.Refresh(c, first.Refresh), http.StatusBadRequest, "invalid_grant")
		alone.Dead(third)
		alone.Dead(second)
		alone.BadToken(alone.Info(first.Access))
	}
	// The thief was faster: it is the owner's try that ends it.
	c := alone.HookedClient(byAccount, noQuestion, refreshing)
	ask := alone.Ask(c)
	home := alone.Home(alone.SignedIn(), ask)
	stolen := alone.Swap(ask, home.Code())
	thief := alone.Took(c, alone.Refresh(c, stolen.Refresh))
	alone.Pass(window + 100*time.Millisecond)
	alone.JSON(alone.Refresh(c, stolen.Refresh), http.StatusBadRequest, "invalid_grant")
	alone.Dead(thief)
	alone.ended(thief, alone.sessionOf(home), "reused")
}

func rt03(t *T) {
	alone := t.Alone("--refresh-retry-window=60s")
	c := alone.App()
	g := alone.Grant(c)
	lost := alone.Took(c, alone.Refresh(c, g.Refresh))
	again := alone.Took(c, alone.Refresh(c, g.Refresh))
	if lost.Access != again.Access || lost.Refresh != again.Refresh {
		t.Error("the second answer has other tokens")
	}
	alone.OK(alone.Info(again.Access))
	next := alone.Took(c, alone.Refresh(c, again.Refresh))
	// Whoever has used the next one has had the answer: nothing is repeated then,
	// and no harm is done either.
	alone.JSON(alone.Refresh(c, g.Refresh), http.StatusBadRequest, "invalid_grant")
	alone.OK(alone.Info(next.Access))
	alone.OK(alone.Refresh(c, next.Refresh))

	never := t.Alone("--refresh-retry-window=0s")
	c = never.App()
	g = never.Grant(c)
	newest := never.Took(c, never.Refresh(c, g.Refresh))
	never.JSON(never.Refresh(c, g.Refresh), http.StatusBadRequest, "invalid_grant")
	never.Dead(newest)
}

func rt06(t *T) {
	c := t.App()
	g := t.Grant(c, "scope", "family_name given_name birth_date")
	for scope, names := range map[string][]string{
		"given_name": {"given_name"}, "birth_date family_name": {"birth_date", "family_name"}, Without: {"birth_date", "family_name", "given_name"},
		"": {"birth_date", "family_name", "given_name"}, "family_name given_name birth_date": {"birth_date", "family_name", "given_name"},
	} {
		g = t.Took(c, t.Refresh(c, g.Refresh, "scope", scope))
		info := t.OK(t.Info(g.Access)).JSON
		for _, name := range []string{"birth_date", "family_name", "given_name"} {
			wanted := strings.Contains(strings.Join(names, " "), name)
			if (info[name] != nil) != wanted || strings.Contains(g.Answer.Text("scope"), name) != wanted {
				t.Errorf("refreshed with %q, scope %q, it reads %v", scope, g.Answer.Text("scope"), info)
			}
		}
	}
	openid := t.Grant(c, "scope", "openid offline_access given_name family_name")
	narrow := t.Took(c, t.Refresh(c, openid.Refresh, "scope", "openid given_name"))
	if told := t.Told(narrow); told["family_name"] != nil || told["name"] != nil || told["given_name"] == nil {
		t.Errorf("the narrow one reads %v", told)
	}
	wide := t.Took(c, t.Refresh(c, narrow.Refresh))
	if told := t.Told(wide); told["family_name"] == nil {
		t.Errorf("the next one reads %v", told)
	}
}

func rt07(t *T) {
	c := t.App()
	g := t.Grant(c, "scope", "given_name")
	for _, scope := range []string{"given_name family_name", "family_name", "openid", "given_name openid", "given_name offline_access", "nonsense", "profile", "given_name\x07"} {
		t.JSON(t.Refresh(c, g.Refresh, "scope", scope), http.StatusBadRequest, "invalid_scope")
	}
	t.OK(t.Info(g.Access))
	next := t.Took(c, t.Refresh(c, g.Refresh))
	narrow := t.Took(c, t.Refresh(c, next.Refresh, "scope", "given_name"))
	if got := narrow.Answer.Text("scope"); got != "given_name" {
		t.Errorf("the scope is %q", got)
	}
}

func rt11(t *T) {
	alone := t.Alone("--refresh-retry-window=60s")
	for _, c := range []e2e.Client{alone.App(), alone.Public()} {
		g := alone.Grant(c)
		answers := atOnce(50, func(int) Answer { return alone.Refresh(c, g.Refresh) })
		chains := map[string]Grant{}
		for _, a := range answers {
			next := alone.Took(c, a)
			chains[next.Access+" "+next.Refresh] = next
		}
		if len(chains) != 1 {
			t.Errorf("there are %d chains", len(chains))
		}
		for _, next := range chains {
			alone.OK(alone.Info(next.Access))
			alone.OK(alone.Refresh(c, next.Refresh))
		}
	}
}

func rt13(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet(), t.Client(byAccount, noQuestion, refreshing, "--subject-type=ephemeral")} {
		g := t.Grant(c, "scope", "openid offline_access given_name", "nonce", "of the first one")
		first := t.Claims(g)
		if first["nonce"] != "of the first one" {
			t.Errorf("nonce is %v", first["nonce"])
		}
		for range 2 {
			g = t.Took(c, t.Refresh(c, g.Refresh))
			later := t.Claims(g) // with the hash of its own access token
			for _, name := range []string{"iss", "sub", "aud", "auth_time", "acr"} {
				if later[name] == nil || later[name] != first[name] {
					t.Errorf("%s is %v, before %v", name, later[name], first[name])
				}
			}
			if _, there := later["nonce"]; there {
				t.Error("there is a nonce")
			}
			if later["iat"].(float64) < first["iat"].(float64) {
				t.Error("it is older than the first")
			}
		}
	}
}

func rt14(t *T) {
	alone := t.Alone()
	for _, c := range []e2e.Client{alone.App(), alone.Wallet()} {
		g := alone.Grant(c)
		next := alone.Took(c, alone.Refresh(c, g.Refresh))
		alone.Gateway.Kill()
		<-alone.Gateway.Process().Done()
		alone.Check(alone.Gateway.Restart())
		alone.OK(alone.Info(next.Access))
		last := alone.Took(c, alone.Refresh(c, next.Refresh))
		alone.OK(alone.Info(last.Access))
	}
}
