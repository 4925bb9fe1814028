package worker

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// The limits of a delivery.
const (
	sendTimeout     = 15 * time.Second // all in all
	tlsTimeout      = 5 * time.Second
	maxAnswerHeader = 16 << 10
	maxAnswerBody   = 64 << 10
)

// answer is what a receiver said, or why it said nothing.
type answer struct {
	status     int           // 0 without an answer
	outcome    string        // a short word for it, such as "503" or "timeout"
	retryAfter time.Duration // what it asked for
	blocked    bool
	aborted    bool // we gave up ourselves, because we shut down
}

func (a answer) delivered() bool { return a.status >= 200 && a.status <= 299 }

// sender posts signed bodies to receivers. It follows no redirects, keeps no
// cookies and uses no proxy: it speaks to the transport itself, below http.Client.
type sender struct {
	plain, encrypted *http.Transport
	agent            string
	now              func() time.Time
}

func newSender(c Config) *sender {
	g := newGuard(c.AllowNetworks)
	return &sender{
		plain:     newTransport(newDialer(g, false, c.Resolver), c),
		encrypted: newTransport(newDialer(g, true, c.Resolver), c),
		agent:     "vouchgate/" + c.Version,
		now:       c.Now,
	}
}

func newTransport(d *dialer, c Config) *http.Transport {
	return &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConns:           2 * c.Sends,
		MaxIdleConnsPerHost:    c.SendsPerClient,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: maxAnswerHeader,
	}
}

func (s *sender) close() {
	s.plain.CloseIdleConnections()
	s.encrypted.CloseIdleConnections()
}

// send posts one body. The header has the three fields of Standard Webhooks.
func (s *sender) send(ctx context.Context, to string, header http.Header, body []byte) answer {
	timed, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(timed, http.MethodPost, to, bytes.NewReader(body))
	if err != nil || req.URL.User != nil {
		return answer{outcome: "blocked", blocked: true}
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.agent)
	transport := s.encrypted
	if req.URL.Scheme != "https" {
		transport = s.plain
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answer{
			outcome: reason(err), blocked: errors.Is(err, ErrBlocked),
			aborted: ctx.Err() != nil, retryAfter: busyAfter(err),
		}
	}
	defer resp.Body.Close()
	a := s.judge(resp)
	// What the receiver says beside the status is not kept; it is read so that the
	// connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswerBody))
	return a
}

func (s *sender) judge(resp *http.Response) answer {
	a := answer{status: resp.StatusCode, outcome: strconv.Itoa(resp.StatusCode)}
	switch {
	case a.delivered():
		a.outcome = "delivered"
	case a.status >= 300 && a.status <= 399:
		a.outcome = "redirect " + a.outcome
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable:
		a.retryAfter = max(busyWait, RetryAfter(resp.Header.Get("Retry-After"), s.now()))
	}
	return a
}

func busyAfter(err error) time.Duration {
	if timedOut(err) {
		return busyWait
	}
	return 0
}

func timedOut(err error) bool {
	var slow net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout()
}

// reason names an error of the transport in a word or two. The error's own text
// is not kept: it holds addresses.
func reason(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, ErrBlocked):
		return "blocked"
	case errors.Is(err, context.Canceled):
		return "aborted"
	case errors.As(err, &dns) && !dns.IsTimeout:
		return "unknown host"
	case timedOut(err):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "unreachable"
	case isTLS(err):
		return "tls"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	}
	return "no answer"
}

func isTLS(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		alert        tls.AlertError
		authority    x509.UnknownAuthorityError
		name         x509.HostnameError
		invalid      x509.CertificateInvalidError
		remote       *net.OpError
	)
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid) ||
		errors.As(err, &remote) && remote.Op == "remote error"
}
