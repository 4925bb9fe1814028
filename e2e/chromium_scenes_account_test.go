package e2e_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"vouchgate/e2e"
)

// ofAccounts adds the pages of somebody who signs in.
func (s *scenes) ofAccounts() {
	t, ctx := s.t, e2e.Patient(s.t)
	s.account("mia")
	member := e2e.NewBrowser()
	login := must[e2e.Page](t)(member.Get(ctx, s.URL+"/login"))
	must[e2e.Page](t)(member.Submit(ctx, login, "/login", "user_name", "mia", "password", password))
	asking := []string{"--method", "account", "--purpose", "A discount for members", "--operator", "Muster AG", "--grant-type", "authorization_code",
		"--grant-type", "refresh_token", "--retention", "until-revoked", "--name", "Muster Shop"}
	shop := s.stage.client(t, "members", asking...)

	s.is("login", s.opened(shop), "/login").main = true
	at := s.is("login-wrong", s.opened(shop), "/login")
	at.status, at.pose = http.StatusUnprocessableEntity, func(b *tab) {
		b.submit("/login", map[string]string{"user_name": "nobody-" + strings.ToLower(rand.Text()), "password": "wrong"})
	}
	at = s.is("login-throttled", s.opened(shop), "/login")
	at.status, at.pose = http.StatusTooManyRequests, func(b *tab) {
		b.submit("/login", map[string]string{"user_name": "eve", "password": "wrong"})
	}
	for range 5 {
		page := must[e2e.Page](t)(s.person.Get(ctx, s.URL+"/login"))
		must[e2e.Page](t)(s.person.Submit(ctx, page, "/login", "user_name", "eve", "password", "wrong"))
	}
	s.add("login-own", s.URL+"/login", http.StatusOK)

	page := s.begin(t, ctx, shop, member, "scope", "profile age_over_18 offline_access")
	at = s.is("consent", page, "/consent")
	at.by, at.main = member, true
	page = s.begin(t, ctx, shop, member)
	page = must[e2e.Page](t)(member.Submit(ctx, page, "/consent", "decision", "allow"))
	must[e2e.Answer](t)(shop.Read(ctx, s.URL, homeWithCode(t, page)))
	at = s.add("me", s.URL+"/me", http.StatusOK)
	at.by, at.main = member, true
	at = s.add("me-erase", s.URL+"/me", http.StatusOK)
	at.by, at.pose = member, func(b *tab) { b.click("details summary") }
	s.goodbyes()
	s.formPost(member)
}

// account adds an account of somebody made up.
func (s *scenes) account(name string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "password")
	check(s.t, os.WriteFile(file, []byte(password+"\n"), 0o600))
	ran := must[e2e.Ran](s.t)(s.Data.Run(s.t.Context(), "account", "add", "--user-name", name, "--password-file", file,
		"--claim", "given_name=Mia", "--claim", "family_name=Muster", "--claim", "birth_date=1990-02-28", "--claim", "age_over_18=true"))
	if ran.Code != 0 {
		s.t.Fatalf("adding an account: %s", ran.Stderr)
	}
}

// goodbyes adds the last pages of somebody who was signed in, which are seen once.
func (s *scenes) goodbyes() {
	goodbye := func(name, end string) {
		at := s.add(name, s.URL+"/login", http.StatusOK)
		at.by, at.once, at.pose = e2e.NewBrowser(), true, func(b *tab) {
			user := "user-" + strings.ToLower(rand.Text())
			s.account(user)
			b.submit("/login", map[string]string{"user_name": user, "password": password})
			b.submit(end, nil)
		}
	}
	goodbye("signed-out", "/logout")
	goodbye("erased", "/me/erase")
}

// formPost adds the page that takes an answer to the client by a form. Each visit is
// a new request of somebody who is signed in and is not asked. The client answers so
// that the browser stays where it is.
func (s *scenes) formPost(member *e2e.Browser) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	s.t.Cleanup(site.Close)
	c := s.Data.AddClient(s.t, e2e.ClientOptions{ID: "form", Redirect: site.URL + "/callback", Flags: []string{
		"--pkce", "optional", "--method", "account", "--consent", "implicit", "--name", "Muster Shop",
	}})
	address := c.AuthorizeURL(s.URL, "", "my state", "response_mode", "form_post", "scope", "openid")
	s.add("form-post", strings.Replace(address, "/authorize/?", "/authorize?", 1), http.StatusOK).by = member
}
