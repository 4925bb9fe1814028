package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"

	"vouchgate/e2e"
)

func demoByClicking(t *testing.T, c *chromium) {
	b, shop := c.person(t), e2e.StartDemo(t)
	b.open(shop)
	b.shows("Sample wine, one bottle")
	b.accessible("the demo's shop", views)
	b.click("main a.button")
	b.chooses("swiyu")
	b.awaitStatus("authorized")
	b.mustSay("Muster Shop", "Whether you are at least 18")
	b.clickAside("a.open").accept("ueli")
	b.allows()
	b.shows("Thank you, Ueli")
	b.mustSay("You are 18 or older", "age_over_18", "verification.verified, signature verified")
	b.accessible("the demo's page after a proof", views)

	// And again, in the wallet's own tab, as somebody too young.
	b.click("main a.button")
	b.click("main a.button")
	b.chooses("swiyu")
	b.awaitStatus("authorized")
	b.click("a.open")
	b.accept("lia")
	b.goBack(2)
	b.allows()
	b.shows("Sorry, Lía")
	b.mustSay("You are not 18 yet")

	demoByMessages(t, c, shop)
}

// demoByMessages proves an address by e-mail, and one by letter in two browsers, with
// what is in the demo's inbox.
func demoByMessages(t *testing.T, c *chromium, shop string) {
	b := c.person(t)
	b.open(shop)
	inbox := b.clickAside("#to-inbox")
	inbox.shows("Inbox")
	b.click("main a.button")
	b.chooses("email")
	b.comes("address")
	b.types("CONTACT_EMAIL", "mira@example.org")
	b.click("main form button")
	b.comes("pin")
	b.types("pin", inbox.newest("email", "mira@example.org").tan)
	b.click("main form button")
	b.allows()
	b.shows("Thank you")
	b.mustSay("The shop can write to mira@example.org.")

	b.open(shop)
	b.click("main a.button")
	b.chooses("postal-ch")
	b.comes("address")
	b.types("CONTACT_NAME", "Mira Muster")
	b.types("ADDRESS_LINES", "Musterstrasse 1\n8000 Zürich")
	b.click("main form button")
	b.comes("pin")
	letter := inbox.newest("postal-ch", "Mira Muster, Musterstrasse 1, 8000 Zürich")
	inbox.stays("*/inbox")
	inbox.accessible("the demo's inbox", views, "meta-refresh") // the demo has no script, and says that it looks again
	phone := c.person(t)
	phone.open(letter.link)
	phone.shows("Go on with your letter for Muster Shop (demo)")
	phone.click(".actions a")
	phone.comes("pin")
	phone.types("pin", letter.tan)
	phone.click("main form button")
	phone.allows()
	phone.shows("Thank you")
	phone.mustSay("The shop knows where to send the bottle.", "8000 Zürich")
}

// chooses takes a method on the page that offers several.
func (b *tab) chooses(method string) {
	b.t.Helper()
	b.comes("choose")
	b.click("button[value='" + method + "']")
}

// allows gives the client what it asks for.
func (b *tab) allows() {
	b.t.Helper()
	b.comes("consent")
	b.click("button[value=allow]")
}

// stays keeps a page that loads itself again and again as it is now.
func (b *tab) stays(pattern string) {
	b.t.Helper()
	again := make(chan bool, 1)
	b.intercept(pattern, fetch.RequestStageRequest, func(*network.Request) fate {
		select {
		case again <- true:
		default:
		}
		return stay
	})
	select {
	case <-again:
	case <-time.After(calm):
		b.t.Fatalf("the page does not load itself; the tab shows %s", b)
	}
	b.until("document.readyState === 'complete'")
}

// inDemo is what a message of the demo's inbox holds.
type inDemo struct{ tan, link string }

// newest waits for a message in the demo's inbox, which looks for messages by itself.
func (b *tab) newest(method, to string) inDemo {
	b.t.Helper()
	at := fmt.Sprintf("[...document.querySelectorAll('article[data-method=%q]')].find(e => e.querySelector('h2 bdi').textContent === %q)", method, to)
	b.until(at + " !== undefined")
	return inDemo{
		tan:  ask[string](b, at+".querySelector('.tan').textContent"),
		link: ask[string](b, at+".querySelector('a')?.href || ''"),
	}
}
