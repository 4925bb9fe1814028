package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Browser is a person's browser without script: it keeps cookies and follows
// redirects, but only inside the gateway.
type Browser struct {
	client *http.Client

	mu      sync.Mutex
	forms   map[string]url.Values // of all pages that were shown, by the path that they lead to
	visited []string              // all URLs
}

// NewBrowser returns a browser that was never used.
func NewBrowser() *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only options can be wrong
	}
	b := &Browser{client: &http.Client{Jar: jar, Transport: server.Transport}, forms: map[string]url.Values{}}
	b.client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		b.note(next.URL)
		if next.URL.Host != via[0].URL.Host {
			return http.ErrUseLastResponse
		}
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}
	return b
}

// Page is where a browser ended.
type Page struct {
	Status int
	URL    *url.URL
	Header http.Header
	Body   []byte
	Away   *url.URL // where the browser is sent outside the gateway; nil: nowhere
}

// Session is the id of the session whose page it is; empty if it is none.
func (p Page) Session() string {
	id, ok := strings.CutPrefix(p.URL.Path, "/session/")
	if !ok || p.Away != nil || p.Status != http.StatusOK {
		return ""
	}
	return id
}

// Verification is the id of the verification whose link is on the page.
func (p Page) Verification() string { return VerificationOn(p.Body) }

// Code is the code that the browser takes home.
func (p Page) Code() string {
	if p.Away == nil {
		return ""
	}
	return p.Away.Query().Get("code")
}

// String says where the browser ended, without what is on the page.
func (p Page) String() string {
	if p.Away != nil {
		return fmt.Sprintf("sent away to %s?error=%s", p.Away.Path, p.Away.Query().Get("error"))
	}
	return fmt.Sprintf("status %d at %s", p.Status, p.URL.Path)
}

// Get visits a URL.
func (b *Browser) Get(ctx context.Context, to string) (Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return Page{}, err
	}
	return b.send(req)
}

// Post presses a button whose form leads to a URL, with the values that the form
// had where it was shown last. A form that no page had is looked for on the page
// above it, as that is now; without any, nothing is sent but the request.
func (b *Browser) Post(ctx context.Context, to string) (Page, error) {
	u, err := url.Parse(to)
	if err != nil {
		return Page{}, err
	}
	values, shown := b.form(u.Path)
	if !shown && strings.HasPrefix(u.Path, "/session/") {
		if _, err := b.Get(ctx, to[:strings.LastIndex(to, "/")]); err != nil {
			return Page{}, err
		}
		values, _ = b.form(u.Path)
	}
	return b.submit(ctx, to, values)
}

// form returns the values of the form that leads to a path, if a page had one.
func (b *Browser) form(path string) (values url.Values, shown bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	values, shown = b.forms[path]
	return values, shown
}

// send sends a request as a browser does that is about to show the answer.
func (b *Browser) send(req *http.Request) (Page, error) {
	req.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Accept-Language", "en")
	if req.Method == http.MethodPost {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	b.note(req.URL)
	resp, err := patiently(b.client, req)
	if err != nil {
		return Page{}, err
	}
	defer resp.Body.Close()
	p := Page{Status: resp.StatusCode, URL: resp.Request.URL, Header: resp.Header}
	if p.Body, err = io.ReadAll(resp.Body); err != nil {
		return Page{}, fmt.Errorf("reading a page: %w", err)
	}
	if away, err := resp.Location(); err == nil {
		p.Away = away
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range p.forms() {
		b.forms[f.Action.Path] = f.Values
	}
	return p, nil
}

func (b *Browser) note(u *url.URL) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.visited = append(b.visited, u.String())
}

// Visited lists all URLs that the browser has asked for or was sent away to.
func (b *Browser) Visited() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.visited)
}

// Cookies returns what the browser keeps for a gateway.
func (b *Browser) Cookies(gateway string) []*http.Cookie {
	u, err := url.Parse(gateway)
	if err != nil {
		return nil
	}
	return b.client.Jar.Cookies(u)
}

// Take gives the browser a cookie that another one has for a gateway.
func (b *Browser) Take(gateway string, from *Browser, name string) {
	u, err := url.Parse(gateway)
	if err != nil {
		return
	}
	for _, c := range from.Cookies(gateway) {
		if c.Name == name {
			b.client.Jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/"}})
		}
	}
}

// errStreamOver says that a stream of status ended before the state came.
var errStreamOver = errors.New("the stream has ended")

// moving are the states in which a page waits for another.
var moving = []string{"pending", "authorized"}

// Await follows the status of a session, as its page does, until it has an
// outcome, and returns an error unless that is one of those wanted. It connects
// again when the connection is lost.
func (b *Browser) Await(ctx context.Context, gateway, session string, wanted ...string) (status string, err error) {
	again := func() (bool, error) {
		err := b.follow(ctx, gateway+"/session/"+session+"/status", func(s progress) bool {
			status = s.Status
			return !slices.Contains(moving, status) || slices.Contains(wanted, status)
		})
		return err == nil, err
	}
	if err = Until(ctx, fmt.Sprintf("session %s to be %v", session, wanted), again); err != nil {
		return status, fmt.Errorf("%w; it was %q", err, status)
	}
	if !slices.Contains(wanted, status) {
		return status, fmt.Errorf("session %s is %s, not %v", session, status, wanted)
	}
	return status, nil
}

// AwaitDelivery follows the status of a session until its message has come as far as
// is wanted.
func (b *Browser) AwaitDelivery(ctx context.Context, gateway, session, wanted string) error {
	var last progress
	err := Until(ctx, "a message to be "+wanted, func() (bool, error) {
		err := b.follow(ctx, gateway+"/session/"+session+"/status", func(s progress) bool {
			last = s
			return s.Delivery == wanted
		})
		return err == nil, err
	})
	if err != nil {
		err = fmt.Errorf("%w; session %s was %s and its message %q", err, session, last.Status, last.Delivery)
	}
	return err
}

// progress is how far a session and its message are.
type progress struct {
	Status   string `json:"status"`
	Delivery string `json:"delivery"`
}

// follow reads a stream of status (HTML standard, section 9.2) until stop is
// pleased.
func (b *Browser) follow(ctx context.Context, to string, stop func(progress) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d for the stream", resp.StatusCode)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		var event progress
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return fmt.Errorf("reading an event: %w", err)
		}
		if stop(event) {
			return nil
		}
	}
	return errors.Join(errStreamOver, lines.Err())
}
