package conformance

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"RES-10", "a token reads its own grant: naming another person's leads nowhere, whether there is one or not", res10},
	Row{"RES-11", "a thousand reads of one token are all alike, also after the account's data has changed", res11},
	Row{"RES-12", "an answer has the granted items and no word of the others", res12},
	Row{"RES-13", "reading ends with the retention, a single read, a withdrawal and an erasure, and nothing is left of the data", res13},
	Row{"RES-16", "a token that reads without pause has to wait, and other tokens do not", res16},
	Row{"RES-17", "there is no protected resource metadata, and no challenge points to it (RFC 9728)", res17},
	Row{"RES-18", "a reader cannot ask for a fresher or stronger sign-in, and nothing says so (RFC 9470)", res18},
)

func res10(t *T) {
	mine := t.Grant(t.App(), "scope", "openid given_name")
	b, ask := e2e.NewBrowser(), t.Ask(t.App(), "scope", "openid given_name")
	t.SignIn(b, t.NewPerson("given_name", "Zacharias", "family_name", "Elsewhere"))
	home := t.Home(b, ask)
	other := t.Swap(ask, home.Code())
	sub := t.Info(other.Access).Text("sub")
	if sub == "" || sub == t.Info(mine.Access).Text("sub") {
		t.Fatal("two persons have one sub, or none")
	}
	header := []string{"Authorization", "Bearer " + mine.Access}
	for _, path := range readers {
		want := t.reads(t.Get(path, header...))
		for _, id := range []string{sub, t.sessionOf(home), "00000000-0000-7000-8000-000000000000"} {
			for _, below := range []string{"/" + id, "/../info/" + id, "/" + id + "/claims"} {
				t.Status(t.Get(path+below, header...), http.StatusNotFound)
			}
			for _, name := range []string{"id", "sub", "session_id", "grant", "claims"} {
				if got := t.reads(t.Get(path+"?"+name+"="+id, header...)); got != want {
					t.Errorf("%s of %s: %s", name, id, got)
				}
			}
		}
	}
}

func res11(t *T) {
	const reads, sideBySide = 1000, 10
	person := t.NewPerson()
	b, ask := e2e.NewBrowser(), t.Ask(t.App(), "scope", "openid given_name family_name")
	t.SignIn(b, person)
	g := t.Swap(ask, t.Home(b, ask).Code())
	for _, path := range readers {
		want := t.reads(t.Get(path, "Authorization", "Bearer "+g.Access))
		atOnce(sideBySide, func(int) Answer {
			for range reads / sideBySide / len(readers) {
				if got := t.reads(t.Get(path, "Authorization", "Bearer "+g.Access)); got != want {
					t.Errorf("%s: %s, before %s", path, got, want)
				}
			}
			return Answer{}
		})
		t.Do("account", "set-claims", person.UserName, "--claim", "given_name=Renamed")
		if got := t.reads(t.Get(path, "Authorization", "Bearer "+g.Access)); got != want {
			t.Errorf("after a change, which nobody has proved to the client: %s", got)
		}
	}
}

func res12(t *T) {
	names := map[string]string{"given_name": "given_name", "family_name": "family_name", "birth_date": "birthdate"}
	claims := t.Person().Claims
	for asked := range names {
		for _, scope := range []string{asked, "openid " + asked} {
			g := t.Grant(t.App(), "scope", scope)
			answers := map[string]string{"/info": t.reads(t.Info(g.Access))}
			if strings.HasPrefix(scope, "openid") {
				answers["/userinfo"] = t.reads(t.Userinfo(g.Access))
			}
			for path, body := range answers {
				for name, standard := range names {
					if there := strings.Contains(body, claims[name]); there != (name == asked) {
						t.Errorf("%s with scope %q, %s is there: %t: %s", path, scope, name, there, body)
					}
					if name != asked && (strings.Contains(body, name) || strings.Contains(body, standard)) {
						t.Errorf("%s with scope %q speaks of %s: %s", path, scope, name, body)
					}
				}
			}
		}
	}
	g := t.Grant(t.App(), "scope", "openid")
	for _, body := range []string{t.reads(t.Info(g.Access)), t.reads(t.Userinfo(g.Access))} {
		for name, value := range claims {
			if strings.Contains(body, value) || strings.Contains(body, name) {
				t.Errorf("with nothing but openid there is %s: %s", name, body)
			}
		}
	}
}

func res13(t *T) {
	timed := t.Grant(t.Client(byAccount, noQuestion, refreshing, "--retention=3s"), "scope", "openid given_name offline_access")
	t.reads(t.Info(timed.Access))
	once := t.Grant(t.Client(byAccount, noQuestion, "--retention=once"), "scope", "openid given_name")
	good := Good(atOnce(10, func(int) Answer { return t.Info(once.Access) }))
	if len(good) != 1 {
		t.Errorf("what can be read once was read %d times", len(good))
	}
	t.nothing(once)
	for name, end := range map[string]func(*e2e.Browser, Person){
		"withdrawn": func(b *e2e.Browser, _ Person) { t.Submit(b, t.Open(b, "/me"), "/me/withdraw") },
		"erased":    func(b *e2e.Browser, _ Person) { t.Submit(b, t.Open(b, "/me"), "/me/erase") },
		"removed":   func(_ *e2e.Browser, p Person) { t.Do("account", "remove", p.UserName, "--yes") },
	} {
		b, person, ask := e2e.NewBrowser(), t.NewPerson(), t.Ask(t.App(), "scope", "openid given_name offline_access")
		t.SignIn(b, person)
		g := t.Swap(ask, t.Home(b, ask).Code())
		t.reads(t.Info(g.Access))
		end(b, person)
		if a := t.Info(g.Access); a.Status != http.StatusUnauthorized {
			t.Errorf("%s: %s", name, a)
		}
		t.nothing(g)
	}
	t.Until("the retention to end", func() (bool, error) { return t.Info(timed.Access).Status != http.StatusOK, nil })
	t.nothing(timed)
}

// nothing fails the case unless a grant reads nothing any more, nothing is told
// of what it read, and nothing is kept of it.
func (t *T) nothing(g Grant) {
	t.Helper()
	for _, a := range []Answer{t.Info(g.Access), t.Userinfo(g.Access)} {
		t.BadToken(a)
		for name, value := range t.Person().Claims {
			if strings.Contains(string(a.Body), value) || strings.Contains(string(a.Body), name) {
				t.Errorf("the answer has %s: %s", name, a.Body)
			}
		}
	}
	if g.Refresh != "" {
		t.JSON(t.Refresh(g.Client, g.Refresh), http.StatusBadRequest, "invalid_grant")
	}
}

func res16(t *T) {
	alone := t.Alone("--request-rate=5", "--trusted-proxies=127.0.0.1/32")
	app := alone.App()
	g, other := alone.Grant(app), alone.Grant(app)
	// Each read from an address of its own, so that it is the token that counts.
	number := 0
	read := func(token string) Answer {
		number++
		from := fmt.Sprintf("198.51.%d.%d", 100+number/250, number%250)
		return alone.Get("/info", "Authorization", "Bearer "+token, "X-Forwarded-For", from)
	}
	var slowed Answer
	alone.Until("the token to be slowed down", func() (bool, error) {
		for range 50 {
			if slowed = read(g.Access); slowed.Status != http.StatusOK {
				return true, nil
			}
		}
		return false, nil
	})
	alone.JSON(slowed, http.StatusTooManyRequests, "temporarily_unavailable")
	if seconds, err := strconv.Atoi(slowed.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After is %q", slowed.Header.Get("Retry-After"))
	}
	alone.OK(read(other.Access))
	alone.Until("the token to be let in again", func() (bool, error) { return read(g.Access).Status == http.StatusOK, nil })
}

func res17(t *T) {
	for _, path := range []string{
		"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/info", "/.well-known/oauth-protected-resource/userinfo",
	} {
		t.Status(t.Get(path), http.StatusNotFound)
	}
	for _, path := range readers {
		for _, header := range [][]string{nil, {"Authorization", "Bearer x"}} {
			if got := t.Get(path, header...).Header.Get("WWW-Authenticate"); strings.Contains(got, "resource_metadata") {
				t.Errorf("%s: the challenge is %s", path, got)
			}
		}
	}
	m := t.Metadata()
	if m["protected_resources"] != nil || m["resource"] != nil {
		t.Error("the metadata speaks of protected resources")
	}
}

func res18(t *T) {
	g := t.Grant(t.App(), "scope", "openid given_name", "max_age", "1000")
	want := map[string]string{}
	for _, path := range readers {
		want[path] = t.reads(t.Get(path, "Authorization", "Bearer "+g.Access))
	}
	t.Pass(1100 * time.Millisecond)
	for _, path := range readers {
		if got := t.reads(t.Get(path+"?max_age=1&acr_values=urn:example:gold", "Authorization", "Bearer "+g.Access)); got != want[path] {
			t.Errorf("%s: %s, before %s", path, got, want[path])
		}
		for _, header := range [][]string{nil, {"Authorization", "Bearer x"}} {
			challenge := t.Get(path+"?max_age=1", header...).Header.Get("WWW-Authenticate")
			for _, word := range []string{"insufficient_user_authentication", "max_age", "acr_values"} {
				if strings.Contains(challenge, word) {
					t.Errorf("%s: the challenge is %s", path, challenge)
				}
			}
		}
	}
}
