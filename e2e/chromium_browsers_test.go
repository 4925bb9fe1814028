package e2e_test

import (
	"strings"
	"testing"

	"vouchgate/e2e"
)

func copiedAddress(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	session := o.start(o.b)
	thief := c.person(t)
	check404 := func(address string) {
		t.Helper()
		for _, path := range []string{"", "/finish"} {
			thief.open(address + path)
			thief.shows("Request not found")
			if status := thief.status(); status != 404 {
				t.Errorf("%s answers %d", path, status)
			}
			if words := thief.words(); strings.Contains(words, "shop") {
				t.Errorf("the page tells who asked:\n%s", words)
			}
		}
	}
	check404(o.b.address())
	// Nor after somebody proved something, and the rightful browser still finishes.
	phone, address := o.phone(t, c, o.b.wallet()), o.b.address()
	o.b.freeze(true)
	phone.accept("mira")
	must[e2e.Event](t)(o.webhooks.AwaitEvent(e2e.Patient(t), session, "verification.verified"))
	check404(address)
	o.b.freeze(false)
	o.homeProved(t, o.b, "mira")
}

func takenOver(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	nonce := must[string](t)(o.shop.Setup(e2e.Patient(t), o.Gateway.URL))
	request := o.shop.AuthorizeURL(o.Gateway.URL, nonce, "my state")
	o.b.open(request)
	o.b.awaitStatus("authorized")
	link, address := o.b.wallet(), o.b.address()
	phone := c.person(t)
	phone.open(request)
	phone.shows("Opened in another browser")
	if status := phone.status(); status != 409 {
		t.Errorf("the other browser gets %d", status)
	}
	// The script of the first page may be told that its session is gone.
	o.b.watch.forgive("/status)")
	phone.click("main form button")
	phone.awaitStatus("authorized")
	if phone.wallet() == link {
		t.Error("the verification of the first browser goes on")
	}
	// The first page is of no use any more, and tells nothing.
	again := o.b.another()
	again.open(address)
	again.shows("Request not found")
	if status := again.status(); status != 404 {
		t.Errorf("the first browser gets %d", status)
	}
	check(t, o.verifier.Accept(idInWalletLink(link), "lia")) // what was open there does not count
	phone.mustSay("Waiting for your answer")
	o.phone(t, c, phone.wallet()).accept("zoe")
	o.homeProved(t, phone, "zoe")
	o.b.shows("Request not found") // where its script brought it by itself
}

func twoTabs(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	second := &outing{stage: o.stage, site: o.stage.site(t, "club"), b: o.b.another()}
	o.start(o.b)
	second.start(second.b)
	phone := c.person(t)
	phone.open(second.b.wallet())
	phone.accept("tito")
	second.homeProved(t, second.b, "tito")
	phone.open(o.b.wallet())
	phone.accept("ueli")
	o.homeProved(t, o.b, "ueli")
}

func backAfterEnd(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	session := o.start(o.b)
	page := o.b.address()
	o.phone(t, c, o.b.wallet()).accept("mira")
	o.homeProved(t, o.b, "mira")
	// The page has left no entry in the history: back leads past it.
	o.b.goBack(1)
	o.b.shows("The shop")
	o.b.open(page)
	o.b.shows("You have already finished")
	if status := o.b.status(); status != 200 {
		t.Errorf("the page answers %d", status)
	}
	o.b.open(page + "/finish")
	o.b.shows("Already finished")
	if status := o.b.status(); status != 409 {
		t.Errorf("finishing again answers %d", status)
	}
	o.brought(t) // once
	if status := o.statusOf(t, session); status != "completed" {
		t.Errorf("the session is %s", status)
	}
	if n := e2e.Count(t, o.Data.Open(t), "SELECT count(*) FROM grants"); n != 1 {
		t.Errorf("there are %d grants", n)
	}
}
