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

const signInCookie = "vouchgate-login"

func TestWholeWalkOfAnAccount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		w := g.visitor("app", "scope", profileScope, "login_hint", "mira")
		w.start().leads(w.at("/login"))
		w.get(w.at("")).leads(w.at("/login"))
		w.get(w.at("/consent")).leads(w.at("/login"))
		w.get(w.at("/finish")).leads(w.at(""))
		w.get(w.at("/login")).shows(http.StatusOK, "Corner app", `value="mira"`)
		w.signIn(" MIRA ", goodPassword, false).leads(w.at("/consent"))
		w.get(w.at("/login")).leads(w.at("/consent"))
		w.get(w.at("/consent")).shows(http.StatusOK, "Corner app", "Example Operators", "Opening a made-up account", "mira", "Kanarietta")
		w.allow()
		tokens := w.swap()
		if tokens.text("scope") != profileScope || tokens.text("id_token") == "" || tokens.json()["refresh_token"] != nil {
			t.Errorf("token answer is %s", tokens.body)
		}
		if s := g.session(w.id); s.Status != kyc.StatusCompleted || g.verifier.count() != 0 {
			t.Errorf("session is %s, %d verifications", s.Status, g.verifier.count())
		}
		info := g.info(w.token).wants(http.StatusOK)
		if info.text("method") != "account" || info.text("family_name") != "Zwitscher-Muster" || info.json()["age_over_18"] != nil {
			t.Errorf("info is %s", info.body)
		}
	})
}

func TestWalkOfAnAccountThatTheClientSetUp(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.setUp("app")
	w.get(w.path()).leads(w.at("/login"))
	w.get(w.path()).leads(w.at("/login"))
	w.signIn("mira", goodPassword, false).leads(w.at("/consent"))
	w.get(w.path()).leads(w.at("/consent"))
	other := *w // another browser goes on, and has to sign in itself
	other.browser = g.browser()
	other.get(w.path()).shows(http.StatusConflict, `action="/authorize/`)
	other.post(w.path()).leads(w.at("/login"))
	w.get(w.at("/consent")).shows(http.StatusNotFound).lacks("Kanarietta")
	other.signIn("mira", goodPassword, false).leads(w.at("/consent"))
	other.allow()
	other.swap()
}

func TestSignInCookie(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	for name, row := range map[string]struct {
		remember bool
		age      string
		life     time.Duration
	}{
		"until the browser is closed": {false, "", 12 * time.Hour},
		"remembered":                  {true, "Max-Age=2592000; ", 30 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateOn(t, g.store)
			app, err := g.store.Client(ctx, "app")
			must(t, err)
			g.contract.register(app)
			w := g.visitor("app")
			w.start()
			cookie := w.signIn("mira", goodPassword, row.remember).header.Get("Set-Cookie")
			value, attributes, _ := strings.Cut(strings.TrimPrefix(cookie, signInCookie+"="), "; ")
			if len(value) != 64 || attributes != "Path=/; "+row.age+"HttpOnly; SameSite=Lax" {
				t.Errorf("cookie is %s", cookie)
			}
			g.clock.advance(row.life - time.Microsecond)
			w.again().start().leads("/session/")
			near, late := w.again(), w.again()
			near.follow(near.start()).shows(http.StatusOK, "mira")
			g.clock.advance(time.Microsecond)
			late.start().leads(late.at("/login"))
			if strings.Contains(g.logs.String(), value) {
				t.Error("the log holds the cookie")
			}
		})
	}
}

func TestSignInChangesItsHandleEachTime(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.visitor("app")
	w.start()
	planted := strings.Repeat("A", 64) // by somebody else, before
	w.with("Cookie", signInCookie+"="+planted).get(w.at("/login")).shows(http.StatusOK)
	w.signIn("mira", goodPassword, true)
	first := w.cookie(signInCookie)
	again := w.again("prompt", "login")
	g.clock.advance(time.Second)
	again.start()
	again.signIn("mira", goodPassword, true)
	second := again.cookie(signInCookie)
	if first == "" || second == "" || first == second || first == planted {
		t.Fatalf("handles are %q and %q", first, second)
	}
	old := w.again()
	old.browser = g.browser().with("Cookie", signInCookie+"="+first)
	old.start().leads(old.at("/login")) // the first one has ended
	for name, value := range map[string]string{
		"with another secret": second[:60] + "AAAA", "cut": second[:63], "empty": "", "of the browser": w.cookie("vouchgate"),
	} {
		forged := w.again()
		forged.browser = g.browser().with("Cookie", signInCookie+"="+value)
		if to := forged.start().header.Get("Location"); to != forged.at("/login") {
			t.Errorf("%s: leads to %s", name, to)
		}
	}
}

func TestWrongSignInsAreAllAlike(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.SignInTries = 100 }).withApp()
	g.addAccount("gone")
	g.shut("gone")
	w := g.visitor("app")
	w.start()
	before := g.everything()
	var first string
	for name, try := range map[string][2]string{
		"a wrong password": {"mira", "wrong"}, "an unknown name": {"nobody", goodPassword}, "a disabled account": {"gone", goodPassword},
		"an empty password": {"mira", ""}, "an empty name": {"", goodPassword}, "a name of control characters": {"mi\x01ra", goodPassword},
		"a name of 10 kB": {strings.Repeat("m", 10<<10), "x"}, "a password of 10 kB": {"mira", strings.Repeat("p", 10<<10)},
		"a password in another case": {"mira", strings.ToUpper(goodPassword)}, "a password with a space behind": {"mira", goodPassword + " "},
	} {
		r := w.signIn(try[0], try[1], true).shows(http.StatusUnprocessableEntity, `role="alert"`)
		if strings.Contains(strings.Join(r.header.Values("Set-Cookie"), ""), signInCookie) {
			t.Errorf("%s: signed in", name)
		}
		_, alert, _ := strings.Cut(r.body, `role="alert"`)
		alert, _, _ = strings.Cut(alert, "</div>")
		if first == "" {
			first = alert
		}
		if alert != first {
			t.Errorf("%s is told apart:\n%s\n%s", name, first, alert)
		}
		if try[1] != "" && strings.Contains(r.body, `value="`+try[1]) {
			t.Errorf("%s: the password is shown", name)
		}
	}
	if g.everything() != before || g.session(w.id).AccountID != nil {
		t.Error("the session moved")
	}
	w.get(w.at("/consent")).leads(w.at("/login"))
	if logged := g.logs.String(); strings.Contains(logged, goodPassword) || strings.Contains(logged, "nobody") {
		t.Error("the log holds what was typed")
	}
}

func TestSignInsAreThrottledOnEveryReplica(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st).withApp()
		w := g.visitor("app")
		w.start()
		for range 3 {
			w.signIn("mira", "wrong", false).shows(http.StatusUnprocessableEntity)
		}
		replica := newGateOn(t, st) // as after a restart
		app, err := st.Client(ctx, "app")
		must(t, err)
		replica.contract.register(app)
		there := replica.visitor("app")
		there.start()
		for range 2 {
			there.signIn("MIRA", "wrong", false).shows(http.StatusUnprocessableEntity)
		}
		r := there.signIn("mira", goodPassword, false).shows(http.StatusTooManyRequests, `role="alert"`)
		if wait := r.header.Get("Retry-After"); wait != "900" {
			t.Errorf("Retry-After is %q", wait)
		}
		w.signIn("mira", goodPassword, false).shows(http.StatusTooManyRequests)
		w.get("/login").shows(http.StatusOK)
		w.signInAt("/login", "mira", goodPassword, false).shows(http.StatusTooManyRequests)
		w.signIn("somebody else", "wrong", false).shows(http.StatusUnprocessableEntity)
		g.clock.advance(15 * time.Minute)
		w.signIn("mira", goodPassword, false).leads(w.at("/consent"))
	})
}

func TestGoodSignInStartsCountingAnew(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.visitor("app")
	w.start()
	for range 3 {
		for range 4 {
			w.signInAt("/login", "mira", "wrong", false).shows(http.StatusUnprocessableEntity)
		}
		w.signInAt("/login", "mira", goodPassword, false).leads("/me")
	}
}

func TestOneOfManyTriesSideBySideIsOneTooMany(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.visitor("app")
	w.start()
	fields := w.get(w.at("/login")).form(w.at("/login"))
	fields.Set("user_name", "mira")
	fields.Set("password", "wrong")
	statuses := map[int]int{}
	for r := range side(20, func() reply { return w.postForm(w.at("/login"), fields) }) {
		statuses[r.status]++
	}
	if statuses[http.StatusUnprocessableEntity] != 5 || statuses[http.StatusTooManyRequests] != 15 {
		t.Errorf("answers are %v, want five passwords looked at", statuses)
	}
}

func TestSwitchAccount(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addAccount("noor")
	w := g.visitor("app")
	w.start()
	w.signIn("mira", goodPassword, true)
	old := w.cookie(signInCookie)
	page := w.get(w.at("/consent")).shows(http.StatusOK, "mira")
	r := w.postForm(w.at("/switch"), page.form(w.at("/switch")))
	r.leads(w.at("/login"))
	if w.cookie(signInCookie) != "" || g.session(w.id).AccountID != nil {
		t.Error("the first person is still there")
	}
	stolen := w.again()
	stolen.browser = g.browser().with("Cookie", signInCookie+"="+old)
	stolen.start().leads(stolen.at("/login"))
	w.get(w.at("/consent")).leads(w.at("/login"))
	w.signIn("noor", goodPassword, false).leads(w.at("/consent"))
	w.get(w.at("/consent")).shows(http.StatusOK, "noor").lacks("mira")
	w.allow()
	w.swap()
	w.post(w.at("/switch")).leads(w.at("")) // too late, and harmless
	g.info(w.token).wants(http.StatusOK)
}

func TestWhoSignedOutIsNotShownToTheNext(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addAccount("noor")
	for name, leave := range map[string]func(*walk){
		"signed out":          func(w *walk) { w.post("/logout").shows(http.StatusOK) },
		"somebody else is in": func(w *walk) { w.signInAt("/login", "noor", goodPassword, true).leads("/me") },
		"the account is shut": func(*walk) { g.shut("shut") },
	} {
		t.Run(name, func(t *testing.T) {
			who := "mira"
			if name == "the account is shut" {
				who = "shut"
				g.addAccount(who)
			}
			w := g.visitor("app")
			w.start()
			w.signIn(who, goodPassword, true).leads(w.at("/consent"))
			fields := w.decision("allow")
			leave(w)
			w.get(w.at("/consent")).leads(w.at("/login"))
			if g.session(w.id).AccountID != nil {
				t.Error("the session remembers who was there")
			}
			w.postForm(w.at("/consent"), fields).leads(w.at("/login"))
			w.signIn("noor", goodPassword, false).leads(w.at("/consent"))
			w.get(w.at("/consent")).shows(http.StatusOK, "noor")
			leaveAgain := w.decision("allow")
			w.post("/logout").shows(http.StatusOK)
			w.postForm(w.at("/consent"), leaveAgain).leads(w.at("/login"))
			if s := g.session(w.id); s.Status != kyc.StatusAuthorized {
				t.Errorf("session is %s", s.Status)
			}
		})
	}
}

func TestSessionOfAnAccountThatWasRemovedShowsNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.visitor("app")
	w.start()
	w.signIn("mira", goodPassword, true).leads(w.at("/consent"))
	fields := w.decision("allow")
	g.removeAccount("mira")
	for _, r := range []reply{w.get(w.at("/consent")), w.postForm(w.at("/consent"), fields), w.get(w.at("/finish"))} {
		r.leads("/session/")
		w.follow(r).shows(http.StatusOK).lacks("Kanarietta")
	}
	if s := g.session(w.id); s.Status == kyc.StatusVerified || s.AccountID != nil {
		t.Errorf("session is %s, account %v", s.Status, s.AccountID)
	}
}

func TestCodeOfAnAccountGoesHomeWithItsPersonAlone(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addAccount("noor")
	w := g.visitor("app")
	w.start()
	w.signIn("mira", goodPassword, true)
	w.decide("allow").leads(w.at("/finish"))
	w.post("/logout").shows(http.StatusOK)
	w.get(w.at("/finish")).shows(http.StatusConflict).lacks("code=")
	w.signInAt("/login", "noor", goodPassword, true).leads("/me")
	w.get(w.at("/finish")).shows(http.StatusConflict).lacks("code=")
	w.signInAt("/login", "mira", goodPassword, true).leads("/me")
	w.home(w.get(w.at("/finish")), "")
	w.swap()
}
