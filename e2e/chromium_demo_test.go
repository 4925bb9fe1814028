package e2e_test

import (
	"testing"

	"vouchgate/e2e"
)

func demoByClicking(t *testing.T, c *chromium) {
	b := c.person(t)
	b.open(e2e.StartDemo(t))
	b.shows("Sample wine, one bottle")
	b.click("main a.button")
	b.awaitStatus("authorized")
	b.mustSay("Muster Shop", "Whether you are at least 18")
	b.clickAside("a.open").accept("ueli")
	b.shows("Thank you, Ueli")
	b.mustSay("You are 18 or older", "age_over_18", "verification.verified, signature verified")

	// And again, in the wallet's own tab, as somebody too young.
	b.click("main a.button")
	b.click("main a.button")
	b.awaitStatus("authorized")
	b.click("a.open")
	b.accept("lia")
	b.goBack(2)
	b.shows("Sorry, Lía")
	b.mustSay("You are not 18 yet")
}
