package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// request is an HTTP request and the status that it should get.
type request struct {
	method, url string // method empty: GET
	body, kind  string // kind is the body's content type
	accept      string
	cookie      string
	bearer      string
	user, pass  string // for Basic
	want        int
}

type response struct {
	header http.Header
	body   []byte
}

func (r request) open(ctx context.Context, c *http.Client) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("Content-Type", r.kind)
	set("Accept", r.accept)
	set("Cookie", r.cookie)
	if r.bearer != "" {
		set("Authorization", "Bearer "+r.bearer)
	}
	if r.user != "" {
		req.SetBasicAuth(r.user, r.pass)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != r.want {
		defer resp.Body.Close()
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return nil, fmt.Errorf("%s: status %d instead of %d: %s", req.URL.Path, resp.StatusCode, r.want, said)
	}
	return resp, nil
}

func (r request) do(ctx context.Context, c *http.Client) (response, error) {
	resp, err := r.open(ctx, c)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return response{resp.Header, body}, err
}

// newClient returns an HTTP client that keeps its connections, as many as there
// are callers, and follows no redirects.
func newClient() *http.Client {
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 512, DisableCompression: true,
			IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
