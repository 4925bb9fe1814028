package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestLaterVisitsFindTheSessionWhereItStands(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	// The cookie is sent again, so that it lives as long as the session, and is the same.
	var cookies []string
	for range 3 {
		r := w.get(w.path())
		r.leads(w.at(""))
		cookies = append(cookies, r.header.Get("Set-Cookie"))
	}
	if cookies[0] == "" || cookies[0] != cookies[1] || cookies[1] != cookies[2] {
		t.Errorf("the browser is bound by %q", cookies)
	}
	if n := g.verifier.count(); n != 1 {
		t.Errorf("%d verifications, want 1", n)
	}
	g.prove(w.id)
	w.open()
	w.finish()
	w.open()
	w.redeem().wants(http.StatusOK)
	w.open()
	w.get(w.at("")).shows(http.StatusOK, "https://shop.example/cb?error=")
}

func TestVisitsWithOtherValuesAreRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	w := g.opened("shop")
	before := g.everything()
	for name, edit := range map[string]func(url.Values){
		"redirect URI": func(p url.Values) { p.Set("redirect_uri", "https://shop.example/cb?tenant=7") },
		"state":        func(p url.Values) { p.Set("state", "other") },
		"no state":     func(p url.Values) { p.Del("state") },
		"challenge":    func(p url.Values) { p.Set("code_challenge", strings.Repeat("A", 43)) },
		"scope":        func(p url.Values) { p.Set("scope", "given_name") },
	} {
		t.Run(name, func(t *testing.T) {
			params := clone(w.params)
			edit(params)
			path := "/authorize/" + w.nonce + "?" + params.Encode()
			back := "href=\"" + params.Get("redirect_uri")
			w.get(path).shows(http.StatusConflict, back)
			w.post(path).shows(http.StatusConflict).lacks(`action="/authorize`)
			g.browser().get(path).shows(http.StatusConflict).lacks(`action="/authorize`)
			w.with("Accept", "application/json").get(path).refuses(http.StatusConflict, "invalid_request")
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.open()
}

func TestUnknownNoncesAreOneAndTheSame(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("other")
	w := g.setUp("shop")
	foreign := g.setUp("other")
	before := g.everything()
	change := func(s string, i int) string { // to another character of the alphabet
		other := "A"
		if s[i] == 'A' {
			other = "B"
		}
		return s[:i] + other + s[i+1:]
	}
	for name, nonce := range map[string]string{
		"a session that does not exist": change(w.nonce, 3), "a wrong secret": change(w.nonce, 40), "one character short": w.nonce[1:],
		"one more": w.nonce + "A", "no nonce at all": "hello", "the session's id": w.id.String(), "another client's": foreign.nonce,
		"slashes": "a%2Fb", "NUL": "%00", "not UTF-8": "%ff", "empty": "%20", "2,000 characters": strings.Repeat("A", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			path := "/authorize/" + nonce + "?" + w.params.Encode()
			w.get(path).shows(http.StatusNotFound, "https://shop.example/cb?error=access_denied")
			w.post(path).shows(http.StatusNotFound)
			w.with("Accept", "application/json").get(path).refuses(http.StatusNotFound, "invalid_request")
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestOtherBrowserTakesTheSessionOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		first := g.opened("shop")
		old := g.session(first.id)
		second := *first
		second.browser = g.browser()

		page := second.get(second.path()).shows(http.StatusConflict, `method="post" action="/authorize/`+first.nonce+"?")
		if page.header.Get("Set-Cookie") != "" || g.verifier.count() != 1 {
			t.Error("the second browser got something by looking")
		}
		second.get(second.at("")).shows(http.StatusNotFound)
		second.post(second.path()).leads(second.at(""))
		now := g.session(first.id)
		if now.RequestID == old.RequestID || now.Attempts != 2 || g.verifier.count() != 2 {
			t.Errorf("the old verification goes on: %+v", now)
		}
		first.get(first.at("")).shows(http.StatusNotFound)
		first.with("Accept", "application/json").get(first.at("/status")).refuses(http.StatusNotFound, "invalid_request")
		first.get(first.at("/finish")).shows(http.StatusNotFound)
		first.post(first.at("/cancel")).shows(http.StatusNotFound)
		first.get(first.path()).shows(http.StatusConflict)

		// The proof of the verification that the first browser opened comes too late.
		_, err := st.UpdateSession(ctx, first.id, func(s *kyc.Session) (kyc.Effects, error) {
			return s.Prove(old.RequestID, []byte("sealed"), noon)
		})
		if err == nil {
			t.Error("a proof changed hands")
		}
		g.prove(first.id)
		second.finish()
		second.redeem().wants(http.StatusOK)
	})
}

func TestProvedSessionIsNotTakenOver(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.proved("shop")
	before := g.everything()
	other := g.browser()
	other.get(w.path()).shows(http.StatusConflict).lacks(`action="/authorize`)
	other.post(w.path()).shows(http.StatusConflict).lacks(`action="/authorize`)
	if g.everything() != before {
		t.Error("a proved session moved")
	}
	w.finish()
}

func TestLinkPreviewsMakeOneVerification(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	g.browser().get(w.path()).leads(w.at("")) // a bot is first
	for range 20 {
		g.browser().get(w.path()).shows(http.StatusConflict, `action="/authorize/`)
	}
	if n := g.verifier.count(); n != 1 {
		t.Errorf("%d verifications, want 1", n)
	}
	w.post(w.path()).leads(w.at("")) // the person comes last and goes on
	g.prove(w.id)
	w.finish()
}

func TestOtherSitesCannotTakeASessionOver(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	before := g.everything()
	for name, header := range map[string][2]string{
		"another origin":          {"Origin", "https://evil.example"},
		"no origin":               {"Origin", "null"},
		"a browser that tells so": {"Sec-Fetch-Site", "cross-site"},
		"a sibling site":          {"Sec-Fetch-Site", "same-site"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{w.path(), w.at("/cancel"), w.at("/retry")} {
				w.with(header[0], header[1]).post(path).shows(http.StatusForbidden)
				g.browser().with(header[0], header[1]).post(path).shows(http.StatusForbidden)
			}
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.with("Origin", g.url).post(w.at("/cancel")).leads("https://shop.example/cb?error=access_denied")
}

func TestScopeIsWhatWasAskedForOrAllThatIsRegistered(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for _, row := range []struct{ name, scope, granted string }{
		{"no scope", "", "given_name family_name age_over_18"},
		{"a narrower one in another order", "age_over_18 given_name", "age_over_18 given_name"},
		{"one name", "family_name", "family_name"},
		{"an unknown name beside it", "foo family_name", "family_name"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := g.setUp("shop")
			w.params.Set("scope", row.scope)
			w.open()
			if got := g.verifier.scope(); got != row.granted {
				t.Errorf("the verifier is asked for %q, want %q", got, row.granted)
			}
			g.prove(w.id)
			w.finish()
			if got := w.redeem().wants(http.StatusOK).text("scope"); got != row.granted {
				t.Errorf("granted is %q, want %q", got, row.granted)
			}
		})
	}
}

func TestScopeMayBeNarrowedWithinAGroup(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.Scopes = kyc.Strings{"profile"} })
	w := g.setUp("shop")
	w.params.Set("scope", "given_name")
	w.open()
	g.prove(w.id)
	w.finish()
	info := g.info(w.redeem().wants(http.StatusOK).text("access_token")).wants(http.StatusOK)
	if info.text("given_name") == "" || info.text("family_name") != "" || info.text("scope") != "given_name" {
		t.Errorf("info is %s", info.body)
	}
	w = g.setUp("shop")
	w.params.Set("scope", "given_name age_over_18")
	if home := w.get(w.path()).leads("https://shop.example/cb?"); home.Get("error") != "invalid_scope" {
		t.Errorf("answer is %v", home)
	}
}

func TestDefaultScopeStaysWhatItWasOnTheFirstVisit(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	g.change("shop", func(c *kyc.Client) { c.Scopes = kyc.Strings{"given_name", "birth_date"} })
	w.open()
	if scope := g.session(w.id).Scope; scope != "given_name family_name age_over_18" {
		t.Errorf("scope became %q", scope)
	}
}

func TestAuthorizeURLWorksForDays(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	for day := 1; day <= 4; day++ {
		g.clock.set(noon.Add(time.Duration(day) * 24 * time.Hour))
		if day%2 == 0 {
			g.expire(w.id) // the background has noticed; or it has not yet
		}
		w.open()
		w.open()
		if n := g.verifier.count(); n != day+1 {
			t.Errorf("day %d: %d verifications, want %d", day, n, day+1)
		}
	}
	g.prove(w.id)
	w.finish()
	w.redeem().wants(http.StatusOK)
}

func TestSessionEndsAfterItsLife(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	late := g.setUp("shop")
	used := g.opened("shop")
	g.clock.set(noon.Add(7*24*time.Hour - time.Microsecond))
	g.setUp("shop")
	g.clock.set(noon.Add(7 * 24 * time.Hour))
	before := g.everything()
	for _, w := range []*walk{late, used} {
		w.get(w.path()).shows(http.StatusGone, "https://shop.example/cb?error=access_denied")
		w.post(w.path()).shows(http.StatusGone)
		w.with("Accept", "application/json").get(w.path()).refuses(http.StatusGone, "invalid_request")
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	for range kyc.MaxAttempts - 1 {
		g.refuse(w.id)
		w.get(w.at("")).shows(http.StatusOK, w.at("/retry"))
		w.post(w.at("/retry")).leads(w.at(""))
	}
	g.refuse(w.id)
	w.get(w.at("")).shows(http.StatusOK, w.at("/cancel")).lacks(w.at("/retry"))
	w.post(w.at("/retry")).leads(w.at(""))
	w.open()
	g.browser().post(w.path()).shows(http.StatusGone, "https://shop.example/cb?error=access_denied")
	if n := g.verifier.count(); n != kyc.MaxAttempts {
		t.Errorf("%d verifications, want %d", n, kyc.MaxAttempts)
	}
	w.post(w.at("/cancel")).leads("https://shop.example/cb?error=access_denied") // the way back
}

func TestSecondOfTwoVisitsAtOnceFindsTheFirst(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	replica := newGateOn(t, g.store)
	replica.contract.register(g.addClient("shop"))
	replica.listen()
	w := g.setUp("shop")
	g.verifier.meanwhile(func() { replica.browser().get(w.path()).leads(w.at("")) })
	w.get(w.path()).shows(http.StatusConflict, `action="/authorize/`)
	if s := g.session(w.id); s.Status != kyc.StatusAuthorized || s.Attempts != 1 {
		t.Errorf("session is %s after %d attempts", s.Status, s.Attempts)
	}
}

func TestManyVisitsAtOnceMakeOneVerification(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	g.listen()
	var all sync.WaitGroup
	for range 20 {
		b := g.browser()
		all.Go(func() { b.get(w.path()) })
	}
	all.Wait()
	if n := g.verifier.count(); n != 1 {
		t.Errorf("%d verifications, want 1", n)
	}
}
