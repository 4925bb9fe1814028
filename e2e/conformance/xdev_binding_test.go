package conformance

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

var _ = rows(
	Row{"XDEV-01", "only the browser that started gets the code: in another, the addresses, forms and links of the flow are of no use", xdev01},
	Row{"XDEV-02", "neither wallet nor verifier is told the client's code, and however often the browser asks there is one", xdev02},
	Row{"XDEV-03", "the way home is the browser's own secret: a wrong one uses nothing up, and a used code has no second", xdev03},
	Row{"XDEV-04", "a presentation or notification that comes again changes nothing, and the client is told once", xdev04},
	Row{"XDEV-05", "of wallets that answer one request the first counts, however close the second comes", xdev05},
	Row{"XDEV-08", "the status tells the state and the time left, to the browser of the flow alone, and no cache keeps it", xdev08},
)

// present answers a verification as a wallet on another device does, and returns
// what the wallet is told.
func (t *T) present(v swiyutest.Verification, person string) Answer {
	t.Helper()
	object, err := json.Marshal(map[string]any{
		"vp_token": map[string]any{"credential": []string{"mock:" + person}}, "state": v.WalletState,
	})
	t.Check(err)
	return t.Post(t.Verifier.URL+"/oid4vp/api/request-object/"+v.ID+"/response-data",
		"response="+base64.RawURLEncoding.EncodeToString(object))
}

// verification is what the verifier knows of the verification of a page.
func (t *T) verification(p e2e.Page) swiyutest.Verification {
	t.Helper()
	return must[swiyutest.Verification](t)(t.Verifier.Get(p.Verification()))
}

// notify tells the gateway, as the verifier does, that there is news.
func (t *T) notify(id string) Answer {
	t.Helper()
	return t.Send(http.MethodPost, "/notification", `{"verification_id":"`+id+`"}`, "Content-Type", "application/json")
}

// strangers are browsers that know all addresses of a flow and have not started it:
// one that was never here, and one with a cookie of its own.
func (t *T) strangers() []*e2e.Browser {
	t.Helper()
	busy := e2e.NewBrowser()
	t.Open(busy, t.Ask(t.Wallet()).Path())
	return []*e2e.Browser{e2e.NewBrowser(), busy}
}

// shutOut fails the case if a stranger gets anything of a flow whose page this is, or
// does anything in it, with these names and values in turn in forms.
func (t *T) shutOut(page e2e.Page, set ...string) {
	t.Helper()
	session := "/session/" + t.sessionOf(page)
	for _, b := range t.strangers() {
		for _, step := range []string{"", "/finish", "/login", "/consent", "/choose", "/address", "/pin"} {
			a := t.Get(session+step, t.As(b)...)
			t.ErrPage(a, http.StatusNotFound)
			if strings.Contains(string(a.Body), t.Wallet().RedirectURI) {
				t.Errorf("%s knows the way home", step)
			}
		}
		for _, accept := range []string{"application/json", "text/event-stream"} {
			t.JSON(t.Get(session+"/status", t.As(b, "Accept", accept)...), http.StatusNotFound, "invalid_request")
		}
		for _, end := range []string{"/cancel", "/retry", "/choose", "/address", "/pin", "/resend"} {
			form := must[e2e.Form](t)(page.Form("/cancel")).Values
			change(form, set)
			t.ErrPage(t.PostForm(session+end, form, t.As(b, "Origin", t.Issuer())...), http.StatusNotFound)
		}
	}
}

func xdev01(t *T) {
	b, ask := e2e.NewBrowser(), t.Ask(t.Wallet())
	page := t.Open(b, ask.Path())
	t.shutOut(page)
	t.Accept(page)
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "verified"))
	t.shutOut(page)
	t.Swap(ask, t.Open(b, page.URL.Path+"/finish").Code())

	setUp, pushed := t.Ask(t.Wallet()), t.Ask(t.Wallet())
	uri := t.Push(pushed).Text("request_uri")
	for path, ask := range map[string]Ask{
		t.SetUp(setUp): setUp, "/authorize?client_id=" + pushed.Client.ID + "&request_uri=" + uri: pushed,
	} {
		b := e2e.NewBrowser()
		page := t.Open(b, path)
		for _, stranger := range t.strangers() {
			a := t.Answer(t.Open(stranger, path))
			t.ErrPage(a, http.StatusConflict, http.StatusBadRequest)
			if e2e.VerificationOn(a.Body) != "" || strings.Contains(string(a.Body), page.Session()) {
				t.Errorf("a second browser is shown the flow: %s", a)
			}
		}
		t.Swap(ask, t.GoOn(b, page).Code())
	}
	t.takenOver()
	t.shutOutOfTAN()
}

// shutOutOfTAN fails the case unless a TAN, and the nonce of its session, are of no
// use in a browser that did not ask for it.
func (t *T) shutOutOfTAN() {
	t.Helper()
	b, ask, where := e2e.NewBrowser(), t.Ask(t.Mailer()), t.Place("email")
	path := t.SetUp(ask)
	page := t.SendTo(b, t.Open(b, path), where)
	tan := t.TAN(where, 1)
	t.shutOut(page, "pin", tan, "CONTACT_EMAIL", t.Place("email").Mark, "method", "email")
	nonce, _, _ := strings.Cut(strings.TrimPrefix(path, "/authorize/"), "?")
	for _, stranger := range t.strangers() {
		for step, form := range map[string]url.Values{"/solve/": {"pin": {tan}}, "/challenge/": {"CONTACT_EMAIL": {where.Mark}}} {
			a := t.PostForm(step+nonce, form, t.As(stranger, "Origin", t.Issuer())...)
			if a.Status != http.StatusNotFound || a.Header.Get("Location") != "" {
				t.Errorf("%s in another browser: %s", step, a)
			}
		}
	}
	t.Swap(ask, t.Submit(b, page, "/pin", "pin", tan).Code())
	if n := t.Outbox.Count(where.Mark); n != 1 {
		t.Errorf("strangers have sent %d messages", n-1)
	}
}

// takenOver fails the case unless a browser that goes on with a flow of another
// begins anew: what was shown to the first is of no use to either.
func (t *T) takenOver() {
	t.Helper()
	ask := t.Ask(t.Wallet())
	path, first, second := t.SetUp(ask), e2e.NewBrowser(), e2e.NewBrowser()
	old := t.Open(first, path)
	here := t.Submit(second, t.Open(second, path), "/"+strings.Split(strings.TrimPrefix(path, "/authorize/"), "?")[0])
	if here.Verification() == "" || here.Verification() == old.Verification() {
		t.Fatalf("the second browser does not begin anew: %s", here)
	}
	t.Accept(old) // whom the first browser showed its code to
	t.OK(t.notify(old.Verification()))
	t.ErrPage(t.Answer(t.Open(first, old.URL.Path+"/finish")), http.StatusNotFound)
	if p := t.Open(second, old.URL.Path+"/finish"); p.Code() != "" {
		t.Error("a proof that was given to the first browser counts for the second")
	}
	t.Swap(ask, t.GoOn(second, here).Code())
}

func xdev02(t *T) {
	client := t.HookedClient()
	b, ask := e2e.NewBrowser(), t.Ask(client)
	page := t.Open(b, ask.Path())
	told := t.OK(t.present(t.verification(page), walletPerson))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "verified"))
	noticed := t.OK(t.notify(page.Verification()))
	status := t.OK(t.Get(page.URL.Path+"/status", t.As(b, "Accept", "application/json")...))
	code := ""
	for _, home := range atOnce(8, func(int) Answer { return t.Get(page.URL.Path+"/finish", t.As(b)...) }) {
		given := t.HomeWith(ask, home.Header.Get("Location")).Get("code")
		if given == "" || code != "" && given != code {
			t.Fatal("the browser is given different codes, or none")
		}
		code = given
	}
	event := must[e2e.Event](t)(t.Webhooks.AwaitEvent(t.Ctx, page.Session(), "verification.verified"))
	for what, text := range map[string]string{
		"what the wallet is told": string(told.Body), "what the verifier is told": string(noticed.Body), "the status": string(status.Body),
		"the webhook": string(event.Body), "the wallet's link": t.verification(page).Deeplink, "the page": string(page.Body),
	} {
		if strings.Contains(text, code) || strings.Contains(text, "redirect_uri") && what != "the page" || strings.Contains(text, ask.State()) {
			t.Errorf("%s holds the code, or the way home", what)
		}
	}
	if len(noticed.Body) != 0 || event.Data.Code != "" {
		t.Error("the verifier or the webhook is told more than it needs")
	}
	t.Swap(ask, code)
}

func xdev03(t *T) {
	ask, b := t.Ask(t.Wallet()), e2e.NewBrowser()
	page := t.Open(b, ask.Path())
	t.Accept(page)
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "verified"))
	right := b.Cookies(t.Issuer())[0].Value
	finish, other := page.URL.Path+"/finish", "A"
	if right[:1] == other {
		other = "B"
	}
	for _, wrong := range []string{"", "x", right[1:], right + "A", other + right[1:], strings.Repeat("A", 43)} {
		t.ErrPage(t.Get(finish, "Accept", "text/html", "Cookie", "vouchgate="+wrong), http.StatusNotFound)
	}
	t.ErrPage(t.Get(finish+"?response_code="+right, asPage...), http.StatusNotFound, http.StatusBadRequest)
	home := t.Get(finish, "Accept", "text/html", "Cookie", "vouchgate="+right)
	code := t.HomeWith(ask, home.Header.Get("Location")).Get("code")
	t.Swap(ask, code)
	again := t.Get(finish, "Accept", "text/html", "Cookie", "vouchgate="+right)
	t.ErrPage(again, http.StatusConflict)
	t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")
}

func xdev04(t *T) {
	client := t.HookedClient()
	b, ask := e2e.NewBrowser(), t.Ask(client)
	page := t.Open(b, ask.Path())
	v := t.verification(page)
	t.OK(t.present(v, walletPerson))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "verified"))
	again := func() {
		t.Helper()
		t.Status(t.present(v, walletPerson), http.StatusGone) // of which the verifier tells all the same
		t.Status(t.present(v, "zoe"), http.StatusGone)
		for range 3 {
			t.OK(t.notify(v.ID))
		}
		if status := t.OK(t.Get(page.URL.Path+"/status", t.As(b, "Accept", "application/json")...)).Text("status"); status != "verified" && status != "completed" {
			t.Errorf("the session is %s", status)
		}
	}
	again()
	g := t.Swap(ask, t.Open(b, page.URL.Path+"/finish").Code())
	before := t.OK(t.Info(g.Access)).Body
	again()
	if after := t.OK(t.Info(g.Access)).Body; string(after) != string(before) {
		t.Error("a second presentation changes what the client reads")
	}
	t.told(client, page.Session(), "verification.verified")
}

// told fails the case unless a client was told an event of a session once. What
// comes after it is waited for.
func (t *T) told(client e2e.Client, session, kind string) {
	t.Helper()
	must[e2e.Event](t)(t.Webhooks.AwaitEvent(t.Ctx, session, kind))
	later := t.Open(e2e.NewBrowser(), t.Ask(client).Path())
	t.Accept(later)
	must[e2e.Event](t)(t.Webhooks.AwaitEvent(t.Ctx, later.Session(), "verification.verified"))
	ids := map[string]bool{}
	for _, e := range t.Webhooks.Events() {
		if e.Data.SessionID == session {
			ids[e.Type+" "+e.ID] = true
		}
	}
	if len(ids) != 1 {
		t.Errorf("the client is told %d things of one session", len(ids))
	}
}

func xdev05(t *T) {
	client := t.HookedClient()
	people := map[string]string{}
	for _, p := range swiyutest.Persons() {
		people[p.Key] = p.GivenName
	}
	for range 3 {
		b, ask := e2e.NewBrowser(), t.Ask(client)
		page := t.Open(b, ask.Path())
		v := t.verification(page)
		var answering sync.WaitGroup
		var mu sync.Mutex
		var first []string
		for person := range people {
			answering.Go(func() {
				if t.present(v, person).Status == http.StatusOK {
					mu.Lock()
					defer mu.Unlock()
					first = append(first, person)
				}
			})
		}
		answering.Wait()
		if len(first) != 1 {
			t.Fatalf("%d wallets were first", len(first))
		}
		g := t.Swap(ask, t.Proved(b, page).Code())
		if got := t.OK(t.Info(g.Access)).JSON["given_name"]; got != people[first[0]] {
			t.Error("the data are not those of the first wallet")
		}
		t.told(client, page.Session(), "verification.verified")
	}
}

func xdev08(t *T) {
	b, ask := e2e.NewBrowser(), t.Ask(t.NewClient())
	page := t.Open(b, ask.Path())
	status := func(want string) {
		t.Helper()
		a := t.OK(t.Get(page.URL.Path+"/status", t.As(b, "Accept", "application/json")...))
		t.IsJSON(a)
		t.NoStore(a)
		if a.Text("status") != want || len(a.JSON) != 2 || a.JSON["expires_in"] == nil {
			t.Errorf("the status is %s, not %s", a.Body, want)
		}
	}
	status("authorized")
	t.JSON(t.Get(page.URL.Path+"/status", "Accept", "application/json"), http.StatusNotFound, "invalid_request")
	t.JSON(t.Get(page.URL.Path+"/status", "Accept", "application/json", "Cookie", "vouchgate=x"), http.StatusNotFound, "invalid_request")
	t.Accept(page)
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "verified"))
	status("verified")
	stream := t.OK(t.Get(page.URL.Path+"/status", t.As(b, "Accept", "text/event-stream")...))
	t.NoStore(stream)
	if got := strings.TrimSpace(string(stream.Body)); !strings.HasPrefix(got, "event: status\ndata: {") || strings.Count(got, `"`) != 6 || !strings.Contains(got, `"status":"verified"`) {
		t.Errorf("the stream says %q", got)
	}
	t.Swap(ask, t.Open(b, page.URL.Path+"/finish").Code())
	status("completed")
	if a := t.Get(page.URL.Path+"/status", t.As(b, "Accept", "application/json", "Origin", "https://evil.example")...); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("scripts of other sites may read it")
	}
}
