package conformance

import (
	"net/http"
	"net/url"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"UI-06", "signing in gives the browser a new secret, and who planted or knew the old one gets nothing (RFC 6819, 4.4.1.8)", ui06},
	Row{"UI-07", "cookies are HttpOnly, Lax, for the whole path, and over https __Host- and Secure; over http neither (RFC 6265bis)", ui07},
)

func ui06(t *T) {
	person := t.Person()
	who := url.Values{"user_name": {person.UserName}, "password": {person.Password}, "csrf": {"planted"}}
	own := []string{"Origin", t.Issuer(), "Sec-Fetch-Site", "same-origin"}
	t.ErrPage(t.PostForm("/login", who, own...), http.StatusForbidden)
	t.ErrPage(t.PostForm("/login", who, append(own, "Cookie", "vouchgate=planted; vouchgate-login=planted")...), http.StatusForbidden)

	// Whoever starts a flow and plants its cookie in another's browser knows the
	// address of the flow and all that the browser had until then.
	ask := t.Ask(t.App())
	thief, victim := e2e.NewBrowser(), e2e.NewBrowser()
	page := t.Open(thief, ask.Path())
	victim.Take(t.Issuer(), thief, "vouchgate")
	signedIn := t.Press(victim, t.Open(victim, page.URL.Path), "/login", "user_name", person.UserName, "password", person.Password)
	fresh := cookieOf(signedIn, "vouchgate-login")
	if signedIn.Status != http.StatusSeeOther || fresh == nil || len(fresh.Value) < 43 {
		t.Fatalf("signing in gives no new secret: %s", signedIn)
	}
	session := "/session/" + t.sessionOf(page)
	for _, path := range []string{session, session + "/finish", session + "/consent", session + "/login", "/me"} {
		if p := t.Open(thief, path); p.Away != nil || p.Code() != "" || strings.Contains(words(p.Body), person.UserName) {
			t.Errorf("who planted the cookie gets from %s: %s", path, p)
		}
	}
	guessed := fresh.Value[:len(fresh.Value)-8] + "AAAAAAAA" // the right row, another secret
	t.ErrPage(t.Get(session+"/finish", t.As(thief, "Cookie", "vouchgate-login="+guessed)...), http.StatusConflict)
	home := t.Get(session+"/finish", t.As(victim, "Cookie", "vouchgate-login="+fresh.Value)...)
	code := t.HomeWith(ask, home.Header.Get("Location")).Get("code")
	t.Swap(ask, code)
	t.signInAnew(person)
}

// signInAnew fails the case unless a second sign-in in a browser has another
// secret than the first, which ends.
func (t *T) signInAnew(person Person) {
	t.Helper()
	b := e2e.NewBrowser()
	t.SignIn(b, person)
	first := e2e.NewBrowser()
	for _, name := range []string{"vouchgate", "vouchgate-login"} {
		first.Take(t.Issuer(), b, name)
	}
	if p := t.Open(first, "/me"); p.URL.Path != "/me" {
		t.Fatalf("the copy of a browser is not signed in: %s", p)
	}
	t.SignIn(b, person)
	if p := t.Open(first, "/me"); p.URL.Path == "/me" {
		t.Error("the secret of the first sign-in still works after the second")
	}
	if p := t.Open(b, "/me"); p.URL.Path != "/me" {
		t.Errorf("the second sign-in does not work: %s", p)
	}
}

// cookieOf is a cookie that an answer sets, nil if it does not.
func cookieOf(a Answer, name string) *http.Cookie {
	for _, line := range a.Header["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == name {
			return c
		}
	}
	return nil
}

func ui07(t *T) {
	t.cookies("vouchgate", false, t.Issuer())
	t.Alone("--public-url=https://id.example").cookies("__Host-vouchgate", true, "https://id.example")
}

// cookies fails the case unless both cookies of a gateway, that of the browser and
// that of a sign-in, are named and set as they should.
func (t *T) cookies(name string, secure bool, origin string) {
	t.Helper()
	opened := t.Visit(t.Ask(t.App()))
	browser := t.cookie(opened, name, secure)
	where := must[*url.URL](t)(url.Parse(t.Issuer() + opened.Header.Get("Location")))
	jar := name + "=" + browser.Value
	login := t.Get(where.Path, "Accept", "text/html", "Cookie", jar)
	form := must[e2e.Form](t)(e2e.Page{Status: login.Status, URL: where, Body: login.Body}.Form("/login"))
	form.Values.Set("user_name", t.Person().UserName)
	form.Values.Set("password", t.Person().Password)
	header := []string{"Origin", origin, "Sec-Fetch-Site", "same-origin", "Cookie", jar}
	signedIn := t.PostForm(form.Action.Path, form.Values, header...)
	if c := t.cookie(signedIn, name+"-login", secure); c.MaxAge != 0 {
		t.Errorf("a sign-in that is not to be remembered lasts %d seconds", c.MaxAge)
	}
	for _, a := range []Answer{opened, login, signedIn, t.Get("/login"), t.Get("/docs")} {
		for _, line := range a.Header["Set-Cookie"] {
			if !strings.HasPrefix(line, name+"=") && !strings.HasPrefix(line, name+"-login=") {
				t.Errorf("there is another cookie: %s", line)
			}
		}
	}
}

// cookie is a cookie that an answer sets, as it should.
func (t *T) cookie(a Answer, name string, secure bool) *http.Cookie {
	t.Helper()
	c := cookieOf(a, name)
	if c == nil {
		t.Fatalf("%s is not set, but %q", name, a.Header["Set-Cookie"])
	}
	if c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || len(c.Value) < 43 {
		t.Errorf("it is set as %s", c.Raw)
	}
	return c
}
