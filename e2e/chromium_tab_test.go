package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"vouchgate/e2e"
)

// calm is how long a page may take on a busy machine.
const calm = e2e.Patience / 2

// tab is a tab of a browser with somebody in front of it.
type tab struct {
	t     *testing.T
	ctx   context.Context
	watch *watch
}

// person opens a browser profile that was never used, with one tab. It reads
// English.
func (c *chromium) person(t *testing.T) *tab {
	t.Helper()
	return newTab(t, c.ctx, chromedp.WithNewBrowserContext())
}

// another opens a further tab, in the same profile.
func (b *tab) another(options ...chromedp.ContextOption) *tab {
	b.t.Helper()
	return newTab(b.t, b.ctx, options...)
}

func newTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b := &tab{t: t, watch: newWatch(t)}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(b.watch.hear))...)
	b.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(b)
		}
		cancel()
		b.watch.report()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	b.reads("en")
	return b
}

// String says what the tab shows.
func (b *tab) String() string {
	ctx, cancel := context.WithTimeout(b.ctx, calm/5)
	defer cancel()
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.body ? document.body.innerText : "")`))
	if err != nil {
		return fmt.Sprintf("a tab that shows nothing: %v", err)
	}
	return seen
}

// order sends a command to a tab.
func order[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	answer, err := try(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return answer
}

func try[T any](b *tab, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, calm)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// ask evaluates an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	answer, err := try(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// until waits until an expression is true in the page, which may be replaced
// meanwhile.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, calm)
	defer cancel()
	err := e2e.Until(ctx, expression, func() (bool, error) {
		return try(b, chromedp.Evaluate[bool](expression))
	})
	if err != nil {
		b.t.Fatalf("%v; the tab shows %s", err, b)
	}
}

// open enters an address and waits until the page has loaded.
func (b *tab) open(address string) {
	b.t.Helper()
	if _, err := try(b, chromedp.Navigate(address)); err != nil {
		b.t.Fatalf("opening %s: %v", address, err)
	}
}

// click presses the mouse on the first element that a selector finds, as soon as
// it is visible.
func (b *tab) click(selector string) {
	b.t.Helper()
	if _, err := try(b, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("clicking %s: %v", selector, err)
	}
}

// clickAside opens a link in a new tab, by clicking with Ctrl held down.
func (b *tab) clickAside(selector string) *tab {
	b.t.Helper()
	b.until("document.querySelector(`" + selector + "`) !== null")
	link := "document.querySelector(`" + selector + "`)"
	to := ask[string](b, link+".href")
	at := ask[[]float64](b, "(e => { e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })("+link+")")
	if _, err := try(b, chromedp.MouseClickXY(at[0], at[1], chromedp.ButtonModifiers(chromedp.ModifierCtrl))); err != nil {
		b.t.Fatalf("clicking %s: %v", selector, err)
	}
	var opened target.ID
	check(b.t, e2e.Until(e2e.Patient(b.t), "a tab with "+to, func() (bool, error) {
		all, err := chromedp.Targets(b.ctx)
		for _, one := range all {
			if one.URL == to {
				opened = one.TargetID
			}
		}
		return opened != "", err
	}))
	return b.another(chromedp.WithTargetID(opened))
}

// press presses a key.
func (b *tab) press(key string) {
	b.t.Helper()
	if _, err := try(b, chromedp.KeyEvent(key)); err != nil {
		b.t.Fatalf("pressing a key: %v", err)
	}
}

// shows waits until the page's heading is some text.
func (b *tab) shows(heading string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector('h1')?.textContent.trim() === %q", heading))
}

// awaitStatus waits until the page is that of a session that can be answered
// (authorized) or that was (verified).
func (b *tab) awaitStatus(status string) {
	b.t.Helper()
	b.until("document.readyState === 'complete' && document.querySelector('main[data-status=" + status + "]') !== null")
}

func (b *tab) address() string { b.t.Helper(); return ask[string](b, "location.href") }

// status is the HTTP status of the page.
func (b *tab) status() int {
	b.t.Helper()
	return ask[int](b, "performance.getEntriesByType('navigation')[0].responseStatus")
}

// words is the page's text as a person sees it.
func (b *tab) words() string { b.t.Helper(); return ask[string](b, "document.body.innerText") }

func (b *tab) mustSay(texts ...string) {
	b.t.Helper()
	words := b.words()
	for _, text := range texts {
		if !strings.Contains(words, text) {
			b.t.Errorf("the page does not say %q, but\n%s", text, words)
		}
	}
}

// reads sets the languages that the person prefers.
func (b *tab) reads(accept string) {
	b.t.Helper()
	order(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": accept}})
}

func (b *tab) withoutScript() {
	b.t.Helper()
	order(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// screen sets the size of the tab in CSS pixels, and how many pixels of the screen
// make one of these.
func (b *tab) screen(width, height int64, scale float64) {
	b.t.Helper()
	order(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: scale, Mobile: width < 600,
	})
}

func (b *tab) colours(scheme string) {
	b.t.Helper()
	order(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}

// become gives the tab's profile the cookies of another browser.
func (b *tab) become(gateway string, cookies []*http.Cookie) {
	b.t.Helper()
	for _, c := range cookies {
		order(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: gateway + "/"})
	}
}
