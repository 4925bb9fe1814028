package conformance

import "vouchgate/e2e"

var _ = rows(
	Row{"NAT-01", "a native app may take any port on its loopback address; path and query have to be those registered (RFC 8252, section 7.3)", nat01},
	Row{"NAT-02", "localhost, other addresses and names that look like the loopback get no free port (RFC 8252, section 8.3)", nat02},
	Row{"NAT-03", "an app on the web gets no free port: its loopback URI counts as it was registered (RFC 9700, section 2.1)", nat03},
	Row{"NAT-04", "an app's own scheme is a reversed domain name with a slash behind it; any other cannot be registered (RFC 8252, section 7.1)", nat04},
)

// refusedAt fails the case for every redirect URI that a client can use.
func (t *T) refusedAt(c e2e.Client, uris ...string) {
	t.Helper()
	for _, uri := range uris {
		a := t.Visit(t.Ask(c, "redirect_uri", uri))
		t.ErrPage(a)
		t.NoLink(a, uri)
		if t.Failed() {
			t.Fatalf("this was %q", uri)
		}
	}
}

func nat01(t *T) {
	c := t.Client(byAccount, noQuestion, natively, publicly, "--redirect-uri=http://127.0.0.1/cb", "--redirect-uri=http://[::1]/cb?x=1")
	for _, uri := range []string{
		"http://127.0.0.1/cb", "http://127.0.0.1:1024/cb", "http://127.0.0.1:9/cb", "http://127.0.0.1:65535/cb",
		"http://[::1]/cb?x=1", "http://[::1]:8123/cb?x=1",
	} {
		ask := t.Ask(c, "redirect_uri", uri)
		home := t.Home(t.SignedIn(), ask)
		if home.Away == nil {
			t.Fatalf("%s: it does not lead home: %s", uri, home)
		}
		t.HomeWith(ask, home.Away.String())
		t.Swap(ask, home.Code())
	}
	// The port is that of the request all the way.
	ask := t.Ask(c, "redirect_uri", "http://127.0.0.1:8123/cb")
	t.JSON(t.Exchange(ask, t.Code(ask), "redirect_uri", "http://127.0.0.1:8124/cb"), 400, "invalid_grant")
	t.refusedAt(c,
		"http://127.0.0.1:8123/other", "http://127.0.0.1:8123/cb/", "http://127.0.0.1:8123/CB", "http://127.0.0.1:8123",
		"http://127.0.0.1:8123/cb?x=1", "http://127.0.0.1:8123/cb#", "https://127.0.0.1:8123/cb", "http://[::1]:8123/cb",
		"http://127.0.0.1:/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:08123/cb",
		"http://127.0.0.1:+8123/cb", "http://127.0.0.1:8123:80/cb", "http://127.0.0.1:80@evil.example/cb", "http://127.0.0.1:8123/../cb",
		"http://x@127.0.0.1:8123/cb", `http://127.0.0.1:8123\cb`, "http://127.0.0.1:8123/%63b",
	)
}

func nat02(t *T) {
	c := t.Client(byAccount, noQuestion, natively, publicly, "--redirect-uri=http://127.0.0.1/cb", "--redirect-uri=http://localhost/cb")
	t.refusedAt(c,
		"http://localhost:8123/cb", "http://localhost:80/cb", "http://127.0.0.2:8123/cb", "http://127.0.0.1.evil.example/cb",
		"http://127.0.0.1.evil.example:8123/cb", "http://127.1:8123/cb", "http://2130706433:8123/cb", "http://0x7f000001:8123/cb",
		"http://0177.0.0.1:8123/cb", "http://[::1]:8123/cb", "http://[::ffff:127.0.0.1]:8123/cb", "http://[0:0:0:0:0:0:0:1]:8123/cb",
		"http://0.0.0.0:8123/cb", "http://LOCALHOST/cb", "http://localhost./cb", "http://localhost.evil.example/cb",
	)
	t.GrantOf(t.Ask(c, "redirect_uri", "http://localhost/cb")) // as it was registered
	t.refusedURIs([]string{"http://127.0.0.2/cb", "http://127.0.0.1.evil.example/cb"}, natively)
}

func nat03(t *T) {
	c := t.Client(byAccount, noQuestion, "--redirect-uri=http://127.0.0.1/cb", "--redirect-uri=http://[::1]:8100/cb")
	t.refusedAt(c, "http://127.0.0.1:8123/cb", "http://127.0.0.1:80/cb", "http://[::1]/cb", "http://[::1]:8123/cb")
	t.GrantOf(t.Ask(c, "redirect_uri", "http://127.0.0.1/cb"))
	t.GrantOf(t.Ask(c, "redirect_uri", "http://[::1]:8100/cb"))
}

func nat04(t *T) {
	t.refusedURIs([]string{
		"myapp://cb", "myapp:/cb", "myapp:cb", "com.example.app:cb", "com.example.app:", "Com.Example.App:/cb", "javascript:/cb",
	}, natively)
	t.refusedURIs([]string{"com.example.app:/cb"}) // an app on the web has none
	c := t.Client(byAccount, noQuestion, natively, publicly, "--redirect-uri=com.example.app:/cb")
	t.GrantOf(t.Ask(c))
	t.refusedAt(c, "com.example.app://cb", "com.example.app:/cb/", "com.example.app:/other", "com.example.app2:/cb", "com.example.app:cb")
}
