package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vouchgate/e2e"
)

// attackers is how many connections an attack uses at the same time.
const attackers = 64

// newAttackedStage starts gateways that let one address of the internet ask as often
// as it likes: what holds then holds for attacks from many. On Postgres it is two.
func newAttackedStage(t *testing.T, e e2e.Engine) (s *addressStage, gateways []string) {
	t.Helper()
	s = newAddressStage(t, e, "--request-rate", "0")
	gateways = []string{s.URL}
	if e == e2e.Postgres {
		gateways = append(gateways, s.second(t, "--request-rate", "0").URL)
	}
	return s, gateways
}

// settled waits until no message is on its way any more.
func (s *addressStage) settled(t *testing.T, ctx context.Context) {
	t.Helper()
	db := s.Data.Open(t)
	defer db.Close()
	check(t, e2e.Until(ctx, "all messages to be sent", func() (bool, error) {
		return e2e.Count(t, db, "SELECT count(*) FROM tan_challenges WHERE next_try IS NOT NULL") == 0, nil
	}))
}

// ordered opens a session of a client in web apps at each gateway, for one browser,
// and has a message sent.
func (s *addressStage) ordered(t *testing.T, ctx context.Context, c e2e.Client, gateways []string, p place) (apps []*e2e.WebApp, sent e2e.Sent) {
	t.Helper()
	before := s.outbox.Count(p.mark)
	app, _ := s.web(t, ctx, c, "")
	check(t, must[e2e.Answer](t)(app.Challenge(ctx, p.fields...)).Good())
	apps = append(apps, app)
	for _, g := range gateways[1:] {
		apps = append(apps, app.At(g))
	}
	return apps, must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, before+1))
}

func TestARightTANIsAcceptedOnceHoweverManyEnterIt(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, gateways := newAttackedStage(t, e)
		ctx, client, p := e2e.Patient(t), s.client(t, "shop", "email"), newPlace("email")
		apps, sent := s.ordered(t, ctx, client, gateways, p)
		codes := make([]string, callers)
		check(t, crowd(callers, callers, func(i int) error {
			a, err := apps[i%len(apps)].Solve(ctx, sent.TAN)
			home, bad := url.Parse(a.Text("redirect_url"))
			if err != nil || bad != nil || a.Status != http.StatusOK || a.Text("type") != "completed" {
				return errors.Join(err, bad, fmt.Errorf("status %d: %s", a.Status, a.Body))
			}
			codes[i] = home.Query().Get("code")
			return nil
		}))
		if codes = slices.Compact(codes); len(codes) != 1 {
			t.Fatalf("one TAN gave %d codes", len(codes))
		}
		won, err := race(ctx, client, gateways, codes[0])
		check(t, err)
		if won != 1 {
			t.Errorf("one code gave %d tokens", won)
		}
		must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, sent.ID, "verification.verified"))
		s.webhooks.OncePerSession()
		db := s.Data.Open(t)
		for _, one := range []string{
			"SELECT count(*) FROM authorization_codes", "SELECT count(*) FROM grants", "SELECT max(tries) FROM tan_challenges",
			"SELECT count(*) FROM notification_pending_webhooks WHERE event = 'verification.verified'",
		} {
			if n := e2e.Count(t, db, one); n != 1 {
				t.Errorf("%d by %s", n, one)
			}
		}
	})
}

func TestNoMoreWrongTANsAreLookedAtThanAllowed(t *testing.T) {
	t.Parallel()
	guesses := 10_000
	if testing.Short() {
		guesses = 1_000
	}
	const sessions = 4 // of one person
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, gateways := newAttackedStage(t, e)
		ctx, client, p := e2e.Patient(t), s.client(t, "shop", "email"), newPlace("email")
		var apps [sessions][]*e2e.WebApp
		var sent [sessions]e2e.Sent
		for i := range sessions {
			apps[i], sent[i] = s.ordered(t, ctx, client, gateways, p)
		}
		var lookedAt [sessions]atomic.Int64
		began := time.Now()
		check(t, crowd(guesses, attackers, func(i int) error {
			at := i % sessions
			looked, err := guess(ctx, apps[at][i/sessions%len(gateways)], i, sent[at].TAN)
			if looked {
				lookedAt[at].Add(1)
			}
			return err
		}))
		took := time.Since(began)
		t.Logf("%d guesses by %d attackers at %d gateways in %s: %.0f a second", guesses, attackers, len(gateways),
			took.Round(time.Millisecond), float64(guesses)/took.Seconds())
		db := s.Data.Open(t)
		for i := range sessions {
			if n := lookedAt[i].Load(); n != 3 {
				t.Errorf("%d guesses of TAN %d were looked at", n, i)
			}
			a := must[e2e.Answer](t)(apps[i][0].Solve(ctx, sent[i].TAN))
			if a.Status != http.StatusTooManyRequests || a.JSON["exhausted"] != true {
				t.Errorf("the right TAN after all those: status %d, %s", a.Status, a.Body)
			}
		}
		if n := e2e.Count(t, db, "SELECT count(*) FROM tan_challenges WHERE tries <> 3"); n != 0 {
			t.Errorf("%d TANs have another number of tries", n)
		}
	})
}

// guess enters the nth wrong TAN and says whether it was looked at.
func guess(ctx context.Context, app *e2e.WebApp, n int, right string) (looked bool, err error) {
	tan := fmt.Sprintf("%08d", n)
	if tan == right {
		tan = other(tan)
	}
	a, err := app.Solve(ctx, tan)
	looked = a.Status == http.StatusForbidden && a.JSON["exhausted"] == false
	if err == nil && !looked && (a.Status != http.StatusTooManyRequests || a.JSON["exhausted"] != true) {
		err = fmt.Errorf("status %d: %s", a.Status, a.Body)
	}
	return looked, err
}

func TestNobodyGetsMoreMessagesThanAllowed(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		clients := []e2e.Client{s.client(t, "shop", "email"), s.client(t, "bank", "email")}
		victim := newPlace("email")
		local, domain, _ := strings.Cut(victim.mark, "@")
		spellings := []string{victim.mark, strings.ToUpper(local) + "@" + domain, local + "+a@" + domain, local + "+b@EXAMPLE.org", " " + victim.mark}
		for n, spelling := range spellings {
			app, _ := s.web(t, ctx, clients[n%2], "")
			for range 5 { // two more than are sent
				must[e2e.Answer](t)(app.Challenge(ctx, "CONTACT_EMAIL", spelling))
				s.settled(t, ctx)
				s.Data.AgeTANs(t, 2*time.Minute)
			}
		}
		for _, client := range clients {
			app, _ := s.web(t, ctx, client, "")
			a := must[e2e.Answer](t)(app.Challenge(ctx, victim.fields...))
			isError(t, "a sixth session", a, http.StatusTooManyRequests, "access_denied", 9757)
			b := e2e.NewBrowser()
			page := must[e2e.Page](t)(b.Submit(ctx, s.begin(t, ctx, client, b), "/address", victim.fields...))
			at(t, page, http.StatusTooManyRequests, "address")
		}
		s.settled(t, ctx)
		if n := len(s.outbox.All()); n != 5*3 {
			t.Errorf("the helper ran %d times", n)
		}
		if !strings.Contains(s.Log.String(), `"limit":"sessions"`) {
			t.Error("the operator does not see it")
		}
	})
}

func TestAClientCausesNoMoreMessagesThanAllowed(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client := s.client(t, "shop", "email", "--daily-messages", "5")
		var made, refused atomic.Int64
		check(t, crowd(40, 16, func(int) error {
			nonce, err := client.Setup(ctx, s.URL)
			if err != nil {
				return err
			}
			app := e2e.NewWebApp(s.URL, nonce)
			if _, err := app.Open(ctx, client.AuthorizeURL(s.URL, nonce, "s")); err != nil {
				return err
			}
			a, err := app.Challenge(ctx, newPlace("email").fields...)
			switch {
			case err != nil:
				return err
			case a.Status == http.StatusOK:
				made.Add(1)
			case a.Status == http.StatusTooManyRequests:
				refused.Add(1)
			}
			return nil
		}))
		s.settled(t, ctx)
		if n := len(s.outbox.All()); n != 5 || made.Load() != 5 || refused.Load() != 35 {
			t.Errorf("%d messages, %d sessions with one and %d without", n, made.Load(), refused.Load())
		}
	})
}

func TestHammeringAButtonSendsNoMore(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, p := newAddressStage(t, e), e2e.Patient(t), newPlace("email")
		client, b := s.client(t, "shop", "email"), e2e.NewBrowser()
		page, _ := s.order(t, ctx, b, s.begin(t, ctx, client, b), p)
		for sends, wait := range []time.Duration{0, time.Minute, 2 * time.Minute, time.Hour / 10} {
			s.Data.AgeTANs(t, wait)
			check(t, crowd(100, attackers, func(int) error {
				after, err := b.Submit(ctx, page, "/resend")
				if err == nil && after.Status != http.StatusOK && after.Status != http.StatusTooManyRequests {
					err = fmt.Errorf("%s", after)
				}
				return err
			}))
			s.settled(t, ctx)
			if n := s.outbox.Count(p.mark); n != min(sends+1, 3) {
				t.Errorf("after %d x 100 clicks there are %d messages", sends+1, n)
			}
		}
		change := must[e2e.Page](t)(b.Get(ctx, strings.TrimSuffix(page.URL.String(), "/pin")+"/address"))
		check(t, crowd(100, attackers, func(int) error {
			after, err := b.Submit(ctx, change, "/address", newPlace("email").fields...)
			if err == nil && after.Status != http.StatusOK && after.Status != http.StatusTooManyRequests {
				err = fmt.Errorf("%s", after)
			}
			return err
		}))
		s.settled(t, ctx)
		if n := len(s.outbox.All()); n > 3+2 || n < 3+1 {
			t.Errorf("with 100 other addresses there are %d messages", n)
		}
	})
}
