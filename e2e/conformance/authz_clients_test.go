package conformance

import (
	"net/http"
	"net/url"
	"strings"
)

var _ = rows(
	Row{"AUTHZ-01", "a correct GET leads to a page of our own, which no cache keeps (RFC 6749, section 3.1)", authz01},
	Row{"AUTHZ-02", "the same request as a form of another site does the same (OpenID Connect Core, section 3.1.2.1)", authz02},
	Row{"AUTHZ-03", "other methods than GET and POST get 405 with Allow (RFC 9110, section 15.5.6)", authz03},
	Row{"AUTHZ-04", "a missing, empty, unknown, repeated or disabled client gets one and the same page (RFC 6749, section 4.1.2.1)", authz04},
	Row{"AUTHZ-05", "a request without redirect URI gets a page and is sent nowhere", authz05},
	Row{"AUTHZ-06", "nobody is sent to a redirect URI that is not registered, whatever else is wrong (RFC 9700, section 4.11.2)", authz06},
	Row{"AUTHZ-07", "redirect URIs are compared byte by byte: two dozen near misses are refused (RFC 9700, section 4.1.3)", authz07},
	Row{"AUTHZ-08", "a query that is part of the redirect URI stays in front of the answer (RFC 6749, section 3.1.2)", authz08},
	Row{"AUTHZ-09", "a redirect URI with a fragment is refused (RFC 6749, section 3.1.2)", authz09},
)

// started fails the case unless an answer is the start of a flow: a redirect to a
// session's page.
func (t *T) started(a Answer) {
	t.Helper()
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/session/") {
		t.Errorf("no flow starts: %s", a)
	}
}

// startedByForm fails the case unless a form without cookies, from another site,
// leads to a flow: the browser is sent to fetch with its cookies what it posted.
func (t *T) startedByForm(a Answer) {
	t.Helper()
	location := a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(location, "/authorize?") || len(a.Header.Values("Set-Cookie")) > 0 {
		t.Errorf("the post leads nowhere, or takes the browser's cookie: %s", a)
		return
	}
	t.started(t.Get(location))
}

func authz01(t *T) {
	for _, c := range []Ask{t.Ask(t.Wallet()), t.Ask(t.App())} {
		a := t.Visit(c)
		t.started(a)
		t.NoStore(a)
		b := t.SignedIn()
		page := t.Open(b, c.Path())
		if page.Away == nil {
			t.NoStore(t.Answer(page))
			if kind := page.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
				t.Errorf("the page is %q", kind)
			}
		}
	}
}

func authz02(t *T) {
	ask := t.Ask(t.Wallet())
	cross := []string{"Origin", "https://shop.example", "Sec-Fetch-Site", "cross-site", "Accept", "text/html"}
	t.startedByForm(t.Post("/authorize", ask.Query(), cross...))

	// The query of a POST counts for nothing.
	t.startedByForm(t.Post("/authorize?client_id=nobody&response_type=token", ask.Query(), cross...))
	t.ErrPage(t.Post("/authorize?"+ask.Query(), "x=1", cross...))
	bad := ask.With("response_type", "token")
	t.Redir(bad, t.Post("/authorize", bad.Query(), cross...), "unsupported_response_type")
	t.ErrPage(t.Post("/authorize", ask.With("redirect_uri", "https://evil.example/").Query(), cross...))
}

func authz03(t *T) {
	path := t.Ask(t.Wallet()).Path()
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, "PROPFIND"} {
		a := t.Send(method, path, "")
		t.ErrPage(a, http.StatusMethodNotAllowed)
		if got := a.Header.Get("Allow"); got != "GET, POST" {
			t.Errorf("%s: Allow is %q", method, got)
		}
	}
}

func authz04(t *T) {
	disabled := t.NewClient()
	t.Do("client", "disable", disabled.ID)
	ask := t.Ask(t.Wallet())
	first := t.Visit(ask.With("client_id", "nobody-has-this"))
	t.ErrPage(first)
	for _, path := range []string{
		ask.With("client_id", Without).Path(),
		ask.With("client_id", "").Path(),
		ask.RawPath("&client_id=" + ask.Client.ID),
		ask.With("client_id", "no such\x01name").Path(),
		ask.With("client_id", strings.Repeat("a", 3000)).Path(),
		t.Ask(disabled).Path(),
		t.Ask(disabled, "redirect_uri", "https://evil.example/").Path(),
	} {
		a := t.VisitPath(path)
		t.ErrPage(a)
		t.Alike(first, a)
		t.NoLink(a, ask.Values.Get("redirect_uri"))
	}
}

func authz05(t *T) {
	ask := t.Ask(t.Wallet())
	for _, path := range []string{
		ask.With("redirect_uri", Without).Path(),
		ask.With("redirect_uri", "").Path(),
		ask.With("redirect_uri", Without, "response_type", "token").Path(),
		ask.RawPath("&redirect_uri=" + url.QueryEscape(ask.Client.RedirectURI)),
	} {
		a := t.VisitPath(path)
		t.ErrPage(a)
		t.NoLink(a, ask.Client.RedirectURI)
	}
}

func authz06(t *T) {
	const evil = "https://evil.example/cb"
	bad := t.Ask(t.Wallet(), "redirect_uri", evil)
	for name, path := range map[string]string{
		"nothing else":      bad.Path(),
		"scope":             bad.With("scope", `"nonsense`).Path(),
		"response_type":     bad.With("response_type", "token").Path(),
		"no response_type":  bad.With("response_type", Without).Path(),
		"no state":          bad.With("state", Without).Path(),
		"no challenge":      bad.Plain().Path(),
		"response_mode":     bad.With("response_mode", "fragment").Path(),
		"form_post":         bad.With("response_mode", "form_post").Path(),
		"prompt=none":       bad.With("prompt", "none").Path(),
		"repeated scope":    bad.RawPath("&scope=a&scope=b"),
		"request object":    bad.With("request", "x.y.z").Path(),
		"foreign reference": bad.With("request_uri", "https://evil.example/request").Path(),
		"claims":            bad.With("claims", "{").Path(),
	} {
		a := t.VisitPath(path)
		if t.ErrPage(a); t.Failed() {
			t.Fatalf("with a fault in %s", name)
		}
		t.NoLink(a, evil)
		t.ErrPage(t.Post("/authorize", strings.TrimPrefix(path, "/authorize?")))
	}
	overloaded(t, evil)
}

// overloaded shows that a gateway that has no time for anybody redirects nobody
// either.
func overloaded(t *T, evil string) {
	alone := t.Alone("--request-rate=1")
	bad := alone.Ask(alone.NewClient(), "redirect_uri", evil)
	var last Answer
	alone.Until("too many requests", func() (bool, error) {
		last = alone.Visit(bad)
		return last.Status == http.StatusTooManyRequests, nil
	})
	alone.ErrPage(last, http.StatusTooManyRequests)
	if last.Header.Get("Retry-After") == "" {
		t.Error("429 comes without Retry-After")
	}
}

func authz07(t *T) {
	c := t.Client("--redirect-uri=https://c.example/cb")
	for _, uri := range []string{
		"https://c.example/cb/", "https://c.example/cb/x", "https://c.example/CB", "https://C.example/cb", "https://c.example:443/cb",
		"http://c.example/cb", "HTTPS://c.example/cb", "https://c.example/cb?", "https://c.example/cb?a=1", "https://c.example//cb",
		"https://c.example/./cb", "https://c.example/x/../cb", "https://c.example/x/%2e%2e/cb", "https://c.example/x/..;/cb",
		"https://c.example/%63b", "https://c.example.evil/cb", "https://c.example@evil/cb", "https://evil/https://c.example/cb",
		"https://c.example/cb ", " https://c.example/cb", "https://c.example/cb\t", "https://c.example/cb\n", "https://c.example/cb\x00",
		`https://c.example\cb`, `https://evil\c.example/cb`, "https://c.example/cb#", "https://c.example/cb#f", "https://ç.example/cb",
		"https://xn--7ca.example/cb", "//c.example/cb", "/cb", "c.example/cb", "https://c.example", "https://c.example/cb;x",
	} {
		ask := t.Ask(c, "redirect_uri", uri)
		a := t.Visit(ask)
		if t.ErrPage(a); t.Failed() {
			t.Fatalf("with %q", uri)
		}
	}
	if a := t.Visit(t.Ask(c)); a.Status != http.StatusSeeOther {
		t.Errorf("the registered URI itself: %s", a)
	}
}

func authz08(t *T) {
	c := t.Client(byAccount, noQuestion, "--redirect-uri=https://c.example/cb?tenant=7&x=%2f")
	ask := t.Ask(c)
	home := t.Home(t.SignedIn(), ask)
	if home.Code() == "" {
		t.Fatalf("no code: %s", home)
	}
	if q := t.HomeWith(ask, home.Header.Get("Location")); q.Get("code") == "" {
		t.Errorf("the answer is %v", q)
	}
	bad := ask.With("response_type", "token")
	t.Redir(bad, t.Visit(bad), "unsupported_response_type")
	t.ErrPage(t.Visit(ask.With("redirect_uri", "https://c.example/cb")))
	t.ErrPage(t.Visit(ask.With("redirect_uri", "https://c.example/cb?x=%2f&tenant=7")))
}

func authz09(t *T) {
	c := t.Wallet()
	for _, fragment := range []string{"#", "#x", "#/../x", "%23x"} {
		t.ErrPage(t.Visit(t.Ask(c, "redirect_uri", c.RedirectURI+fragment)))
	}
}
