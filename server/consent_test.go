package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// asked is a walk that stands at the page that asks, for the method of its client.
func (g *gate) asked(clientID string, params ...string) *walk {
	g.t.Helper()
	w := g.visitor(clientID, params...)
	w.start()
	if w.client.Uses(kyc.MethodAccount) {
		w.signIn("mira", goodPassword, true).leads(w.at("/consent"))
		return w
	}
	g.prove(w.id)
	w.get(w.at("")).leads(w.at("/consent"))
	return w
}

// askers are clients of both methods that ask for consent.
func (g *gate) askers() []string {
	g.t.Helper()
	g.withApp()
	g.addClient("shop", func(c *kyc.Client) {
		c.AskConsent, c.PKCERequired, c.Scopes = true, true, kyc.Strings{"profile", "age_over_18"}
	})
	return []string{"shop", "app"}
}

func TestUntickedItemsAreLeftOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		for _, client := range g.askers() {
			for _, row := range []struct {
				name, scope, claims string
				refused             []string
				granted             string
				reads               []string
			}{
				{"everything is kept", "openid profile", "", nil, "openid profile", []string{"birth_date", "family_name", "given_name"}},
				{"one of a group goes", "openid profile age_over_18", "", []string{"birth_date"},
					"openid given_name family_name age_over_18", []string{"age_over_18", "family_name", "given_name"}},
				{"a single scope goes", "openid profile age_over_18", "", []string{"age_over_18"}, "openid profile", []string{"birth_date", "family_name", "given_name"}},
				{"what two scopes ask for goes", "profile given_name", "", []string{"given_name"}, "family_name birth_date", []string{"birth_date", "family_name"}},
				{"a claim that was asked for by itself goes", "openid given_name", `{"userinfo":{"birthdate":null,"family_name":null}}`, []string{"birth_date"},
					"openid given_name", []string{"family_name", "given_name"}},
				{"only a claim by itself stays", "openid given_name", `{"userinfo":{"birthdate":null}}`, []string{"given_name"}, "openid", []string{"birth_date"}},
			} {
				w := g.asked(client, "scope", row.scope, "claims", row.claims, "prompt", "consent")
				w.allow(row.refused...)
				tokens := w.swap()
				if scope := tokens.text("scope"); scope != row.granted {
					t.Errorf("%s of %s: granted is %q, want %q", row.name, client, scope, row.granted)
				}
				info := g.info(w.token).wants(http.StatusOK).json()
				var reads []string
				for name := range canaries() {
					if info[name] != nil {
						reads = append(reads, name)
					}
				}
				if slices.Sort(reads); !slices.Equal(reads, row.reads) {
					t.Errorf("%s of %s: reads %v, want %v", row.name, client, reads, row.reads)
				}
			}
		}
	})
}

func TestNothingTickedIsARefusal(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for _, client := range g.askers() {
		w := g.asked(client, "scope", "openid given_name")
		w.home(w.decide("allow", "given_name"), "access_denied")
		if s := g.session(w.id); s.Status != kyc.StatusDenied || s.SealedClaims != nil {
			t.Errorf("session is %s", s.Status)
		}
		w.decideAgain("allow", "given_name").leads(w.at(""))
		if told := g.webhooks()[0]; !strings.Contains(told, "verification.denied") {
			t.Errorf("the client is told %s", told)
		}
	}
}

// decideAgain posts a decision of a page that was open in another tab.
func (w *walk) decideAgain(decision string, scope ...string) reply {
	w.g.t.Helper()
	return w.postForm(w.at("/consent"), url.Values{"csrf": {w.csrf(w.id.String())}, "decision": {decision}, "scope": scope})
}

func TestScopeThatShowsNothingCanBeAllowed(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.asked("app", "scope", "openid")
	w.get(w.at("/consent")).shows(http.StatusOK).lacks(`type="checkbox"`, "Kanarietta")
	w.allow()
	if scope := w.swap().text("scope"); scope != "openid" {
		t.Errorf("granted is %q", scope)
	}
}

func TestDenyEndsTheSession(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for _, client := range g.askers() {
		w := g.asked(client)
		fields := w.decision("deny")
		w.home(w.postForm(w.at("/consent"), fields), "access_denied")
		for range 2 { // clicks that come late
			w.postForm(w.at("/consent"), fields).leads(w.at(""))
			w.post(w.at("/cancel")).leads("https://" + client + ".example/cb?error=access_denied")
		}
		w.get(w.at("/finish")).shows(http.StatusConflict).lacks("code=")
		if told := strings.Count(strings.Join(g.webhooks(), ""), w.id.String()); told != 1 {
			t.Errorf("the client is told %d times", told)
		}
	}
}

func TestConsentFormsThatDecideNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for _, client := range g.askers() {
		w := g.asked(client, "scope", "given_name family_name")
		before := g.everything()
		for _, decision := range []string{"", "ALLOW", "yes", "allow deny"} {
			w.decideAgain(decision, "given_name").shows(http.StatusBadRequest)
		}
		w.postForm(w.at("/consent"), url.Values{"decision": {"allow"}, "scope": {"given_name"}}).shows(http.StatusForbidden)
		w.get(w.at("/finish")).leads("/session/")
		w.follow(w.decideAgain("allow", "portrait")).shows(http.StatusOK, `value="given_name"`) // nothing that was shown
		if g.everything() != before {
			t.Errorf("%s: the session moved", client)
		}
		w.decideAgain("allow", "given_name", "portrait", "age_over_18", "openid").leads(w.at("/finish"))
		w.home(w.get(w.at("/finish")), "")
		if scope := w.swap().text("scope"); scope != "given_name" {
			t.Errorf("%s: granted is %q", client, scope)
		}
	}
}

func TestManyConsentsSideBySideAreOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		for _, client := range g.askers() {
			w := g.asked(client, "scope", "profile")
			fields := w.decision("allow")
			for r := range side(10, func() reply { return w.postForm(w.at("/consent"), fields) }) {
				r.leads(w.at(""))
			}
			codes := map[string]bool{}
			for r := range side(10, func() reply { return w.get(w.at("/finish")) }) {
				codes[w.home(r, "").Get("code")] = true
			}
			if len(codes) != 1 {
				t.Errorf("%s: %d codes", client, len(codes))
			}
			if told := strings.Count(strings.Join(g.webhooks(), ""), w.id.String()); told != 1 {
				t.Errorf("%s: the client is told %d times", client, told)
			}
			w.swap()
		}
	})
}

func TestAllowAndDenySideBySideEndInOneOfThem(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for _, client := range g.askers() {
		w := g.asked(client)
		allow := w.decision("allow")
		deny := withField(allow, "decision", "deny")
		done := make(chan reply)
		go func() { done <- w.postForm(w.at("/consent"), deny) }()
		w.postForm(w.at("/consent"), allow).leads("")
		(<-done).leads("")
		s := g.session(w.id)
		r := w.get(w.at("/finish"))
		switch s.Status {
		case kyc.StatusVerified:
			w.home(r, "")
		case kyc.StatusDenied:
			r.shows(http.StatusConflict).lacks("code=")
		default:
			t.Errorf("session is %s", s.Status)
		}
	}
}

func TestConsentIsRememberedForWhatItCovers(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addApp("other")
	w := g.admitted("app", "mira", "scope", "openid profile age_over_18")
	early := w.again("scope", "openid")
	early.start().leads(early.at("/consent")) // nothing was handed over yet
	w.swap()
	next := func(client, scope string) string {
		n := g.visitor(client, "scope", scope)
		n.browser = w.browser
		to, _, _ := strings.Cut(strings.TrimPrefix(n.start().header.Get("Location"), n.at("")), "?")
		return to
	}
	for _, row := range []struct{ name, client, scope, to string }{
		{"the same", "app", "openid profile age_over_18", "/finish"},
		{"a part", "app", "given_name", "/finish"},
		{"a part of OpenID Connect", "app", "openid", "/finish"},
		{"reading while away", "app", "openid profile offline_access", "/consent"},
		{"another client", "other", "given_name", "/consent"},
	} {
		if to := next(row.client, row.scope); to != row.to {
			t.Errorf("%s: leads to %s, want %s", row.name, to, row.to)
		}
	}
	g.clock.advance(time.Hour) // the grant ends
	if to := next("app", "given_name"); to != "/consent" {
		t.Errorf("after the end of the grant: leads to %s", to)
	}
}

func TestConsentThatWasNarrowedOrWithdrawnIsAskedForAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.asked("app", "scope", "profile")
	w.allow("birth_date")
	w.swap()
	narrow := w.again("scope", "given_name family_name")
	narrow.start().leads(narrow.at("/finish"))
	all := w.again("scope", "profile")
	all.start().leads(all.at("/consent"))
	grant, err := g.store.GrantOfSession(ctx, w.id)
	must(t, err)
	me := w.get("/me").shows(http.StatusOK)
	w.postForm("/me/withdraw", withField(me.form("/me/withdraw"), "grant", grant.ID.String())).shows(http.StatusOK)
	narrow = w.again("scope", "given_name family_name")
	narrow.start().leads(narrow.at("/consent"))
}

func TestPortraitIsNamedAndNotShown(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.AskConsent, c.Scopes = true, kyc.Strings{"given_name", "portrait"} })
	w := g.visitor("shop")
	w.start()
	const image = "AAAABBBBCCCCDDDD"
	g.proveWith(w.id, kyc.Claims{"given_name": "Kanarietta", "portrait": image})
	w.get(w.at("/consent")).shows(http.StatusOK, `value="portrait"`, "Kanarietta").lacks(image)
	w.allow()
	w.swap()
	if got := g.info(w.token).text("portrait"); got != image {
		t.Errorf("portrait is %q", got)
	}
}
