package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"REG-01", "relative redirect URIs, empty ones and ones with a fragment cannot be registered (RFC 6749, section 3.1.2)", reg01},
	Row{"REG-02", "plain http can be registered for the own machine alone (RFC 8252, section 7.3)", reg02},
	Row{"REG-03", "redirect URIs that two readers could read differently cannot be registered (RFC 9700, section 4.1)", reg03},
	Row{"REG-04", "secrets have 256 bits, are shown once and are kept as a hash", reg04},
	Row{"REG-05", "two secrets work while one is replaced, and the old one stops when it is retired", reg05},
	Row{"REG-06", "grants, scopes and redirect URIs belong to one client each (RFC 7591, section 2)", reg06},
	Row{"REG-07", "a disabled client can start nothing, redeem nothing, read nothing and is told nothing", reg07},
	Row{"REG-08", "no client can be named like a person's sub (RFC 9700, section 4.15)", reg08},
	Row{"REG-09", "clients cannot register themselves, and the metadata does not say so (RFC 7591)", reg09},
	Row{"REG-10", "a redirect URI that is taken away from a client is not redirected to any more, in flows under way too", reg10},
)

// refusedURIs fails the case for every redirect URI that can be registered. The
// program lists all that is wrong, so one call shows them all.
func (t *T) refusedURIs(uris []string, flags ...string) {
	t.Helper()
	args := append([]string{"client", "add", "--id", t.next("refused-")}, flags...)
	for _, uri := range uris {
		args = append(args, "--redirect-uri", uri)
	}
	ran := t.CLI(args...)
	if ran.Code == 0 {
		t.Fatalf("all of %q were registered", uris)
	}
	for _, uri := range uris {
		if !strings.Contains(ran.Stderr, fmt.Sprintf("%q: ", uri)) {
			t.Errorf("%q is not refused:\n%s", uri, ran.Stderr)
		}
	}
}

func reg01(t *T) {
	t.refusedURIs([]string{"https://c.example/cb#x", "https://c.example/cb#", "/cb", "cb", "c.example/cb", "//c.example/cb", "?x=1"})
	t.Refused("redirect-uri", "client", "add", "--id", t.next("refused-"), "--redirect-uri", "")
	t.Refused("redirect-uri", "client", "add", "--id", t.next("refused-"))
}

func reg02(t *T) {
	uris := []string{
		"http://c.example/cb", "http://127.0.0.2/cb", "http://0.0.0.0/cb", "http://127.0.0.1.evil.example/cb", "http://[::2]/cb",
		"http://192.168.1.2/cb", "HTTP://c.example/cb",
	}
	t.refusedURIs(uris)
	t.refusedURIs(uris, natively)
	t.NewClient(natively, publicly, "--redirect-uri=http://127.0.0.1/cb")
}

func reg03(t *T) {
	t.refusedURIs([]string{
		"https://*.c.example/cb", "https://c.example/*", "https://user@c.example/cb", "https://user:pass@c.example/cb",
		"https://c.example/a/../cb", "https://c.example/./cb", "https://c.example/a/%2e%2e/cb", "https://c.example/a/..;/cb",
		"https://c.example/a/..%3b/cb", `https://c.example\@evil.example/cb`, `https://c.example/a\b`, "https://c.example/a%5cb",
		"https://c.example/a\tb", "https://c.example/a\nb", "https://c.example/a%0ab", "https://c.example/a b",
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "https:", "https:///cb", "ftp://c.example/cb",
	})
	t.refusedURIs([]string{"myapp://cb", "myapp:/cb", "javascript:alert(1)", "data:text/html,x", "file:///cb"}, natively)
}

func reg04(t *T) {
	one, two := t.NewClient(), t.NewClient()
	for _, c := range []e2e.Client{one, two} {
		// 43 characters of the alphabet for URLs are 256 bits.
		if len(c.Secret) < 43 || strings.Trim(c.Secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("a secret has %d characters, or other ones than letters, digits, - and _", len(c.Secret))
		}
	}
	if one.Secret == two.Secret {
		t.Fatal("two clients have the same secret")
	}
	shown := string(t.Do("client", "list", "--json").Stdout) + string(t.Do("client", "show", one.ID, "--json").Stdout) +
		string(t.Do("client", "update", one.ID, "--name", "Renamed", "--json").Stdout)
	if strings.Contains(shown, one.Secret) || strings.Contains(shown, two.Secret) {
		t.Error("a secret is shown a second time")
	}
	dump := t.Dump()
	for _, c := range []e2e.Client{one, two} {
		plain := sha256.Sum256([]byte(c.Secret))
		for _, form := range []string{c.Secret, hex.EncodeToString([]byte(c.Secret)), hex.EncodeToString(plain[:])} {
			if strings.Contains(dump, form) {
				t.Error("the database holds a secret, or a hash of nothing but the secret")
			}
		}
		if !strings.Contains(dump, c.ID) {
			t.Error("the dump is not that of the right database")
		}
	}
}

// knows says whether a client's secret is good: the code is not, which only those
// are told who have authenticated.
func (t *T) knows(c e2e.Client, secret string) bool {
	t.Helper()
	c.Secret = secret
	a := t.PostForm("/token", t.Form(c, "grant_type", "authorization_code", "code", "none", "redirect_uri", c.RedirectURI))
	if a.Status == http.StatusUnauthorized {
		t.JSON(a, http.StatusUnauthorized, "invalid_client")
		return false
	}
	t.JSON(a, http.StatusBadRequest, "invalid_grant")
	return true
}

func (t *T) rotate(c e2e.Client, grace string) string {
	t.Helper()
	var made struct {
		Secret string `json:"client_secret"`
	}
	t.Check(json.Unmarshal(t.Do("client", "rotate-secret", c.ID, "--grace", grace, "--json").Stdout, &made))
	t.Secret("client secret", made.Secret)
	return made.Secret
}

func reg05(t *T) {
	c := t.NewClient()
	second := t.rotate(c, "1h")
	t.Soon("the second secret to be known", func() bool { return t.knows(c, second) })
	if !t.knows(c, c.Secret) {
		t.Error("not both secrets work")
	}
	third := t.rotate(c, "0s")
	t.Soon("the first secret to be retired", func() bool { return !t.knows(c, c.Secret) })
	if t.knows(c, second) {
		t.Error("a retired secret works")
	}
	if !t.knows(c, third) {
		t.Error("the newest secret does not work")
	}
}

func reg06(t *T) {
	g := t.Grant(t.App())
	c := t.Client(byAccount, noQuestion, "--scope=given_name")
	t.JSON(t.Refresh(c, g.Refresh), http.StatusBadRequest, "unauthorized_client")
	t.ErrPage(t.Visit(t.Ask(c, "redirect_uri", t.App().RedirectURI)))
	ask := t.Ask(c, "scope", "birth_date")
	t.Redir(ask, t.Visit(ask), "invalid_scope")
	t.JSON(t.Refresh(c, "anything"), http.StatusBadRequest, "unauthorized_client")
	t.OK(t.Refresh(t.App(), g.Refresh))
}

func reg07(t *T) {
	c := t.HookedClient(refreshing)
	g := t.Grant(c)
	t.OK(t.Info(g.Access))
	ask := t.Ask(c)
	code := t.Code(ask)
	b, open := e2e.NewBrowser(), t.Ask(c)
	page := t.Open(b, open.Path())

	t.Do("client", "disable", c.ID)
	t.Soon("the client to be disabled", func() bool { return t.Visit(t.Ask(c)).Status == http.StatusBadRequest })
	t.ErrPage(t.Visit(t.Ask(c)))
	t.JSON(t.Exchange(ask, code), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Refresh(c, g.Refresh), http.StatusUnauthorized, "invalid_client")
	t.BadToken(t.Info(g.Access))

	t.Accept(page)
	home := t.Open(b, page.URL.Path+"/finish")
	if home.Away != nil {
		t.Errorf("a disabled client gets somebody: %s", home)
	}
	// What was proved after it has been told by now, had this been told.
	other := t.HookedClient()
	last := t.Open(e2e.NewBrowser(), t.Ask(other).Path())
	t.Accept(last)
	must[e2e.Event](t)(t.Webhooks.AwaitEvent(t.Ctx, last.Session(), "verification.verified"))
	for _, event := range t.Webhooks.Events() {
		if event.Data.SessionID == page.Session() && event.Type == "verification.verified" {
			t.Error("a disabled client was told of a proof")
		}
	}
	t.Do("client", "enable", c.ID)
	t.Soon("the client to be enabled again", func() bool { return t.Visit(t.Ask(c)).Status == http.StatusSeeOther })
}

func reg08(t *T) {
	info := t.OK(t.Info(t.Grant(t.App()).Access)).JSON
	sub, _ := info["sub"].(string)
	if sub == "" {
		t.Fatal("there is no sub")
	}
	t.Refused("id", "client", "add", "--id", sub, "--redirect-uri", "https://c.example/cb")
	t.Refused("id", "client", "add", "--id", strings.ToUpper(sub), "--redirect-uri", "https://c.example/cb")
}

func reg09(t *T) {
	for _, path := range []string{"/register", "/connect/register", "/clients"} {
		a := t.Send(http.MethodPost, path, `{"redirect_uris":["https://c.example/cb"]}`, "Content-Type", "application/json")
		t.Status(a, http.StatusNotFound)
	}
	if m := t.Metadata(); m["registration_endpoint"] != nil {
		t.Errorf("the metadata has registration_endpoint %v", m["registration_endpoint"])
	}
}

func reg10(t *T) {
	c := t.NewClient(byAccount, question)
	b, ask := t.SignedIn(), t.Ask(c)
	page := t.Open(b, ask.Path())
	if !Has(page, "/consent") {
		t.Fatalf("no consent page: %s", page)
	}
	t.Do("client", "update", c.ID, "--redirect-uri", "https://elsewhere.example/cb")
	t.Soon("the redirect URI to be gone", func() bool { return t.Visit(ask).Status == http.StatusBadRequest })
	a := t.Answer(t.Submit(b, page, "/consent", "decision", "allow"))
	t.ErrPage(a, http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusGone)
	t.NoLink(a, c.RedirectURI)
	t.ErrPage(t.Visit(ask))
}
