package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"XDEV-06", "a code to scan lives for minutes; when it ends the page says so and makes another in place, five in all", xdev06},
	Row{"XDEV-07", "in Chromium a page follows its state by a stream, or by asking where streams are stopped; without both by reloading", xdev07},
	Row{"XDEV-09", "the page with the code names the client and warns, in every language, of codes that somebody else sent", xdev09},
	Row{"XDEV-10", "refusals, expiry and faults of the verifier give a page to try again, go another way or leave, and leaving is access_denied", xdev10},
	Row{"XDEV-11", "in Chromium a page outlives a gateway that is killed, and goes home with a proof that was given meanwhile", xdev11},
	Row{"XDEV-12", "page, notification, code and data on different gateways of one PostgreSQL; on SQLite a second one does not start", xdev12},
	Row{"XDEV-13", "each request makes a verification of its own with a fresh nonce, also for a client that can still read", xdev13},
)

// ranOut ends the verification of a page, and returns the page as it is then.
func (t *T) ranOut(b *e2e.Browser, page e2e.Page) e2e.Page {
	t.Helper()
	t.Check(t.Verifier.Expire(page.Verification()))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "expired"))
	return t.Open(b, page.URL.Path)
}

func xdev06(t *T) {
	b, ask := e2e.NewBrowser(), t.Ask(t.Wallet())
	page := t.Open(b, ask.Path())
	left, _ := t.OK(t.Get(page.URL.Path+"/status", t.As(b, "Accept", "application/json")...)).JSON["expires_in"].(float64)
	if left <= 0 || left > 15*60 {
		t.Errorf("a code lives for %v seconds", left)
	}
	seen := map[string]bool{}
	for range 2 {
		old := page
		seen[old.Verification()] = true
		late := t.ranOut(b, old)
		if text := words(late.Body); !strings.Contains(text, "Time is up") || late.Verification() != "" || !Has(late, "/retry") {
			t.Fatalf("the page does not say that the time is up: %s", text)
		}
		if err := t.Verifier.Accept(old.Verification(), walletPerson); err == nil {
			t.Error("the old code can still be answered")
		}
		page = t.Submit(b, late, "/retry")
		if page.URL.Path != old.URL.Path || page.Verification() == "" || seen[page.Verification()] {
			t.Fatalf("there is no new code in place: %s", page)
		}
	}
	t.Swap(ask, t.GoOn(b, page).Code())

	last := t.Open(b, t.Ask(t.Wallet()).Path())
	for range 4 {
		t.Check(t.Verifier.Reject(last.Verification(), ""))
		must[string](t)(b.Await(t.Ctx, t.Issuer(), last.Session(), "failed"))
		last = t.Submit(b, t.Open(b, last.URL.Path), "/retry")
	}
	t.Check(t.Verifier.Reject(last.Verification(), ""))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), last.Session(), "failed"))
	if over := t.Open(b, last.URL.Path); Has(over, "/retry") || !Has(over, "/cancel") && !strings.Contains(string(over.Body), t.Wallet().RedirectURI) {
		t.Errorf("after five codes there is a sixth, or no way back: %s", words(over.Body))
	}
}

// scanning opens a request in a tab and returns the id of its verification.
func (b *Tab) scanning(ask Ask) (verification string) {
	b.t.Helper()
	b.Open(ask.Path())
	b.Has("main[data-status=authorized] a.open")
	return e2e.VerificationOn([]byte(b.Ask("document.querySelector('a.open').href")))
}

func xdev07(t *T) {
	s, callback := t.Site()
	client := t.NewClient(callback)
	b, ask := t.Tab(), t.Ask(client)
	id := b.scanning(ask)
	b.Until("document.querySelector('[data-line]').textContent.startsWith('Waiting for your answer')")
	t.Check(t.Verifier.Accept(id, walletPerson))
	t.Swap(ask, b.Brought(s, ask).Get("code"))
	if !b.Asked("text/event-stream", "/status") || b.Asked("application/json", "/status") {
		t.Error("it was not the stream that brought the news")
	}
	t.Check(t.Verifier.Reject(b.scanning(t.Ask(client)), ""))
	b.Shows("That did not work")
	t.Check(t.Verifier.Expire(b.scanning(t.Ask(client))))
	b.Shows("Time is up")

	for name, streams := range map[string]network.ErrorReason{"refused": network.ErrorReasonConnectionRefused, "held back": ""} {
		t.Ctx = e2e.Patient(t.T) // some of these wait for long
		b, ask := t.Tab(), t.Ask(client)
		b.lenient = true // a refused connection is logged
		b.stopStreams(streams)
		t.Check(t.Verifier.Accept(b.scanning(ask), walletPerson))
		t.Swap(ask, b.Brought(s, ask).Get("code"))
		if !b.Asked("application/json", "/status") {
			t.Errorf("with streams %s the page did not ask", name)
		}
	}
	t.Ctx = e2e.Patient(t.T)
	plain := t.Tab()
	plain.WithoutScript()
	ask = t.Ask(client)
	t.Check(t.Verifier.Accept(plain.scanning(ask), walletPerson))
	t.Swap(ask, plain.Brought(s, ask).Get("code"))
}

// stopStreams has all streams of status of the tab fail with an error, or hang if
// there is none.
func (b *Tab) stopStreams(fault network.ErrorReason) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	b.t.Cleanup(cancel)
	b.t.Check(chromedp.Listen(ctx, func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		accept, _ := paused.Request.Headers["Accept"].(string)
		go func() { // fails only if the tab is gone, and then it does not matter
			switch {
			case accept != "text/event-stream":
				_, _ = chromedp.Call(ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: paused.RequestID})
			case fault != "":
				_, _ = chromedp.Call(ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: paused.RequestID, ErrorReason: fault})
			}
		}()
	}))
	orderTab(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/status", RequestStage: fetch.RequestStageRequest}}})
}

func xdev09(t *T) {
	client := t.NewClient("--name=The Bicycle Shop")
	for lang, warning := range map[string][]string{
		"en": {"only if you have just started this yourself", "someone sent you the code or the link"},
		"de": {"nur", "selbst"}, "fr": {"seulement", "vous-même"}, "it": {"solo", "personalmente"},
	} {
		page := t.Open(e2e.NewBrowser(), t.Ask(client, "ui_locales", lang).Path())
		text := words(page.Body)
		if page.Verification() == "" || !strings.Contains(string(page.Body), "<figure class=\"qr\">") {
			t.Fatalf("there is nothing to scan: %s", text)
		}
		hint := strings.ToLower(hintOf(page))
		for _, want := range append(warning, "The Bicycle Shop") {
			if !strings.Contains(hint, strings.ToLower(want)) {
				t.Errorf("%s: the warning does not say %q: %s", lang, want, hint)
			}
		}
	}
}

// hintOf is the text of a page that warns.
func hintOf(p e2e.Page) string {
	_, rest, _ := strings.Cut(string(p.Body), `<p class="hint">`)
	hint, _, _ := strings.Cut(rest, "</p>")
	return words([]byte(hint))
}

func xdev10(t *T) {
	client, b := t.NewClient(), e2e.NewBrowser()
	for fault, fail := range map[string]func(id string) error{
		"declined in the swiyu app": func(id string) error { return t.Verifier.Reject(id, "access_denied") },
		"is not valid":              func(id string) error { return t.Verifier.Fail(id, "credential_revoked") },
		"accepted here":             func(id string) error { return t.Verifier.Fail(id, "issuer_not_accepted") },
		"could not be checked":      func(id string) error { return t.Verifier.Fail(id, "holder_binding_mismatch") },
		"was not answered in time":  t.Verifier.Expire,
	} {
		ask := t.Ask(client)
		page := t.Open(b, ask.Path())
		t.Check(fail(page.Verification()))
		must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "failed", "expired"))
		failed := t.Open(b, page.URL.Path)
		if text := words(failed.Body); failed.Away != nil || !Has(failed, "/retry") || !Has(failed, "/cancel") || !strings.Contains(text, fault) {
			t.Errorf("%s: there is no way on, or no reason: %s", fault, text)
			continue
		}
		t.Redir(ask, t.Press(b, failed, "/cancel"), "access_denied")
	}
	ask := t.Ask(client)
	page := t.Open(b, ask.Path())
	t.Check(t.Verifier.Reject(page.Verification(), ""))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "failed"))
	again := t.Submit(b, t.Open(b, page.URL.Path), "/retry")
	t.Swap(ask, t.GoOn(b, again).Code())

	down := t.NewClient("--verifier-url=http://127.0.0.1:1")
	ask = t.Ask(down)
	page = t.Open(b, ask.Path())
	if text := words(page.Body); !strings.Contains(text, "try again") || !Has(page, "/cancel") {
		t.Fatalf("a verifier out of reach leaves no way on: %s", text)
	}
	t.Redir(ask, t.Press(b, page, "/cancel"), "access_denied")
	t.goAnotherWay()
}

// goAnotherWay is about clients whose persons can prove something else instead.
func (t *T) goAnotherWay() {
	t.Helper()
	b, where := e2e.NewBrowser(), t.Place("email")
	ask := t.Ask(t.Chooser())
	page := t.Submit(b, t.Open(b, ask.Path()), "/choose", "method", "swiyu")
	t.Check(t.Verifier.Reject(page.Verification(), "access_denied"))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "failed"))
	choose := page.URL.Path + "/choose"
	if failed := t.Open(b, page.URL.Path); !strings.Contains(string(failed.Body), `href="`+choose) || !Has(failed, "/retry") {
		t.Fatalf("there is no other way: %s", words(failed.Body))
	}
	g := t.Swap(ask, t.ProveAt(b, t.Open(b, choose), where).Code())
	if info := t.OK(t.Info(g.Access)).JSON; info["email"] != where.Mark || info["given_name"] != nil {
		t.Errorf("after another way the client reads %v", names(info))
	}

	down := t.Ask(t.NewClient(byWallet, byEmail, "--scope=given_name email", "--verifier-url=http://127.0.0.1:1"))
	page = t.Submit(b, t.Open(b, down.Path()), "/choose", "method", "swiyu")
	if page.Code() != "" || !strings.Contains(string(page.Body), "/choose") {
		t.Fatalf("a verifier out of reach leaves no other way: %s", words(page.Body))
	}
	session := "/session/" + t.sessionOf(page)
	t.Swap(down, t.ProveAt(b, t.Open(b, session+"/choose"), t.Place("email")).Code())
}

func xdev11(t *T) {
	alone := t.Alone()
	s, callback := alone.Site()
	ask, b := alone.Ask(alone.NewClient(callback)), alone.Tab()
	b.lenient = true // connections are refused meanwhile
	id := b.scanning(ask)
	alone.Gateway.Kill()
	t.Check(alone.Verifier.Accept(id, walletPerson)) // which nobody is told
	b.Until("document.querySelector('[data-line]').textContent.startsWith('The connection was interrupted')")
	t.Check(alone.Gateway.Restart())
	g := alone.Swap(ask, b.Brought(s, ask).Get("code"))
	alone.Gateway.Kill()
	t.Check(alone.Gateway.Restart())
	alone.OK(alone.Info(g.Access))
}

func xdev12(t *T) {
	alone := t.Alone()
	if t.Engine == e2e.SQLite {
		alone.Refused("SQLite belongs to one process", "serve", "--listen=127.0.0.1:0", "--admin-listen=off")
		alone.Alive()
		return
	}
	second := alone.Beside("--public-url=" + alone.Issuer())
	alone.Verifier.Tell(second.Gateway)

	client := alone.HookedClient(refreshing)
	b, ask := e2e.NewBrowser(), alone.Ask(client)
	page := alone.Open(b, ask.Path())
	alone.Accept(page)
	home := alone.Proved(b, page)
	other := second.Open(b, page.URL.Path+"/finish")
	if home.Code() == "" || other.Code() != home.Code() || other.Away.Query().Get("iss") != alone.Issuer() {
		t.Errorf("the gateways send the browser home differently: %s and %s", home, other)
	}
	g := second.Swap(ask, home.Code())
	alone.OK(alone.Info(g.Access))
	fresh := alone.OK(alone.Refresh(client, g.Refresh))
	second.OK(second.Info(fresh.Text("access_token")))
	second.OK(second.Revoke(client, fresh.Text("refresh_token")))
	alone.BadToken(alone.Info(fresh.Text("access_token")))
	alone.told(client, page.Session(), "verification.verified")
	if one, two := alone.OK(alone.Get("/jwks")), second.OK(second.Get("/jwks")); string(one.Body) != string(two.Body) {
		t.Error("the gateways sign with different keys")
	}
}

func xdev13(t *T) {
	client, b := t.NewClient(refreshing), e2e.NewBrowser()
	nonces := map[string]bool{}
	for range 3 {
		ask, began := t.Ask(client), time.Now().Truncate(time.Second)
		page := t.Open(b, ask.Path())
		v := t.verification(page)
		object := t.OK(t.Get(t.Verifier.URL+"/oid4vp/api/request-object/"+v.ID, "Accept", "application/json"))
		if nonce := object.Text("nonce"); nonce == "" || nonces[nonce] {
			t.Error("a nonce comes twice, or there is none")
		}
		nonces[object.Text("nonce")] = true
		a := t.OK(t.Get(page.URL.Path+"/status", t.As(b, "Accept", "application/json")...))
		if a.Text("status") != "authorized" || t.Open(b, page.URL.Path+"/finish").Code() != "" {
			t.Fatalf("a flow goes on without the wallet: %s", a.Body)
		}
		g := t.Swap(ask, t.GoOn(b, page).Code())
		var read struct {
			VerifiedAt time.Time `json:"verified_at"`
		}
		t.Check(json.Unmarshal(t.OK(t.Info(g.Access)).Body, &read))
		if read.VerifiedAt.Before(began) {
			t.Errorf("the proof is from %s, the request from %s", read.VerifiedAt, began)
		}
	}
	silent := t.Ask(client, "prompt", "none")
	t.Redir(silent, t.Get(silent.Path(), t.As(b)...), "login_required", "interaction_required")
	t.Status(t.Visit(t.Ask(client)), http.StatusSeeOther)
}
