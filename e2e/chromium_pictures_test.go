package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// picturesEnv names a folder. If it is set, pictures of the pages are put there,
// for people to look at.
const picturesEnv = "VOUCHGATE_SCREENSHOTS"

func pictures(t *testing.T, c *chromium, folder string) {
	check(t, os.MkdirAll(folder, 0o755))
	s := c.scenes(t)
	b := s.visitor(t, c)
	take := func(b *tab, name string) {
		picture := order(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
		check(t, os.WriteFile(filepath.Join(folder, name+".png"), picture.Data, 0o644))
	}
	onEveryScreen := func(b *tab, name string) {
		b.screen(390, 844, 2)
		take(b, name+"-phone")
		b.screen(1280, 900, 1)
		take(b, name+"-desktop")
	}
	for _, scheme := range []string{"light", "dark"} {
		b.colours(scheme)
		for _, scene := range s.all {
			scene.see(b, scene.in("en"))
			onEveryScreen(b, scheme+"-"+scene.name)
		}
	}
	b.colours("light")
	for _, scene := range s.all {
		if !scene.main {
			continue
		}
		for _, language := range fourLanguages {
			scene.see(b, scene.in(language))
			onEveryScreen(b, scene.name+"-"+language)
		}
	}
	picturesOfOthers(t, b, onEveryScreen)
}

// picturesOfOthers are of the pages around the gateway: the mock wallet, the demo's
// shop and its inbox.
func picturesOfOthers(t *testing.T, b *tab, take func(b *tab, name string)) {
	shop := strings.TrimSuffix(e2e.StartDemo(t), "/")
	b.open(shop)
	take(b, "demo-shop")
	b.click("main a.button")
	b.chooses("swiyu")
	b.awaitStatus("authorized")
	wallet := b.another()
	wallet.open(b.wallet())
	take(b, "demo-session")
	take(wallet, "demo-wallet")
	wallet.accept(swiyutest.Persons()[0].Key)
	take(wallet, "demo-wallet-shared")
	b.comes("consent")
	take(b, "demo-consent")
	b.allows()
	b.shows("Thank you, " + swiyutest.Persons()[0].GivenName)
	take(b, "demo-proved")
	b.open(ask[string](b, "document.querySelector('main a.button').href"))
	b.click("main a.button")
	b.chooses("email")
	b.comes("address")
	b.types("CONTACT_EMAIL", "mira@example.org")
	b.click("main form button")
	b.comes("pin")
	b.open(shop + "/inbox")
	b.newest("email", "mira@example.org")
	take(b, "demo-inbox")
}
