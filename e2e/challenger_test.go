package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/e2e"
)

// restrictions let addresses of one domain and phones of one country pass.
const restrictions = `{
	"CONTACT_EMAIL": {"regex": "@example\\.org$", "hint": "an address of Example", "hint_i18n": {"de": "eine Adresse von Example"}},
	"CONTACT_PHONE": {"regex": "^\\+41", "hint": "a number in Switzerland"}
}`

// webClient registers a client for whose addresses /config answers.
func (s *addressStage) webClient(t *testing.T, method string, flags ...string) e2e.Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "restrictions.json")
	check(t, os.WriteFile(file, []byte(restrictions), 0o600))
	return s.client(t, "web", method, append([]string{"--address-restrictions", file, "--address-hint", "anna@example.org"}, flags...)...)
}

// web opens a session in Challenger's web app. body is that of /setup.
func (s *addressStage) web(t *testing.T, ctx context.Context, c e2e.Client, body string) (*e2e.WebApp, e2e.Answer) {
	t.Helper()
	nonce := must[string](t)(c.SetupWith(ctx, s.URL, []byte(body)))
	app := e2e.NewWebApp(s.URL, nonce)
	status := must[e2e.Answer](t)(app.Open(ctx, c.AuthorizeURL(s.URL, nonce, "my state")))
	check(t, status.Good())
	return app, status
}

// members fails the test unless an answer has a status and these members. Times are left
// out: a test of its own looks at them.
func members(t *testing.T, what string, a e2e.Answer, status int, want map[string]any) {
	t.Helper()
	got := map[string]any{}
	for name, value := range a.JSON {
		got[name] = value
	}
	for _, name := range []string{"retransmission_time", "expires_in", "error_description", "hint"} {
		delete(got, name)
	}
	// As JSON has numbers.
	text, err := json.Marshal(want)
	check(t, err)
	var same map[string]any
	check(t, json.Unmarshal(text, &same))
	if diff := cmp.Diff(same, got); a.Status != status || diff != "" {
		t.Errorf("%s: status %d, not %d, with other members: %s", what, a.Status, status, diff)
	}
}

type object = map[string]any

func TestChallengersWebAppProvesAnAddress(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, p := newAddressStage(t, e, "--config-for", "web"), e2e.Patient(t), newPlace("email")
		client := s.webClient(t, "email")
		s.config(t, ctx)
		app, status := s.web(t, ctx, client, "")
		address, known := object{"CONTACT_EMAIL": p.mark}, object{
			"fix_address": false, "solved": false, "changes_left": 3, "address_type": "email", "address_hint": "anna@example.org",
			"methods": []any{"email"}, "state": "my state", "status": "authorized", "restrictions": restrictionsOf(t, "CONTACT_EMAIL"),
		}
		members(t, "opened", status, 200, known)

		began := time.Now()
		made := must[e2e.Answer](t)(app.Challenge(ctx, p.fields...))
		members(t, "made", made, 200, object{"type": "created", "attempts_left": 3, "address": address, "transmitted": true})
		again := must[e2e.Answer](t)(app.Challenge(ctx, p.fields...))
		members(t, "too soon", again, 200, object{"type": "created", "attempts_left": 3, "address": address, "transmitted": false})
		for _, a := range []e2e.Answer{made, again} {
			next, _ := a.JSON["retransmission_time"].(object)
			seconds, _ := next["t_s"].(float64)
			if wait := time.Unix(int64(seconds), 0).Sub(began); wait < 58*time.Second || wait > time.Minute+e2e.Patience {
				t.Errorf("another message in %s", wait)
			}
		}
		sent := must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, 1))
		wrong := must[e2e.Answer](t)(app.Solve(ctx, other(sent.TAN)))
		members(t, "wrong", wrong, 403, object{
			"type": "pending", "code": 9758, "error": "access_denied", "addresses_left": 2, "pin_transmissions_left": 2,
			"auth_attempts_left": 2, "exhausted": false, "no_challenge": false,
		})
		known["changes_left"], known["last_address"], known["pin_transmissions_left"], known["auth_attempts_left"] = 2, address, 2, 2
		members(t, "under way", must[e2e.Answer](t)(app.Open(ctx, client.AuthorizeURL(s.URL, app.Nonce, "my state"))), 200, known)

		code := s.solved(t, ctx, app, sent.TAN, p)
		after := must[e2e.Answer](t)(app.Open(ctx, client.AuthorizeURL(s.URL, app.Nonce, "my state")))
		if after.JSON["solved"] != true || after.Text("status") != "verified" {
			t.Errorf("afterwards: %s", after.Body)
		}
		isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, code)), p)
		isError(t, "a message after the end", must[e2e.Answer](t)(app.Challenge(ctx, p.fields...)), 409, "invalid_request", 9755)
		isError(t, "a TAN after the end", must[e2e.Answer](t)(app.Solve(ctx, sent.TAN)), 409, "invalid_request", 9755)
		idsOnly(t, must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, sent.ID, "verification.verified")))
	})
}

// config looks at what Challenger's web app reads first.
func (s *addressStage) config(t *testing.T, ctx context.Context) {
	t.Helper()
	a := must[e2e.Answer](t)(e2e.NewWebApp(s.URL, "").Open(ctx, s.URL+"/config"))
	if a.Text("name") != "challenger" || a.Text("version") != "6:0:6" || !strings.HasPrefix(a.Text("implementation"), "urn:") ||
		a.Text("address_type") != "email" || a.Text("address_hint") != "anna@example.org" {
		t.Errorf("/config: status %d: %s", a.Status, a.Body)
	}
	if diff := cmp.Diff(restrictionsOf(t, "CONTACT_EMAIL"), a.JSON["restrictions"]); diff != "" {
		t.Errorf("/config has other restrictions: %s", diff)
	}
}

func restrictionsOf(t *testing.T, field string) any {
	t.Helper()
	var all map[string]any
	check(t, json.Unmarshal([]byte(restrictions), &all))
	return object{field: all[field]}
}

// solved enters the right TAN, once more afterwards, and has a message sent to a
// place that is proved. It returns the code.
func (s *addressStage) solved(t *testing.T, ctx context.Context, app *e2e.WebApp, tan string, p place) (code string) {
	t.Helper()
	done := []e2e.Answer{
		must[e2e.Answer](t)(app.Solve(ctx, tan)), must[e2e.Answer](t)(app.Solve(ctx, tan)), must[e2e.Answer](t)(app.Challenge(ctx, p.fields...)),
	}
	for i, a := range done {
		home := must[*url.URL](t)(url.Parse(a.Text("redirect_url")))
		if a.Status != 200 || a.Text("type") != "completed" || home.Query().Get("state") != "my state" {
			t.Fatalf("solved, answer %d: status %d, %s", i, a.Status, a.Body)
		}
		if code == "" {
			code = home.Query().Get("code")
		}
		if code == "" || code != home.Query().Get("code") {
			t.Errorf("answer %d has another code", i)
		}
	}
	if n := s.outbox.Count(p.mark); n != 1 {
		t.Errorf("%d messages were sent", n)
	}
	return code
}

func TestAnAddressOfTheClientIsFilledInOrFixed(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client := s.client(t, "web", "phone", "--method", "email")
		p, elsewhere := newPlace("phone"), newPlace("phone")
		_, status := s.web(t, ctx, client, p.json(t, false))
		last, _ := status.JSON["last_address"].(object)
		if status.JSON["fix_address"] != false || last["CONTACT_PHONE"] != p.mark || status.JSON["changes_left"] != 3.0 {
			t.Errorf("filled in: %s", status.Body)
		}
		app, status := s.web(t, ctx, client, p.json(t, true))
		last, _ = status.JSON["last_address"].(object)
		if status.JSON["fix_address"] != true || last["CONTACT_PHONE"] != p.mark || status.JSON["changes_left"] != 0.0 ||
			status.Text("address_type") != "phone" {
			t.Errorf("fixed: %s", status.Body)
		}
		for _, foreign := range []place{elsewhere, newPlace("email")} {
			a := must[e2e.Answer](t)(app.Challenge(ctx, append([]string{"CONTACT_PHONE", elsewhere.mark}, foreign.fields...)...))
			isError(t, "another address", a, 403, "access_denied", 9760)
		}
		made := must[e2e.Answer](t)(app.Challenge(ctx))
		members(t, "without fields", made, 200, object{
			"type": "created", "attempts_left": 3, "address": object{"CONTACT_PHONE": p.mark}, "transmitted": true,
		})
		sent := must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, 1))
		s.solved(t, ctx, app, sent.TAN, p)
		if n := s.outbox.Count(elsewhere.mark); n != 0 {
			t.Errorf("%d messages went elsewhere", n)
		}
		a := must[e2e.Answer](t)(client.SetupAnswer(ctx, s.URL, []byte(`{"CONTACT_PHONE": "+41 79", "read_only": true}`)))
		if a.Status != http.StatusBadRequest || a.Text("error") != "invalid_request" || strings.Contains(a.Text("error_description"), "+41") {
			t.Errorf("a malformed address at /setup: status %d, %s", a.Status, a.Body)
		}
	})
}
