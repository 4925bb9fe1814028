package e2e_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"

	"vouchgate/e2e"
)

// watch notes what goes wrong in a tab, and what the tab asks for.
type watch struct {
	t *testing.T

	mu       sync.Mutex
	flaws    []string
	forgiven []string        // parts of flaws that the test brings about
	refused  map[string]bool // addresses of pages with a status of 400 and above
	requests []*network.Request
	open     map[network.RequestID]bool // streams of status
}

func newWatch(t *testing.T) *watch {
	return &watch{t: t, refused: map[string]bool{}, open: map[network.RequestID]bool{}}
}

// hear takes an event of the tab.
func (w *watch) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// Chromium logs the status of a page that is an error page, which it may be.
		if e.Entry.Source == log.EntrySourceNetwork && w.refused[e.Entry.URL] {
			return
		}
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			w.flaws = append(w.flaws, fmt.Sprintf("log: %s (%s)", e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		w.flaws = append(w.flaws, fmt.Sprintf("console: a call of %s", e.Type))
	case *runtime.EventExceptionThrown:
		w.flaws = append(w.flaws, "exception: "+e.ExceptionDetails.Text)
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument && e.Response.Status >= 400 {
			w.refused[e.Response.URL] = true
		}
	case *network.EventLoadingFinished:
		delete(w.open, e.RequestID)
	case *network.EventLoadingFailed:
		delete(w.open, e.RequestID)
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, e.Request)
		if e.Type == network.ResourceTypeEventSource {
			w.open[e.RequestID] = true
		}
		if e.Type != network.ResourceTypeDocument && origin(e.Request.URL) != origin(e.DocumentURL) {
			w.flaws = append(w.flaws, fmt.Sprintf("request of %s to %s", e.DocumentURL, e.Request.URL))
		}
	}
}

// forgive excuses flaws that have one of the texts.
func (w *watch) forgive(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgiven = append(w.forgiven, texts...)
}

// found returns the flaws that are not forgiven.
func (w *watch) found() (flaws []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.flaws {
		if !slices.ContainsFunc(w.forgiven, func(text string) bool { return strings.Contains(f, text) }) {
			flaws = append(flaws, f)
		}
	}
	return flaws
}

// report fails the test for every flaw.
func (w *watch) report() {
	for _, f := range w.found() {
		w.t.Errorf("in the browser: %s", f)
	}
}

// streamsOver waits until no stream of status is open.
func (w *watch) streamsOver(ctx context.Context) error {
	return e2e.Until(ctx, "the end of the streams", func() (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.open) == 0, nil
	})
}

// asked counts the requests to addresses that end in a text, for some media type.
func (w *watch) asked(suffix, accept string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if got, _ := r.Headers["Accept"].(string); strings.HasSuffix(r.URL, suffix) && got == accept {
			n++
		}
	}
	return n
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
