package conformance

import (
	"net/http"
	"slices"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"PKCE-01", "a code with an S256 challenge is swapped with its verifier (RFC 7636, section 4.6)", pkce01},
	Row{"PKCE-02", "public clients need a challenge, and so does everybody who was not let off (RFC 9700, section 2.1.1)", pkce02},
	Row{"PKCE-03", "plain is refused, and so is a challenge that does not name its method (RFC 7636, section 4.4.1)", pkce03},
	Row{"PKCE-04", "a challenge that cannot be that of S256 is refused (RFC 7636, section 4.2)", pkce04},
	Row{"PKCE-05", "a wrong verifier gets nothing (RFC 7636, section 4.6)", pkce05},
	Row{"PKCE-06", "a missing verifier gets nothing", pkce06},
	Row{"PKCE-07", "a verifier for a code without challenge gets nothing (RFC 9700, section 4.8.2)", pkce07},
	Row{"PKCE-08", "verifiers of under 43 or over 128 characters, or of others than unreserved ones, get nothing (RFC 7636, section 4.1)", pkce08},
	Row{"PKCE-09", "the challenge is in no page and in no answer", pkce09},
	Row{"PKCE-10", "the metadata lists S256 and nothing else", pkce10},
	Row{"PKCE-11", "a challenge that a client uses again and again mixes no flows up: each code has its own request", pkce11},
)

func pkce01(t *T) {
	t.Grant(t.App())
	t.Grant(t.Public())
	longest := strings.Repeat("aZ09-._~", 16)
	ask := t.Ask(t.App(), "code_challenge", Challenge(longest))
	ask.Verifier = longest
	t.GrantOf(ask)
}

func pkce02(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet(), t.Public()} {
		ask := t.Ask(c).Plain()
		if q := t.Redir(ask, t.Visit(ask), "invalid_request"); !strings.Contains(q.Get("error_description"), "challenge") {
			t.Errorf("the description is %q", q.Get("error_description"))
		}
	}
	t.GrantOf(t.Ask(t.Client(byAccount, noQuestion, freely)).Plain())
	t.Refused("pkce", "client", "add", "--id", t.next("refused-"), "--redirect-uri", "https://c.example/cb", publicly, freely)
}

func pkce03(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public(), t.Client(byAccount, noQuestion, freely)} {
		for _, method := range []string{"plain", Without, "", "s256", "S512"} {
			ask := t.Ask(c, "code_challenge_method", method)
			t.Redir(ask, t.Visit(ask), "invalid_request")
		}
		alone := t.Ask(c, "code_challenge", Without)
		t.Redir(alone, t.Visit(alone), "invalid_request")
	}
}

func pkce04(t *T) {
	good := Challenge("x")
	for _, challenge := range []string{
		good[:42], good + "A", good + "=", good[:42] + "+", good[:42] + "/", good[:42] + " ", good[:42] + "\x00", good[:42] + "ü",
		"a", strings.Repeat("a", 128), "sha256:" + good[:36],
	} {
		ask := t.Ask(t.App(), "code_challenge", challenge)
		if strings.Contains(challenge, "\x00") {
			t.ErrPage(t.Visit(ask)) // a query with NUL is not read at all
			continue
		}
		t.Redir(ask, t.Visit(ask), "invalid_request")
	}
}

// refusedExchange fails the case unless a code of a request is refused with what is
// changed, and gives nothing afterwards either.
func (t *T) refusedExchange(ask Ask, set ...string) {
	t.Helper()
	code := t.Code(ask)
	a := t.Exchange(ask, code, set...)
	t.JSON(a, http.StatusBadRequest, "invalid_grant", "invalid_request")
	if a.Text("error") == "invalid_grant" {
		// It was the right client, so that the code is used up: nobody tries verifiers.
		t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")
	}
}

func pkce05(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public()} {
		ask := t.Ask(c)
		code := t.Code(ask)
		t.JSON(t.Exchange(ask, code, "code_verifier", ask.Verifier+"x"), http.StatusBadRequest, "invalid_grant")
		t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")
		t.refusedExchange(t.Ask(c), "code_verifier", ask.Values.Get("code_challenge"))
	}
}

func pkce06(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public()} {
		for _, none := range []string{Without, ""} {
			ask := t.Ask(c)
			t.JSON(t.Exchange(ask, t.Code(ask), "code_verifier", none), http.StatusBadRequest, "invalid_grant")
		}
	}
}

func pkce07(t *T) {
	ask := t.Ask(t.Client(byAccount, noQuestion, freely)).Plain()
	code := t.Code(ask)
	a := t.Exchange(ask, code, "code_verifier", strings.Repeat("v", 43))
	t.JSON(a, http.StatusBadRequest, "invalid_request", "invalid_grant")
}

func pkce08(t *T) {
	for _, verifier := range []string{
		strings.Repeat("a", 42), strings.Repeat("a", 129), "a", strings.Repeat("a", 42) + "+", strings.Repeat("a", 42) + " ",
		strings.Repeat("a", 42) + "ü", strings.Repeat("a", 42) + "=",
	} {
		// The challenge is the right one for it.
		ask := t.Ask(t.App(), "code_challenge", Challenge(verifier))
		t.refusedExchange(ask, "code_verifier", verifier)
	}
}

func pkce09(t *T) {
	ask := t.Ask(t.NewClient(byAccount, question, refreshing))
	challenge := ask.Values.Get("code_challenge")
	quiet := func(what string, text string) {
		t.Helper()
		if strings.Contains(text, challenge) {
			t.Errorf("%s has the challenge in it", what)
		}
	}
	first := t.Visit(ask)
	quiet("the first redirect", first.Header.Get("Location"))
	b := e2e.NewBrowser()
	page := t.Open(b, ask.Path())
	quiet("the sign-in page", string(page.Body))
	page = t.Submit(b, page, "/login", "user_name", t.Person().UserName, "password", t.Person().Password)
	quiet("the consent page", string(page.Body)+page.URL.String())
	home := t.Submit(b, page, "/consent", "decision", "allow")
	quiet("the answer", home.Header.Get("Location"))
	g := t.Swap(ask, home.Code())
	for _, a := range []Answer{g.Answer, t.Info(g.Access), t.Introspect(ask.Client, g.Access), t.Refresh(ask.Client, g.Refresh)} {
		quiet("an answer", string(a.Body))
	}
	wallet := t.Ask(t.Wallet())
	challenge = wallet.Values.Get("code_challenge")
	quiet("the scan page", string(t.Open(e2e.NewBrowser(), wallet.Path()).Body))
}

func pkce10(t *T) {
	for _, at := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		if got := Texts(t.OK(t.Get(at)).JSON, "code_challenge_methods_supported"); !slices.Equal(got, []string{"S256"}) {
			t.Errorf("%s lists %v", at, got)
		}
	}
}

func pkce11(t *T) {
	one, two := t.Ask(t.App()), t.Ask(t.App())
	two = two.With("code_challenge", one.Values.Get("code_challenge"))
	two.Verifier = one.Verifier
	first, second := t.Code(one), t.Code(two)
	if first == second {
		t.Fatal("two flows have one code")
	}
	a := t.Swap(one, first)
	b := t.Swap(two, second)
	t.JSON(t.Exchange(two, second), http.StatusBadRequest, "invalid_grant")
	t.OK(t.Info(a.Access))
	t.BadToken(t.Info(b.Access)) // its code came twice
}
