package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"

	"vouchgate/e2e"
)

func walkByClicking(e e2e.Engine) func(*testing.T, *chromium) {
	return func(t *testing.T, c *chromium) {
		o := newOuting(t, c, e)
		session := o.start(o.b)
		o.b.mustSay("Confirm your details for shop", "First name", "Date of birth", "Waiting for your answer")
		o.b.clickAside("a.open").accept("zoe")
		o.homeProved(t, o.b, "zoe")
		must[e2e.Event](t)(o.webhooks.AwaitEvent(e2e.Patient(t), session, "verification.verified"))
		if status := o.statusOf(t, session); status != "completed" {
			t.Errorf("the session is %s", status)
		}
	}
}

func walkByScanning(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.start(o.b)
	link := o.b.scan()
	if want := o.b.wallet(); link != want {
		t.Fatalf("the code holds %q, the button leads to %q", link, want)
	}
	o.phone(t, c, link).accept("tito")
	o.homeProved(t, o.b, "tito")
}

func walkThereAndBack(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.start(o.b)
	o.b.click("a.open")
	o.b.accept("mira")
	// Back over both pages of the wallet, as a person with one tab does.
	o.b.goBack(2)
	o.homeProved(t, o.b, "mira")
}

// goBack goes back in the tab's history and does not wait: the page it comes to
// may lead on at once.
func (b *tab) goBack(steps int) {
	b.t.Helper()
	history, err := try(b, chromedp.NavigationEntries())
	if err != nil {
		b.t.Fatal(err)
	}
	entry := history.Entries[history.CurrentIndex-int64(steps)]
	order(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry.ID})
}

func walkWithoutScript(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.b.withoutScript()
	o.start(o.b)
	o.phone(t, c, o.b.wallet()).accept("ueli")
	o.homeProved(t, o.b, "ueli") // led on by the page's refresh
	if n := o.b.watch.asked("/status", "text/event-stream"); n != 0 {
		t.Errorf("without script, %d streams were opened", n)
	}
}

func detourWithoutScript(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.b.withoutScript()
	session := o.start(o.b)
	first := o.b.wallet()
	o.phone(t, c, first).reject()
	o.b.shows("That did not work")
	o.b.click("form[action$='/retry'] button")
	o.b.awaitStatus("authorized")
	if o.b.wallet() == first {
		t.Error("the second attempt has the link of the first")
	}
	o.b.click("form[action$='/cancel'] button")
	o.home(o.b)
	if q := o.brought(t); q.Get("error") != "access_denied" || q.Get("code") != "" || q.Get("state") != "my state" {
		t.Errorf("came back with %v", q)
	}
	if status := o.statusOf(t, session); status != "denied" {
		t.Errorf("the session is %s", status)
	}
}

func refuseAndRetry(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	session := o.start(o.b)
	o.phone(t, c, o.b.wallet()).reject()
	o.b.shows("That did not work")
	o.b.mustSay("declined in the swiyu app", "shop has received no details about you", "4 attempts left")
	o.b.click("form[action$='/retry'] button")
	o.b.awaitStatus("authorized")
	o.phone(t, c, o.b.scan()).accept("lia")
	o.homeProved(t, o.b, "lia")
	for _, event := range []string{"verification.failed", "verification.verified"} {
		must[e2e.Event](t)(o.webhooks.AwaitEvent(e2e.Patient(t), session, event))
	}
}

func expireAndRetry(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.start(o.b)
	check(t, o.verifier.Expire(idInWalletLink(o.b.wallet())))
	o.b.shows("Time is up")
	o.b.click("form[action$='/retry'] button")
	o.b.awaitStatus("authorized")
	o.phone(t, c, o.b.wallet()).accept("mira")
	o.homeProved(t, o.b, "mira")
}

// idInWalletLink is the last element of a link's path.
func idInWalletLink(link string) string { return link[len(link)-36:] }

func cancelWalk(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	session := o.start(o.b)
	o.b.click("form[action$='/cancel'] button")
	o.home(o.b)
	if q := o.brought(t); q.Get("error") != "access_denied" || q.Get("code") != "" || q.Get("state") != "my state" || q.Get("iss") != o.Gateway.URL {
		t.Errorf("came back with %v", q)
	}
	o.b.open(o.Gateway.URL + "/session/" + session)
	o.b.shows("You have cancelled")
	must[e2e.Event](t)(o.webhooks.AwaitEvent(e2e.Patient(t), session, "verification.denied"))
}

// The page hears by its stream that the session was cancelled, perhaps before the
// browser is told where to go. It must not stand in the way then.
func cancelHeardFirst(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	session := o.start(o.b)
	o.b.intercept("*/cancel", fetch.RequestStageResponse, func(*network.Request) fate {
		_, err := o.webhooks.AwaitEvent(e2e.Patient(t), session, "verification.denied")
		if err == nil {
			err = o.b.watch.streamsOver(e2e.Patient(t))
		}
		if err != nil {
			t.Error(err)
		}
		return goOn
	})
	o.b.click("form[action$='/cancel'] button")
	o.home(o.b)
}

// A browser holds every redirect after a form against the page's policy, also
// those that the client makes. Where a client leads is not known to us, so https
// is allowed. Only the client's own address may be plain http, on the person's own
// machine.
func cancelOnward(t *testing.T, c *chromium) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(sitePage("<h1>Elsewhere</h1>")))
	}))
	defer elsewhere.Close()
	o := newOuting(t, c, e2e.SQLite)
	o.onward = elsewhere.URL
	order(o.b, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
	o.start(o.b)
	o.b.click("form[action$='/cancel'] button")
	o.b.shows("Elsewhere")
	if q := o.brought(t); q.Get("error") != "access_denied" {
		t.Errorf("came by with %v", q)
	}
}
