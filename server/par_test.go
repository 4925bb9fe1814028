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

// push pushes the request of a walk and returns what the browser is sent to.
func (w *walk) push() string {
	w.g.t.Helper()
	r := w.g.ask("/par", mergeForms(w.g.credentials(w.client.ID), w.params)).wants(http.StatusCreated)
	uri := r.text("request_uri")
	if !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || r.json()["expires_in"] != 90.0 {
		w.g.t.Errorf("answer is %s", r.body)
	}
	return "/authorize?" + url.Values{"client_id": {w.client.ID}, "request_uri": {uri}}.Encode()
}

func TestPushedRequestFromStartToEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop", func(c *kyc.Client) { c.PKCERequired, c.RequirePAR = true, true })
		w := g.visitor("shop", "scope", "age_over_18", "response_mode", "form_post")
		path := w.push()
		// What stands beside the reference counts for nothing.
		w.found(w.get(path + "&scope=portrait&state=evil&redirect_uri=https%3A%2F%2Fevil.example&response_type=token"))
		w.get(w.at("")).shows(http.StatusOK, "swiyu-verify://")
		if g.verifier.scope() != "age_over_18" {
			t.Errorf("the verifier is asked for %q", g.verifier.scope())
		}
		g.clock.advance(10 * time.Minute) // longer than the reference lasts
		w.get(path).leads(w.at(""))       // a reload
		if n := g.verifier.count(); n != 1 {
			t.Errorf("%d verifications, want 1", n)
		}
		g.prove(w.id)
		w.answered(w.get(w.at("/finish")).shows(http.StatusOK).form("https://shop.example/cb"), "")
		w.get(path).leads(w.at(""))
		w.swap()
		w.get(path).shows(http.StatusConflict).lacks("code=")
	})
}

func TestOneOfManyBrowsersOpensAPushedRequest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w := g.visitor("shop")
		path := w.push()
		browsers, replies := make([]*browser, 50), make([]reply, 50)
		for i := range browsers {
			browsers[i] = g.browser()
		}
		var all sync.WaitGroup
		for i := range browsers {
			all.Go(func() { replies[i] = browsers[i].get(path) })
		}
		all.Wait()
		var won []int
		for i, r := range replies {
			if r.status == http.StatusSeeOther {
				won = append(won, i)
				continue
			}
			r.shows(http.StatusConflict).lacks("code=", `action="/authorize`)
		}
		if len(won) != 1 || g.verifier.count() != 1 {
			t.Fatalf("%d browsers, %d verifications", len(won), g.verifier.count())
		}
		w.browser = browsers[won[0]]
		w.found(replies[won[0]])
		g.prove(w.id)
		w.home(w.get(w.at("/finish")), "")
		for i, b := range browsers {
			if i != won[0] && i < 5 {
				b.postForm(path, nil).shows(http.StatusBadRequest)
				b.get(w.at("")).shows(http.StatusNotFound)
			}
		}
		w.swap()
	})
}

func TestPushedRequestThatNobodyMayOpen(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("other")
	w := g.visitor("shop")
	path := w.push()
	handle := path[strings.LastIndex(path, "%3A")+3:]
	before := g.everything()
	for name, query := range map[string]string{
		"another client":        strings.Replace(path, "client_id=shop", "client_id=other", 1),
		"an unknown client":     strings.Replace(path, "client_id=shop", "client_id=nobody", 1),
		"no client":             strings.Replace(path, "client_id=shop", "x=y", 1),
		"two clients":           path + "&client_id=shop",
		"a wrong secret":        strings.Replace(path, handle, handle[:60]+"AAAA", 1),
		"another row":           strings.Replace(path, handle, "B"+handle[1:], 1),
		"no handle":             strings.Replace(path, handle, "", 1),
		"something behind it":   path + "A",
		"a query in the handle": strings.Replace(path, handle, "%26x%3Dy", 1),
	} {
		t.Run(name, func(t *testing.T) {
			g.browser().get(query).shows(http.StatusBadRequest).lacks("shop.example")
			g.program().get(query).refuses(http.StatusBadRequest, "invalid_request")
		})
	}
	g.browser().get(path + "&request_uri=x").wants(http.StatusBadRequest) // is no reference, and no redirect URI
	g.browser().get("/authorize/" + handle + "?" + withField(w.params, "state", "other").Encode()).shows(http.StatusConflict)
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.found(w.get(path))
}

func TestPushedRequestEndsExactly(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	early, late := g.visitor("shop"), g.visitor("shop")
	first, second := early.push(), late.push()
	g.clock.set(noon.Add(kyc.PushedLifetime - time.Microsecond))
	early.found(early.get(first))
	if end := g.session(early.id).ExpiresAt.Sub(g.clock.Now()); end != kyc.VisitLifetime {
		t.Errorf("an opened session lasts %s", end)
	}
	g.clock.set(noon.Add(kyc.PushedLifetime))
	late.get(second).shows(http.StatusBadRequest)
	if g.verifier.count() != 1 {
		t.Error("a verification was made for a request that is over")
	}
}

func TestPushedRequestOfAClientThatWasDisabledOrChanged(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("closed")
	changed, closed := g.visitor("shop").push(), g.visitor("closed").push()
	g.disable("closed")
	g.contract.forget()
	g.change("shop", func(c *kyc.Client) { c.RedirectURIs = kyc.Strings{"https://shop.example/new"} })
	for _, path := range []string{changed, closed} {
		g.browser().get(path).shows(http.StatusBadRequest).lacks("example/cb")
	}
}

func TestPushRefusals(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	g.addClient("other")
	good := mergeForms(g.credentials("shop"), g.visitor("shop").params)
	before := g.everything()
	for _, row := range []struct {
		name   string
		edit   func(url.Values)
		status int
		word   string
	}{
		{"a wrong secret", func(f url.Values) { f.Set("client_secret", "wrong") }, 401, "invalid_client"},
		{"no credentials", func(f url.Values) { f.Del("client_secret") }, 401, "invalid_client"},
		{"no client", func(f url.Values) { f.Del("client_id"); f.Del("client_secret") }, 401, "invalid_client"},
		{"a reference", func(f url.Values) { f.Set("request_uri", "urn:ietf:params:oauth:request_uri:x") }, 400, "invalid_request"},
		{"no redirect URI", func(f url.Values) { f.Del("redirect_uri") }, 400, "invalid_request"},
		{"an unregistered redirect URI", func(f url.Values) { f.Set("redirect_uri", "https://evil.example/") }, 400, "invalid_request"},
		{"a scope that is not allowed", func(f url.Values) { f.Set("scope", "portrait") }, 400, "invalid_scope"},
		{"no challenge", func(f url.Values) { f.Del("code_challenge") }, 400, "invalid_request"},
		{"a repeated parameter", func(f url.Values) { f.Add("state", "x") }, 400, "invalid_request"},
		{"response type token", func(f url.Values) { f.Set("response_type", "token") }, 400, "unsupported_response_type"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := clone(good)
			row.edit(f)
			g.ask("/par", f).refuses(row.status, row.word)
		})
	}
	g.browser().postForm("/par?"+good.Encode(), good).refuses(http.StatusBadRequest, "invalid_request")
	g.browser().send(http.MethodPost, "/par", "application/json", "{}").refuses(http.StatusBadRequest, "invalid_request")
	g.browser().with("Authorization", basic("other", secretOf("other"))).
		postForm("/par", g.visitor("shop").params).refuses(http.StatusBadRequest, "invalid_request")
	g.browser().get("/par").wants(http.StatusMethodNotAllowed)
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	g.browser().with("Authorization", basic("shop", secretOf("shop"))).postForm("/par", g.visitor("shop").params).wants(http.StatusCreated)
}

func TestPushedRequestWhileTheVerifierIsDown(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.contract.expectFailures()
	w := g.visitor("shop")
	path := w.push()
	g.verifier.breakDown(errVerifierDown)
	w.get(path).shows(http.StatusServiceUnavailable, "http-equiv=\"refresh\"")
	g.verifier.breakDown(nil)
	w.found(w.get(path))
}

func TestPushedRequestOfAnAccountRecognizesWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.admitted("app", "mira", "scope", profileScope)
	w.swap()
	silent := w.again("scope", profileScope, "prompt", "none")
	silent.home(silent.follow(silent.get(silent.push())), "")
	silent.swap()
	stranger := g.visitor("app", "scope", profileScope, "prompt", "none")
	stranger.home(stranger.get(stranger.push()), "login_required")
	asked := w.again("scope", "openid", "prompt", "consent")
	path := asked.push()
	for range kyc.MaxAttempts + 2 { // a person who reloads
		asked.found(asked.get(path))
	}
	if s := g.session(asked.id); s.Attempts != 1 || s.AccountID == nil {
		t.Errorf("%d attempts, account %v", s.Attempts, s.AccountID)
	}
	asked.decide("deny")
}
