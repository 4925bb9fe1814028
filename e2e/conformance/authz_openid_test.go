package conformance

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"AUTHZ-31", "scripts of other origins cannot read the endpoint: no Access-Control header (OAuth 2.1, section 3.1)", authz31},
	Row{"AUTHZ-33", "a client's request_uri is never fetched (RFC 9101, section 10.4)", authz33},
	Row{"AUTHZ-34", "prompt=none shows no page: it gives a code or says what is missing (OpenID Connect Core, section 3.1.2.6)", authz34},
	Row{"AUTHZ-36", "the optional parameters of OpenID Connect are taken; ui_locales sets the language, junk in it does not", authz36},
	Row{"AUTHZ-37", "prompt=login and max_age=0 ask for the password again, and auth_time gets newer", authz37},
)

func authz31(t *T) {
	path := t.Ask(t.Client(byAccount, noQuestion, "--origin=https://app.example")).Path()
	preflight := []string{"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization"}
	for _, origin := range []string{"https://app.example", "https://evil.example", "null"} {
		for _, a := range []Answer{
			t.Get(path, "Origin", origin, "Accept", "text/html"),
			t.Get("/authorize", "Origin", origin),
			t.Post("/authorize", strings.TrimPrefix(path, "/authorize?"), "Origin", origin),
			t.Send(http.MethodOptions, path, "", append(preflight, "Origin", origin)...),
		} {
			for name := range a.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("from %s: %s", origin, name)
				}
			}
		}
	}
}

func authz33(t *T) {
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	var calls atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			_ = conn.Close()
		}
	}()
	target := fmt.Sprintf("http://%s/request", listener.Addr())
	ask := t.Ask(t.Wallet(), "request_uri", target)
	t.Redir(ask, t.Visit(ask), "request_uri_not_supported")
	t.ErrPage(t.Visit(ask.With("redirect_uri", Without, "response_type", Without)))
	t.Status(t.Push(ask), http.StatusBadRequest)
	t.Redir(ask, t.Post("/authorize", ask.Query()), "request_uri_not_supported")
	if n := calls.Load(); n != 0 {
		t.Errorf("it was fetched %d times", n)
	}
}

func authz34(t *T) {
	stranger := e2e.NewBrowser()
	login := t.Ask(t.App(), "prompt", "none")
	t.Redir(login, t.Answer(t.Open(stranger, login.Path())), "login_required")

	consent := t.Ask(t.NewClient(byAccount, question), "prompt", "none")
	t.Redir(consent, t.Answer(t.Open(t.SignedIn(), consent.Path())), "consent_required", "interaction_required")

	wallet := t.Ask(t.Wallet(), "prompt", "none")
	t.Redir(wallet, t.Answer(t.Open(t.SignedIn(), wallet.Path())), "login_required", "interaction_required")
	for _, client := range []e2e.Client{t.Mailer(), t.Chooser(), t.Client(byAccount, byEmail, noQuestion, "--scope=given_name email")} {
		tan := t.Ask(client, "prompt", "none")
		t.Redir(tan, t.Answer(t.Open(t.SignedIn(), tan.Path())), "login_required", "interaction_required")
	}

	old := t.Ask(t.App(), "prompt", "none", "max_age", "0")
	t.Redir(old, t.Answer(t.Open(t.SignedIn(), old.Path())), "login_required")

	// Nothing is missing: a code, and no page that waits for anybody.
	if home := t.Home(t.SignedIn(), login); home.Code() == "" {
		t.Errorf("signed in and nothing to ask: %s", home)
	}
}

func authz36(t *T) {
	t.Grant(t.App(), "scope", "openid given_name", "display", "popup", "ui_locales", "de-CH fr xx-junk-1", "claims_locales", "de",
		"acr_values", "urn:example:loa:2 x", "login_hint", "mira@example.com", "max_age", "3600", "nonce", strings.Repeat("n", 384),
		"id_token_hint", "not.a.token", "registration", "{}")
	for locales, lang := range map[string]string{
		"de-CH": "de", "fr-CH it": "fr", "it": "it", "en-GB": "en", "xx yy-ZZ": "en", "../../etc/passwd": "en",
		strings.Repeat("x", 500): "en", `"><script>`: "en", "tlh de": "de",
	} {
		page := t.Open(e2e.NewBrowser(), t.Ask(t.Wallet(), "ui_locales", locales).Path())
		t.Status(t.Answer(page), http.StatusOK)
		if !strings.Contains(string(page.Body), `<html lang="`+lang+`">`) {
			t.Errorf("ui_locales %.40q does not give %s", locales, lang)
		}
	}
	page := t.Open(e2e.NewBrowser(), t.Ask(t.Asking(), "login_hint", "somebody").Path())
	if form := must[e2e.Form](t)(page.Form("/login")); form.Values.Get("user_name") != "somebody" {
		t.Errorf("login_hint gives %q", form.Values.Get("user_name"))
	}
}

func authz37(t *T) {
	b, person := e2e.NewBrowser(), t.Person()
	t.SignIn(b, person)
	ask := t.Ask(t.App(), "scope", "openid", "max_age", "3600")
	first := t.signedInAt(ask, t.Home(b, ask))
	t.Pass(1100 * time.Millisecond) // auth_time has whole seconds
	for _, again := range [][]string{{"prompt", "login", "max_age", "3600"}, {"max_age", "0"}} {
		ask := t.Ask(t.App(), append([]string{"scope", "openid"}, again...)...)
		page := t.Open(b, ask.Path())
		if !Has(page, "/login") {
			t.Fatalf("%v: no sign-in page: %s", again, page)
		}
		home := t.GoOn(b, page)
		if at := t.signedInAt(ask, home); at <= first {
			t.Errorf("%v: auth_time is %v, before it was %v", again, at, first)
		}
	}
}

// signedInAt is the auth_time of the ID token for a code.
func (t *T) signedInAt(ask Ask, home e2e.Page) float64 {
	t.Helper()
	at, _ := t.Part(t.Swap(ask, home.Code()).IDToken, 1)["auth_time"].(float64)
	if at == 0 {
		t.Error("there is no auth_time")
	}
	return at
}
