package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"vouchgate/e2e"
)

// ledger is what clients and persons were told and may rely on from then on. It
// is kept outside the gateway, which dies meanwhile.
type ledger struct {
	mu       sync.Mutex
	nonces   []string          // answers of /setup that nobody has used yet
	proved   []*walk           // pages that said verified, not yet taken home
	outcomes map[string]string // session to the last status that its page said
	redeemed map[string]int    // code to the number of tokens for it
	tokens   map[string]string // access token to session
	lost     int               // redeemed, but the answer did not arrive

	acts chan struct{} // something is being done or was done just now
}

func newLedger() *ledger {
	return &ledger{
		outcomes: map[string]string{}, redeemed: map[string]int{}, tokens: map[string]string{}, acts: make(chan struct{}, 1<<16),
	}
}

// act says that something happens. Somebody who waits to kill the gateway may take
// it for the moment.
func (l *ledger) act() {
	select {
	case l.acts <- struct{}{}:
	default:
	}
}

func (l *ledger) note(f func()) {
	l.mu.Lock()
	f()
	l.mu.Unlock()
	l.act()
}

// walk is a person on the way through a gateway that dies and comes back.
type walk struct {
	*ledger
	*stage
	client  e2e.Client
	browser *e2e.Browser
	page    e2e.Page
}

// insist tries until it works. Connections that break and answers of 503 are what
// a killed gateway looks like; anything else ends the walk.
func (w *walk) insist(ctx context.Context, what string, try func() error) error {
	var final error
	err := e2e.Until(ctx, what, func() (bool, error) {
		w.act()
		err := try()
		w.act()
		var answered refusal
		if errors.As(err, &answered) && answered.status != http.StatusServiceUnavailable {
			final = err
			return true, nil
		}
		return err == nil, err
	})
	return errors.Join(err, final)
}

// refusal is an answer that is not the right one.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return fmt.Sprintf("status %d: %s", r.status, r.text) }

func (w *walk) setup(ctx context.Context) (nonce string, err error) {
	err = w.insist(ctx, "setup", func() error {
		nonce, err = w.client.Setup(ctx, w.URL)
		return err
	})
	return nonce, err
}

// open brings the browser to the session's page. When an answer with its cookie
// is lost, the browser is a stranger afterwards and the person has to confirm.
func (w *walk) open(ctx context.Context, nonce string) error {
	w.browser = e2e.NewBrowser()
	to := w.client.AuthorizeURL(w.URL, nonce, "s")
	return w.insist(ctx, "the page", func() (err error) {
		w.page, err = w.browser.Get(ctx, to)
		if err == nil && w.page.Status == http.StatusConflict {
			w.page, err = w.browser.Post(ctx, to)
		}
		if err == nil && (w.page.Session() == "" || w.page.Verification() == "") {
			err = refusal{w.page.Status, w.page.String()}
		}
		return err
	})
}

// await follows the page until it says the outcome.
func (w *walk) await(ctx context.Context, outcome string) error {
	if _, err := w.browser.Await(ctx, w.URL, w.page.Session(), outcome); err != nil {
		return err
	}
	w.note(func() { w.outcomes[w.page.Session()] = outcome })
	return nil
}

// takeHome fetches the code, redeems it and reads the data.
func (w *walk) takeHome(ctx context.Context) error {
	var code string
	err := w.insist(ctx, "the code", func() error {
		home, err := w.browser.Get(ctx, w.URL+w.page.URL.Path+"/finish")
		if code = home.Code(); err == nil && code == "" {
			err = refusal{home.Status, home.String()}
		}
		return err
	})
	if err != nil {
		return err
	}
	token, err := w.redeem(ctx, code)
	if err != nil || token == "" {
		return err
	}
	return w.read(ctx, token)
}

// redeem swaps the code. No token and no error means that a try redeemed it whose
// answer was lost: the next one is refused then, as RFC 6749 wants it.
func (w *walk) redeem(ctx context.Context, code string) (token string, err error) {
	broken := false
	err = w.insist(ctx, "the token", func() error {
		a, err := w.client.Redeem(ctx, w.URL, code)
		switch {
		case err != nil:
			broken = true
			return err
		case a.Good() == nil:
			token = a.Text("access_token")
			w.note(func() {
				w.redeemed[code]++
				w.tokens[token] = w.page.Session()
				w.outcomes[w.page.Session()] = "completed"
			})
			return nil
		case broken && a.Text("error") == "invalid_grant":
			w.note(func() { w.lost++; w.outcomes[w.page.Session()] = "completed" })
			return nil
		}
		return refusal{a.Status, string(a.Body)}
	})
	return token, err
}

func (w *walk) read(ctx context.Context, token string) error {
	return w.insist(ctx, "the data", func() error {
		a, err := e2e.Info(ctx, w.URL, token)
		if err == nil && (a.Good() != nil || a.Text("given_name") != "Tito Nicolò") {
			err = refusal{a.Status, string(a.Body)}
		}
		return err
	})
}

// traffic is persons who keep coming. Those who wait for their outcome make room
// for others.
type traffic struct {
	*ledger
	stage   *stage
	client  e2e.Client
	slots   chan struct{}
	walks   sync.WaitGroup
	started atomic.Int64

	failed sync.Mutex
	errs   []error
}

// run starts walks until stop is closed and returns when all have ended.
func (f *traffic) run(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			f.walks.Wait()
			return errors.Join(f.errs...)
		case f.slots <- struct{}{}:
		}
		n := f.started.Add(1)
		f.walks.Go(func() {
			defer func() { <-f.slots }()
			w := &walk{ledger: f.ledger, stage: f.stage, client: f.client}
			if err := f.person(ctx, w, n); err != nil {
				f.failed.Lock()
				f.errs = append(f.errs, fmt.Errorf("walk %d: %w", n, err))
				f.failed.Unlock()
			}
		})
	}
}

// person goes all the way, or stops somewhere and leaves the rest for later.
func (f *traffic) person(ctx context.Context, w *walk, n int64) error {
	nonce, err := w.setup(ctx)
	if err != nil || n%8 == 1 {
		w.note(func() { w.nonces = append(w.nonces, nonce) })
		return err
	}
	if err := w.open(ctx, nonce); err != nil {
		return err
	}
	if n%8 == 2 {
		if err := w.verifier.Reject(w.page.Verification(), ""); err != nil {
			return err
		}
		return f.waiting(func() error { return w.await(ctx, "failed") })
	}
	if err := w.verifier.Accept(w.page.Verification(), "tito"); err != nil {
		return err
	}
	if err := f.waiting(func() error { return w.await(ctx, "verified") }); err != nil {
		return err
	}
	if n%8 == 3 {
		w.note(func() { w.proved = append(w.proved, w) })
		return nil
	}
	return w.takeHome(ctx)
}

func (f *traffic) waiting(wait func() error) error {
	<-f.slots
	err := wait()
	f.slots <- struct{}{}
	return err
}
