package addresstest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// Security is how a server's connections become safe.
type Security int

// The kinds of security.
const (
	STARTTLS Security = iota // offered after the greeting
	TLS                      // from the first byte
	Clear                    // none, and none offered
)

// Stage is a step of handing a mail over at which a server can refuse it.
type Stage string

// The stages.
const (
	StageFrom      Stage = "MAIL"
	StageRecipient Stage = "RCPT"
	StageData      Stage = "DATA" // after the mail has been read
)

// Reply is a server's refusal, such as 550 5.1.1.
type Reply struct {
	Code     int
	Enhanced [3]int // RFC 3463; zero: none
	Text     string
}

// Options say what a server does. The zero value takes every mail, by STARTTLS.
type Options struct {
	Security Security
	User     string // empty: no sign-in is offered
	Password string
	// Answer is asked at each stage and returns nil to go on. mailbox is the sender
	// or, from StageRecipient on, the recipient. It may block until the server is
	// closed.
	Answer func(stage Stage, mailbox string) *Reply
}

// Mail is what a server was given.
type Mail struct {
	From string
	To   []string
	Raw  []byte // header and body as they came
	TLS  bool   // over TLS
	User string // who had signed in
}

// Server is a running mail server on a loopback address.
type Server struct {
	options Options
	smtp    *smtp.Server
	address string
	cert    tls.Certificate

	mu    sync.Mutex
	mails []Mail
	more  chan struct{} // closed when a mail comes
	logon []string      // the users of refused sign-ins
}

// Start starts a server that runs until the test is over.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	cert, err := selfSigned()
	if err != nil {
		tb.Fatalf("making a certificate: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("starting a mail server: %v", err)
	}
	s := &Server{options: o, address: listener.Addr().String(), cert: cert, more: make(chan struct{})}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	s.smtp.Domain, s.smtp.ErrorLog = "mail.test", log.New(io.Discard, "", 0)
	secure := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	switch o.Security {
	case STARTTLS:
		s.smtp.TLSConfig = secure
	case TLS:
		listener = tls.NewListener(listener, secure)
	case Clear:
		s.smtp.AllowInsecureAuth = true
	}
	s.serve(tb, listener)
	return s
}

// serve takes connections until the test is over.
func (s *Server) serve(tb testing.TB, listener net.Listener) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.smtp.Serve(listener)
	}()
	tb.Cleanup(func() {
		_ = s.smtp.Close()
		_ = listener.Close() // the server may not have got to know it yet
		<-done
	})
}

// Address returns host:port.
func (s *Server) Address() string { return s.address }

// RootCAs returns what the server's certificate is trusted by.
func (s *Server) RootCAs() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.RootsPEM())
	return pool
}

// RootsPEM returns the same as a file's content.
func (s *Server) RootsPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Certificate[0]})
}

// Mails returns what the server has been given so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// RefusedUsers returns the names of those who signed in with a wrong password.
func (s *Server) RefusedUsers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.logon...)
}

// Wait returns the first n mails as soon as there are that many, or the error of ctx.
func (s *Server) Wait(ctx context.Context, n int) ([]Mail, error) {
	for {
		s.mu.Lock()
		mails, more := s.mails, s.more
		s.mu.Unlock()
		if len(mails) >= n {
			return append([]Mail(nil), mails[:n]...), nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Server) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.more)
	s.more = make(chan struct{})
}
