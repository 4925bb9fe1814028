package server_test

import (
	"crypto/rand"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"vouchgate/kyc"
	"vouchgate/server/password"
)

const (
	goodPassword = "a long and secret sentence"
	profileScope = "openid profile"
)

// hashOfPassword is made once: it is slow on purpose.
var hashOfPassword = sync.OnceValues(func() (string, error) {
	return password.New(rand.Reader).Hash(ctx, goodPassword)
})

// addAccount registers the canary person under a user name.
func (g *gate) addAccount(name string) kyc.Account {
	g.t.Helper()
	hash, err := hashOfPassword()
	must(g.t, err)
	a := kyc.Account{ID: g.newID(), UserName: name, PasswordHash: hash, CreatedAt: noon, UpdatedAt: noon}
	plain, err := canaries().Encode()
	must(g.t, err)
	a.SealedClaims, err = g.ring.Seal(kyc.PurposeAccount, a.ID[:], plain)
	must(g.t, err)
	must(g.t, g.store.CreateAccount(ctx, a))
	return a
}

// addApp registers a client whose persons have accounts here and are asked.
func (g *gate) addApp(id string, edits ...func(*kyc.Client)) kyc.Client {
	g.t.Helper()
	return g.addClient(id, append([]func(*kyc.Client){func(c *kyc.Client) {
		c.Methods, c.AskConsent, c.PKCERequired = []kyc.Method{kyc.MethodAccount}, true, true
		c.Scopes = kyc.Strings{"profile", "age_over_18"}
		c.GrantTypes = []string{"authorization_code", "refresh_token"}
		c.Purpose, c.Operator = "Opening a made-up account", "Example Operators"
	}}, edits...)...)
}

// withApp registers a client for accounts, and an account.
func (g *gate) withApp(edits ...func(*kyc.Client)) *gate {
	g.t.Helper()
	g.addApp("app", edits...)
	g.addAccount("mira")
	return g
}

// signIn fills in the sign-in page of the walk's session.
func (w *walk) signIn(name, password string, remember bool) reply {
	w.g.t.Helper()
	return w.signInAt(w.at("/login"), name, password, remember)
}

func (b *browser) signInAt(path, name, password string, remember bool) reply {
	b.g.t.Helper()
	fields := b.get(path).shows(http.StatusOK).form(path)
	fields.Set("user_name", name)
	fields.Set("password", password)
	if remember {
		fields.Set("remember", "yes")
	}
	return b.postForm(path, fields)
}

// decide posts the page that asks for consent, without the items that are refused.
func (w *walk) decide(decision string, refused ...string) reply {
	w.g.t.Helper()
	return w.postForm(w.at("/consent"), w.decision(decision, refused...))
}

func (w *walk) decision(decision string, refused ...string) url.Values {
	w.g.t.Helper()
	fields := w.get(w.at("/consent")).shows(http.StatusOK).form(w.at("/consent"))
	fields["scope"] = slices.DeleteFunc(fields["scope"], func(s string) bool { return slices.Contains(refused, s) })
	fields.Set("decision", decision)
	return fields
}

// admitted is a walk whose person has signed in and agreed, and whose client has its
// code.
func (g *gate) admitted(clientID, name string, params ...string) *walk {
	g.t.Helper()
	w := g.visitor(clientID, params...)
	w.start().leads(w.at("/login"))
	w.signIn(name, goodPassword, true).leads(w.at("/consent"))
	w.allow()
	return w
}

// allow agrees to everything and takes the code home.
func (w *walk) allow(refused ...string) {
	w.g.t.Helper()
	w.decide("allow", refused...).leads(w.at("/finish"))
	w.home(w.get(w.at("/finish")), "")
}

// member is a walk of mira with the app whose client has its tokens.
func (g *gate) member(params ...string) (w *walk, tokens reply) {
	g.t.Helper()
	w = g.admitted("app", "mira", params...)
	return w, w.swap()
}

// userinfo reads the proved data by its standard names.
func (g *gate) userinfo(token string) reply {
	g.t.Helper()
	return g.browser().with("Authorization", "Bearer "+token).get("/userinfo")
}

// refresh swaps a refresh token, with fields to add.
func (g *gate) refresh(clientID, token string, fields ...string) reply {
	g.t.Helper()
	form := g.credentials(clientID)
	form.Set("grant_type", "refresh_token")
	form.Set("refresh_token", token)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return g.redeem(form)
}

// credentials are a form in which a client says who it is.
func (g *gate) credentials(clientID string, fields ...string) url.Values {
	form := url.Values{"client_id": {clientID}, "client_secret": {secretOf(clientID)}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

// ask posts a form of a client to an endpoint.
func (g *gate) ask(path string, form url.Values) reply {
	g.t.Helper()
	return g.browser().postForm(path, form)
}

// revoked returns the webhooks that say that a grant has ended.
func (g *gate) revoked() (bodies []string) {
	g.t.Helper()
	for _, body := range g.webhooks() {
		if strings.Contains(body, `"type":"grant.revoked"`) {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// shut disables an account.
func (g *gate) shut(name string) {
	g.t.Helper()
	a, err := g.store.AccountByName(ctx, name)
	must(g.t, err)
	a.DisabledAt = &noon
	must(g.t, g.store.UpdateAccount(ctx, a, "account.disabled"))
}

func (g *gate) removeAccount(name string) {
	g.t.Helper()
	a, err := g.store.AccountByName(ctx, name)
	must(g.t, err)
	must(g.t, g.store.RemoveAccount(ctx, a.ID, g.clock.Now()))
}

// side calls f n times side by side and hands out what it returned.
func side[T any](n int, f func() T) iter.Seq[T] {
	results := make([]T, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			<-start
			results[i] = f()
		})
	}
	close(start)
	all.Wait()
	return slices.Values(results)
}
