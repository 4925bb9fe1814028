package conformance

import (
	"errors"
	"net/http"
	"strings"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// walletPerson is whose credential the wallet of these tests shows.
const walletPerson = "mira"

// SignedIn returns a new browser in which the shared person is signed in already.
// The signing in is shared: nobody may sign out with it.
func (t *T) SignedIn() *e2e.Browser {
	t.Helper()
	first := shared(t.Env, "signed in", func() *e2e.Browser {
		b := e2e.NewBrowser()
		t.SignIn(b, t.Person())
		return b
	})
	b := e2e.NewBrowser()
	b.Take(t.Issuer(), first, "vouchgate-login")
	return b
}

// SignIn signs a person in at /login.
func (t *T) SignIn(b *e2e.Browser, p Person) e2e.Page {
	t.Helper()
	page := t.Open(b, "/login")
	page = t.Submit(b, page, "/login", "user_name", p.UserName, "password", p.Password)
	if page.URL.Path != "/me" {
		t.Fatalf("signing in ended at %s", page)
	}
	return page
}

// Open visits a path of the gateway, or a whole URL.
func (t *T) Open(b *e2e.Browser, to string) e2e.Page {
	t.Helper()
	if strings.HasPrefix(to, "/") {
		to = t.Issuer() + to
	}
	return t.seen(must[e2e.Page](t)(b.Get(t.Ctx, to)))
}

// Submit sends a form of a page, whose action has a path with this end, with names
// and values in turn set.
func (t *T) Submit(b *e2e.Browser, p e2e.Page, end string, set ...string) e2e.Page {
	t.Helper()
	return t.seen(must[e2e.Page](t)(b.Submit(t.Ctx, p, end, set...)))
}

// Has says whether a page has a form whose action has a path with this end.
func Has(p e2e.Page, end string) bool {
	_, err := p.Form(end)
	return err == nil && p.Away == nil
}

func (t *T) seen(p e2e.Page) e2e.Page {
	t.Secret("code", p.Code())
	return p
}

// Answer is a page as an Answer, for what is said of those.
func (t *T) Answer(p e2e.Page) Answer {
	return Answer{Status: p.Status, Header: p.Header, Body: p.Body}
}

// Home walks a request to its end in a browser, as the shared person: signs in
// where it is asked to, shows the credential, enters a TAN, allows; and prefers the
// wallet. It ends where the browser is sent home, or at a page that leads no further.
func (t *T) Home(b *e2e.Browser, a Ask) e2e.Page {
	t.Helper()
	return t.GoOn(b, t.Open(b, a.Path()))
}

// GoOn is Home from any page on.
func (t *T) GoOn(b *e2e.Browser, p e2e.Page) e2e.Page {
	t.Helper()
	for range 8 {
		switch {
		case p.Away != nil:
			return p
		case Has(p, "/login"):
			p = t.Submit(b, p, "/login", "user_name", t.Person().UserName, "password", t.Person().Password)
		case Has(p, "/consent"):
			p = t.Submit(b, p, "/consent", "decision", "allow")
		case Has(p, "/choose"):
			p = t.Submit(b, p, "/choose", "method", "swiyu")
		case Has(p, "/address"):
			p = t.ProveAt(b, p, t.Place(methodOn(p)))
		case p.Verification() != "":
			t.Accept(p)
			p = t.Proved(b, p)
		case p.Session() != "" && strings.Contains(string(p.Body), p.URL.Path+"/finish"):
			p = t.Open(b, p.URL.Path+"/finish")
		default:
			return p
		}
	}
	t.Fatalf("the walk does not end: %s", p)
	return p
}

// Accept has the wallet show a credential to the verification of a page. One that
// was answered already stays as it is.
func (t *T) Accept(p e2e.Page) {
	t.Helper()
	if err := t.Verifier.Accept(p.Verification(), walletPerson); !errors.Is(err, swiyutest.ErrClosed) {
		t.Check(err)
	}
}

// Proved waits at a session's page until the proof is there, and goes where the
// page goes then.
func (t *T) Proved(b *e2e.Browser, p e2e.Page) e2e.Page {
	t.Helper()
	must[string](t)(b.Await(t.Ctx, t.Issuer(), p.Session(), "verified"))
	return t.Open(b, p.URL.Path+"/finish")
}

// Code walks a request to its code, in a browser in which the shared person is
// signed in.
func (t *T) Code(a Ask) string {
	t.Helper()
	home := t.Home(t.SignedIn(), a)
	code := home.Code()
	if code == "" {
		t.Fatalf("no code: %s\n%s", home, words(home.Body))
	}
	return code
}

// Grant is what a client got for a request.
type Grant struct {
	Ask     Ask
	Client  e2e.Client
	Code    string // used
	Access  string
	Refresh string // empty unless the client may refresh
	IDToken string // empty without scope openid
	Answer  Answer // of /token
}

// Grant walks a request of a client to its tokens. The rest are parameters of the
// request, names and values in turn.
func (t *T) Grant(c e2e.Client, set ...string) Grant {
	t.Helper()
	return t.GrantOf(t.Ask(c, set...))
}

// GrantOf walks a request to its tokens.
func (t *T) GrantOf(a Ask) Grant {
	t.Helper()
	return t.Swap(a, t.Code(a))
}

// Swap swaps the code of a request, which has to work.
func (t *T) Swap(a Ask, code string) Grant {
	t.Helper()
	answer := t.Exchange(a, code)
	if answer.Status != http.StatusOK {
		t.Fatalf("no tokens: %s", answer)
	}
	return Grant{
		Ask: a, Client: a.Client, Code: code, Answer: answer,
		Access: answer.Text("access_token"), Refresh: answer.Text("refresh_token"), IDToken: answer.Text("id_token"),
	}
}
