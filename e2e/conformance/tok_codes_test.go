package conformance

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"TOK-09", "unknown, mangled and expired codes and every kind of garbage get nothing", tok09},
	Row{"TOK-10", "a code is of no use to another client, and stays good for its own (RFC 6749, section 4.1.3)", tok10},
	Row{"TOK-11", "a code is good with its redirect URI only, which may be left out where PKCE is used", tok11},
	Row{"TOK-12", "a code works once, and a second use ends what the first gave, even after the code would have ended (RFC 6749, section 4.1.2)", tok12},
	Row{"TOK-13", "a second use by somebody who lacks the secret or the verifier ends nothing", tok13},
	Row{"TOK-14", "of fifty swaps of one code at the same time one works", tok14},
	Row{"TOK-21", "whoever guesses a secret has to wait, and other clients do not", tok21},
	Row{"TOK-22", "what changes between the code and its swap counts: a cancel, an erasure, another scope, a disabled client", tok22},
	Row{"TOK-23", "a failed authentication does not use up the code, as clients that probe for the method need it", tok23},
)

func tok09(t *T) {
	c := t.App()
	ask := t.Ask(c)
	code := t.Code(ask)
	last := "A"
	if strings.HasSuffix(code, last) {
		last = "B"
	}
	for _, bad := range []string{
		strings.Repeat("A", len(code)), code[:len(code)-1] + last, code[:len(code)-1], code + "A", code + "=", " " + code, code + "\n", strings.ToLower(code),
		"x", "'; DROP TABLE codes; --", "%s%n", "../../etc/passwd", strings.Repeat("é", 100), strings.Repeat("a", 8000),
	} {
		t.JSON(t.Exchange(ask, bad), http.StatusBadRequest, "invalid_grant")
	}
	t.JSON(t.Exchange(ask, code+"\x00"), http.StatusBadRequest, "invalid_grant", "invalid_request")
	t.JSON(t.huge(c, 1<<20), http.StatusRequestEntityTooLarge, "invalid_request")
	t.Swap(ask, code)

	short := t.Ask(t.Client(byAccount, noQuestion, "--code-lifetime=1s"))
	code = t.Code(short)
	t.Pass(1100 * time.Millisecond)
	t.JSON(t.Exchange(short, code), http.StatusBadRequest, "invalid_grant")
	t.Alive()
}

// huge sends a token request with a code of so many characters.
func (t *T) huge(c e2e.Client, size int) Answer {
	t.Helper()
	body := t.Form(c, "grant_type", "authorization_code", "code", strings.Repeat("a", size)).Encode()
	return t.Raw("POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: " + formType +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

func tok10(t *T) {
	for _, thief := range []e2e.Client{t.Client(byAccount, noQuestion), t.Public(), t.Wallet()} {
		ask := t.Ask(t.App())
		code := t.Code(ask)
		stolen := ask
		stolen.Client = thief
		t.JSON(t.Exchange(stolen, code), http.StatusBadRequest, "invalid_grant")
		t.JSON(t.Exchange(stolen, code, "redirect_uri", thief.RedirectURI), http.StatusBadRequest, "invalid_grant")
		g := t.Swap(ask, code)
		t.JSON(t.Exchange(stolen, code), http.StatusBadRequest, "invalid_grant") // which is no second use either
		t.OK(t.Info(g.Access))
	}
}

func tok11(t *T) {
	c := t.Client(byAccount, noQuestion, freely, "--redirect-uri=https://two.example/cb", "--redirect-uri=https://two.example/cb2")
	for _, other := range []string{"https://two.example/cb2", "https://two.example/cb/", "https://two.example/cb?x=1", "https://TWO.example/cb", "https://evil.example/"} {
		for _, ask := range []Ask{t.Ask(c), t.Ask(c).Plain()} {
			code := t.Code(ask)
			t.JSON(t.Exchange(ask, code, "redirect_uri", other), http.StatusBadRequest, "invalid_grant")
			// It was the right client, so that nobody gets to try the next one.
			t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")
		}
	}
	for _, none := range []string{Without, ""} {
		bound := t.Ask(c)
		t.OK(t.Exchange(bound, t.Code(bound), "redirect_uri", none))
		plain := t.Ask(c).Plain()
		t.JSON(t.Exchange(plain, t.Code(plain), "redirect_uri", none), http.StatusBadRequest, "invalid_grant")
	}
	t.GrantOf(t.Ask(c).Plain())
}

func tok12(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public(), t.Wallet()} {
		g := t.Grant(c)
		t.OK(t.Info(g.Access))
		t.JSON(t.Exchange(g.Ask, g.Code), http.StatusBadRequest, "invalid_grant")
		t.Dead(g)
	}
	g := t.Grant(t.App())
	next := t.Took(g.Client, t.Refresh(g.Client, g.Refresh))
	t.JSON(t.Exchange(g.Ask, g.Code), http.StatusBadRequest, "invalid_grant")
	t.Dead(next) // what came of it later too
	t.BadToken(t.Info(g.Access))

	late := t.Grant(t.Client(byAccount, noQuestion, refreshing, "--code-lifetime=3s"))
	t.Pass(3100 * time.Millisecond)
	t.OK(t.Info(late.Access))
	t.JSON(t.Exchange(late.Ask, late.Code), http.StatusBadRequest, "invalid_grant")
	t.Dead(late)
}

func tok13(t *T) {
	c := t.NewClient(byAccount, noQuestion, refreshing)
	g := t.Grant(c)
	other := t.Public()
	for status, replays := range map[int][]Answer{
		http.StatusUnauthorized: {
			t.Exchange(g.Ask, g.Code, "client_secret", "wrong"), t.Exchange(g.Ask, g.Code, "client_secret", Without),
			t.Exchange(g.Ask, g.Code, "client_id", "nobody"),
		},
		http.StatusBadRequest: {
			t.Exchange(g.Ask, g.Code, "code_verifier", strings.Repeat("v", 43)), t.Exchange(g.Ask, g.Code, "code_verifier", Without),
			t.Exchange(g.Ask, g.Code, "redirect_uri", "https://evil.example/"),
			t.Exchange(g.Ask, g.Code, "client_id", other.ID, "client_secret", Without),
			t.Exchange(g.Ask, g.Code[:len(g.Code)-4]+"AAAA"),
		},
	} {
		for _, a := range replays {
			t.JSON(a, status, "invalid_client", "invalid_grant")
		}
	}
	t.OK(t.Info(g.Access))
	t.OK(t.Refresh(c, g.Refresh))
}

func tok14(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public()} {
		ask := t.Ask(c)
		code := t.Code(ask)
		answers := atOnce(50, func(int) Answer { return t.Exchange(ask, code) })
		good := Good(answers)
		if len(good) != 1 {
			t.Fatalf("%d of %d swaps work", len(good), len(answers))
		}
		for _, a := range answers {
			if a.Status != http.StatusOK {
				t.JSON(a, http.StatusBadRequest, "invalid_grant")
			}
		}
		t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")
		t.Dead(t.Took(c, good[0]))
	}
}

func tok21(t *T) {
	c, other := t.NewClient(), t.NewClient()
	waiting := 0
	for i := range 20 {
		a := t.PostForm("/token", t.Form(c, "client_secret", "guess-"+strconv.Itoa(i), "grant_type", "authorization_code", "code", "x"))
		if a.Status != http.StatusTooManyRequests {
			t.JSON(a, http.StatusUnauthorized, "invalid_client")
			continue
		}
		waiting++
		t.JSON(a, http.StatusTooManyRequests, "temporarily_unavailable")
		if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 {
			t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
		}
	}
	if waiting == 0 {
		t.Error("twenty guesses are answered at once")
	}
	if !t.knows(other, other.Secret) {
		t.Error("another client is shut out")
	}
	t.Until("the client to be let in again", func() (bool, error) {
		return t.PostForm("/token", t.Form(c, "grant_type", "authorization_code", "code", "x")).Status == http.StatusBadRequest, nil
	})
}

func tok22(t *T) {
	cancelled, b := t.Ask(t.Wallet()), e2e.NewBrowser()
	page := t.Open(b, cancelled.Path())
	home := t.GoOn(b, page)
	t.Press(b, page, "/cancel") // in another tab
	t.JSON(t.Exchange(cancelled, home.Code()), http.StatusBadRequest, "invalid_grant")

	for _, erase := range []func(*e2e.Browser, Person){
		func(_ *e2e.Browser, p Person) { t.Do("account", "remove", p.UserName, "--yes") },
		func(b *e2e.Browser, _ Person) { t.Submit(b, t.Open(b, "/me"), "/me/erase") },
	} {
		b, person, ask := e2e.NewBrowser(), t.NewPerson(), t.Ask(t.App())
		t.SignIn(b, person)
		code := t.Home(b, ask).Code()
		erase(b, person)
		t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")
	}

	c := t.NewClient(byAccount, noQuestion)
	ask := t.Ask(c, "scope", "given_name birth_date")
	code := t.Code(ask)
	t.Do("client", "update", c.ID, "--scope", "given_name")
	t.Until("the scope to be gone", func() (bool, error) {
		return strings.Contains(t.Visit(ask).Header.Get("Location"), "error=invalid_scope"), nil
	})
	t.JSON(t.Exchange(ask, code), http.StatusBadRequest, "invalid_grant")

	ask = t.Ask(c, "scope", "given_name")
	code = t.Code(ask)
	t.Do("client", "disable", c.ID)
	t.shut(c)
	t.JSON(t.Exchange(ask, code), http.StatusUnauthorized, "invalid_client")
}

func tok23(t *T) {
	ask := t.Ask(t.NewClient(byAccount, noQuestion))
	code := t.Code(ask)
	form := t.CodeForm(ask, code, "client_id", Without, "client_secret", Without)
	t.JSON(t.PostForm("/token", form, "Authorization", Basic(ask.Client.ID, "wrong")), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.PostForm("/token", form), http.StatusUnauthorized, "invalid_client")
	t.Swap(ask, code)
}
