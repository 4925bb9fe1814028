package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"vouchgate/e2e"
)

// chromium is the one browser process that all cases share. It runs while some case
// needs it.
var chromium struct {
	sync.Mutex
	users int
	ctx   context.Context
	stop  func()
}

// useChromium returns the browser, started if it does not run. Where none is
// installed the case cannot be shown and is skipped, but not in continuous
// integration.
func (t *T) useChromium() context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.users == 0 {
		path := t.chromiumPath()
		ctx, stop, err := startChromium(path)
		if err != nil {
			t.Fatalf("starting %s: %v", path, err)
		}
		chromium.ctx, chromium.stop = ctx, stop
	}
	chromium.users++
	t.Cleanup(func() {
		chromium.Lock()
		defer chromium.Unlock()
		if chromium.users--; chromium.users == 0 {
			chromium.stop()
		}
	})
	return chromium.ctx
}

func (t *T) chromiumPath() string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium is installed (tools/setup browser installs one)")
	}
	t.Skip("NOT SHOWN: no Chromium is installed (tools/setup browser installs one)")
	return ""
}

// startChromium starts a browser without a window, on a thread that lives as long
// as the browser: the kernel kills it together with the thread that started it.
func startChromium(path string) (context.Context, func(), error) {
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// The tests' servers are on this machine. Nothing else is to be asked.
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(e2e.Patience),
	)...)
	ctx, _ := chromedp.NewContext(allocator)
	started, over := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- chromedp.Do(ctx)
		<-over
	}()
	stop := func() { cancel(); close(over) }
	if err := <-started; err != nil {
		stop()
		return nil, nil, err
	}
	return ctx, stop, nil
}

// Tab is a tab of Chromium with a profile that was never used.
type Tab struct {
	t   *T
	ctx context.Context

	mu      sync.Mutex
	flaws   []string        // errors that the browser has logged
	asked   map[string]bool // what the page asked for: Accept header and URL
	lenient bool            // flaws are expected
}

// Tab opens a tab. Errors that the browser logs, such as a breach of a page's
// policy, fail the case.
func (t *T) Tab() *Tab {
	t.Helper()
	b := &Tab{t: t, asked: map[string]bool{}}
	ctx, cancel := chromedp.NewContext(t.useChromium(), chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	b.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(b)
		}
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.flaws) > 0 && !b.lenient {
			t.Errorf("in the browser: %q", b.flaws)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	orderTab(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": "en"}})
	return b
}

// hear takes an event of the tab.
func (b *Tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			b.flaws = append(b.flaws, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		accept, _ := e.Request.Headers["Accept"].(string)
		b.asked[accept+" "+e.Request.URL] = true
	}
}

// Asked says whether the page has asked for a URL with this end, for a media type.
func (b *Tab) Asked(accept, end string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for what := range b.asked {
		if strings.HasPrefix(what, accept+" ") && strings.HasSuffix(what, end) {
			return true
		}
	}
	return false
}

// String says what the tab shows.
func (b *Tab) String() string {
	ctx, cancel := context.WithTimeout(b.ctx, e2e.Patience/10)
	defer cancel()
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.body ? document.body.innerText : "")`))
	if err != nil {
		return fmt.Sprintf("a tab that shows nothing: %v", err)
	}
	return seen
}

func doTab[V any](b *Tab, action chromedp.Action[V]) V {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, e2e.Patience/2)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%v; the tab shows %s", err, b)
	}
	return value
}

// orderTab sends a command to a tab.
func orderTab[P, R any](b *Tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	return doTab(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}

// Open enters an address, a path of the gateway or a whole URL.
func (b *Tab) Open(to string) {
	b.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.t.Issuer() + to
	}
	doTab(b, chromedp.Navigate(to))
}

// Click presses the mouse on what a selector finds.
func (b *Tab) Click(selector string) { b.t.Helper(); doTab(b, chromedp.Click(chromedp.CSS(selector))) }

// Key presses keys, one after another.
func (b *Tab) Key(keys string) { b.t.Helper(); doTab(b, chromedp.KeyEvent(keys)) }

// Ask evaluates an expression in the page.
func (b *Tab) Ask(expression string) string {
	b.t.Helper()
	return doTab(b, chromedp.Evaluate[string](expression))
}

// Until waits until an expression is true in the page, which may be replaced
// meanwhile.
func (b *Tab) Until(expression string) {
	b.t.Helper()
	err := e2e.Until(b.t.Ctx, expression, func() (bool, error) {
		ctx, cancel := context.WithTimeout(b.ctx, e2e.Patience/2)
		defer cancel()
		return chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
	})
	if err != nil {
		b.t.Fatalf("%v; the tab shows %s", err, b)
	}
}

// Has waits until the page has what a selector finds.
func (b *Tab) Has(selector string) {
	b.t.Helper()
	b.Until(fmt.Sprintf("document.readyState === 'complete' && document.querySelector(%q) !== null", selector))
}

// Shows waits until the page's heading is a text.
func (b *Tab) Shows(heading string) {
	b.t.Helper()
	b.Until(fmt.Sprintf("document.querySelector('h1')?.textContent.trim() === %q", heading))
}

// WithoutScript switches the scripts of pages off.
func (b *Tab) WithoutScript() {
	b.t.Helper()
	orderTab(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// Become gives the tab the cookies of another browser.
func (b *Tab) Become(other *e2e.Browser) {
	b.t.Helper()
	for _, c := range other.Cookies(b.t.Issuer()) {
		orderTab(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: b.t.Issuer() + "/"})
	}
}

// website is the website of a client, on this machine.
type website struct {
	URL string

	mu   sync.Mutex
	back []url.Values // what browsers brought back
}

// Site opens a website whose callback is the redirect URI of a client to be, as a
// flag.
func (t *T) Site() (*website, string) {
	t.Helper()
	s := &website{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s, "--redirect-uri=" + s.URL + "/callback"
}

// ServeHTTP takes browsers that come back, and sends them on to another page, as
// many clients do.
func (s *website) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/callback" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><h1>Back at the shop</h1>`)
		return
	}
	_ = r.ParseForm()
	s.mu.Lock()
	s.back = append(s.back, r.Form)
	s.mu.Unlock()
	http.Redirect(w, r, "/welcome", http.StatusSeeOther)
}

// Brought waits until a tab is back at the site, and returns what it brought, which
// must be one answer to a request.
func (b *Tab) Brought(s *website, ask Ask) url.Values {
	b.t.Helper()
	b.Until(fmt.Sprintf("location.href === %q && document.readyState === 'complete'", s.URL+"/welcome"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.back) != 1 {
		b.t.Fatalf("the browser came back %d times: %v", len(s.back), s.back)
	}
	brought := s.back[0]
	s.back = nil
	if brought.Get("state") != ask.State() || brought.Get("iss") != b.t.Issuer() {
		b.t.Errorf("it came back with %v", brought)
	}
	b.t.Secret("code", brought.Get("code"))
	return brought
}
