package address

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchgate/kyc"

	"github.com/nyaruka/phonenumbers"
)

// The defaults of a Config.
const (
	DefaultHelperTimeout = 30 * time.Second
	DefaultSMTPTimeout   = 30 * time.Second
)

// How the connection to a mail server is protected.
const (
	STARTTLS = "starttls" // begins in clear and must become TLS before anything is told (RFC 3207)
	TLS      = "tls"      // TLS from the first byte (RFC 8314)
	NoTLS    = "none"     // never; to a server on the same machine alone
)

// Config is what a Courier needs. Public, Now and a way to send something are
// required, the rest has defaults.
type Config struct {
	Public *url.URL // of the gateway: its host is named in messages, and to mail servers
	Region string   // ISO 3166-1, for phone numbers without a country code; empty: DefaultRegion

	// Templates is a folder whose files replace message texts: email.de.txt,
	// sms.fr.txt, letter.it.txt and so on, in the languages en, de, fr and it. They
	// are text/template templates over Values; those of e-mails and letters begin
	// with a line "Subject: ...". Empty: the built-in texts.
	Templates string

	SMTP SMTP // for e-mail; without an address: none

	// Helpers are the programs that send what SMTP does not, by method. That for
	// postal gets letters to Switzerland too unless postal-ch has its own.
	Helpers       map[kyc.Method]string
	HelperTimeout time.Duration // of one message; 0: DefaultHelperTimeout
	Environ       []string      // of which helpers get a part; nil: that of this process

	Log *slog.Logger     // nil: no logs
	Now func() time.Time // UTC
}

// SMTP says how e-mail is sent.
type SMTP struct {
	Address  string         // host:port
	TLS      string         // STARTTLS, TLS or NoTLS; empty: STARTTLS
	User     string         // empty: no sign-in
	Password string         // of User
	From     string         // "Name <mailbox>" or a mailbox alone
	ReplyTo  string         // the same; empty: none
	Timeout  time.Duration  // of one message, the connection included; 0: DefaultSMTPTimeout
	RootCAs  *x509.CertPool // who may sign the server's certificate; nil: whom the system trusts
}

// New returns a Courier, or an error that lists everything wrong with the
// configuration. Helper programs must be there and may be run. A configuration without
// fault that has no way to send anything is ErrNoWay.
func New(cfg Config) (*Courier, error) {
	var faults []error
	host := ""
	if cfg.Public != nil {
		host = cfg.Public.Hostname()
	}
	if host == "" {
		faults = append(faults, errors.New("the public address is needed"))
	}
	if cfg.Now == nil {
		faults = append(faults, errors.New("now is needed"))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Region = cmp.Or(cfg.Region, DefaultRegion)
	if !phonenumbers.GetSupportedRegions()[cfg.Region] {
		faults = append(faults, fmt.Errorf("region %q is not one that has phone numbers, such as CH", cfg.Region))
	}
	c := &Courier{cfg: cfg, origin: origin{host: host}, ways: map[kyc.Method]way{}}
	var err error
	if c.texts, err = loadTexts(cfg.Templates); err != nil {
		faults = append(faults, err)
	}
	faults = append(faults, c.addHelpers()...)
	faults = append(faults, c.addSMTP()...)
	if len(c.ways) == 0 && len(faults) == 0 {
		faults = append(faults, ErrNoWay)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("configuring the sending of codes: %w", err)
	}
	return c, nil
}

// addHelpers adds the helper programs.
func (c *Courier) addHelpers() (faults []error) {
	timeout := cmp.Or(c.cfg.HelperTimeout, DefaultHelperTimeout)
	if timeout < 0 {
		faults = append(faults, errors.New("the time limit of helpers must be above 0"))
	}
	environ := c.cfg.Environ
	if environ == nil {
		environ = os.Environ()
	}
	for m, program := range c.cfg.Helpers {
		if !m.Addressed() {
			faults = append(faults, fmt.Errorf("method %q has no use for a helper", m))
			continue
		}
		path, err := filepath.Abs(program)
		if err == nil && program != "" {
			_, err = exec.LookPath(path)
		}
		if program == "" || err != nil {
			faults = append(faults, fmt.Errorf("helper for %s: %q is not a program that can be run", m, program))
			continue
		}
		c.ways[m] = &helper{program: path, environ: helperEnviron(environ), timeout: timeout, log: c.cfg.Log}
	}
	if post, ok := c.ways[kyc.MethodPostal]; ok && c.ways[kyc.MethodPostalCH] == nil {
		c.ways[kyc.MethodPostalCH] = post
	}
	return faults
}

// addSMTP adds the mail server.
func (c *Courier) addSMTP() (faults []error) {
	s := c.cfg.SMTP
	if s.Address == "" {
		if given := s.given(); len(given) > 0 {
			faults = append(faults, fmt.Errorf("smtp: settings without the address of a server: %s", strings.Join(given, ", ")))
		}
		return faults
	}
	if _, taken := c.cfg.Helpers[kyc.MethodEmail]; taken {
		faults = append(faults, errors.New("smtp: e-mail is sent by a helper already; choose one"))
	}
	w, more := newSMTP(s, c.origin.host, c.cfg.Now)
	for _, f := range more {
		faults = append(faults, fmt.Errorf("smtp: %w", f))
	}
	if len(faults) == 0 {
		c.ways[kyc.MethodEmail] = w
		if w.replyTo != nil {
			c.origin.replyTo = w.replyTo.Address
		}
	}
	return faults
}

// given names the settings that are of use with a server alone and were set.
func (s SMTP) given() (names []string) {
	for _, setting := range []struct{ name, value string }{
		{"tls", s.TLS}, {"user", s.User}, {"password", s.Password}, {"from", s.From}, {"reply to", s.ReplyTo},
	} {
		if setting.value != "" {
			names = append(names, setting.name)
		}
	}
	return names
}

// newSMTP returns the way of e-mail, or all faults of its settings. own is the host of
// the gateway.
func newSMTP(s SMTP, own string, now func() time.Time) (*smtpWay, []error) {
	var faults []error
	w := &smtpWay{settings: s, helo: greeting(own), now: now}
	w.settings.TLS = cmp.Or(s.TLS, STARTTLS)
	w.settings.Timeout = cmp.Or(s.Timeout, DefaultSMTPTimeout)
	host, port, err := net.SplitHostPort(s.Address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || host == "" || number == 0 {
		faults = append(faults, errors.New("the server's address must be host:port"))
	}
	w.host, w.port = host, int(number)
	if !slices.Contains([]string{STARTTLS, TLS, NoTLS}, w.settings.TLS) {
		faults = append(faults, fmt.Errorf("tls must be %s, %s or %s", STARTTLS, TLS, NoTLS))
	}
	if w.settings.TLS == NoTLS && !loopback(host) {
		faults = append(faults, errors.New("without tls the server must be on this machine (a loopback address)"))
	}
	if w.settings.TLS == NoTLS && s.User != "" {
		faults = append(faults, errors.New("a sign-in needs tls"))
	}
	if (s.User == "") != (s.Password == "") {
		faults = append(faults, errors.New("user and password belong together"))
	}
	if w.settings.Timeout < 0 {
		faults = append(faults, errors.New("the time limit must be above 0"))
	}
	if w.from, err = ownMailbox(s.From); err != nil {
		faults = append(faults, fmt.Errorf("from: %w", err))
	}
	if s.ReplyTo != "" {
		if w.replyTo, err = ownMailbox(s.ReplyTo); err != nil {
			faults = append(faults, fmt.Errorf("reply to: %w", err))
		}
	}
	return w, faults
}

// ownMailbox reads a mailbox of the operator's, by the rules for those of others.
func ownMailbox(s string) (*mail.Address, error) {
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return nil, errors.New("it must be a mailbox, such as Name <codes@example.org>")
	}
	a, err := readEmail(parsed.Address)
	if err != nil {
		return nil, errors.New("it must be a mailbox at a domain with a dot")
	}
	parsed.Address, err = mailbox(a.Email)
	return parsed, err
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
