package jose

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
)

// The limits of reading a key set.
const (
	fetchTimeout   = 5 * time.Second // all in all
	connectTimeout = 3 * time.Second
	maxHeader      = 16 << 10
)

// ErrFetch says that a client's keys could not be read from where it publishes
// them. The text, for the log, says why.
var ErrFetch = errors.New("client's keys cannot be read")

// reader reads key sets. It follows no redirects, keeps no connections and uses no
// proxy: it speaks to the transport itself, below http.Client.
type reader struct {
	plain, encrypted *http.Transport
	agent            string
}

func newReader(c FetcherConfig) reader {
	g := newGuard(c.AllowNetworks)
	transport := func(encrypted bool) *http.Transport {
		return &http.Transport{
			DialContext:            g.dialer(encrypted).DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    connectTimeout,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
		}
	}
	return reader{plain: transport(false), encrypted: transport(true), agent: c.Agent}
}

// read gets the usable keys at a URI. Errors are ErrFetch, with ErrBlocked or
// ErrKeySet inside where that is why.
func (r reader) read(ctx context.Context, uri string) ([]gojose.JSONWebKey, error) {
	body, err := r.get(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	keys, err := usableKeys(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	return keys, nil
}

func (r reader) get(ctx context.Context, uri string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("not an absolute URL without a user name")
	}
	transport := r.encrypted
	switch u.Scheme {
	case "https":
	case "http":
		transport = r.plain
	default:
		return nil, errors.New("the scheme of the URL is not https")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	req.Header.Set("User-Agent", r.agent)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answer has status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSet+1))
	if err != nil {
		return nil, fmt.Errorf("reading answer: %w", err)
	}
	return body, nil // too long a body is refused as a key set
}
