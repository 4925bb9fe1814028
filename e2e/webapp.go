package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// WebApp does what GNU Taler Challenger's own web app does in a browser: it keeps
// cookies, asks for JSON, sends forms and follows no redirect.
type WebApp struct {
	Nonce  string // of the session
	Accept string // of all requests
	Origin string // of its forms; empty: they do not say

	gateway string
	client  *http.Client
}

// NewWebApp returns the web app of a session that a client has set up.
func NewWebApp(gateway, nonce string) *WebApp {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only options can be wrong
	}
	return &WebApp{Accept: "application/json", Nonce: nonce, gateway: gateway, client: &http.Client{
		Jar: jar, Transport: server.Transport, CheckRedirect: server.CheckRedirect,
	}}
}

// At returns the same browser's web app at another gateway on the same database.
func (w *WebApp) At(gateway string) *WebApp {
	other := NewWebApp(gateway, w.Nonce)
	from, err := url.Parse(w.gateway)
	if err != nil {
		panic(err)
	}
	to, err := url.Parse(gateway)
	if err != nil {
		panic(err)
	}
	other.client.Jar.SetCookies(to, w.client.Jar.Cookies(from))
	return other
}

// Open asks how the session stands at its authorize URL, and binds the browser to it.
func (w *WebApp) Open(ctx context.Context, authorize string) (Answer, error) {
	return w.ask(ctx, http.MethodGet, authorize, nil)
}

// Challenge has a TAN sent to an address: names and values in turn.
func (w *WebApp) Challenge(ctx context.Context, address ...string) (Answer, error) {
	form := url.Values{}
	for i := 0; i+1 < len(address); i += 2 {
		form.Set(address[i], address[i+1])
	}
	return w.ask(ctx, http.MethodPost, w.gateway+"/challenge/"+w.Nonce, form)
}

// Solve enters a TAN.
func (w *WebApp) Solve(ctx context.Context, pin string) (Answer, error) {
	return w.SolveForm(ctx, url.Values{"pin": {pin}})
}

// SolveForm sends a form to where TANs are entered.
func (w *WebApp) SolveForm(ctx context.Context, form url.Values) (Answer, error) {
	return w.ask(ctx, http.MethodPost, w.gateway+"/solve/"+w.Nonce, form)
}

// ask returns an answer, with JSON if it is that.
func (w *WebApp) ask(ctx context.Context, method, to string, form url.Values) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(form.Encode()))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Accept", w.Accept)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if w.Origin != "" {
			req.Header.Set("Origin", w.Origin)
		}
	}
	resp, err := patiently(w.client, req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		return a, fmt.Errorf("reading an answer: %w", err)
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(a.Body, &a.JSON); err != nil {
			return a, fmt.Errorf("status %d with a body that is no JSON object: %w", a.Status, err)
		}
	}
	return a, nil
}
