package addresstest

import (
	"crypto/subtle"
	"errors"
	"io"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection.
type session struct {
	server *Server
	conn   *smtp.Conn
	mail   Mail
	user   string
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	o := s.server.options
	return sasl.NewPlainServer(func(_, user, password string) error {
		if o.User == "" || user != o.User || subtle.ConstantTimeCompare([]byte(password), []byte(o.Password)) != 1 {
			s.server.mu.Lock()
			defer s.server.mu.Unlock()
			s.server.logon = append(s.server.logon, user)
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.User != "" && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.mail = Mail{From: from, User: s.user}
	return s.ask(StageFrom, from)
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = append(s.mail.To, to)
	return s.ask(StageRecipient, to)
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if len(s.mail.To) == 0 {
		return errors.New("a mail without recipients")
	}
	if err := s.ask(StageData, s.mail.To[0]); err != nil {
		return err
	}
	_, s.mail.TLS = s.conn.TLSConnectionState()
	s.mail.Raw = raw
	s.server.keep(s.mail)
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.mail = Mail{} }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

func (s *session) ask(stage Stage, mailbox string) error {
	if s.server.options.Answer == nil {
		return nil
	}
	reply := s.server.options.Answer(stage, mailbox)
	if reply == nil {
		return nil
	}
	enhanced := smtp.EnhancedCode(reply.Enhanced)
	if reply.Enhanced == [3]int{} {
		enhanced = smtp.NoEnhancedCode
	}
	return &smtp.SMTPError{Code: reply.Code, EnhancedCode: enhanced, Message: reply.Text}
}
