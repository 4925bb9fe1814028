package conformance

import (
	"net/http"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"AUTHZ-38", "oversize queries, broken encodings and a thousand parameters are refused, and the gateway lives on", authz38},
	Row{"AUTHZ-39", "no parameter adds a header to the answer", authz39},
	Row{"AUTHZ-40", "what clients and requests say is shown as text and never as markup", authz40},
	Row{"AUTHZ-41", "no client registers itself, so that none can make an open redirector of us (RFC 9700, section 4.11.2)", authz41},
)

func authz38(t *T) {
	path := t.Ask(t.Wallet()).Path()
	// The first is longer than all headers may be together, the second than a URL.
	t.Status(t.RawGet(path+"&x="+strings.Repeat("a", 64<<10)),
		http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong, http.StatusBadRequest)
	t.Status(t.RawGet(path+"&x="+strings.Repeat("a", 12<<10)), http.StatusRequestURITooLong)
	for _, more := range []string{
		"&x=%", "&x=%zz", "&state=%f", "&x=%00", "&x=%ff%fe", "&%=1", "&a;b=1", strings.Repeat("&p=1", 1000), strings.Repeat("&p", 1000),
	} {
		t.ErrPage(t.RawGet(path + more))
	}
	t.Status(t.Post("/authorize", strings.Repeat("a=b&", 64<<10)), http.StatusRequestEntityTooLarge, http.StatusBadRequest)
	t.ErrPage(t.Post("/authorize", "%"))
	t.Status(t.Raw("GET /authorize?\x01 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), http.StatusBadRequest)
	t.Status(t.Raw("GET "+path+" HTTP/1.1\r\nConnection: close\r\n\r\n"), http.StatusBadRequest) // no Host
	t.Alive()
	t.started(t.Visit(t.Ask(t.Wallet())))
}

func authz39(t *T) {
	const split = "%0d%0aSet-Cookie:%20split=1%0d%0aX-Split:%201"
	ask := t.Ask(t.Wallet())
	for _, target := range []string{
		ask.With("state", Without, "response_type", "token").RawPath("&state=a" + split),
		ask.With("state", Without).RawPath("&state=a" + split),
		ask.With("scope", Without).RawPath("&scope=" + split),
		ask.RawPath("&ui_locales=de" + split),
		ask.RawPath("&prompt=" + split),
		ask.With("redirect_uri", Without).RawPath("&redirect_uri=https://c.example/cb" + split),
		ask.With("client_id", Without).RawPath("&client_id=" + split),
		"/authorize" + split + "?x=1",
	} {
		a := t.RawGet(target)
		for line := range strings.SplitSeq(a.Head, "\n") {
			if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(name, "X-Split") || strings.HasPrefix(line, "Set-Cookie: split") {
				t.Errorf("%s adds the header %q", target, line)
			}
		}
	}
	own := t.Client(byAccount, noQuestion)
	state := "a\r\nSet-Cookie: split=1"
	home := t.Home(t.SignedIn(), t.Ask(own, "state", state))
	if home.Away == nil || home.Away.Query().Get("state") != state {
		t.Errorf("it does not come home with its state: %s", home)
	}
}

func authz40(t *T) {
	const script, handler = `<script>alert(7)</script>`, `x" onmouseover="alert(7)`
	inert := func(p e2e.Page) {
		t.Helper()
		for _, markup := range []string{script, handler, "<img src=x"} {
			if strings.Contains(string(p.Body), markup) {
				t.Errorf("%s: it has %q in it", p, markup)
			}
		}
	}
	for _, text := range []string{script, handler, `'><img src=x onerror=alert(7)>`} {
		shown := []string{"--name=" + text, "--purpose=" + text, "--operator=" + text}
		wallet, account := t.NewClient(shown...), t.NewClient(append(shown, byAccount, question)...)
		odd := []string{"state", text, "login_hint", text, "ui_locales", text, "nonce", text, "display", text, "acr_values", text}
		inert(t.Open(e2e.NewBrowser(), t.Ask(wallet, odd...).Path()))
		inert(t.Open(e2e.NewBrowser(), t.Ask(account, odd...).Path()))
		consent := t.Open(t.SignedIn(), t.Ask(account, odd...).Path())
		if inert(consent); !Has(consent, "/consent") || !strings.Contains(words(consent.Body), strings.Join(strings.Fields(text), " ")) {
			t.Errorf("the consent page does not say %q", text)
		}
		for _, bad := range []Ask{t.Ask(wallet, "client_id", text), t.Ask(wallet, "redirect_uri", text)} {
			inert(t.Open(e2e.NewBrowser(), bad.Path()))
		}
		inert(t.Open(e2e.NewBrowser(), "/session/"+strings.ReplaceAll(text, " ", "%20")))
		posted := t.Open(e2e.NewBrowser(), t.Ask(wallet, "response_mode", "form_post", "scope", text, "state", text).Path())
		inert(posted)
	}
}

func authz41(t *T) {
	if _, there := t.Metadata()["registration_endpoint"]; there {
		t.Error("the metadata has a registration_endpoint")
	}
	body := `{"redirect_uris":["https://evil.example/cb"],"client_name":"evil"}`
	for _, path := range []string{"/register", "/oauth2/register", "/authorize/register/x", "/.well-known/register"} {
		a := t.Send(http.MethodPost, path, body, "Content-Type", "application/json")
		t.Status(a, http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed)
		if a.Header.Get("Location") != "" {
			t.Errorf("%s leads to %s", path, a.Header.Get("Location"))
		}
	}
	ask := t.Ask(t.Wallet(), "client_id", "https://evil.example/client.json", "redirect_uri", "https://evil.example/cb", "scope", `"`)
	t.ErrPage(t.Visit(ask))
}
