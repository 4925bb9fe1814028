package worker

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func testSender(change ...func(*Config)) *sender {
	c := Config{AllowNetworks: loopback, Sends: 4, SendsPerClient: 4, Version: "test", Now: newClock().Now}
	for _, f := range change {
		f(&c)
	}
	return newSender(c)
}

// raw is a receiver that answers with given bytes, whatever they are.
func raw(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestSendNamesWhatWentWrong(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	tls := httptest.NewUnstartedServer(status(200))
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	t.Cleanup(tls.Close)
	plain := httptest.NewServer(status(200))
	t.Cleanup(plain.Close)
	for name, tc := range map[string]struct{ url, outcome string }{
		"nobody listens":                     {closed.URL, "connection refused"},
		"an unknown authority":               {tls.URL, "tls"},
		"no TLS where TLS is spoken":         {strings.Replace(plain.URL, "http:", "https:", 1), "tls"},
		"a name that does not exist":         {"https://unknown.example/", "unknown host"},
		"a connection closed without a word": {raw(t, ""), "connection closed"},
		"an answer that is no HTTP":          {raw(t, "hello\r\n\r\n"), "no answer"},
		"headers without end":                {raw(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2*maxAnswerHeader)+"\r\n\r\n"), "no answer"},
		"interim answers without end":        {raw(t, strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", 2000)), "no answer"},
		"a user name in the URL":             {"https://user@127.0.0.1/", "blocked"},
		"not a URL":                          {"http://[", "blocked"},
		"a host outside the networks":        {"https://10.0.0.1/", "blocked"},
		"plain http to a public host":        {"http://8.8.8.8/", "blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testSender(func(c *Config) { c.Resolver = names{} })
			defer s.close()
			a := s.send(t.Context(), tc.url, http.Header{}, []byte("{}"))
			if a.delivered() || a.outcome != tc.outcome || a.blocked != (tc.outcome == "blocked") {
				t.Errorf("answer %+v, want %q", a, tc.outcome)
			}
		})
	}
}

func TestSendTrustsTheGivenAuthorities(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(status(204))
	t.Cleanup(srv.Close)
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	s := testSender(func(c *Config) { c.RootCAs = pool })
	defer s.close()
	if a := s.send(t.Context(), srv.URL, http.Header{}, []byte("{}")); !a.delivered() {
		t.Errorf("answer %+v", a)
	}
}

func TestSendReadsOnlySoMuch(t *testing.T) {
	t.Parallel()
	wrote := make(chan int, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		for {
			m, err := w.Write(make([]byte, 64<<10))
			if n += m; err != nil {
				wrote <- n
				return
			}
		}
	}))
	t.Cleanup(srv.Close)
	s := testSender()
	defer s.close()
	if a := s.send(t.Context(), srv.URL, http.Header{}, []byte("{}")); !a.delivered() {
		t.Errorf("answer %+v", a)
	}
	one(t, wrote) // the connection was closed, else the receiver would write for ever
}

func TestSendUsesNoProxy(t *testing.T) {
	t.Parallel()
	s := testSender()
	if s.plain.Proxy != nil || s.encrypted.Proxy != nil {
		t.Error("a proxy may be used")
	}
}

func TestSendUsesConnectionsAgain(t *testing.T) {
	t.Parallel()
	made := make(chan struct{}, 100)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "thank you")
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made <- struct{}{}
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	s := testSender()
	defer s.close()
	for range 20 {
		s.send(t.Context(), srv.URL, http.Header{}, []byte("{}"))
	}
	if len(made) != 1 {
		t.Errorf("%d connections for 20 webhooks in a row", len(made))
	}
}

// silent never answers. Its connections end with the bubble's time.
func silent(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, server) }()
	return client, nil
}

func TestSendHasLimitsOfTime(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		url   string
		dial  func(context.Context, string, string) (net.Conn, error)
		limit time.Duration
	}{
		"15 s for the answer": {"http://127.0.0.1/", silent, sendTimeout},
		"5 s for TLS":         {"https://127.0.0.1/", silent, tlsTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := testSender()
				s.plain.DialContext, s.encrypted.DialContext = tc.dial, tc.dial
				began := time.Now()
				a := s.send(t.Context(), tc.url, http.Header{}, []byte("{}"))
				if took := time.Since(began); took != tc.limit {
					t.Errorf("gave up after %v, want %v", took, tc.limit)
				}
				if a.outcome != "timeout" || a.retryAfter != busyWait {
					t.Errorf("answer %+v", a)
				}
				s.close()
			})
		})
	}
}

func TestDialHasALimitOfTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDialer(newGuard(nil), true, names{"two.example": "1.1.1.1 8.8.8.8"})
		var pauses []time.Duration
		d.connect = func(ctx context.Context, _, _ string) (net.Conn, error) {
			began := time.Now()
			<-ctx.Done()
			pauses = append(pauses, time.Since(began))
			return nil, ctx.Err()
		}
		_, err := d.DialContext(t.Context(), "tcp", "two.example:443")
		if len(pauses) != 2 || pauses[0] != connectTimeout/2 || pauses[1] != connectTimeout/2 || reason(err) != "timeout" {
			t.Errorf("waited %v, error %v; want half of %v for each address", pauses, err, connectTimeout)
		}
	})
}

func TestReasonsOfErrors(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"unreachable":       &net.OpError{Op: "dial", Err: syscall.ENETUNREACH},
		"connection closed": fmt.Errorf("x: %w", syscall.ECONNRESET),
		"unknown host":      &net.DNSError{IsNotFound: true},
		"timeout":           &net.DNSError{IsTimeout: true},
		"aborted":           context.Canceled,
		"tls":               &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")},
		"no answer":         errors.New("203.0.113.7 said something secret"),
	} {
		if got := reason(err); got != want {
			t.Errorf("reason(%v) = %q, want %q", err, got, want)
		}
	}
}
