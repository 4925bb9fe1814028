package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

func provedInBackground(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.start(o.b)
	link := o.b.wallet()
	front := o.b.another(chromedp.WithNewWindow(false)) // which hides the first tab
	front.open(o.site.URL)
	o.b.until("document.hidden")
	front.open(link)
	front.accept("zoe")
	order(o.b, page.BringToFront, struct{}{})
	o.homeProved(t, o.b, "zoe")
}

// A phone that opens the wallet soon stops the browser behind it altogether.
func provedWhileFrozen(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	session := o.start(o.b)
	phone := o.phone(t, c, o.b.wallet())
	o.b.freeze(true)
	phone.accept("tito")
	must[e2e.Event](t)(o.webhooks.AwaitEvent(e2e.Patient(t), session, "verification.verified"))
	if status := o.statusOf(t, session); status != "verified" {
		t.Fatalf("the frozen page went on: the session is %s", status)
	}
	o.b.freeze(false)
	o.homeProved(t, o.b, "tito")
}

// freeze stops everything in the tab, or lets it go on.
func (b *tab) freeze(stop bool) {
	b.t.Helper()
	state := page.SetWebLifecycleStateStateActive
	if stop {
		state = page.SetWebLifecycleStateStateFrozen
	}
	order(b, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state})
}

// Some proxies refuse streams.
func streamRefused(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.b.intercept("*/status", fetch.RequestStageRequest, streams(refuse))
	o.b.watch.forgive("ERR_CONNECTION_REFUSED")
	o.start(o.b)
	o.phone(t, c, o.b.wallet()).accept("mira")
	o.homeProved(t, o.b, "mira")
	if o.b.watch.asked("/status", "application/json") == 0 {
		t.Error("the page did not ask for its status in place of listening")
	}
}

// Others hold them back.
func streamSilent(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.b.intercept("*/status", fetch.RequestStageRequest, streams(swallow))
	o.start(o.b)
	o.phone(t, c, o.b.wallet()).accept("ueli")
	o.homeProved(t, o.b, "ueli")
	if o.b.watch.asked("/status", "application/json") == 0 {
		t.Error("the page did not ask for its status in place of listening")
	}
}

// fate is what becomes of a request.
type fate int

const (
	goOn    fate = iota
	refuse       // as if nobody listened
	swallow      // for ever
	stay         // answered so that the browser stays where it is
)

func streams(f fate) func(*network.Request) fate {
	return func(r *network.Request) fate {
		if accept, _ := r.Headers["Accept"].(string); accept == "text/event-stream" {
			return f
		}
		return goOn
	}
}

// intercept decides the fate of requests to some addresses, before they are sent
// or when their answer has come.
func (b *tab) intercept(pattern string, stage fetch.RequestStage, decide func(*network.Request) fate) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	var answering sync.WaitGroup
	b.t.Cleanup(func() { cancel(); answering.Wait() })
	err := chromedp.Listen(ctx, func(event any) {
		if paused, ok := event.(*fetch.EventRequestPaused); ok {
			answering.Go(func() { meet(ctx, paused.RequestID, decide(paused.Request)) })
		}
	})
	check(b.t, err)
	order(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: pattern, RequestStage: stage}}})
}

// meet fails only if the tab is gone, and then it does not matter.
func meet(ctx context.Context, id fetch.RequestID, f fate) {
	switch f {
	case goOn:
		_, _ = chromedp.Call(ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: id})
	case refuse:
		_, _ = chromedp.Call(ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: id, ErrorReason: network.ErrorReasonConnectionRefused})
	case stay:
		_, _ = chromedp.Call(ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: id, ResponseCode: 204})
	}
}

// awaitSaying waits until the page's line of status starts with a text.
func (b *tab) awaitSaying(text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector('[data-line]').textContent.startsWith(%q)", text))
}

func gatewayKilled(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.b.watch.forgive("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
	o.start(o.b)
	phone := o.phone(t, c, o.b.wallet())
	o.Gateway.Kill()
	phone.accept("zoe") // nobody takes the verifier's notification
	o.b.awaitSaying("The connection was interrupted")
	check(t, o.Gateway.Restart())
	o.homeProved(t, o.b, "zoe")
}

func verifierDown(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.verifier.SetMode(swiyutest.Mode{CreateFault: &swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: 503}})
	o.b.open(o.site.URL)
	o.b.click("#prove")
	o.b.shows("The check cannot be reached right now")
	if status := o.b.status(); status != 503 {
		t.Errorf("its status is %d", status)
	}
	o.verifier.SetMode(swiyutest.Mode{})
	o.b.click(".actions .button")
	o.b.awaitStatus("authorized")
	o.b.clickAside("a.open").accept("mira")
	o.homeProved(t, o.b, "mira")
}
