package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/server"
)

// webApp is a walk in GNU Taler Challenger's web app, which is open in the browser.
func (g *gate) webApp(clientID, body string, params ...string) *walk {
	g.t.Helper()
	w := g.hinted(clientID, body, params...)
	w.browser = w.with("Accept", "application/json")
	w.get(w.path()).wants(http.StatusOK)
	return w
}

func (w *walk) state() map[string]any {
	w.g.t.Helper()
	return w.get(w.path()).wants(http.StatusOK).json()
}

func (w *walk) askFor(fields ...string) reply {
	w.g.t.Helper()
	return w.postForm("/challenge/"+w.nonce, fieldsOf(fields))
}

func (w *walk) solve(pin string) reply {
	w.g.t.Helper()
	return w.postForm("/solve/"+w.nonce, url.Values{"pin": {pin}})
}

func fieldsOf(fields []string) url.Values {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

// numbered checks an error and its number in GNU Taler's register.
func (r reply) numbered(status int, word string, number float64) reply {
	r.t.Helper()
	r.refuses(status, word)
	if m := r.json(); m["code"] != number || m["hint"] == "" || m["hint"] != m["error_description"] {
		r.t.Errorf("answer is %s, want number %v", r.body, number)
	}
	return r
}

func TestWebAppIsToldWhereTheProofStands(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	if diff := cmp.Diff(map[string]any{
		"fix_address": false, "solved": false, "changes_left": 3.0, "address_type": "email", "address_hint": "", "restrictions": map[string]any{},
		"methods": []any{"email"}, "state": "state of email", "status": "authorized", "expires_in": 604800.0,
	}, w.state()); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}
	next := map[string]any{"t_s": float64(noon.Add(time.Minute).Unix())}
	created := map[string]any{
		"type": "created", "attempts_left": 3.0, "address": map[string]any{kyc.FieldEmail: mailKept}, "transmitted": true, "retransmission_time": next,
	}
	if diff := cmp.Diff(created, w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK).json()); diff != "" {
		t.Errorf("after the first message (-want +got):\n%s", diff)
	}
	first := w.tan()
	created["transmitted"] = false
	if diff := cmp.Diff(created, w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK).json()); diff != "" || w.tan() != first {
		t.Errorf("after asking again too soon (-want +got):\n%s", diff)
	}
	wrong := w.solve(other(first, 1)).numbered(http.StatusForbidden, "access_denied", 9758).json()
	if diff := cmp.Diff(map[string]any{
		"type": "pending", "code": 9758.0, "hint": "the TAN is wrong", "error": "access_denied", "error_description": "the TAN is wrong",
		"addresses_left": 2.0, "pin_transmissions_left": 2.0, "auth_attempts_left": 2.0, "exhausted": false, "no_challenge": false,
	}, wrong); diff != "" {
		t.Errorf("after a wrong TAN (-want +got):\n%s", diff)
	}
	now := w.state()
	if now["changes_left"] != 2.0 || now["pin_transmissions_left"] != 2.0 || now["auth_attempts_left"] != 2.0 || now["solved"] != false ||
		!cmp.Equal(now["last_address"], map[string]any{kyc.FieldEmail: mailKept}) || !cmp.Equal(now["retransmission_time"], next) {
		t.Errorf("status is %v", now)
	}
	g.clock.advance(time.Minute)
	if again := w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK).json(); again["transmitted"] != true || w.tan() == first {
		t.Errorf("after a minute: %v", again)
	}
}

func TestWebAppWalksToTheEnd(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK)
	done := w.solve(w.tan()).wants(http.StatusOK).json()
	home, err := url.Parse(done["redirect_url"].(string))
	must(t, err)
	if done["type"] != "completed" || len(done) != 2 || !strings.HasPrefix(home.String(), "https://email.example/cb?") {
		t.Errorf("answer is %v", done)
	}
	w.answered(home.Query(), "")
	for range 2 { // a second click leads to the same place
		if again := w.solve("00000000").wants(http.StatusOK).json(); again["redirect_url"] != home.String() {
			t.Errorf("the second answer is %v", again)
		}
	}
	if again := w.askFor(kyc.FieldEmail, "evil@b.example").wants(http.StatusOK).json(); again["type"] != "completed" {
		t.Errorf("an address after the end: %v", again)
	}
	if w.state()["solved"] != true {
		t.Error("the web app is told that nothing was proved")
	}
	w.swap()
}

func TestExchangeProvesAnAddressAsAtChallenger(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addClient("exchange", func(c *kyc.Client) {
		c.Methods, c.Scopes = []kyc.Method{kyc.MethodPostalCH}, kyc.Strings{"address"}
		c.RedirectURIs, c.ErrorProfile, c.WebhookURL = kyc.Strings{"https://exchange.example/kyc-proof/letters"}, "taler", ""
	})
	body := deflated(`{"CONTACT_NAME":"` + nameKept + `","ADDRESS_LINES":"Vogelweg 3\n8000 Zürich","read_only":true}`)
	nonce := g.setUpWith("exchange", "application/json", body).wants(http.StatusOK).text("nonce")
	query := "?response_type=code&client_id=exchange&redirect_uri=" + url.QueryEscape("https://exchange.example/kyc-proof/letters") + "&state=7Q5R9MJ2"
	w := &walk{browser: g.browser(), client: kyc.Client{ID: "exchange"}, nonce: nonce, params: url.Values{
		"redirect_uri": {"https://exchange.example/kyc-proof/letters"}, "state": {"7Q5R9MJ2"},
	}}
	w.found(w.get("/authorize/" + nonce + query)).leads(w.at("/pin"))
	page := w.get(w.at("/address")).shows(http.StatusOK, nameKept, "Vogelweg 3")
	w.postForm(w.at("/address"), page.form(w.at("/address"))).leads(w.at("/pin"))
	w.enter(w.tan()).leads(w.at("/finish"))
	w.code = w.get(w.at("/finish")).leads("https://exchange.example/kyc-proof/letters?").Get("code")
	form := w.form()
	form.Set("state", "7Q5R9MJ2")
	token := g.redeem(form).wants(http.StatusOK).text("access_token")
	info := g.info(token).wants(http.StatusOK).json()
	address := info["address"].(map[string]any)
	if _, number := info["id"].(float64); !number || info["address_type"] != "postal-ch" || address[kyc.FieldName] != nameKept ||
		address[kyc.FieldLines] != linesKept || address["postal_code"] != "8000" || info["expires"].(map[string]any)["t_s"] == nil {
		t.Errorf("info is %v", info)
	}
}

func TestSolveRedirectsThoseWhoDoNotAskForJSON(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	page := *w
	page.browser = w.with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	page.askFor(kyc.FieldEmail, mailTyped).leads(w.at("/pin"))
	page.solve("nonsense").numbered(http.StatusBadRequest, "invalid_request", 26)
	r := page.solve(w.tan()).wants(http.StatusFound)
	if !strings.HasPrefix(r.header.Get("Location"), "https://email.example/cb?code=") {
		t.Errorf("leads to %s", r.header.Get("Location"))
	}
	page.askFor(kyc.FieldEmail, mailTyped).leads("https://email.example/cb?code=")
	bare := *w
	bare.browser = w.with("Accept", "*/*")
	bare.solve("12345678").wants(http.StatusFound)
	if got := bare.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK).json(); got["type"] != "completed" {
		t.Errorf("answer is %v", got)
	}
}

func TestWebAppGoesOnWhereThePersonIsAsked(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.change("email", func(c *kyc.Client) { c.AskConsent = true })
	w := g.webApp("email", "")
	w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK)
	done := w.solve(w.tan()).wants(http.StatusOK)
	if got := done.text("redirect_url"); got != issuer+w.at("/consent") {
		t.Errorf("leads to %s", got)
	}
	w.with("Accept", "*/*").postForm("/solve/"+w.nonce, nil).wants(http.StatusFound).lacks("code=")
	posts := g.webApp("phone", "", "response_mode", "form_post")
	posts.askFor(kyc.FieldPhone, phoneTyped).wants(http.StatusOK)
	if got := posts.solve(posts.tan()).wants(http.StatusOK).text("redirect_url"); got != issuer+posts.at("/finish") {
		t.Errorf("leads to %s", got)
	}
}

func TestWebAppMistakes(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	w.solve("12345678").numbered(http.StatusConflict, "access_denied", 9759)
	if _, err := g.store.Challenge(ctx, w.id); err == nil {
		t.Error("a try without a TAN is counted")
	}
	w.postForm("/solve/"+w.nonce, nil).numbered(http.StatusBadRequest, "invalid_request", 25)
	w.solve("1e6").numbered(http.StatusBadRequest, "invalid_request", 26)
	w.postForm("/challenge/"+w.nonce, nil).numbered(http.StatusBadRequest, "invalid_request", 25)
	w.askFor(kyc.FieldPhone, phoneTyped).numbered(http.StatusBadRequest, "invalid_request", 25)
	r := w.askFor(kyc.FieldEmail, "a@b@federli").numbered(http.StatusBadRequest, "invalid_request", 26)
	r.lacks("federli")
	for _, path := range []string{"/challenge/", "/solve/"} {
		for name, nonce := range map[string]string{
			"nonsense": "nonsense", "another session's": g.setUp("email").nonce, "one character off": w.nonce[:len(w.nonce)-1] + "!", "the id alone": w.id.String(),
		} {
			if r := w.postForm(path+nonce, url.Values{"pin": {"12345678"}, kyc.FieldEmail: {mailTyped}}); r.json()["code"] != 9755.0 {
				t.Errorf("%s%s: %d %s", path, name, r.status, r.body)
			}
		}
		w.send(http.MethodPost, path+w.nonce, "application/json", `{"pin":"12345678"}`).numbered(http.StatusBadRequest, "invalid_request", 26)
		w.send(http.MethodPost, path+w.nonce, "application/x-www-form-urlencoded", "pin=%zz").numbered(http.StatusBadRequest, "invalid_request", 26)
		w.send(http.MethodPost, path+w.nonce, "application/x-www-form-urlencoded", strings.Repeat("x", 17<<10)).
			numbered(http.StatusRequestEntityTooLarge, "invalid_request", 26)
		w.get(path+w.nonce).numbered(http.StatusMethodNotAllowed, "invalid_request", 26)
	}
	w.with("Sec-Fetch-Site", "cross-site").postForm("/challenge/"+w.nonce, nil).numbered(http.StatusForbidden, "invalid_request", 26)
}

func TestWebAppsOfOtherBrowsersGetNothing(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK)
	right, before := w.tan(), g.challenge(w.id)
	thief := *w
	thief.browser = g.program()
	thief.solve(right).numbered(http.StatusNotFound, "invalid_request", 9755)
	thief.askFor(kyc.FieldEmail, "evil@b.example").numbered(http.StatusNotFound, "invalid_request", 9755)
	thief.get(w.path()).wants(http.StatusConflict).lacks("federli")
	if after := g.challenge(w.id); after.Version != before.Version {
		t.Error("something moved")
	}
	w.solve(right).wants(http.StatusOK)
	thief.solve(right).numbered(http.StatusNotFound, "invalid_request", 9755)
}

func TestWebAppRunsOutOfTries(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	w.askFor(kyc.FieldEmail, "a@b.example").wants(http.StatusOK)
	w.askFor(kyc.FieldEmail, "c@b.example").wants(http.StatusOK)
	w.askFor(kyc.FieldEmail, "d@b.example").wants(http.StatusOK)
	w.askFor(kyc.FieldEmail, "e@b.example").numbered(http.StatusTooManyRequests, "access_denied", 9757)
	for range 3 {
		w.solve(other(w.tan(), 1)).wants(http.StatusForbidden)
	}
	r := w.solve(w.tan()).numbered(http.StatusTooManyRequests, "access_denied", 9757).json()
	if r["type"] != "pending" || r["exhausted"] != true || r["no_challenge"] != false || r["auth_attempts_left"] != 0.0 {
		t.Errorf("answer is %v", r)
	}
	for range 2 {
		g.clock.advance(2 * time.Minute)
		w.askFor(kyc.FieldEmail, "d@b.example").wants(http.StatusOK)
	}
	g.clock.advance(2 * time.Minute)
	w.askFor(kyc.FieldEmail, "d@b.example").numbered(http.StatusTooManyRequests, "access_denied", 9757)
	last := w.tan()
	for range 3 {
		w.solve(other(last, 1)).wants(http.StatusForbidden)
	}
	w.solve(last).numbered(http.StatusTooManyRequests, "access_denied", 9757)
	w.askFor(kyc.FieldEmail, "d@b.example").numbered(http.StatusTooManyRequests, "access_denied", 9757)
	page := *w
	page.browser = w.with("Accept", "text/html")
	g.ended(&page)
}

func TestWebAppAfterTheTANsTime(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("email", "")
	w.askFor(kyc.FieldEmail, mailTyped)
	g.clock.advance(15 * time.Minute)
	r := w.solve(w.tan()).numbered(http.StatusForbidden, "access_denied", 9758)
	if r.text("hint") != "the TAN has expired" || w.state()["auth_attempts_left"] != 0.0 || g.challenge(w.id).Tries != 0 {
		t.Errorf("answer is %s", r.body)
	}
	w.with("Accept", "text/html").post(w.at("/cancel"))
	w.solve("12345678").numbered(http.StatusConflict, "invalid_request", 9755)
}

func TestTheFieldsOfAWebAppChooseTheMethod(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.webApp("any", "", "scope", "email phone")
	if now := w.state(); !cmp.Equal(now["methods"], []any{"account", "email", "phone"}) || now["address_type"] != nil {
		t.Errorf("status is %v", now)
	}
	w.askFor(kyc.FieldPhone, phoneTyped).wants(http.StatusOK)
	ofPhone := w.tan()
	w.askFor(kyc.FieldEmail, mailTyped).wants(http.StatusOK)
	if now := w.state(); now["address_type"] != "email" {
		t.Errorf("status is %v", now)
	}
	w.solve(ofPhone).wants(http.StatusForbidden)
	w.solve(w.tan()).wants(http.StatusOK)
	if s := g.session(w.id); s.Method != kyc.MethodEmail || s.Granted() != "email" {
		t.Errorf("proved by %s: %s", s.Method, s.Granted())
	}
}

// Only the browser in which a person is signed in takes home what an account proves,
// whatever way it takes.
func TestSolveHandsOutNoCodeOfAnotherMethod(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addAccount("mira")
	w := g.hinted("any", "", "scope", "email profile")
	w.get(w.path()).leads(w.at("/choose"))
	w.choose(kyc.MethodAccount).leads(w.at("/login"))
	w.signIn("mira", goodPassword, false).leads(w.at("/finish"))
	planted := *w // whoever knows the cookie of the browser, and nothing else
	planted.browser = g.program().with("Cookie", "vouchgate="+w.cookie("vouchgate"))
	for _, r := range []reply{planted.solve("12345678"), planted.askFor(kyc.FieldEmail, mailTyped)} {
		if got := r.wants(http.StatusOK).text("redirect_url"); got != issuer+w.at("/finish") {
			t.Errorf("the planted browser is sent to %s", got)
		}
	}
	planted.with("Accept", "text/html").get(w.at("/finish")).wants(http.StatusConflict)
	w.home(w.get(w.at("/finish")), "")
}

func TestConfigForAClientIsThatOfChallenger(t *testing.T) {
	t.Parallel()
	g := newPost(t, func(c *server.Config) { c.ConfigFor = "phone" })
	g.change("phone", func(c *kyc.Client) {
		c.AddressHint = "+41 79 123 45 67"
		c.Restrictions = kyc.Restrictions{
			kyc.FieldPhone: {Regex: `^\+41`, Hint: "A Swiss number", HintI18N: map[string]string{"de": "Eine Schweizer Nummer"}},
			kyc.FieldName:  {Regex: "x"},
		}
	})
	if diff := cmp.Diff(map[string]any{
		"name": "challenger", "version": "6:0:6", "implementation": "urn:vouchgate:1.2.3", "address_type": "phone", "address_hint": "+41 79 123 45 67",
		"methods": []any{"swiyu", "account", "email", "phone", "postal", "postal-ch"},
		"restrictions": map[string]any{kyc.FieldPhone: map[string]any{
			"regex": `^\+41`, "hint": "A Swiss number", "hint_i18n": map[string]any{"de": "Eine Schweizer Nummer"},
		}},
	}, g.browser().get("/config").wants(http.StatusOK).json()); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	for _, client := range []string{"nobody", "shop"} {
		plain := newPost(t, func(c *server.Config) { c.ConfigFor = client })
		plain.addClient("shop")
		if got := plain.browser().get("/config").wants(http.StatusOK).json(); got["name"] != "vouchgate" || got["address_type"] != nil {
			t.Errorf("%s: config is %v", client, got)
		}
	}
}
