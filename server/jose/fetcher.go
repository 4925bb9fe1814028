package jose

import (
	"context"
	"crypto/x509"
	"net/netip"
	"sync"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
)

// The limits of remembering key sets.
const (
	setLife  = 5 * time.Minute  // a client's keys are read anew after this long
	setPause = 10 * time.Second // and never sooner than this after they were read, or could not be
	maxSets  = 1000             // URIs that are remembered
)

// FetcherConfig is what a Fetcher needs. Now is needed; the rest may be empty.
type FetcherConfig struct {
	AllowNetworks []netip.Prefix // that may be reached although they are private, by http too
	RootCAs       *x509.CertPool // nil: the system's
	Agent         string         // the User-Agent header
	Now           func() time.Time
}

// Fetcher verifies assertions with the keys that clients publish at their jwks_uri
// (RFC 7591, section 2). It reads them over https from public hosts, or from the
// networks that the operator allows; whatever a client's URI says, nothing else is
// connected to. It remembers them for five minutes and reads them again at once
// when an assertion needs other ones, but not more often than every ten seconds.
// It can be used by many goroutines.
type Fetcher struct {
	now   func() time.Time
	fetch func(ctx context.Context, uri string) ([]gojose.JSONWebKey, error)

	mu    sync.Mutex
	byURI map[string]*source
}

// NewFetcher returns a Fetcher that knows no keys yet.
func NewFetcher(c FetcherConfig) *Fetcher {
	return &Fetcher{now: c.Now, fetch: newReader(c).read, byURI: map[string]*source{}}
}

// VerifyAssertion is like the function of this name, with the keys at the URI. It
// can fail with ErrFetch too. An assertion that is bad by itself is refused before
// anything is read.
func (f *Fetcher) VerifyAssertion(ctx context.Context, uri, assertion string) (payload []byte, err error) {
	a, err := parseAssertion(assertion)
	if err != nil {
		return nil, err
	}
	s := f.source(uri)
	keys, err := f.keys(ctx, s, setLife)
	if err != nil {
		return nil, err
	}
	if payload, err = a.verify(keys); err == nil {
		return payload, nil
	}
	// The client may have changed its keys. Whether they are other ones now is not
	// asked: they may have been read for another assertion meanwhile.
	if keys, err = f.keys(ctx, s, setPause); err != nil {
		return nil, err
	}
	return a.verify(keys)
}

// source is a URI and the keys that were there.
type source struct {
	uri  string
	turn turn // guards all below

	keys    []gojose.JSONWebKey
	readAt  time.Time // of the keys; zero if there are none
	triedAt time.Time
	err     error // of the newest try
}

// keys returns keys that are younger than life, or as young as can be while the
// newest reading is too short ago for another one.
func (f *Fetcher) keys(ctx context.Context, s *source, life time.Duration) ([]gojose.JSONWebKey, error) {
	if err := s.turn.take(ctx); err != nil {
		return nil, err
	}
	defer s.turn.give()
	now := f.now()
	if within(s.readAt, now, life) {
		return s.keys, nil
	}
	if within(s.triedAt, now, setPause) {
		if within(s.readAt, now, setLife) {
			return s.keys, nil
		}
		return nil, s.err
	}
	keys, err := f.fetch(ctx, s.uri)
	if err != nil && ctx.Err() != nil {
		return nil, err // the caller went away, which says nothing about the source
	}
	s.triedAt, s.err = f.now(), err
	if err != nil {
		return nil, err
	}
	s.keys, s.readAt = keys, s.triedAt
	return keys, nil
}

// within says whether now is less than a duration after a time that is not zero.
func within(at, now time.Time, d time.Duration) bool {
	age := now.Sub(at)
	return !at.IsZero() && age >= 0 && age < d
}

// source returns what is remembered of a URI. Where too many are, any other one is
// forgotten: it costs its client one more reading.
func (f *Fetcher) source(uri string) *source {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.byURI[uri]; ok {
		return s
	}
	for other := range f.byURI {
		if len(f.byURI) < maxSets {
			break
		}
		delete(f.byURI, other)
	}
	s := &source{uri: uri, turn: newTurn()}
	f.byURI[uri] = s
	return s
}
