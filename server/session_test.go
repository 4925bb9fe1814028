package server_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestSessionBelongsToTheBrowserThatOpenedIt(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w, foreign := g.proved("shop"), g.opened("shop")
	before := g.everything()
	for name, b := range map[string]*browser{
		"without a cookie": g.browser(), "with the cookie of another person": foreign.browser,
		"with a made-up cookie": g.browser().with("Cookie", "vouchgate=AAAA"),
		"with two cookies":      g.browser().with("Cookie", "vouchgate=AAAA; vouchgate=BBBB"),
		"with an empty cookie":  g.browser().with("Cookie", "vouchgate="),
	} {
		t.Run(name, func(t *testing.T) {
			unknown := strings.Replace(w.at(""), w.id.String(), "019cec37-b600-7be1-870a-289643db918c", 1)
			for _, path := range []string{w.at(""), unknown} {
				b.get(path).shows(http.StatusNotFound).lacks("Corner shop", "shop.example")
				b.get(path+"/finish").shows(http.StatusNotFound).lacks("Corner shop", "shop.example")
				b.post(path+"/retry").shows(http.StatusNotFound).lacks("Corner shop", "shop.example")
				b.post(path+"/cancel").shows(http.StatusNotFound).lacks("Corner shop", "shop.example")
				b.get(path+"/status").refuses(http.StatusNotFound, "invalid_request")
			}
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestMalformedSessionIDsAreUnknown(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	for _, id := range []string{
		"1", "x", strings.ReplaceAll(w.id.String(), "-", ""), "{" + w.id.String() + "}", "urn:uuid:" + w.id.String(),
		w.id.String() + "0", "%00", "%ff", "..%2F" + w.id.String(), strings.Repeat("0", 3000),
	} {
		w.get("/session/" + id).shows(http.StatusNotFound)
		w.get("/session/"+id+"/status").refuses(http.StatusNotFound, "invalid_request")
		w.post("/session/" + id + "/cancel").shows(http.StatusNotFound)
	}
	w.get("/session/"+strings.ToUpper(w.id.String())).shows(http.StatusOK, "swiyu-verify://")
}

func TestCancelEndsTheSession(t *testing.T) {
	t.Parallel()
	for name, reach := range map[string]func(*gate, *walk){
		"while it is open":         func(*gate, *walk) {},
		"after a failure":          func(g *gate, w *walk) { g.refuse(w.id) },
		"after it ran out":         func(g *gate, w *walk) { g.expire(w.id) },
		"with a proof":             func(g *gate, w *walk) { g.prove(w.id) },
		"with a code not yet used": func(g *gate, w *walk) { g.prove(w.id); w.finish() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			g.addClient("shop")
			w := g.opened("shop")
			reach(g, w)
			_, wakes := g.background.heard()
			for range 2 { // the second click finds the first
				home := w.post(w.at("/cancel")).leads("https://shop.example/cb?")
				if home.Get("error") != "access_denied" || home.Get("state") != "state of shop" || home.Get("iss") != issuer {
					t.Errorf("answer is %v", home)
				}
			}
			told := denied(g, w)
			if _, now := g.background.heard(); now != wakes+1 {
				t.Errorf("the background was woken %d times, want once", now-wakes)
			}
			if w.code != "" {
				w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
			}
			w.get(w.at("")).shows(http.StatusOK, "https://shop.example/cb?error=access_denied")
			w.get(w.at("/finish")).shows(http.StatusConflict, "https://shop.example/cb?error=access_denied")
			w.post(w.at("/retry")).leads(w.at(""))
			g.browser().get(w.path()).shows(http.StatusConflict, "https://shop.example/cb?error=access_denied").lacks("<form")
			if strings.Join(g.webhooks(), "\n") != told || g.session(w.id).Status != kyc.StatusDenied {
				t.Error("the session moved on")
			}
		})
	}
}

// denied checks what a cancelled session leaves behind and returns what its client
// is told.
func denied(g *gate, w *walk) string {
	g.t.Helper()
	s := g.session(w.id)
	if s.Status != kyc.StatusDenied || s.SealedClaims != nil || s.NextCheck != nil {
		g.t.Errorf("session is %s, %d bytes of claims, next check %v", s.Status, len(s.SealedClaims), s.NextCheck)
	}
	told := strings.Join(g.webhooks(), "\n")
	if strings.Count(told, `"type":"verification.denied"`) != 1 || !strings.Contains(told, `"error":"cancelled"`) {
		g.t.Errorf("the client is told %s", told)
	}
	trail, err := g.store.Audit(ctx, w.id)
	must(g.t, err)
	if !slices.ContainsFunc(trail, func(e store.AuditEvent) bool { return strings.Contains(e.Event, "denied") }) {
		g.t.Errorf("the audit trail is %+v", trail)
	}
	return told
}

func TestCancelAfterTheEndChangesNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.redeemed("shop")
	before := g.everything()
	w.post(w.at("/cancel")).leads(w.at(""))
	if g.everything() != before {
		t.Error("a completed session moved")
	}
	g.info(w.token).wants(http.StatusOK)
}

func TestRetryStartsAnotherVerification(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	w.post(w.at("/retry")).leads(w.at("")) // while one is open: nothing
	if n := g.verifier.count(); n != 1 {
		t.Fatalf("%d verifications, want 1", n)
	}
	g.refuse(w.id)
	w.get(w.at("")).shows(http.StatusOK, `method="post" action="`+w.at("/retry")+`"`)
	w.get(w.at("/retry")).wants(http.StatusMethodNotAllowed)
	w.post(w.at("/retry") + "?ui_locales=it").leads(w.at("?ui_locales=it"))
	s := g.session(w.id)
	if s.Status != kyc.StatusAuthorized || s.Attempts != 2 || g.verifier.count() != 2 || s.ErrorCode != "" {
		t.Errorf("session is %s after %d attempts", s.Status, s.Attempts)
	}
	g.prove(w.id)
	w.finish()
	w.redeem().wants(http.StatusOK)
}

func TestSecondClickOnRetryFindsTheFirst(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	replica := newGateOn(t, g.store)
	replica.contract.register(g.addClient("shop"))
	replica.listen()
	w := g.opened("shop")
	g.refuse(w.id)
	other := &browser{g: replica, client: w.browser.client, header: w.browser.header}
	g.verifier.meanwhile(func() { other.post(w.at("/retry")).leads(w.at("")) })
	w.post(w.at("/retry")).leads(w.at(""))
	if s := g.session(w.id); s.Attempts != 2 {
		t.Errorf("%d attempts, want 2", s.Attempts)
	}
}

func TestVerifierThatIsDownIsTriedAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.contract.expectFailures()
	w := g.setUp("shop")
	before := g.everything()
	g.verifier.breakDown(errVerifierDown)
	page := w.get(w.path()).shows(http.StatusServiceUnavailable, "Corner shop", "http-equiv=\"refresh\"", "/authorize/"+w.nonce)
	page.lacks("connection refused", "verifier.example")
	if page.header.Get("Set-Cookie") != "" {
		t.Error("a browser was bound to a session that is not open")
	}
	w.with("Accept", "application/json").get(w.path()).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	g.verifier.breakDown(nil)
	w.open()
	g.refuse(w.id)
	g.verifier.breakDown(errVerifierDown)
	w.post(w.at("/retry")).shows(http.StatusServiceUnavailable, "url="+w.at(""))
	if s := g.session(w.id); s.Status != kyc.StatusFailed || s.Attempts != 1 {
		t.Errorf("session is %s after %d attempts", s.Status, s.Attempts)
	}
	g.verifier.breakDown(nil)
	w.post(w.at("/retry")).leads(w.at(""))
	if len(g.logs.lines("connection refused")) == 0 {
		t.Error("the operator is not told why")
	}
}

func TestExpiredSessionOffersAnotherTry(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	g.expire(w.id)
	w.get(w.at("")).shows(http.StatusOK, w.at("/retry"), w.at("/cancel"))
	g.clock.advance(8 * 24 * time.Hour)
	w.get(w.at("")).shows(http.StatusOK, w.at("/cancel")).lacks(w.at("/retry"))
	w.post(w.at("/retry")).leads(w.at(""))
	w.post(w.at("/cancel")).leads("https://shop.example/cb?error=access_denied")
}

func TestFinishBeforeTheProofGivesNoCode(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for name, reach := range map[string]func(*walk){
		"open": func(*walk) {}, "failed": func(w *walk) { g.refuse(w.id) }, "expired": func(w *walk) { g.expire(w.id) },
	} {
		t.Run(name, func(t *testing.T) {
			w := g.opened("shop")
			reach(w)
			if query := w.get(w.at("/finish")).leads(w.at("")); query.Has("code") {
				t.Error("there is a code")
			}
			if _, err := g.store.Code(ctx, w.id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("there is a code: %v", err)
			}
		})
	}
}

func TestFinishTwiceGivesTheSameCode(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w := g.proved("shop")
		codes := make([]string, 64)
		var all sync.WaitGroup
		for i := range codes {
			all.Go(func() { codes[i] = w.get(w.at("/finish")).header.Get("Location") })
		}
		all.Wait()
		for i, location := range codes {
			if location != codes[0] || !strings.Contains(location, "code=") {
				t.Fatalf("answer %d is %q, the first %q", i, location, codes[0])
			}
		}
		w.finish()
		w.redeem().wants(http.StatusOK)
	})
}

func TestCodeThatRanOutUnusedIsReplaced(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.finished("shop")
	old := w.code
	g.clock.advance(time.Minute)
	w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
	w.finish()
	if w.code == old {
		t.Error("the code is the one that ran out")
	}
	fresh := w.code
	w.code = old
	w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
	w.code = fresh
	w.redeem().wants(http.StatusOK)
}

func TestFinishAfterTheCodeWasUsedIsAPage(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.redeemed("shop")
	w.get(w.at("/finish")).shows(http.StatusConflict, "https://shop.example/cb?error=").lacks("code=")

	spent := g.finished("shop") // spent without a grant: somebody guessed at the verifier
	form := spent.form()
	form.Set("redirect_uri", "https://shop.example/other")
	g.redeem(form).refuses(http.StatusBadRequest, "invalid_grant")
	spent.get(spent.at("/finish")).shows(http.StatusConflict, "https://shop.example/cb?error=").lacks("code=")
}

func TestRedirectURIThatWasRemovedIsNotFollowed(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	open, proved := g.opened("shop"), g.proved("shop")
	g.contract.forget()
	g.change("shop", func(c *kyc.Client) { c.RedirectURIs = kyc.Strings{"https://shop.example/new"} })
	for _, w := range []*walk{open, proved} {
		for _, r := range []reply{
			w.get(w.path()), w.get(w.at("")), w.get(w.at("/finish")), w.post(w.at("/cancel")), w.post(w.at("/retry")),
		} {
			r.shows(http.StatusBadRequest).lacks("shop.example/cb")
		}
	}
}

func TestDisabledClientIsTurnedAwayAtEveryStep(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	fresh, open, proved, finished, redeemed := g.setUp("shop"), g.opened("shop"), g.proved("shop"), g.finished("shop"), g.redeemed("shop")
	g.disable("shop")
	before := g.everything()
	for _, w := range []*walk{fresh, open, proved, finished, redeemed} {
		w.get(w.path()).shows(http.StatusBadRequest).lacks("shop.example")
		w.post(w.path()).shows(http.StatusBadRequest).lacks("shop.example")
	}
	for _, w := range []*walk{open, proved, finished, redeemed} {
		for _, r := range []reply{w.get(w.at("")), w.get(w.at("/finish")), w.post(w.at("/cancel")), w.post(w.at("/retry"))} {
			r.shows(http.StatusBadRequest).lacks("shop.example")
		}
	}
	g.browser().with("Authorization", "Bearer "+secretOf("shop")).post("/setup/shop").refuses(http.StatusUnauthorized, "invalid_client")
	finished.redeem().refuses(http.StatusUnauthorized, "invalid_client")
	g.info(redeemed.token).refuses(http.StatusUnauthorized, "invalid_token")
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}
