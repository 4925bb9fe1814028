package swiyu_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/verify/swiyu"
)

// tokenServer gives out token-1, token-2 and so on; accepted is the one that the
// verifier takes.
type tokenServer struct {
	*httptest.Server
	issued   atomic.Int64
	accepted atomic.Int64
	status   atomic.Int64 // other than 0: what it answers instead
}

func newTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	s := &tokenServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := int(s.status.Load()); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"CANARY"}`)
			return
		}
		id, secret, _ := r.BasicAuth()
		if id != "gateway" || secret != "s3cret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "verify" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, s.issued.Add(1))
	}))
	t.Cleanup(s.Close)
	s.accepted.Store(1)
	return s
}

func (s *tokenServer) check(token string) bool {
	return token == fmt.Sprintf("token-%d", s.accepted.Load())
}

func (s *tokenServer) configure(c *swiyu.Config) {
	c.TokenURL, c.ClientID, c.ClientSecret, c.Scopes = s.URL, "gateway", "s3cret", []string{"verify"}
}

func TestATokenIsFetchedOnceAndReused(t *testing.T) {
	t.Parallel()
	s := newTokenServer(t)
	b := newBench(t, benchOptions{checkToken: s.check, config: s.configure})
	id := b.create("profile")
	b.fetch(id, "profile")
	b.must(b.client.Probe(t.Context()))
	if n := s.issued.Load(); n != 1 {
		t.Errorf("%d tokens for three calls", n)
	}
}

func TestARefusedTokenIsReplacedOnceForAllCallers(t *testing.T) {
	t.Parallel()
	s := newTokenServer(t)
	b := newBench(t, benchOptions{checkToken: s.check, config: s.configure})
	id := b.create("profile")
	s.accepted.Store(2)
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			if _, err := b.client.Fetch(t.Context(), kyc.Client{}, id, "profile"); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if n := s.issued.Load(); n != 2 {
		t.Errorf("%d tokens, want the first and one replacement", n)
	}
}

func TestATokenThatIsRefusedTwiceIsAnError(t *testing.T) {
	t.Parallel()
	s := newTokenServer(t)
	s.accepted.Store(99)
	b := newBench(t, benchOptions{checkToken: s.check, config: s.configure})
	if _, err := b.client.Create(t.Context(), kyc.Client{}, "profile"); !errors.Is(err, swiyu.ErrRejected) {
		t.Errorf("got %v", err)
	}
	if n := s.issued.Load(); n != 2 {
		t.Errorf("%d tokens, want two", n)
	}
}

func TestATokenIsReplacedBeforeItRunsOut(t *testing.T) {
	t.Parallel()
	s := newTokenServer(t)
	b := newBench(t, benchOptions{checkToken: func(string) bool { return true }, config: s.configure})
	b.create("profile")
	b.clock.advance(100 * 365 * 24 * time.Hour)
	b.create("profile")
	if n := s.issued.Load(); n != 2 {
		t.Errorf("%d tokens, want two", n)
	}
}

func TestATokenEndpointThatRefuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{401: swiyu.ErrRejected, 400: swiyu.ErrRejected, 503: swiyu.ErrUnavailable, 302: swiyu.ErrUnavailable} {
		s := newTokenServer(t)
		s.status.Store(int64(status))
		b := newBench(t, benchOptions{checkToken: s.check, config: s.configure})
		_, err := b.client.Create(t.Context(), kyc.Client{}, "profile")
		if !errors.Is(err, want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%d: got %v, want %v", status, err, want)
		}
	}
}

func TestCredentialsGoToTheDefaultVerifierOnly(t *testing.T) {
	t.Parallel()
	var seen http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		_, _ = io.WriteString(w, created)
	}))
	t.Cleanup(other.Close)
	s := newTokenServer(t)
	for _, trusted := range []bool{false, true} {
		b := newBench(t, benchOptions{config: func(c *swiyu.Config) {
			s.configure(c)
			c.APIKeyHeader, c.APIKey = "X-Gateway-Key", "k3y"
			if trusted {
				c.CredentialOrigins = []string{other.URL}
			}
		}})
		if _, err := b.client.Create(t.Context(), kyc.Client{VerifierURL: other.URL}, "profile"); err != nil {
			t.Fatal(err)
		}
		if got := seen.Get("X-Gateway-Key") == "k3y" && strings.HasPrefix(seen.Get("Authorization"), "Bearer token-"); got != trusted {
			t.Errorf("trusted %v: credentials sent: %v", trusted, got)
		}
	}
}
