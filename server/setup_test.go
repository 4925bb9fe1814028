package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/server"
)

// shopSecret is the secret of the client that most tests are about.
var shopSecret = secretOf("shop")

// setupRefusals are what a client cannot set up a session with.
var setupRefusals = []struct {
	name   string
	path   string
	auth   []string
	status int
	word   string
}{
	{"no Authorization header", "/setup/shop", nil, 401, "invalid_client"},
	{"an unknown client", "/setup/nobody", []string{"Bearer " + shopSecret}, 401, "invalid_client"},
	{"a disabled client", "/setup/closed", []string{"Bearer " + secretOf("closed")}, 401, "invalid_client"},
	{"a wrong secret", "/setup/shop", []string{"Bearer wrong"}, 401, "invalid_client"},
	{"the secret of another client", "/setup/shop", []string{"Bearer " + secretOf("closed")}, 401, "invalid_client"},
	{"the secret with something behind it", "/setup/shop", []string{"Bearer " + shopSecret + "x"}, 401, "invalid_client"},
	{"the secret without its last character", "/setup/shop", []string{"Bearer " + shopSecret[:len(shopSecret)-1]}, 401, "invalid_client"},
	{"the secret in two words", "/setup/shop", []string{"Bearer " + shopSecret + " x"}, 401, "invalid_client"},
	{"a tab behind the scheme", "/setup/shop", []string{"Bearer\t" + shopSecret}, 401, "invalid_client"},
	{"an empty secret", "/setup/shop", []string{"Bearer "}, 401, "invalid_client"},
	{"only the scheme", "/setup/shop", []string{"Bearer"}, 401, "invalid_client"},
	{"Basic instead of Bearer", "/setup/shop", []string{"Basic c2hvcDpz"}, 401, "invalid_client"},
	{"two Authorization headers", "/setup/shop", []string{"Bearer " + shopSecret, "Bearer " + shopSecret}, 400, "invalid_request"},
	{"a client id with dots and slashes", "/setup/..%2Fadmin", []string{"Bearer " + shopSecret}, 404, "invalid_request"},
	{"a client id of dots", "/setup/%2e%2e", []string{"Bearer " + shopSecret}, 404, "invalid_request"},
	{"a client id with NUL", "/setup/shop%00b", []string{"Bearer " + shopSecret}, 401, "invalid_client"},
	{"a client id that is not UTF-8", "/setup/%ff%fe", []string{"Bearer " + shopSecret}, 401, "invalid_client"},
	{"a client id of another case", "/setup/SHOP", []string{"Bearer " + shopSecret}, 401, "invalid_client"},
	{"a client id of 7 kB", "/setup/" + strings.Repeat("a", 7000), []string{"Bearer " + shopSecret}, 401, "invalid_client"},
	{"a client id of 10 kB", "/setup/" + strings.Repeat("a", 10_000), []string{"Bearer " + shopSecret}, 414, "invalid_request"},
	{"no client id", "/setup/", []string{"Bearer " + shopSecret}, 404, "invalid_request"},
	{"a segment too many", "/setup/shop/more", []string{"Bearer " + shopSecret}, 404, "invalid_request"},
}

func TestSetupRefusals(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("closed")
	g.disable("closed")
	for _, row := range setupRefusals {
		t.Run(row.name, func(t *testing.T) {
			before := g.everything()
			b := g.browser()
			b.header["Authorization"] = row.auth
			r := b.post(row.path).refuses(row.status, row.word)
			challenge := r.header.Get("WWW-Authenticate")
			if row.status == 401 && !strings.HasPrefix(challenge, `Bearer realm="vouchgate"`) {
				t.Errorf("WWW-Authenticate is %q", challenge)
			}
			if after := g.everything(); after != before {
				t.Errorf("the store changed from\n%s to\n%s", before, after)
			}
			g.clock.advance(2 * time.Second) // what one failure costs
		})
	}
}

// To outsiders an unknown client is like a wrong secret: in words, and in what it
// takes to find out.
func TestRefusalsTellNotWhichClientsExist(t *testing.T) {
	t.Parallel()
	g, store := newHookedGate(t)
	g.addClient("shop")
	g.addClient("closed")
	g.disable("closed")
	for name, ask := range map[string]func(id string) reply{
		"setup": func(id string) reply { return g.browser().with("Authorization", "Bearer wrong").post("/setup/" + id) },
		"token": func(id string) reply {
			return g.redeem(url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_id": {id}, "client_secret": {"wrong"}})
		},
		"token by header": func(id string) reply {
			return g.browser().with("Authorization", basic(id, "wrong")).send(http.MethodPost, "/token", "application/x-www-form-urlencoded", "code=x")
		},
	} {
		store.since()
		known := ask("shop").refuses(http.StatusUnauthorized, "invalid_client")
		reads := store.since()
		for _, id := range []string{"nobody", "closed"} {
			r := ask(id)
			if r.status != known.status || r.body != known.body || r.header.Get("WWW-Authenticate") != known.header.Get("WWW-Authenticate") {
				t.Errorf("%s: %s is told apart: %d %s", name, id, r.status, r.body)
			}
			if n := store.since(); n != reads {
				t.Errorf("%s: %s takes %d reads, a known client %d", name, id, n, reads)
			}
		}
	}
}

func TestSetupAccepts(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for _, row := range []struct {
		name, scheme, contentType, body string
	}{
		{"no body", "Bearer", "", ""},
		{"the scheme in lower case", "bearer", "", ""},
		{"the scheme in upper case and more space", "BEARER  ", "", ""},
		{"a JSON body", "Bearer", "application/json", `{"read_only":true}`},
		{"JSON that is broken", "Bearer", "application/json", `{"`},
		{"40 kB of binary under a form's type", "Bearer", "application/x-www-form-urlencoded", strings.Repeat("\xff\x00", 20<<10)},
		{"a type that is none", "Bearer", "; ;", "x"},
		{"64 KiB", "Bearer", "", strings.Repeat("x", 64<<10)},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := g.browser().with("Authorization", row.scheme+" "+secretOf("shop"))
			nonce := b.send(http.MethodPost, "/setup/shop", row.contentType, row.body).wants(http.StatusOK).text("nonce")
			handle, err := kyc.ParseHandle(nonce)
			must(t, err)
			s := g.session(handle.ID)
			if s.Status != kyc.StatusPending || !s.ExpiresAt.Equal(noon.Add(7*24*time.Hour)) {
				t.Errorf("session is %s until %s", s.Status, s.ExpiresAt)
			}
		})
	}
}

func TestSetupRefusesABodyThatIsTooLarge(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	before := g.everything()
	g.browser().with("Authorization", "Bearer "+secretOf("shop")).
		send(http.MethodPost, "/setup/shop", "", strings.Repeat("x", 64<<10+1)).refuses(http.StatusRequestEntityTooLarge, "invalid_request")
	if g.everything() != before {
		t.Error("a session was made")
	}
}

func TestOldSecretWorksUntilItsGraceEnds(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	fresh := kyc.ClientSecret{ID: g.newID(), ClientID: "shop", Hash: kyc.HashSecret(kyc.SecretClient, "fresh"), CreatedAt: noon}
	must(t, g.store.RotateClientSecret(ctx, fresh, noon.Add(time.Hour)))
	old := g.browser().with("Authorization", "Bearer "+secretOf("shop"))
	renewed := g.browser().with("Authorization", "Bearer fresh")
	g.clock.set(noon.Add(time.Hour - time.Microsecond))
	old.post("/setup/shop").wants(http.StatusOK)
	renewed.post("/setup/shop").wants(http.StatusOK)
	g.clock.set(noon.Add(time.Hour))
	old.post("/setup/shop").refuses(http.StatusUnauthorized, "invalid_client")
	renewed.post("/setup/shop").wants(http.StatusOK)
}

func TestLongSecretIsComparedInFull(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	long := strings.Repeat("s", 200)
	must(t, g.store.RotateClientSecret(ctx, kyc.ClientSecret{
		ID: g.newID(), ClientID: "shop", Hash: kyc.HashSecret(kyc.SecretClient, long), CreatedAt: noon}, noon))
	g.browser().with("Authorization", "Bearer "+long).post("/setup/shop").wants(http.StatusOK)
	g.browser().with("Authorization", "Bearer "+long[:199]+"x").post("/setup/shop").refuses(http.StatusUnauthorized, "invalid_client")
}

// throttle guesses until it is refused with 429 and returns how many were heard.
func throttle(b *browser) int {
	b.g.t.Helper()
	for n := range 1000 {
		switch r := b.with("Authorization", "Bearer wrong").post("/setup/shop"); r.status {
		case http.StatusTooManyRequests:
			r.refuses(http.StatusTooManyRequests, "temporarily_unavailable")
			return n
		default:
			r.refuses(http.StatusUnauthorized, "invalid_client")
		}
	}
	return 1000
}

func TestGuessingSecretsIsThrottled(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	g.addClient("shop")
	g.addClient("other")
	attacker := g.browser().with("X-Forwarded-For", "203.0.113.7")
	if n := throttle(attacker); n > 20 {
		t.Errorf("%d guesses were heard", n)
	}
	good := "Bearer " + secretOf("shop")
	attacker.with("Authorization", good).post("/setup/shop").refuses(http.StatusTooManyRequests, "temporarily_unavailable")
	g.browser().with("X-Forwarded-For", "198.51.100.1").with("Authorization", good).post("/setup/shop").wants(http.StatusOK)
	attacker.with("Authorization", "Bearer "+secretOf("other")).post("/setup/other").wants(http.StatusOK)
	g.clock.advance(time.Minute)
	attacker.with("Authorization", good).post("/setup/shop").wants(http.StatusOK)
}

func TestThrottlingCountsTheTokenEndpointToo(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	throttle(g.browser())
	w := walk{client: kyc.Client{ID: "shop"}, browser: g.browser(), code: "x"}
	w.redeem().refuses(http.StatusTooManyRequests, "temporarily_unavailable")
}

func TestAddressesAreOnlyBelievedFromTrustedProxies(t *testing.T) {
	t.Parallel()
	proxy := netip.MustParsePrefix("127.0.0.1/32")
	for _, row := range []struct {
		name      string
		trusted   []netip.Prefix
		forwarded func(i int) string
		fresh     bool // each request counts for another address
	}{
		{"nobody is trusted", nil, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, false},
		{"somebody else is trusted", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, false},
		{"the proxy is trusted", []netip.Prefix{proxy}, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, true},
		{"the caller adds addresses in front", []netip.Prefix{proxy},
			func(i int) string { return fmt.Sprintf("203.0.113.%d, 198.51.100.1", i) }, false},
		{"a chain of trusted proxies", []netip.Prefix{proxy, netip.MustParsePrefix("10.0.0.0/8")},
			func(i int) string { return fmt.Sprintf("203.0.113.%d, 10.0.0.1, 10.0.0.2", i) }, true},
		{"what is no address", []netip.Prefix{proxy}, func(i int) string { return fmt.Sprintf("203.0.113.1, nonsense%d", i) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, func(c *server.Config) { c.TrustedProxies = row.trusted })
			g.addClient("shop")
			b := g.browser().with("Authorization", "Bearer wrong")
			limited := false
			for i := range 40 {
				r := b.with("X-Forwarded-For", row.forwarded(i)).post("/setup/shop")
				limited = limited || r.status == http.StatusTooManyRequests
			}
			if limited == row.fresh {
				t.Errorf("limited is %v, want %v", limited, !row.fresh)
			}
		})
	}
}

func TestOpenSessionsOfAClientAreBounded(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.MaxOpenSessions = 3 })
	g.addClient("shop")
	g.addClient("other")
	shop := g.browser().with("Authorization", "Bearer "+secretOf("shop"))
	var nonces []string
	for range 3 {
		nonces = append(nonces, shop.post("/setup/shop").wants(http.StatusOK).text("nonce"))
	}
	before := g.everything()
	shop.post("/setup/shop").refuses(http.StatusTooManyRequests, "temporarily_unavailable")
	if g.everything() != before {
		t.Error("a session was made beyond the limit")
	}
	g.browser().with("Authorization", "Bearer "+secretOf("other")).post("/setup/other").wants(http.StatusOK)
	handle, err := kyc.ParseHandle(nonces[0])
	must(t, err)
	g.expire(handle.ID)
	g.clock.advance(time.Minute) // the count is taken anew
	shop.post("/setup/shop").wants(http.StatusOK)
}

func TestSetupWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.contract.expectFailures()
	b := g.browser().with("Authorization", "Bearer "+secretOf("shop"))
	must(t, g.store.Close())
	b.post("/setup/shop").refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
}
