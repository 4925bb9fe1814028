package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"

	"vouchgate/e2e"
)

// foreign serves a page of somebody else.
func foreign(t *testing.T, policy, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		_, _ = w.Write([]byte(sitePage(body)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// The other tests are worth nothing if the watch is blind.
func watchSees(t *testing.T, c *chromium) {
	picture := foreign(t, "", "")
	for _, test := range []struct{ name, policy, body, flaw string }{
		{"a script in the page", "default-src 'none'", "<script>1</script>", "Content Security Policy"},
		{"a style attribute", "style-src 'self'", `<p style="color: red">red</p>`, "Content Security Policy"},
		{"a call of the console", "", "<script>console.log(1)</script>", "console"},
		{"a fault of a script", "", "<script>nothing()</script>", "exception"},
		{"a request elsewhere", "", `<img src="` + picture + `">`, "request of"},
	} {
		b := c.person(t)
		b.open(foreign(t, test.policy, test.body))
		flaws := b.watch.found()
		if !strings.Contains(strings.Join(flaws, "\n"), test.flaw) {
			t.Errorf("%s: the watch saw %q", test.name, flaws)
		}
		b.watch.forgive("") // all of it
	}
}

// The site of the attacker is on the same host, so that the cookie goes along:
// what is tested is that the pages cannot be framed.
func notFramed(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.start(o.b)
	for _, address := range []string{o.b.address(), o.Gateway.URL + "/authorize/unknown", o.Gateway.URL + "/docs"} {
		trap := o.b.another()
		trap.open(foreign(t, "", fmt.Sprintf(`<iframe src="%s" width="600" height="600"></iframe>`, address)))
		tree := order(trap, page.GetFrameTree, struct{}{})
		if len(tree.FrameTree.ChildFrames) != 1 {
			t.Fatalf("%s: there are %d frames", address, len(tree.FrameTree.ChildFrames))
		}
		if frame := tree.FrameTree.ChildFrames[0].Frame; !strings.HasPrefix(frame.URL, "chrome-error:") {
			t.Errorf("%s is shown in a frame as %s", address, frame.URL)
		}
		if flaws := strings.Join(trap.watch.found(), "\n"); !strings.Contains(flaws, "frame-ancestors") {
			t.Errorf("%s: it was not the policy that stopped it: %s", address, flaws)
		}
		trap.watch.forgive("")
	}
}

func hostileName(t *testing.T, c *chromium) {
	const name = `<script>alert(1)</script>"><img src=x onerror=alert(1)>{{.}}`
	o := newOuting(t, c, e2e.SQLite, "--name", name)
	inert := func(b *tab) {
		t.Helper()
		b.mustSay(name)
		if n := ask[int](b, "document.querySelectorAll('img, main script, [onerror], [style], style').length"); n != 0 {
			t.Errorf("there are %d elements that the name or a style brought in", n)
		}
		if n := b.watch.asked("/x", "*/*"); n != 0 {
			t.Error("the name made the browser ask for something")
		}
	}
	o.start(o.b)
	inert(o.b)
	o.phone(t, c, o.b.wallet()).reject()
	o.b.shows("That did not work")
	inert(o.b)
	thief := c.person(t)
	thief.open(o.shop.AuthorizeURL(o.Gateway.URL, "unknown", `"><script>alert(2)</script>`))
	inert(thief)
}

// A form of another site does nothing, even where its cookie goes along.
func foreignForm(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	session := o.start(o.b)
	trap := o.b.another()
	trap.open(foreign(t, "", fmt.Sprintf(`<form method="post" action="%s/cancel"><button>Win a prize</button></form>`, o.b.address())))
	trap.click("button")
	trap.shows("Request refused")
	if status := trap.status(); status != 403 {
		t.Errorf("it answers %d", status)
	}
	if status := o.statusOf(t, session); status != "authorized" {
		t.Errorf("the session is %s", status)
	}
}
