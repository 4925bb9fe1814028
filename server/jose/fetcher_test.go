package jose

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
)

const uri = "https://kiosk.example/jwks"

// publisher stands for clients' web servers.
type publisher struct {
	mu    sync.Mutex
	set   []byte
	err   error
	asked int
}

func (p *publisher) fetch(ctx context.Context, _ string) ([]gojose.JSONWebKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if err := errors.Join(p.err, ctx.Err()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	return usableKeys(p.set)
}

// publish changes what the next reading finds.
func (p *publisher) publish(set []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set, p.err = set, err
}

func (p *publisher) wantAsked(t *testing.T, when string, want int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked != want {
		t.Errorf("%s: asked %d times, want %d", when, p.asked, want)
	}
}

func newFetcher(t *testing.T) (*Fetcher, *publisher, *clock) {
	t.Helper()
	c, p := newClock(), &publisher{set: kioskKeys(t)}
	f := NewFetcher(FetcherConfig{Now: c.now})
	f.fetch = p.fetch
	return f, p, c
}

func wantVerified(t *testing.T, f *Fetcher, assertion string) {
	t.Helper()
	if payload, err := f.VerifyAssertion(t.Context(), uri, assertion); err != nil || string(payload) != claims {
		t.Errorf("got %s, %v", payload, err)
	}
}

func wantRefused(t *testing.T, f *Fetcher, assertion string, want error) {
	t.Helper()
	if payload, err := f.VerifyAssertion(t.Context(), uri, assertion); !errors.Is(err, want) || payload != nil {
		t.Errorf("got %s, %v; want %v", payload, err, want)
	}
}

func TestAssertionIsVerifiedWithThePublishedKeys(t *testing.T) {
	t.Parallel()
	h := newHost(t, true, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(kioskKeys(t)) })
	f := NewFetcher(FetcherConfig{AllowNetworks: loopback, RootCAs: h.roots(), Now: newClock().now})
	for range 3 {
		payload, err := f.VerifyAssertion(t.Context(), h.URL, by(t, gojose.ES256, ecKey(), "ec", nil))
		if err != nil || string(payload) != claims {
			t.Errorf("got %s, %v", payload, err)
		}
	}
	if h.asked.Load() != 1 {
		t.Errorf("the host was asked %d times", h.asked.Load())
	}
}

func TestKeysAreRememberedForFiveMinutes(t *testing.T) {
	t.Parallel()
	f, p, c := newFetcher(t)
	good := by(t, gojose.ES256, ecKey(), "ec", nil)
	wantVerified(t, f, good)
	c.pass(setLife - time.Second)
	wantVerified(t, f, good)
	p.wantAsked(t, "within five minutes", 1)
	c.pass(time.Second)
	p.publish(setOf(t, jwk(t, rsaKey().Public(), members{"kid": "rsa"})), nil)
	wantRefused(t, f, good, ErrUnknownKey)
	p.wantAsked(t, "after five minutes", 2)
	c.pass(-time.Hour) // a clock that was set back
	wantRefused(t, f, good, ErrUnknownKey)
	p.wantAsked(t, "after the clock was set back", 3)
}

func TestNewKeysWorkAtOnce(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"with a key id": "new", "without one": "", "with the old key id": "ec"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, p, c := newFetcher(t)
			wantVerified(t, f, by(t, gojose.ES256, ecKey(), "ec", nil))
			fresh := newECKey(ecKey().Curve)
			p.publish(setOf(t, jwk(t, fresh.Public(), members{"kid": key})), nil)
			c.pass(setPause)
			wantVerified(t, f, by(t, gojose.ES256, fresh, key, nil))
			p.wantAsked(t, "after the change", 2)
		})
	}
}

func TestForgedAssertionsAskAtMostEveryTenSeconds(t *testing.T) {
	t.Parallel()
	f, p, c := newFetcher(t)
	good, forged := by(t, gojose.ES256, ecKey(), "ec", nil), by(t, gojose.ES256, newECKey(ecKey().Curve), "forged", nil)
	for range 5 {
		wantRefused(t, f, forged, ErrUnknownKey)
	}
	p.wantAsked(t, "to begin with", 1)
	c.pass(setPause)
	for range 5 {
		wantRefused(t, f, forged, ErrUnknownKey)
		wantVerified(t, f, good)
	}
	p.wantAsked(t, "after ten seconds", 2)
}

func TestBadAssertionsAskNobody(t *testing.T) {
	t.Parallel()
	f, p, _ := newFetcher(t)
	for _, bad := range []string{"", "x", written(`{"alg":"none"}`, claims, nil)} {
		wantRefused(t, f, bad, ErrAssertion)
	}
	p.wantAsked(t, "for bad assertions", 0)
}

func TestHostThatFailsIsLeftAloneForAWhile(t *testing.T) {
	t.Parallel()
	f, p, c := newFetcher(t)
	good, down := by(t, gojose.ES256, ecKey(), "ec", nil), errors.New("host is down")
	p.publish(nil, down)
	for range 3 {
		wantRefused(t, f, good, ErrFetch)
	}
	p.wantAsked(t, "while it is down", 1)
	p.publish(kioskKeys(t), nil)
	c.pass(setPause)
	wantVerified(t, f, good)
	p.wantAsked(t, "when it is back", 2)

	// Keys that are known are good for their five minutes, whatever the host does.
	p.publish(nil, down)
	c.pass(setPause)
	wantRefused(t, f, by(t, gojose.ES256, ecKey(), "new", nil), down)
	wantRefused(t, f, by(t, gojose.ES256, ecKey(), "new", nil), ErrUnknownKey)
	wantVerified(t, f, good)
	p.wantAsked(t, "for a new key", 3)
	c.pass(setLife)
	wantRefused(t, f, good, down)
}

func TestCallerWhoLeavesIsNotTheHostThatFails(t *testing.T) {
	t.Parallel()
	f, p, _ := newFetcher(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	s := f.source(uri)
	if _, err := f.keys(gone, s, setLife); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantVerified(t, f, by(t, gojose.ES256, ecKey(), "ec", nil))
	if s.triedAt != noon || s.err != nil {
		t.Errorf("tried at %v with %v", s.triedAt, s.err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked > 2 {
		t.Errorf("asked %d times", p.asked)
	}
}

func TestManyCallersReadOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, p, _ := newFetcher(t)
		answer := make(chan struct{})
		f.fetch = func(ctx context.Context, uri string) ([]gojose.JSONWebKey, error) {
			<-answer
			return p.fetch(ctx, uri)
		}
		good := by(t, gojose.ES256, ecKey(), "ec", nil)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() { wantVerified(t, f, good) })
		}
		gone, leave := context.WithCancel(t.Context())
		group.Go(func() {
			synctest.Wait() // all others wait for the host
			left := make(chan error, 1)
			go func() { _, err := f.VerifyAssertion(gone, uri, good); left <- err }()
			leave()
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Errorf("a caller who left got %v", err)
			}
			close(answer)
		})
		group.Wait()
		p.wantAsked(t, "by twenty callers", 1)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	f, p, _ := newFetcher(t)
	good := by(t, gojose.ES256, ecKey(), "ec", nil)
	for i := range maxSets + 10 {
		s := f.source(fmt.Sprint(i))
		if _, err := f.keys(t.Context(), s, setLife); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(f.byURI); got != maxSets {
		t.Errorf("%d URIs are remembered", got)
	}
	if last := fmt.Sprint(maxSets + 9); f.byURI[last] == nil {
		t.Error("the newest is not among them")
	}
	wantVerified(t, f, good)
	p.wantAsked(t, "in all", maxSets+11)
}
