package jose

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// host is a client's web server.
type host struct {
	*httptest.Server
	asked atomic.Int64
}

func newHost(t *testing.T, encrypted bool, answer http.HandlerFunc) *host {
	t.Helper()
	h := &host{}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.asked.Add(1); answer(w, r) })
	h.Server = httptest.NewUnstartedServer(counted)
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	if encrypted {
		h.StartTLS()
	} else {
		h.Start()
	}
	t.Cleanup(h.Close)
	return h
}

// roots returns a pool with the host's certificate.
func (h *host) roots() *x509.CertPool {
	if h.Certificate() == nil {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AddCert(h.Certificate())
	return pool
}

func TestKeysAreRead(t *testing.T) {
	t.Parallel()
	for name, encrypted := range map[string]bool{"by https": true, "by http in a network that is allowed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, encrypted, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.UserAgent() != "vouchgate/1" || r.RequestURI != "/jwks?v=1" {
					t.Errorf("asked %s %s as %s", r.Method, r.RequestURI, r.UserAgent())
				}
				_, _ = w.Write(kioskKeys(t))
			})
			r := newReader(FetcherConfig{AllowNetworks: loopback, RootCAs: h.roots(), Agent: "vouchgate/1"})
			keys, err := r.read(t.Context(), h.URL+"/jwks?v=1")
			if err != nil || len(keys) != 2 || keys[0].KeyID != "ec" || keys[1].KeyID != "rsa" {
				t.Errorf("got %d keys, %v", len(keys), err)
			}
		})
	}
}

func TestAnswersThatAreNoKeysAreRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		why    string
	}{
		"not found":                   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); fmt.Fprint(w, `{"keys":[]}`) }, "status 404"},
		"another status that is good": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "status 204"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Error("the redirect was followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, "status 302"},
		"a page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "bad key set"},
		"too many bytes": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"keys":[],"more":%q}`, strings.Repeat("x", maxSet))
		}, "longer than"},
		"too long a header": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) }, "header"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"keys":`)
		}, "reading answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, true, row.answer)
			keys, err := newReader(FetcherConfig{AllowNetworks: loopback, RootCAs: h.roots()}).read(t.Context(), h.URL+"/jwks")
			if !errors.Is(err, ErrFetch) || !strings.Contains(err.Error(), row.why) || keys != nil {
				t.Errorf("got %d keys, %v; want ErrFetch because of %q", len(keys), err, row.why)
			}
		})
	}
}

func TestPrivateHostsAreNotAsked(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{true, false} {
		h := newHost(t, encrypted, func(http.ResponseWriter, *http.Request) {})
		_, port, _ := net.SplitHostPort(h.Listener.Addr().String())
		scheme, _, _ := strings.Cut(h.URL, ":")
		r := newReader(FetcherConfig{RootCAs: h.roots()})
		for _, name := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]"} {
			_, err := r.read(t.Context(), scheme+"://"+name+":"+port+"/")
			if !errors.Is(err, ErrFetch) || !errors.Is(err, ErrBlocked) {
				t.Errorf("%s://%s: %v, want ErrBlocked", scheme, name, err)
			}
		}
		if h.asked.Load() != 0 {
			t.Errorf("the host was asked %d times", h.asked.Load())
		}
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	h := newHost(t, true, func(http.ResponseWriter, *http.Request) {})
	r := newReader(FetcherConfig{AllowNetworks: loopback, RootCAs: x509.NewCertPool()})
	if _, err := r.read(t.Context(), h.URL); !errors.Is(err, ErrFetch) || h.asked.Load() != 0 {
		t.Errorf("a host with an unknown certificate was asked: %v", err)
	}
}

func TestURIsThatLeadNowhereAreRefused(t *testing.T) {
	t.Parallel()
	r := newReader(FetcherConfig{AllowNetworks: loopback})
	r.plain.DialContext = func(context.Context, string, string) (net.Conn, error) {
		t.Error("a connection was made")
		return nil, errors.New("no")
	}
	r.encrypted.DialContext = r.plain.DialContext
	for _, uri := range []string{
		"", "jwks", "/jwks", "//127.0.0.1/jwks", "file:///etc/passwd", "ftp://127.0.0.1/", "https:127.0.0.1", "https://",
		"https://user:pw@127.0.0.1/", "https://user@127.0.0.1/", "https://127.0.0.1\n/", "gopher://127.0.0.1:70/x", "http://[::1",
	} {
		if _, err := r.read(t.Context(), uri); !errors.Is(err, ErrFetch) {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func TestReadingEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe() // nobody answers at the other end
		defer theirs.Close()
		r := newReader(FetcherConfig{})
		r.plain.DialContext = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
		begin := time.Now()
		if _, err := r.read(t.Context(), "http://kiosk.example/"); !errors.Is(err, ErrFetch) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took != fetchTimeout { // on the clock of the test
			t.Errorf("it took %v", took)
		}
	})
}
