package conformance

import (
	"net/http"
	"strings"
	"time"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

var _ = rows(
	Row{"AUTHZ-22", "who refuses on any page goes home with access_denied: at sign-in, choice, QR code, address, TAN, a failed try, consent", authz22},
	Row{"AUTHZ-23", "a verifier that is down or talks nonsense gives a page to try again, or a word to the client, and no traces", authz23},
	Row{"AUTHZ-24", "error and error_description keep to their characters, whatever was sent (RFC 6749, section 4.1.2.1)", authz24},
	Row{"AUTHZ-25", "answers are in the query and never in the fragment (RFC 6749, section 4.1.2)", authz25},
	Row{"AUTHZ-26", "every form leads on with 303, which repeats no form (RFC 9700, section 4.12)", authz26},
	Row{"AUTHZ-27", "codes have 256 random bits: 200 of them share nothing but the time in their names", authz27},
	Row{"AUTHZ-28", "a code ends when its lifetime does (RFC 6749, section 4.1.2)", authz28},
	Row{"AUTHZ-29", "form_post answers with a page whose form posts code, state and iss, escaped, and errors alike", authz29},
)

func authz22(t *T) {
	login := t.Ask(t.Asking())
	b := e2e.NewBrowser()
	page := t.Open(b, login.Path())
	t.denied(login, t.Press(b, page, "/cancel"))

	consent := t.Ask(t.Asking(), "prompt", "consent")
	b = t.SignedIn()
	page = t.Open(b, consent.Path())
	t.denied(consent, t.Press(b, page, "/consent", "decision", "deny"))

	wallet := t.Ask(t.Wallet())
	b = e2e.NewBrowser()
	page = t.Open(b, wallet.Path())
	t.denied(wallet, t.Press(b, page, "/cancel"))

	failed := t.Ask(t.Wallet())
	b = e2e.NewBrowser()
	page = t.Open(b, failed.Path())
	t.Check(t.Verifier.Reject(page.Verification(), "client_rejected"))
	must[string](t)(b.Await(t.Ctx, t.Issuer(), page.Session(), "failed"))
	page = t.Open(b, page.URL.Path)
	t.denied(failed, t.Press(b, page, "/cancel"))
	t.leaveAddresses()
}

// leaveAddresses is about the pages of a choice, of an address and of a TAN.
func (t *T) leaveAddresses() {
	t.Helper()
	choice, address := t.Ask(t.Chooser()), t.Ask(t.Mailer())
	for _, ask := range []Ask{choice, address} {
		b := e2e.NewBrowser()
		t.denied(ask, t.Press(b, t.Open(b, ask.Path()), "/cancel"))
	}
	for _, method := range []string{"email", "postal-ch"} {
		b, ask, where := e2e.NewBrowser(), t.Ask(t.Chooser()), t.Place(method)
		page := t.OpenTAN(b, ask, where)
		tan := t.TAN(where, 1)
		t.denied(ask, t.Press(b, page, "/cancel"))
		if p := t.Submit(b, page, "/pin", "pin", tan); p.Code() != "" {
			t.Error("a TAN that comes too late undoes the refusal")
		}
	}
}

func (t *T) denied(ask Ask, a Answer) {
	t.Helper()
	t.Redir(ask, a, "access_denied")
}

func authz23(t *T) {
	nonsense := e2e.NewVerifier(t.T, swiyutest.Config{})
	nonsense.SetMode(swiyutest.Mode{CreateFault: &swiyutest.Fault{Kind: swiyutest.FaultGarbage}})
	broken := e2e.NewVerifier(t.T, swiyutest.Config{})
	broken.SetMode(swiyutest.Mode{CreateFault: &swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: http.StatusInternalServerError}})
	for _, url := range []string{"http://127.0.0.1:1", nonsense.URL, broken.URL} {
		c := t.NewClient("--verifier-url=" + url)
		ask := t.Ask(c)
		page := t.Open(e2e.NewBrowser(), ask.Path())
		for _, trace := range []string{"goroutine", ".go:", "panic", "dial tcp", "127.0.0.1:1", "unmarshal"} {
			if strings.Contains(string(page.Body), trace) {
				t.Errorf("the page has a trace: %q", trace)
			}
		}
		if page.Away != nil {
			t.Redir(ask, t.Answer(page), "temporarily_unavailable", "server_error")
			continue
		}
		t.Status(t.Answer(page), http.StatusOK, http.StatusServiceUnavailable)
		if !strings.Contains(words(page.Body), "try again") && !Has(page, "/retry") {
			t.Errorf("no way to try again: %s", words(page.Body))
		}
	}
}

func authz24(t *T) {
	nasty := []string{`"`, `\`, "a\nb", "a\r\nSet-Cookie: x", "ü", "\x7f", "<b>", strings.Repeat("x", 500)}
	for _, name := range []string{"scope", "response_type", "response_mode", "prompt", "max_age", "claims", "code_challenge", "code_challenge_method"} {
		for _, value := range nasty {
			ask := t.Ask(t.Wallet(), name, value)
			query := t.Redir(ask, t.Visit(ask), "invalid_request", "invalid_scope", "unsupported_response_type")
			if query.Get("error_description") == "" || query.Has("error_uri") {
				t.Errorf("%s: the answer is %v", name, query)
			}
		}
	}
}

func authz25(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		ask := t.Ask(c)
		location := t.Home(t.SignedIn(), ask).Header.Get("Location")
		if q := t.HomeWith(ask, location); q.Get("code") == "" || !fragmentless(location) {
			t.Errorf("it leads to %s", location)
		}
	}
	bad := t.Ask(t.App(), "response_type", "code token", "scope", "openid")
	t.Redir(bad, t.Visit(bad), "unsupported_response_type")
}

func authz26(t *T) {
	ask := t.Ask(t.NewClient(byAccount, question))
	b := e2e.NewBrowser()
	page := t.Open(b, ask.Path())
	signedIn := t.Submit(b, page, "/login", "user_name", t.Person().UserName, "password", t.Person().Password)
	if !Has(signedIn, "/consent") {
		t.Fatalf("no consent page: %s", signedIn)
	}
	allowed := t.Press(b, signedIn, "/consent", "decision", "allow")
	t.Status(allowed, http.StatusSeeOther)
	t.Status(t.Press(b, t.Open(b, t.Ask(ask.Client, "prompt", "consent").Path()), "/consent", "decision", "deny"), http.StatusSeeOther)

	b = e2e.NewBrowser()
	page = t.Open(b, t.Ask(t.Wallet()).Path())
	t.Status(t.Press(b, page, "/cancel"), http.StatusSeeOther)
	t.Status(t.Post("/authorize", t.Ask(t.Wallet()).Query()), http.StatusSeeOther)
}

func authz27(t *T) {
	const many = 200
	b, c := t.SignedIn(), t.App()
	seen, alphabets := map[string]bool{}, map[int]map[byte]bool{}
	for range many {
		code := t.Home(b, t.Ask(c)).Code()
		if len(code) < 43 {
			t.Fatalf("a code has %d characters", len(code))
		}
		secret := code[len(code)-42:] // 252 bits; the last character of all may hold fewer than 6
		if seen[secret] {
			t.Fatal("two codes share their random part")
		}
		seen[secret] = true
		for i := range len(secret) - 1 {
			if alphabets[i] == nil {
				alphabets[i] = map[byte]bool{}
			}
			alphabets[i][secret[i]] = true
		}
		if strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("a code has other characters than letters, digits, - and _")
		}
	}
	for i, found := range alphabets {
		// Of 64 characters, 200 draws leave out fewer than 3 on average.
		if len(found) < 45 {
			t.Errorf("place %d of the random part has only %d characters in %d codes", i, len(found), many)
		}
	}
}

func authz28(t *T) {
	ask := t.Ask(t.Client(byAccount, noQuestion, "--code-lifetime=1s"))
	code := t.Code(ask)
	t.Pass(1100 * time.Millisecond)
	t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")
	t.Swap(ask, t.Code(ask))
}
