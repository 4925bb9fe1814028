package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Client is a registered OAuth client and what it does at the gateway.
type Client struct {
	ID            string
	Secret        string
	WebhookSecret string
	RedirectURI   string
}

// ClientOptions say how a client is registered.
type ClientOptions struct {
	ID       string    // empty: shop
	Redirect string    // empty: a place where nobody listens
	Secret   string    // brought along; empty: made by the program
	Verifier *Verifier // its own; nil: the gateway's default
	Webhooks *Receiver // nil: none
	Flags    []string  // further flags of client add
}

// AddClient registers a client with the program's own command.
func (d *Data) AddClient(t testing.TB, o ClientOptions) Client {
	t.Helper()
	if o.ID == "" {
		o.ID = "shop"
	}
	if o.Redirect == "" {
		o.Redirect = "https://" + o.ID + ".example/callback"
	}
	args := []string{"client", "add", "--id", o.ID, "--redirect-uri", o.Redirect}
	if o.Secret != "" {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(o.Secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--secret-file", file)
	}
	if o.Verifier != nil {
		args = append(args, "--verifier-url", o.Verifier.URL)
	}
	if o.Webhooks != nil {
		args = append(args, "--webhook-url", o.Webhooks.URL(o.ID))
	}
	var made struct {
		ClientID      string `json:"client_id"`
		ClientSecret  string `json:"client_secret"`
		WebhookSecret string `json:"webhook_secret"`
	}
	d.RunJSON(t, &made, append(args, o.Flags...)...)
	c := Client{ID: made.ClientID, Secret: made.ClientSecret, WebhookSecret: made.WebhookSecret, RedirectURI: o.Redirect}
	if o.Secret != "" {
		c.Secret = o.Secret
	}
	if o.Webhooks != nil {
		o.Webhooks.Trust(c.ID, c.WebhookSecret)
	}
	return c
}

// server is how a client's server calls the gateway.
var server = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: 128, IdleConnTimeout: 10 * time.Second},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Answer is an answer of the gateway to a client's server.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	JSON   map[string]any
}

// Text returns a member of the answer that is text.
func (a Answer) Text(name string) string {
	text, _ := a.JSON[name].(string)
	return text
}

// Good returns an error unless the answer is a 200.
func (a Answer) Good() error {
	if a.Status != http.StatusOK {
		return fmt.Errorf("status %d: %s", a.Status, a.Body)
	}
	return nil
}

// waitedInVain is how long an answer of 503 takes at least when its reason is a
// machine that is too slow: the gateway has waited for its database or for the
// verifier. One that comes sooner says that something is wrong.
const waitedInVain = time.Second

// patiently sends a request, and sends it again as long as the gateway gives it
// up after waiting in vain: it asks callers to come back then (503 with
// Retry-After), and a disk that stands still for some seconds is reason enough.
func patiently(c *http.Client, req *http.Request) (*http.Response, error) {
	for {
		began := time.Now()
		resp, err := c.Do(req)
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" ||
			time.Since(began) < waitedInVain {
			return resp, err
		}
		_ = resp.Body.Close()
		if req.GetBody == nil {
			continue
		}
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
}

func call(ctx context.Context, method, to, authorization, form string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(form))
	if err != nil {
		return Answer{}, err
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := patiently(server, req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		return Answer{}, fmt.Errorf("reading an answer: %w", err)
	}
	if err := json.Unmarshal(a.Body, &a.JSON); err != nil {
		return a, fmt.Errorf("status %d with a body that is no JSON object: %w", a.Status, err)
	}
	return a, nil
}

// Setup makes a session and returns its nonce.
func (c Client) Setup(ctx context.Context, gateway string) (nonce string, err error) {
	return c.SetupWith(ctx, gateway, nil)
}

// SetupAnswer asks for a session, with the body of a client that knows the address.
func (c Client) SetupAnswer(ctx context.Context, gateway string, body []byte) (Answer, error) {
	return call(ctx, http.MethodPost, gateway+"/setup/"+c.ID, "Bearer "+c.Secret, string(body))
}

// SetupWith makes a session for which the client knows the address, and returns its
// nonce.
func (c Client) SetupWith(ctx context.Context, gateway string, body []byte) (nonce string, err error) {
	a, err := c.SetupAnswer(ctx, gateway, body)
	if err == nil {
		err = a.Good()
	}
	if err != nil {
		return "", fmt.Errorf("setup: %w", err)
	}
	return a.Text("nonce"), nil
}

// AuthorizeURL is where the client sends the person's browser. The rest are
// further parameters, names and values in turn.
func (c Client) AuthorizeURL(gateway, nonce, state string, rest ...string) string {
	u := gateway + "/authorize/" + nonce + "?response_type=code&client_id=" + url.QueryEscape(c.ID) +
		"&redirect_uri=" + url.QueryEscape(c.RedirectURI) + "&state=" + url.QueryEscape(state)
	for i := 0; i+1 < len(rest); i += 2 {
		u += "&" + rest[i] + "=" + url.QueryEscape(rest[i+1])
	}
	return u
}

// Redeem swaps a code for an access token. The rest are further parameters.
func (c Client) Redeem(ctx context.Context, gateway, code string, rest ...string) (Answer, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.RedirectURI},
		"client_id": {c.ID}, "client_secret": {c.Secret},
	}
	for i := 0; i+1 < len(rest); i += 2 {
		form.Set(rest[i], rest[i+1])
	}
	return call(ctx, http.MethodPost, gateway+"/token", "", form.Encode())
}

// Info reads the proved data.
func Info(ctx context.Context, gateway, token string) (Answer, error) {
	return call(ctx, http.MethodGet, gateway+"/info", "Bearer "+token, "")
}

// Read swaps a code and reads the proved data with the token.
func (c Client) Read(ctx context.Context, gateway, code string, rest ...string) (info Answer, err error) {
	token, err := c.Redeem(ctx, gateway, code, rest...)
	if err == nil {
		err = token.Good()
	}
	if err != nil {
		return token, fmt.Errorf("token: %w", err)
	}
	info, err = Info(ctx, gateway, token.Text("access_token"))
	if err == nil {
		err = info.Good()
	}
	if err != nil {
		return info, fmt.Errorf("info: %w", err)
	}
	return info, nil
}
