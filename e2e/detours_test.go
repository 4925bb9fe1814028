package e2e_test

import (
	"context"
	"net/http"
	"testing"

	"vouchgate/e2e"
)

// open sets a session up and opens it in a browser.
func (s *stage) open(t *testing.T, ctx context.Context, c e2e.Client, b *e2e.Browser) (page e2e.Page, to string) {
	t.Helper()
	to = c.AuthorizeURL(s.URL, must[string](t)(c.Setup(ctx, s.URL)), "my state")
	page = must[e2e.Page](t)(b.Get(ctx, to))
	if page.Session() == "" || page.Verification() == "" {
		t.Fatalf("no page with a link for the wallet: %s\n%s", page, page.Body)
	}
	return page, to
}

func TestAPersonWhoRefusedInTheWalletTriesAgain(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, b, ctx := s.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
		page, _ := s.open(t, ctx, client, b)
		check(t, s.verifier.Reject(page.Verification(), "client_rejected"))
		must[string](t)(b.Await(ctx, s.URL, page.Session(), "failed"))
		failed := must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, page.Session(), "verification.failed"))
		if failed.Data.Error != "refused_by_wallet" || failed.Data.Code != "" {
			t.Errorf("the webhook says %s", failed.Body)
		}
		finish := must[e2e.Page](t)(b.Get(ctx, s.URL+page.URL.Path+"/finish"))
		if finish.Code() != "" {
			t.Fatal("a failed session gave a code")
		}
		retry := must[e2e.Page](t)(b.Post(ctx, s.URL+page.URL.Path+"/retry"))
		if retry.Session() != page.Session() || retry.Verification() == "" || retry.Verification() == page.Verification() {
			t.Fatalf("try again: %s with verification %q", retry, retry.Verification())
		}
		check(t, s.verifier.Accept(retry.Verification(), "mira"))
		says(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, goHome(t, ctx, b, retry).Code())), "mira")
		must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, page.Session(), "verification.verified"))
		s.webhooks.OncePerSession()
	})
}

func TestAPersonWhoCancelsGoesHomeWithoutACode(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, b, ctx := s.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
		page, to := s.open(t, ctx, client, b)
		home := must[e2e.Page](t)(b.Post(ctx, s.URL+page.URL.Path+"/cancel"))
		if q := home.Away.Query(); q.Get("error") != "access_denied" || q.Get("state") != "my state" || q.Get("iss") != s.URL {
			t.Errorf("came home with %v", q)
		}
		denied := must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, page.Session(), "verification.denied"))
		if denied.Data.Status != "denied" {
			t.Errorf("the webhook says %s", denied.Body)
		}
		// The wallet is late.
		check(t, s.verifier.Accept(page.Verification(), ""))
		again := must[e2e.Page](t)(b.Get(ctx, to))
		if again.Code() != "" || again.Verification() != "" {
			t.Errorf("a cancelled session goes on: %s", again)
		}
		if status := s.statusOf(t, page.Session()); status != "denied" {
			t.Errorf("it is %s", status)
		}
	})
}

// statusOf asks the program's own command.
func (s *stage) statusOf(t *testing.T, session string) string {
	t.Helper()
	var shown e2e.Session
	s.Data.RunJSON(t, &shown, "session", "show", session)
	return shown.Status
}

func TestASessionThatRanOutIsOpenedAgainByTheSameURL(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, b, ctx := s.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
		page, to := s.open(t, ctx, client, b)
		check(t, s.verifier.Expire(page.Verification())) // which it tells nobody
		must[string](t)(b.Await(ctx, s.URL, page.Session(), "expired"))
		must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, page.Session(), "verification.expired"))
		again := must[e2e.Page](t)(b.Get(ctx, to))
		if again.Session() != page.Session() || again.Verification() == "" || again.Verification() == page.Verification() {
			t.Fatalf("again: %s with verification %q", again, again.Verification())
		}
		check(t, s.verifier.Accept(again.Verification(), "ueli"))
		says(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, goHome(t, ctx, b, again).Code())), "ueli")
		s.webhooks.OncePerSession()
	})
}

func TestTwoSessionsOfOneBrowserDoNotMix(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, b, ctx := s.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
		first, _ := s.open(t, ctx, client, b)
		second, _ := s.open(t, ctx, client, b)
		// Proved and taken home in reverse order.
		check(t, s.verifier.Accept(second.Verification(), "zoe"))
		check(t, s.verifier.Accept(first.Verification(), "tito"))
		says(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, goHome(t, ctx, b, second).Code())), "zoe")
		says(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, goHome(t, ctx, b, first).Code())), "tito")
	})
}

func TestTwoTabsOfOneSessionGetOneCode(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, b, ctx := s.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
		tab, to := s.open(t, ctx, client, b)
		other := must[e2e.Page](t)(b.Get(ctx, to))
		if other.Session() != tab.Session() || other.Verification() != tab.Verification() {
			t.Fatalf("the other tab shows %s", other)
		}
		check(t, s.verifier.Accept(tab.Verification(), ""))
		home, otherHome := goHome(t, ctx, b, tab), goHome(t, ctx, b, other)
		if home.Code() != otherHome.Code() {
			t.Error("each tab got a code of its own")
		}
		must[e2e.Answer](t)(client.Read(ctx, s.URL, home.Code()))
		late := must[e2e.Page](t)(b.Get(ctx, s.URL+tab.URL.Path+"/finish"))
		if late.Code() != "" || late.Status != http.StatusConflict {
			t.Errorf("after the code was used: %s", late)
		}
	})
}

func TestASessionIsNoUseInAnotherBrowser(t *testing.T) {
	t.Parallel()
	s := newStage(t, e2e.SQLite)
	client, b, ctx := s.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
	page, to := s.open(t, ctx, client, b)
	thief := e2e.NewBrowser()
	for _, path := range []string{"", "/status", "/finish"} {
		if p := must[e2e.Page](t)(thief.Get(ctx, s.URL+page.URL.Path+path)); p.Status != http.StatusNotFound {
			t.Errorf("%s: %s", path, p)
		}
	}
	if p := must[e2e.Page](t)(thief.Get(ctx, to)); p.Status != http.StatusConflict || p.Verification() != "" {
		t.Errorf("the authorize URL: %s", p)
	}
	// Who confirms goes on there, with a verification of his own; the first is void.
	moved := must[e2e.Page](t)(thief.Post(ctx, to))
	if moved.Verification() == "" || moved.Verification() == page.Verification() {
		t.Fatalf("confirmed: %s", moved)
	}
	check(t, s.verifier.Accept(page.Verification(), "zoe"))
	check(t, s.verifier.Accept(moved.Verification(), "tito"))
	says(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, goHome(t, ctx, thief, moved).Code())), "tito")
}

func TestAGatewayThatIsStartedAgainGoesOnWithEveryWalk(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, ctx := s.client(t, "shop"), e2e.Patient(t)
		again := func(kill bool) {
			t.Helper()
			if kill {
				s.Kill()
			} else {
				s.Stop()
			}
			check(t, s.Restart())
		}
		b := e2e.NewBrowser()
		nonce := must[string](t)(client.Setup(ctx, s.URL))
		again(false)
		page := must[e2e.Page](t)(b.Get(ctx, client.AuthorizeURL(s.URL, nonce, "s")))
		again(true)
		// The wallet answers while nobody listens.
		s.Kill()
		check(t, s.verifier.Accept(page.Verification(), "mira"))
		check(t, s.Restart())
		must[string](t)(b.Await(ctx, s.URL, page.Session(), "verified"))
		again(true)
		code := goHome(t, ctx, b, page).Code()
		again(false)
		token := must[e2e.Answer](t)(client.Redeem(ctx, s.URL, code))
		check(t, token.Good())
		again(true)
		says(t, must[e2e.Answer](t)(e2e.Info(ctx, s.URL, token.Text("access_token"))), "mira")
		must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, page.Session(), "verification.verified"))
		s.webhooks.OncePerSession()
	})
}

func TestTwoGatewaysOnOnePostgresAreOne(t *testing.T) {
	t.Parallel()
	a := newStage(t, e2e.Postgres)
	b := a.second(t)
	// The page is on a; the verifier of a tells b.
	a.verifier.Tell(b)
	client, browser, ctx := a.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
	page := must[e2e.Page](t)(browser.Get(ctx, client.AuthorizeURL(a.URL, must[string](t)(client.Setup(ctx, b.URL)), "s")))
	check(t, a.verifier.Accept(page.Verification(), "zoe"))
	home := goHome(t, ctx, browser, page)
	token := must[e2e.Answer](t)(client.Redeem(ctx, b.URL, home.Code()))
	check(t, token.Good())
	says(t, must[e2e.Answer](t)(e2e.Info(ctx, a.URL, token.Text("access_token"))), "zoe")
	must[e2e.Event](t)(a.webhooks.AwaitEvent(ctx, page.Session(), "verification.verified"))
	if again := must[e2e.Answer](t)(client.Redeem(ctx, a.URL, home.Code())); again.Text("error") != "invalid_grant" {
		t.Errorf("the code once more, at the other gateway: %d %s", again.Status, again.Body)
	}
	if gone := must[e2e.Answer](t)(e2e.Info(ctx, b.URL, token.Text("access_token"))); gone.Status != http.StatusUnauthorized {
		t.Errorf("the token of a code that came twice: %d", gone.Status)
	}
	a.webhooks.OncePerSession()
}
