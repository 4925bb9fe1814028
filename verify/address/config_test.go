package address

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestNewListsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	plain := filepath.Join(folder, "plain")
	if err := os.WriteFile(plain, []byte("not a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Config{
		Region:    "Switzerland",
		Templates: filepath.Join(folder, "none"),
		SMTP: SMTP{Address: "mail.example.org", TLS: "ssl", User: "x", From: "Codes\r\nBcc: z <a@example.org>",
			ReplyTo: "root@localhost", Timeout: -1},
		Helpers: map[kyc.Method]string{
			kyc.MethodSwiyu: "/bin/true", kyc.MethodEmail: "/bin/true", kyc.MethodPhone: plain,
			kyc.MethodPostal: filepath.Join(folder, "none"), kyc.MethodPostalCH: folder,
		},
		HelperTimeout: -time.Second,
	})
	if err == nil {
		t.Fatal("was taken")
	}
	for _, want := range []string{
		"public address is needed", "now is needed", `region "Switzerland"`, "reading message templates",
		`method "swiyu" has no use`, "helper for phone", "helper for postal:", "helper for postal-ch", "time limit of helpers",
		"choose one", "must be host:port", "tls must be", "belong together", "smtp: from:", "smtp: reply to:", "smtp: the time limit",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

func TestSMTPSettings(t *testing.T) {
	t.Parallel()
	good := SMTP{Address: "mail.example.org:587", User: "x", Password: "y", From: "codes@example.org"}
	rows := []struct {
		name   string
		change func(*SMTP)
		fault  string
	}{
		{"a server with a sign-in", func(*SMTP) {}, ""},
		{"no TLS to this machine", func(s *SMTP) { s.Address, s.TLS, s.User, s.Password = "127.0.0.1:25", NoTLS, "", "" }, ""},
		{"no TLS to this machine by its IPv6 address", func(s *SMTP) { s.Address, s.TLS, s.User, s.Password = "[::1]:25", NoTLS, "", "" }, ""},
		{"no TLS to another", func(s *SMTP) { s.TLS, s.User, s.Password = NoTLS, "", "" }, "loopback"},
		{"no TLS to a name that only begins like this machine", func(s *SMTP) {
			s.Address, s.TLS, s.User, s.Password = "localhost.example.org:25", NoTLS, "", ""
		}, "loopback"},
		{"a sign-in in clear", func(s *SMTP) { s.Address, s.TLS = "127.0.0.1:25", NoTLS }, "sign-in needs tls"},
		{"a user without a password", func(s *SMTP) { s.Password = "" }, "belong together"},
		{"a password without a user", func(s *SMTP) { s.User = "" }, "belong together"},
		{"no sender", func(s *SMTP) { s.From = "" }, "from"},
		{"no server", func(s *SMTP) { s.Address = "" }, "without the address of a server: user, password, from"},
		{"no server but where answers go", func(s *SMTP) { *s = SMTP{TLS: TLS, ReplyTo: "a@example.org"} }, "without the address of a server: tls, reply to"},
		{"no port", func(s *SMTP) { s.Address = "mail.example.org:" }, "host:port"},
		{"a port that is none", func(s *SMTP) { s.Address = "mail.example.org:70000" }, "host:port"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{Public: gateway(t), Now: testClock, SMTP: good}
			r.change(&cfg.SMTP)
			c, err := New(cfg)
			switch {
			case r.fault == "" && err != nil:
				t.Fatal(err)
			case r.fault == "" && !slices.Equal(c.Methods(), []kyc.Method{kyc.MethodEmail}):
				t.Errorf("methods are %v", c.Methods())
			case r.fault != "" && (err == nil || !strings.Contains(err.Error(), r.fault)):
				t.Errorf("error is %v, want one about %q", err, r.fault)
			case err != nil && strings.Contains(err.Error(), "yyy"):
				t.Error("the password is in the error")
			}
		})
	}
}

func TestCourierKnowsItsWays(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{Public: gateway(t), Now: testClock}); !errors.Is(err, ErrNoWay) {
		t.Errorf("without any way: %v", err)
	}
	if _, err := New(Config{Public: &url.URL{Path: "/x"}, Now: testClock, Helpers: map[kyc.Method]string{kyc.MethodPhone: "/bin/sh"}}); err == nil {
		t.Error("a public address without a host was taken")
	}
	c, err := New(Config{Public: gateway(t), Now: testClock, Region: "DE", Helpers: map[kyc.Method]string{kyc.MethodPostal: "/bin/sh"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Methods(); !slices.Equal(got, []kyc.Method{kyc.MethodPostal, kyc.MethodPostalCH}) {
		t.Errorf("methods are %v", got)
	}
	if c.Reader().Region != "DE" {
		t.Errorf("the reader's region is %q", c.Reader().Region)
	}
	state, err := c.Send(context.Background(), messageTo(kyc.MethodPhone))
	if state != kyc.DeliveryDelayed || !errors.Is(err, ErrNoWay) || !isFault(err) {
		t.Errorf("a message without a way: %q, %v", state, err)
	}
}
