package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// picturesEnv names a folder. If it is set, pictures of the pages are put there,
// for people to look at.
const picturesEnv = "VOUCHGATE_SCREENSHOTS"

func pictures(t *testing.T, c *chromium, folder string) {
	check(t, os.MkdirAll(folder, 0o755))
	s := newScenes(t)
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
	for _, language := range fourLanguages {
		s.all[0].see(b, s.all[0].in(language))
		onEveryScreen(b, "session-"+language)
	}
	picturesOfOthers(t, b, onEveryScreen)
}

// picturesOfOthers are of the pages around the gateway: the verified page on its
// way home, the mock wallet, and the demo's shop.
func picturesOfOthers(t *testing.T, b *tab, take func(b *tab, name string)) {
	b.open(e2e.StartDemo(t))
	take(b, "demo-shop")
	b.click("main a.button")
	b.awaitStatus("authorized")
	b.intercept("*/finish", fetch.RequestStageRequest, func(*network.Request) fate { return stay })
	wallet := b.another()
	wallet.open(b.wallet())
	take(b, "demo-session")
	take(wallet, "demo-wallet")
	wallet.accept(swiyutest.Persons()[0].Key)
	take(wallet, "demo-wallet-shared")
	b.shows("Your details are confirmed")
	take(b, "demo-verified")
	b.letGo()
	b.click(".actions .button")
	b.shows("Thank you, " + swiyutest.Persons()[0].GivenName)
	take(b, "demo-proved")
}
