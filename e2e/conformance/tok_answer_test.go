package conformance

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"TOK-04", "tokens come as RFC 6749, section 5.1, has them, and are not kept by caches", tok04},
	Row{"TOK-05", "the granted scope is always told, in the order it was asked for, without what the person took out", tok05},
	Row{"TOK-17", "a thousand tokens are all different, hard to guess, fit for a header, and not kept in clear", tok17},
	Row{"TOK-18", "refresh tokens go to clients that may refresh, in OpenID Connect only with offline_access", tok18},
	Row{"TOK-19", "an access token works as long as expires_in says, and not longer", tok19},
	Row{"TOK-20", "scripts of a registered origin may call the token endpoint, those of others may not (RFC 9700, section 2.6)", tok20},
)

func tok04(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Public(), t.Wallet(), t.Client(byAccount, noQuestion)} {
		a := t.Grant(c, "scope", "family_name given_name").Answer
		t.IsJSON(a)
		t.NoStore(a)
		if got := a.Header.Get("Pragma"); got != "no-cache" {
			t.Errorf("Pragma is %q", got)
		}
		seconds, isNumber := a.JSON["expires_in"].(float64)
		if !isNumber || seconds != math.Trunc(seconds) || seconds < 3590 || seconds > 3600 {
			t.Errorf("expires_in is %v", a.JSON["expires_in"])
		}
		if a.Text("access_token") == "" || a.Text("token_type") != "Bearer" || a.Text("scope") != "family_name given_name" {
			t.Errorf("the answer is %v of %v", a.Text("token_type"), a.JSON["scope"])
		}
		if _, there := a.JSON["refresh_token"]; there != (c.ID != t.Client(byAccount, noQuestion).ID) {
			t.Errorf("there is a refresh token: %t", there)
		}
		for name := range a.JSON {
			if !slices.Contains([]string{"access_token", "token_type", "expires_in", "scope", "refresh_token"}, name) {
				t.Errorf("there is a member %s", name)
			}
		}
	}
}

// allow walks a request to its consent page, keeps some of the items ticked and
// allows them.
func (t *T) allow(ask Ask, items ...string) Grant {
	t.Helper()
	b := t.SignedIn()
	ask = ask.With("prompt", "consent")
	page := t.Open(b, ask.Path())
	form := must[e2e.Form](t)(page.Form("/consent"))
	form.Values["scope"], form.Values["decision"] = items, []string{"allow"}
	a := t.PostForm(form.Action.String(), form.Values, t.As(b, "Origin", t.Issuer(), "Sec-Fetch-Site", "same-origin")...)
	home := t.Open(b, a.Header.Get("Location"))
	if home.Code() == "" {
		t.Fatalf("no code: %s then %s %s", a, home, home.Header.Get("Location"))
	}
	return t.Swap(ask, home.Code())
}

func tok05(t *T) {
	c := t.NewClient(byAccount, question, refreshing)
	for _, scope := range []string{"birth_date given_name", "given_name birth_date", "openid birth_date given_name offline_access"} {
		ask := t.Ask(c, "scope", scope)
		g := t.allow(ask, "given_name", "birth_date")
		if got := g.Answer.Text("scope"); got != scope {
			t.Errorf("all of %q is %q", scope, got)
		}
	}
	g := t.allow(t.Ask(c, "scope", "birth_date family_name given_name"), "given_name", "birth_date")
	if got := g.Answer.Text("scope"); got != "birth_date given_name" {
		t.Errorf("without the last name it is %q", got)
	}
	if info := t.OK(t.Info(g.Access)).JSON; info["family_name"] != nil || info["given_name"] == nil {
		t.Errorf("it reads %v", info)
	}
	if got := t.OK(t.Refresh(c, g.Refresh)).Text("scope"); got != "birth_date given_name" {
		t.Errorf("after refreshing it is %q", got)
	}
}

// tokenCharacters are those of RFC 6750, section 2.1.
const tokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

func tok17(t *T) {
	const chains, links = 5, 100
	var tokens []string
	seen := map[string]bool{}
	lists := make([][]string, chains)
	atOnce(chains, func(i int) Answer {
		g := t.Grant(t.App())
		for range links {
			g = t.Took(g.Client, t.Refresh(g.Client, g.Refresh))
			lists[i] = append(lists[i], g.Access, g.Refresh)
		}
		return g.Answer
	})
	for _, list := range lists {
		tokens = append(tokens, list...)
	}
	for _, token := range tokens {
		if seen[token] || strings.Trim(token, tokenCharacters) != "" {
			t.Errorf("a token came before, or has characters of its own: %q", token)
		}
		seen[token] = true
	}
	if len(seen) != 2*chains*links {
		t.Errorf("there are %d tokens", len(seen))
	}
	if bits := guesswork(tokens); bits < 128 {
		t.Errorf("they differ in %.0f bits", bits)
	}
	dump := t.Dump()
	for _, list := range lists {
		for _, token := range list[len(list)-2:] {
			// The first half names the row; the rest is the secret.
			plain := must[[]byte](t)(base64.RawURLEncoding.DecodeString(token))
			for _, form := range []string{token, token[len(token)/2:], hex.EncodeToString(plain[len(plain)/2:])} {
				if strings.Contains(dump, form) {
					t.Error("the database holds a token")
				}
			}
		}
	}
}

// guesswork estimates in how many bits texts of the same length differ: the sum of
// the entropy of what stands at each place.
func guesswork(texts []string) (bits float64) {
	for place := range len(texts[0]) {
		counts := map[byte]float64{}
		for _, text := range texts {
			if place < len(text) {
				counts[text[place]]++
			}
		}
		for _, n := range counts {
			bits -= n / float64(len(texts)) * math.Log2(n/float64(len(texts)))
		}
	}
	return bits
}

func tok18(t *T) {
	may, mayNot := t.App(), t.Client(byAccount, noQuestion)
	for _, row := range []struct {
		client e2e.Client
		scope  string
		gets   bool
	}{
		{may, "given_name", true},
		{may, Without, true},
		{may, "openid given_name", false},
		{may, "openid given_name offline_access", true},
		{mayNot, "given_name", false},
		{mayNot, "openid given_name offline_access", false},
		{mayNot, "given_name offline_access", false},
	} {
		g := t.Grant(row.client, "scope", row.scope)
		if (g.Refresh != "") != row.gets {
			t.Errorf("%s with scope %q: a refresh token is there: %t", row.client.ID, row.scope, !row.gets)
		}
		if strings.Contains(g.Answer.Text("scope"), "offline_access") && !row.gets {
			t.Errorf("offline_access is granted without a refresh token: %q", g.Answer.Text("scope"))
		}
	}
}

func tok19(t *T) {
	const life = 3 * time.Second
	ask := t.Ask(t.Client(byAccount, noQuestion, "--token-lifetime=3s"))
	code := t.Code(ask)
	before := time.Now()
	g := t.Swap(ask, code)
	after := time.Now()
	if got := g.Answer.JSON["expires_in"]; got != life.Seconds() {
		t.Errorf("expires_in is %v", got)
	}
	worked := 0
	t.Until("the token to end", func() (bool, error) {
		asked := time.Now()
		a := t.Info(g.Access)
		if a.Status == http.StatusOK {
			worked++
			if asked.After(after.Add(life)) {
				t.Fatalf("it works %s after it was issued", asked.Sub(after))
			}
			return false, nil
		}
		t.BadToken(a)
		if early := time.Until(before.Add(life)); early > 0 {
			t.Fatalf("it has ended %s early", early)
		}
		return true, nil
	})
	if worked == 0 {
		t.Error("it has never worked")
	}
	t.BadToken(t.Info(g.Access))
}

func tok20(t *T) {
	const origin = "https://spa.example"
	c := t.Client(byAccount, noQuestion, refreshing, publicly, "--origin="+origin)
	t.Scripts("/token", origin, func(header ...string) Answer {
		return t.PostForm("/token", t.Form(c, "grant_type", "authorization_code", "code", "none"), header...)
	})
	ask := t.Ask(c)
	a := t.PostForm("/token", t.CodeForm(ask, t.Code(ask)), "Origin", origin)
	t.OK(a)
	t.shares(a, origin)
	t.Secret("access_token", a.Text("access_token"))
	t.Secret("refresh_token", a.Text("refresh_token"))
	bad := t.PostForm("/token", url.Values{"grant_type": {"authorization_code"}}, "Origin", origin, "Authorization", Basic(c.ID, "wrong"))
	t.JSON(bad, http.StatusUnauthorized, "invalid_client")
	t.shares(bad, origin)
}
