package address

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/verify/address/addresstest"
)

// mailing returns a Courier for a mail server.
func mailing(t *testing.T, server *addresstest.Server, change func(*SMTP)) *Courier {
	t.Helper()
	s := SMTP{Address: server.Address(), From: "Müster Codes <codes@müster.example>", RootCAs: server.RootCAs(), Timeout: time.Minute}
	if change != nil {
		change(&s)
	}
	c, err := New(Config{Public: gateway(t), Now: testClock, SMTP: s})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMailsArrive(t *testing.T) {
	t.Parallel()
	signIn := func(s *SMTP) { s.User, s.Password = "gateway", "secret word" }
	rows := []struct {
		name    string
		options addresstest.Options
		change  func(*SMTP)
		tls     bool
		user    string
	}{
		{"by STARTTLS", addresstest.Options{}, nil, true, ""},
		{"by STARTTLS with a sign-in", addresstest.Options{User: "gateway", Password: "secret word"}, signIn, true, "gateway"},
		{"by TLS", addresstest.Options{Security: addresstest.TLS}, func(s *SMTP) { s.TLS = TLS }, true, ""},
		{"by TLS with a sign-in", addresstest.Options{Security: addresstest.TLS, User: "gateway", Password: "secret word"},
			func(s *SMTP) { s.TLS = TLS; signIn(s) }, true, "gateway"},
		{"in clear on this machine", addresstest.Options{Security: addresstest.Clear}, func(s *SMTP) { s.TLS = NoTLS }, false, ""},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			server := addresstest.Start(t, r.options)
			state, err := mailing(t, server, r.change).Send(t.Context(), messageTo(kyc.MethodEmail))
			if state != kyc.DeliverySent || err != nil {
				t.Fatalf("sending: %q, %v", state, err)
			}
			got := server.Mails()
			if len(got) != 1 {
				t.Fatalf("%d mails arrived", len(got))
			}
			if got[0].TLS != r.tls || got[0].User != r.user || got[0].From != "codes@xn--mster-kva.example" ||
				!slices.Equal(got[0].To, []string{"anna.muster@xn--bcher-kva.example"}) {
				t.Errorf("TLS %t, user %q, from %q to %q", got[0].TLS, got[0].User, got[0].From, got[0].To)
			}
		})
	}
}

func TestMailsAreWellMade(t *testing.T) {
	t.Parallel()
	server := addresstest.Start(t, addresstest.Options{})
	c := mailing(t, server, func(s *SMTP) { s.ReplyTo = "Help <help@muster.example>" })
	m := messageTo(kyc.MethodEmail)
	m.Language, m.ClientName = "de", "Müster\r\nBcc: z@example.org\r\n\r\nBank"
	for range 2 {
		if state, err := c.Send(t.Context(), m); state != kyc.DeliverySent {
			t.Fatal(err)
		}
	}
	mails := server.Mails()
	parsed, err := mail.ReadMessage(bytes.NewReader(mails[0].Raw))
	if err != nil {
		t.Fatal(err)
	}
	h := parsed.Header
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if want := "Ihr Code für Müster Bcc: z@example.org Bank"; subject != want || err != nil {
		t.Errorf("subject is %q, %v", subject, err)
	}
	for name, want := range map[string]string{
		"To": "<anna.muster@xn--bcher-kva.example>", "Date": "Sun, 22 Nov 2026 12:00:00 +0000",
		"Auto-Submitted": "auto-generated", "Bcc": "", "Cc": "", "User-Agent": "", "X-Mailer": "",
		"Reply-To": `"Help" <help@muster.example>`,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if from, err := h.AddressList("From"); err != nil || from[0].Name != "Müster Codes" || from[0].Address != "codes@xn--mster-kva.example" {
		t.Errorf("from is %v, %v", from, err)
	}
	id := h.Get("Message-ID")
	if !strings.HasSuffix(id, "@xn--mster-kva.example>") || strings.Contains(id, testID.String()) {
		t.Errorf("message id is %q", id)
	}
	if again, err := mail.ReadMessage(bytes.NewReader(mails[1].Raw)); err != nil || again.Header.Get("Message-ID") != id {
		t.Errorf("a second try has another message id: %v", err)
	}
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); kind != "text/plain" || err != nil {
		t.Errorf("content type is %q", h.Get("Content-Type"))
	}
	body, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil || !strings.Contains(string(body), "    "+testTAN+"\r\n") || !strings.Contains(string(body), "möchte wissen") {
		t.Errorf("body is %q, %v", body, err)
	}
	if bytes.Contains(bytes.ReplaceAll(mails[0].Raw, []byte("\r\n"), nil), []byte("\n")) {
		t.Error("a line ends without a carriage return")
	}
}

func TestNothingIsToldToServersThatAreNotSafe(t *testing.T) {
	t.Parallel()
	signIn := func(password string) func(*SMTP) {
		return func(s *SMTP) { s.User, s.Password = "gateway", password }
	}
	rows := []struct {
		name    string
		options addresstest.Options
		change  func(*SMTP)
		want    string
	}{
		{"a server without STARTTLS", addresstest.Options{Security: addresstest.Clear}, nil, "STARTTLS"},
		{"a server without STARTTLS that would take a password", addresstest.Options{Security: addresstest.Clear, User: "gateway", Password: "x"},
			signIn("x"), "STARTTLS"},
		{"a server without TLS", addresstest.Options{Security: addresstest.Clear}, func(s *SMTP) { s.TLS = TLS }, "tls"},
		{"a certificate that nobody trusts", addresstest.Options{}, func(s *SMTP) { s.RootCAs = x509.NewCertPool() }, "certificate"},
		{"a certificate that nobody trusts, by TLS", addresstest.Options{Security: addresstest.TLS},
			func(s *SMTP) { s.TLS, s.RootCAs = TLS, x509.NewCertPool() }, "certificate"},
		{"a wrong password", addresstest.Options{User: "gateway", Password: "right"}, signIn("wrong"), "AUTH failed"},
		{"no sign-in offered", addresstest.Options{}, signIn("x"), "AUTH"},
		{"a sign-in that was not configured", addresstest.Options{User: "gateway", Password: "x"}, nil, "MAIL"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			server := addresstest.Start(t, r.options)
			state, err := mailing(t, server, r.change).Send(t.Context(), messageTo(kyc.MethodEmail))
			if state != kyc.DeliveryDelayed || !isFault(err) || !strings.Contains(err.Error(), r.want) {
				t.Errorf("state %q, %v; want a fault about %q", state, err, r.want)
			}
			if len(server.Mails()) != 0 {
				t.Error("the mail was given away")
			}
		})
	}
}

// Somebody in between who takes STARTTLS out of the server's answer learns nothing.
func TestDowngradeIsSeen(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heard := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var all strings.Builder
		defer func() { heard <- all.String() }()
		_, _ = io.WriteString(conn, "220 mail.test ESMTP\r\n")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			all.WriteString(lines.Text() + "\n")
			answer := "250 fine\r\n"
			if strings.HasPrefix(lines.Text(), "EHLO") {
				answer = "250-mail.test\r\n250-XXXXXXXX\r\n250 AUTH PLAIN LOGIN\r\n"
			}
			if _, err := io.WriteString(conn, answer); err != nil {
				return
			}
		}
	}()
	c, err := New(Config{Public: gateway(t), Now: testClock, SMTP: SMTP{
		Address: listener.Addr().String(), From: "codes@example.org", User: "gateway", Password: "secret word"}})
	if err != nil {
		t.Fatal(err)
	}
	m := messageTo(kyc.MethodEmail)
	if state, err := c.Send(t.Context(), m); state != kyc.DeliveryDelayed || err == nil {
		t.Errorf("state %q, %v", state, err)
	}
	told := <-heard
	if !strings.HasPrefix(told, "EHLO id.muster.example\n") {
		t.Errorf("the server was greeted with:\n%s", told)
	}
	wantSecret(t, "what the server was told", told, m)
	if strings.Contains(told, "AUTH") || strings.Contains(told, "MAIL") {
		t.Errorf("the server was told:\n%s", told)
	}
}

func TestNoServerDelays(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	c, err := New(Config{Public: gateway(t), Now: testClock, SMTP: SMTP{Address: address, From: "codes@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := c.Send(t.Context(), messageTo(kyc.MethodEmail)); state != kyc.DeliveryDelayed || err == nil || isFault(err) {
		t.Errorf("state %q, %v", state, err)
	}
}

// A server that says nothing, at any stage, holds nobody up beyond the context.
func TestSilentServersAreLeft(t *testing.T) {
	t.Parallel()
	for _, stage := range []addresstest.Stage{"greeting", addresstest.StageFrom, addresstest.StageRecipient, addresstest.StageData} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			quiet := make(chan struct{})
			t.Cleanup(func() { close(quiet) })
			s := SMTP{From: "codes@example.org", Timeout: time.Hour}
			if stage == "greeting" {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer listener.Close()
				go func() {
					if conn, err := listener.Accept(); err == nil {
						defer conn.Close()
						cancel()
						<-quiet
					}
				}()
				s.Address = listener.Addr().String()
			} else {
				server := addresstest.Start(t, addresstest.Options{Answer: func(at addresstest.Stage, _ string) *addresstest.Reply {
					if at == stage {
						cancel()
						<-quiet
					}
					return nil
				}})
				s.Address, s.RootCAs = server.Address(), server.RootCAs()
			}
			c, err := New(Config{Public: gateway(t), Now: testClock, SMTP: s})
			if err != nil {
				t.Fatal(err)
			}
			if state, err := c.Send(ctx, messageTo(kyc.MethodEmail)); state != kyc.DeliveryDelayed || err == nil {
				t.Errorf("state %q, %v", state, err)
			}
		})
	}
}
