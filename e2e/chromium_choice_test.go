package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"vouchgate/e2e"
)

// tabTo presses Tab until the focus is on something whose text or name starts with
// some words, and fails the test if one does not see where it is.
func (b *tab) tabTo(words string) {
	b.t.Helper()
	for range 20 {
		b.press(kb.Tab)
		got := ask[focused](b, focusedScript)
		name := ask[string](b, "document.activeElement.name || ''")
		if !got.Seen {
			b.t.Errorf("one does not see that %s%s has the focus", got.Text, name)
		}
		if strings.HasPrefix(got.Text, words) || name == words {
			return
		}
	}
	b.t.Fatalf("Tab never comes to %s; the tab shows %s", words, b)
}

func chooseByKeyboard(t *testing.T, c *chromium) {
	o, p := newAddressOuting(t, c, e2e.SQLite, "swiyu email phone", "--scope", "profile email phone"), newPlace("phone")
	o.start(o.b, "choose")
	o.b.shows("How would you like to confirm your details?")
	o.b.tabTo("By text message")
	o.b.press(kb.Enter)
	o.b.comes("address")
	o.b.tabTo("Choose another way")
	o.b.press(kb.Enter)
	o.b.comes("choose")
	o.b.tabTo("By text message")
	o.b.press(" ")
	o.b.comes("address")
	o.b.tabTo("CONTACT_PHONE")
	o.b.press(p.mark)
	o.b.press(kb.Enter)
	o.b.comes("pin")
	sent := o.message(o.b, p, 1)
	o.b.hasFocus("pin") // from the start
	o.b.press(sent.TAN)
	o.b.tabTo("Continue")
	o.b.press(kb.Enter)
	o.home(o.b, p)
}

// One tab may prove with the wallet what another one began by e-mail.
func chooseAnotherWay(t *testing.T, c *chromium) {
	o, p := newAddressOuting(t, c, e2e.SQLite, "swiyu email", "--scope", "profile email"), newPlace("email")
	o.start(o.b, "choose")
	o.b.click("button[value=email]")
	o.b.comes("address")
	o.b.types("CONTACT_EMAIL", p.mark)
	o.b.press(kb.Enter)
	o.b.comes("pin")
	o.message(o.b, p, 1)
	o.b.click("a[href*='/choose']")
	o.b.comes("choose")
	o.b.click("button[value=swiyu]")
	o.b.until("document.querySelector('a.open') !== null")
	o.b.clickAside("a.open").accept("zoe")
	(&outing{stage: o.stage, site: o.site}).homeProved(t, o.b, "zoe")
}

func addressWithoutScript(t *testing.T, c *chromium) {
	o, p := newAddressOuting(t, c, e2e.SQLite, "email phone"), newPlace("email")
	o.b.withoutScript()
	o.start(o.b, "choose")
	o.b.click("button[value=email]")
	o.b.comes("address")
	o.b.types("CONTACT_EMAIL", p.mark)
	o.b.click("main form button")
	o.b.comes("pin")
	first := o.message(o.b, p, 1)
	// The button is there, and the page says why it does nothing yet.
	o.b.click(againButton)
	o.b.until("location.pathname.endsWith('/resend')")
	o.b.mustSay("Please wait a little", "Possible in")
	o.b.types("pin", other(first.TAN))
	o.b.click("main form button")
	o.b.until("document.title.startsWith('Wrong code')")
	o.b.types("pin", first.TAN)
	o.b.click("main form button")
	o.home(o.b, p)
	if n := o.b.watch.asked("/status", "text/event-stream"); n != 0 {
		t.Errorf("without script, %d streams were opened", n)
	}
}

func letterElsewhere(t *testing.T, c *chromium) {
	o, p := newAddressOuting(t, c, e2e.SQLite, "postal-ch", "--name", "Muster Shop", "--initiate-login-uri", startOfSite), newPlace("postal-ch")
	o.start(o.b, "address")
	o.b.types("CONTACT_NAME", "Anna Muster")
	o.b.types("ADDRESS_LINES", p.mark)
	o.b.click("main form button")
	o.b.comes("pin")
	o.b.mustSay("Enter the code from the letter", strings.Split(p.mark, "\n")[1])
	letter := o.message(o.b, p, 1)

	// Where it was ordered, the link leads to where the code is entered.
	again := o.b.another()
	again.open(letter.Link)
	again.comes("pin")

	phone := c.person(t)
	phone.open(letter.Link)
	phone.shows("Go on with your letter for Muster Shop")
	phone.click(".actions a")
	phone.comes("pin")
	phone.mustSay("Enter the code from the letter", strings.Split(p.mark, "\n")[1])
	phone.types("pin", letter.TAN[:4]+" "+letter.TAN[4:])
	phone.press(kb.Enter)
	o.home(phone, p)

	// Nothing was proved for the browser that ordered it.
	o.b.open(o.b.address())
	o.b.comes("address")
}
