package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/verify/swiyu/swiyutest"
)

// walkLimit is far more than a walk on one machine takes.
const walkLimit = time.Minute

// walker is the person of a walk: a browser with cookies that goes where it is
// sent and presses the buttons.
type walker struct {
	demo    *demo
	p       *program
	browser *http.Client
	steps   int
}

// newBrowser returns a browser without cookies that says where it is sent to.
func newBrowser() *http.Client {
	jar, _ := cookiejar.New(nil) // it has no errors
	return &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// walk walks with the wallet and with an e-mail address, and prints each step. The
// error says which one went wrong.
func (d *demo) walk(ctx context.Context, p *program) error {
	ctx, cancel := context.WithTimeout(ctx, walkLimit)
	defer cancel()
	w := &walker{demo: d, p: p}
	d.shop.done = w.print
	started := p.now()
	for _, walk := range []struct {
		title string
		all   func(context.Context) error
	}{
		{"A whole walk, with a made-up person:", w.withWallet},
		{"And one with an e-mail address:", w.withEmail},
	} {
		fmt.Fprintln(p.stdout, walk.title)
		w.steps, w.browser = 0, newBrowser()
		if err := walk.all(ctx); err != nil {
			return fmt.Errorf("the walk went wrong: %w", err)
		}
	}
	fmt.Fprintf(p.stdout, "Done in %d ms.\n", p.now().Sub(started).Milliseconds())
	return nil
}

func (w *walker) print(step, detail string, took time.Duration) {
	w.steps++
	fmt.Fprintf(w.p.stdout, "%2d. %-16s %6.1f ms  %s\n", w.steps, step, float64(took.Microseconds())/1000, detail)
}

// step does a step and prints it with the time it took.
func (w *walker) step(name string, do func() (detail string, err error)) error {
	started := w.p.now()
	detail, err := do()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	w.print(name, detail, w.p.now().Sub(started))
	return nil
}

// withWallet walks with the mock wallet.
func (w *walker) withWallet(ctx context.Context) error {
	session, err := w.choose(ctx, kyc.MethodSwiyu)
	if err != nil {
		return err
	}
	var wallet string
	err = w.step("authorize page", func() (string, error) {
		wallet, err = w.link(ctx, session)
		return "the gateway's page has a QR code and a link to the wallet", err
	})
	if err != nil {
		return err
	}
	person := swiyutest.Persons()[0]
	err = w.step("wallet accepts", func() (string, error) {
		_, err := w.sent(ctx, http.MethodPost, wallet, url.Values{"decision": {"accept"}, "person": {person.Key}})
		return "as " + person.Name() + ", who does not exist", err
	})
	if err != nil {
		return err
	}
	if err := w.outcome(ctx, session); err != nil {
		return err
	}
	return w.arrive(ctx, session, "the given name, "+person.GivenName+", and that the person is 18",
		html.EscapeString(person.GivenName), "You are 18 or older")
}

// choose begins a walk at the shop and takes the choice of a method.
func (w *walker) choose(ctx context.Context, m kyc.Method) (session string, err error) {
	authorize, err := w.sent(ctx, http.MethodGet, w.demo.shop.self+"/start", nil) // the shop prints setup
	if err != nil {
		return "", fmt.Errorf("setup: %w", err)
	}
	return session, w.step("authorize", func() (string, error) {
		page, err := w.sent(ctx, http.MethodGet, authorize, nil)
		if err != nil {
			return "", err
		}
		var found bool
		if session, found = strings.CutSuffix(page, "/choose"); !found {
			return "", errors.New("the gateway does not ask how to prove it")
		}
		_, err = w.submit(ctx, page, url.Values{"method": {string(m)}})
		return "the gateway asks how; the person chooses: " + string(m), err
	})
}

var walletLink = regexp.MustCompile(`href="(http://[^"]+/wallet/[0-9a-f-]+)"`)

// link finds the way to the wallet on a session's page.
func (w *walker) link(ctx context.Context, session string) (string, error) {
	page, err := w.page(ctx, session)
	if err != nil {
		return "", err
	}
	link := walletLink.FindStringSubmatch(page)
	if link == nil {
		return "", errors.New("the page has no link to the wallet")
	}
	return html.UnescapeString(link[1]), nil
}

// outcome waits until the gateway and its page have heard of the proof.
func (w *walker) outcome(ctx context.Context, session string) error {
	err := w.step("notification", func() (string, error) {
		return "the verifier told the gateway: POST /notification", w.until(ctx, func() bool {
			return w.demo.mock.Counters().Acked > 0
		})
	})
	if err != nil {
		return err
	}
	return w.step("proof checked", func() (string, error) {
		return "the gateway read the result, and the page knows it", w.follow(ctx, session)
	})
}

// sent makes a request that is answered with a redirect and returns where to.
func (w *walker) sent(ctx context.Context, method, address string, form url.Values) (string, error) {
	response, _, err := w.do(ctx, method, address, form)
	if err != nil {
		return "", err
	}
	to, err := response.Location()
	if response.StatusCode != http.StatusSeeOther || err != nil {
		return "", fmt.Errorf("%s answered %d instead of a redirect", pathOf(address), response.StatusCode)
	}
	return to.String(), nil
}

func (w *walker) page(ctx context.Context, address string) (string, error) {
	response, body, err := w.do(ctx, http.MethodGet, address, nil)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d", pathOf(address), response.StatusCode)
	}
	return body, err
}

func (w *walker) do(ctx context.Context, method, address string, form url.Values) (*http.Response, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Accept", "text/html")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := w.browser.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response, string(body), err
}

// follow reads the page's stream of status until the session is verified.
func (w *walker) follow(ctx context.Context, session string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, session+"/status", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := w.browser.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), `"verified"`) {
			return nil
		}
	}
	return errors.New("the session was not verified")
}

// until waits for something that nobody signals.
func (w *walker) until(ctx context.Context, happened func() bool) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("it did not happen")
		}
	}
	return nil
}

// pathOf leaves the query out of what is printed: it may hold a code.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return u.Path
}
