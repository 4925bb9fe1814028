package swiyu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// The limits of an answer, in bytes after decompression, so that a small
// compressed answer cannot fill the memory.
const (
	maxAnswer      = 1 << 20
	maxImageAnswer = 25 << 20 // with a portrait
	maxErrorAnswer = 64 << 10 // of everything that is not a success
)

// NewTransport returns the transport for calls to a verifier: 2 s to connect, no
// proxy from the environment (a verifier is a neighbour, and what it answers
// shall not pass a third party by accident), bounded headers, and enough idle
// connections for a burst of notifications.
func NewTransport() *http.Transport {
	dialer := net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// httpClient returns a copy of the client that stops at redirects: following one
// could carry our credentials to, or take claims from, whoever it names.
func httpClient(base *http.Client) *http.Client {
	c := http.Client{}
	if base != nil {
		c = *base
	}
	if c.Transport == nil {
		c.Transport = NewTransport()
	}
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// answer is an HTTP answer that was read to its end within the limits.
type answer struct {
	status int
	body   []byte
}

// request is one call to the verifier.
type request struct {
	method   string
	endpoint string
	body     []byte // JSON, or nil
	limit    int64  // of a successful answer
}

// call sends a request within CallTimeout. A 401 with a token of ours is tried
// once more with a fresh one, which is safe for a create as well: what was not
// let in made nothing. Nothing else is ever sent twice. Errors are
// ErrUnavailable and, from the token endpoint, ErrRejected; a status is no error
// yet.
func (c *Client) call(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	trusted := c.mayHaveCredentials(r.endpoint)
	if c.tokens == nil || !trusted {
		return c.send(ctx, r, trusted, "")
	}
	bearer, err := c.tokens.get(ctx, "")
	if err != nil {
		return answer{}, err
	}
	a, err := c.send(ctx, r, trusted, bearer)
	if err != nil || a.status != http.StatusUnauthorized {
		return a, err
	}
	if bearer, err = c.tokens.get(ctx, bearer); err != nil {
		return answer{}, err
	}
	return c.send(ctx, r, trusted, bearer)
}

func (c *Client) send(ctx context.Context, r request, trusted bool, bearer string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.endpoint, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, fmt.Errorf("%w: making the request: %w", ErrRejected, withoutURL(err))
	}
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if trusted && c.cfg.APIKeyHeader != "" {
		req.Header.Set(c.cfg.APIKeyHeader, c.cfg.APIKey)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("%w: calling: %w", ErrUnavailable, withoutURL(err))
	}
	defer resp.Body.Close()
	limit := r.limit
	if resp.StatusCode >= 300 {
		limit = maxErrorAnswer
	}
	body, err := readUpTo(resp.Body, limit)
	if err != nil {
		return answer{}, fmt.Errorf("%w: reading the answer: %w", ErrUnavailable, err)
	}
	return answer{status: resp.StatusCode, body: body}, nil
}

var errTooLong = errors.New("answer is too long")

func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errTooLong
	}
	return body, nil
}
