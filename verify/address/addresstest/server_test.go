package addresstest

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const letter = "Subject: x\r\n\r\nhello\r\n"

// dial connects as safely as the server allows.
func dial(t *testing.T, s *Server) *smtp.Client {
	t.Helper()
	trust := &tls.Config{RootCAs: s.RootCAs(), ServerName: "127.0.0.1"}
	var client *smtp.Client
	var err error
	switch s.options.Security {
	case STARTTLS:
		client, err = smtp.DialStartTLS(s.Address(), trust)
	case TLS:
		client, err = smtp.DialTLS(s.Address(), trust)
	default:
		client, err = smtp.Dial(s.Address())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestServerKeepsMails(t *testing.T) {
	t.Parallel()
	for _, security := range []Security{STARTTLS, TLS, Clear} {
		s := Start(t, Options{Security: security, User: "u", Password: "p"})
		client := dial(t, s)
		if err := client.Mail("a@example.org", nil); err == nil {
			t.Errorf("security %d: a mail was taken before the sign-in", security)
		}
		if err := client.Auth(sasl.NewPlainClient("", "u", "p")); err != nil {
			t.Fatalf("security %d: %v", security, err)
		}
		if err := client.SendMail("a@example.org", []string{"b@example.org"}, strings.NewReader(letter)); err != nil {
			t.Fatalf("security %d: %v", security, err)
		}
		mails, err := s.Wait(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		m := mails[0]
		if m.From != "a@example.org" || !slices.Equal(m.To, []string{"b@example.org"}) || string(m.Raw) != letter ||
			m.User != "u" || m.TLS != (security != Clear) {
			t.Errorf("security %d: kept %+v", security, m)
		}
	}
}

func TestServerRefusesWhatItIsTold(t *testing.T) {
	t.Parallel()
	for _, stage := range []Stage{StageFrom, StageRecipient, StageData} {
		s := Start(t, Options{Answer: func(at Stage, mailbox string) *Reply {
			if at != stage || !strings.HasSuffix(mailbox, "@example.org") {
				return nil
			}
			return &Reply{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "later"}
		}})
		err := dial(t, s).SendMail("a@example.org", []string{"b@example.org"}, strings.NewReader(letter))
		var reply *smtp.SMTPError
		if !errors.As(err, &reply) || reply.Code != 451 || len(s.Mails()) != 0 {
			t.Errorf("%s: error %v, %d mails", stage, err, len(s.Mails()))
		}
	}
}

func TestServerRefusesWrongPasswords(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{User: "u", Password: "p"})
	if err := dial(t, s).Auth(sasl.NewPlainClient("", "u", "q")); err == nil {
		t.Error("a wrong password was taken")
	}
	if got := s.RefusedUsers(); !slices.Equal(got, []string{"u"}) {
		t.Errorf("refused users are %v", got)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(t, Options{}).Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
