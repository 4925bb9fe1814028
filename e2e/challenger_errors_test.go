package e2e_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchgate/e2e"
)

// isError fails the test unless an answer is an error in the words of OAuth and of
// GNU Taler.
func isError(t *testing.T, what string, a e2e.Answer, status int, word string, code int) {
	t.Helper()
	if a.Status != status || a.Text("error") != word || a.JSON["code"] != float64(code) ||
		a.Text("error_description") == "" || a.Text("hint") != a.Text("error_description") {
		t.Errorf("%s: status %d, not %d: %s", what, a.Status, status, a.Body)
	}
}

// misuse is a request that gets an error.
type misuse struct {
	name   string
	status int
	code   int
	ask    func() (e2e.Answer, error)
}

// misuses are requests in and about a session that is open in app.
func misuses(ctx context.Context, gateway string, app *e2e.WebApp) []misuse {
	stranger, unknown := e2e.NewWebApp(gateway, app.Nonce), e2e.NewWebApp(gateway, strings.Repeat("A", len(app.Nonce)))
	to := func(w *e2e.WebApp, fields ...string) func() (e2e.Answer, error) {
		return func() (e2e.Answer, error) { return w.Challenge(ctx, fields...) }
	}
	tan := func(w *e2e.WebApp, form url.Values) func() (e2e.Answer, error) {
		return func() (e2e.Answer, error) { return w.SolveForm(ctx, form) }
	}
	good := url.Values{"pin": {"12345678"}}
	return []misuse{
		{"a browser that has not opened the session", 404, 9755, to(stranger, newPlace("email").fields...)},
		{"a TAN from such a browser", 404, 9755, tan(stranger, good)},
		{"an unknown nonce", 404, 9755, to(unknown, newPlace("email").fields...)},
		{"a TAN for an unknown nonce", 404, 9755, tan(unknown, good)},
		{"no address", 400, 25, to(app)},
		{"the address of a method that the client does not have", 400, 25, to(app, newPlace("postal-ch").fields...)},
		{"a malformed address", 400, 26, to(app, "CONTACT_EMAIL", "anna at example.org")},
		{"one with a line break", 400, 26, to(app, "CONTACT_EMAIL", "anna@example.org\r\nBcc: x@example.org")},
		{"one that the restrictions exclude", 400, 26, to(app, "CONTACT_EMAIL", "anna@elsewhere.example")},
		{"a number elsewhere", 400, 26, to(app, "CONTACT_PHONE", "+49 1512 3456789")},
		{"a premium rate number", 400, 26, to(app, "CONTACT_PHONE", "+41 900 123 456")},
		{"no TAN", 400, 25, tan(app, url.Values{})},
		{"a malformed TAN", 400, 26, tan(app, url.Values{"pin": {"1234567"}})},
	}
}

func TestChallengersErrors(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client := s.webClient(t, "email", "--method", "phone", "--address-hint", "")
		app, _ := s.web(t, ctx, client, "")
		for _, row := range misuses(ctx, s.URL, app) {
			a, err := row.ask()
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
				continue
			}
			isError(t, row.name, a, row.status, "invalid_request", row.code)
		}
		if n := len(s.outbox.All()); n != 0 {
			t.Errorf("%d messages were sent", n)
		}
		app, _ = s.web(t, ctx, client, "")
		a := must[e2e.Answer](t)(app.Solve(ctx, "12345678"))
		isError(t, "before any message", a, 409, "access_denied", 9759)
		if a.JSON["no_challenge"] != true || a.Text("type") != "pending" || a.JSON["exhausted"] != false {
			t.Errorf("before any message: %s", a.Body)
		}
	})
}

func TestChallengersLimits(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client := s.client(t, "web", "email")
		app, _ := s.web(t, ctx, client, "")
		for n := range 3 {
			p := newPlace("email")
			check(t, must[e2e.Answer](t)(app.Challenge(ctx, p.fields...)).Good())
			sent := must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, 1))
			for left := 2; left >= 0; left-- {
				a := must[e2e.Answer](t)(app.Solve(ctx, other(sent.TAN)))
				members(t, "wrong", a, 403, object{
					"type": "pending", "code": 9758, "error": "access_denied", "addresses_left": 2 - n, "pin_transmissions_left": 2,
					"auth_attempts_left": left, "exhausted": false, "no_challenge": false,
				})
			}
			a := must[e2e.Answer](t)(app.Solve(ctx, sent.TAN))
			members(t, "the right TAN after three wrong ones", a, 429, object{
				"type": "pending", "code": 9757, "error": "access_denied", "addresses_left": 2 - n, "pin_transmissions_left": 2,
				"auth_attempts_left": 0, "exhausted": true, "no_challenge": false,
			})
		}
		a := must[e2e.Answer](t)(app.Challenge(ctx, newPlace("email").fields...))
		isError(t, "a fourth address", a, 429, "access_denied", 9757)
		s.useUp(t, ctx, client)
		s.tooLate(t, ctx, client)
	})
}

// useUp enters nothing but wrong TANs until the session fails, whose address cannot
// be changed.
func (s *addressStage) useUp(t *testing.T, ctx context.Context, c e2e.Client) {
	t.Helper()
	p := newPlace("email")
	app, _ := s.web(t, ctx, c, p.json(t, true))
	var sent e2e.Sent
	for n := range 3 {
		s.Data.AgeTANs(t, 2*time.Minute)
		made := must[e2e.Answer](t)(app.Challenge(ctx))
		if made.JSON["transmitted"] != true {
			t.Fatalf("message %d: status %d, %s", n, made.Status, made.Body)
		}
		sent = must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, n+1))
		for range 3 {
			must[e2e.Answer](t)(app.Solve(ctx, other(sent.TAN)))
		}
	}
	a := must[e2e.Answer](t)(app.Solve(ctx, sent.TAN))
	members(t, "used up", a, 429, object{
		"type": "pending", "code": 9757, "error": "access_denied", "addresses_left": 0, "pin_transmissions_left": 0,
		"auth_attempts_left": 0, "exhausted": true, "no_challenge": false,
	})
	isError(t, "a message in a session that has failed", must[e2e.Answer](t)(app.Challenge(ctx)), 429, "access_denied", 9757)
	failed := must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, sent.ID, "verification.failed"))
	if failed.Data.Error != "attempts_used_up" {
		t.Errorf("the webhook says %s", failed.Body)
	}
	idsOnly(t, failed)
}

// tooLate enters a TAN after its end, and then another one.
func (s *addressStage) tooLate(t *testing.T, ctx context.Context, c e2e.Client) {
	t.Helper()
	p := newPlace("email")
	app, _ := s.web(t, ctx, c, "")
	check(t, must[e2e.Answer](t)(app.Challenge(ctx, p.fields...)).Good())
	sent := must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, 1))
	s.Data.AgeTANs(t, 15*time.Minute)
	members(t, "too late", must[e2e.Answer](t)(app.Solve(ctx, sent.TAN)), 403, object{
		"type": "pending", "code": 9758, "error": "access_denied", "addresses_left": 2, "pin_transmissions_left": 2,
		"auth_attempts_left": 0, "exhausted": false, "no_challenge": false,
	})
	check(t, must[e2e.Answer](t)(app.Challenge(ctx, p.fields...)).Good())
	sent = must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, 2))
	if a := must[e2e.Answer](t)(app.Solve(ctx, sent.TAN)); a.Text("type") != "completed" {
		t.Errorf("the next TAN: status %d, %s", a.Status, a.Body)
	}
}

func TestChallengerAnswersByWhatIsAccepted(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client, p := s.client(t, "web", "email"), newPlace("email")
		app, _ := s.web(t, ctx, client, "")
		app.Accept = "*/*" // as curl has it
		made := must[e2e.Answer](t)(app.Challenge(ctx, p.fields...))
		if made.Status != http.StatusOK || made.Text("type") != "created" {
			t.Errorf("/challenge for curl: status %d, %s", made.Status, made.Body)
		}
		sent := must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, 1))
		wrong := must[e2e.Answer](t)(app.Solve(ctx, other(sent.TAN)))
		isError(t, "a wrong TAN from curl", wrong, 403, "access_denied", 9758)
		right := must[e2e.Answer](t)(app.Solve(ctx, sent.TAN))
		home := must[*url.URL](t)(url.Parse(right.Header.Get("Location")))
		if right.Status != http.StatusFound || !strings.HasPrefix(home.String(), client.RedirectURI+"?") || home.Query().Get("state") != "my state" {
			t.Errorf("/solve for curl: status %d, to %s", right.Status, home)
		}
		isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, home.Query().Get("code"))), p)

		app, _ = s.web(t, ctx, client, "")
		app.Accept = "text/html"
		page := must[e2e.Answer](t)(app.Challenge(ctx, newPlace("email").fields...))
		if to := page.Header.Get("Location"); page.Status != http.StatusSeeOther || !strings.HasSuffix(to, "/pin") {
			t.Errorf("/challenge for a browser: status %d, to %s", page.Status, to)
		}
		app.Origin = "https://elsewhere.example"
		app.Accept = "application/json"
		foreign := must[e2e.Answer](t)(app.Challenge(ctx, newPlace("email").fields...))
		if foreign.Status != http.StatusForbidden || foreign.Text("error") == "" {
			t.Errorf("another site's form: status %d, %s", foreign.Status, foreign.Body)
		}
	})
}
